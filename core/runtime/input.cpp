#include "runtime/input.h"

#include <algorithm>
#include <limits>

namespace klein {

namespace {

/// The first rows of `rest`, which keeps the others. Anything but a batch is whole.
void take_part(std::optional<Taken>& rest, std::int64_t rows, std::optional<Taken>& taken) {
  const auto* batch = std::get_if<Batch>(&rest->item);
  if (!batch || batch->rows() <= rows) {
    taken = std::move(rest);
    rest.reset();
    return;
  }
  taken = rest;
  taken->item = batch->slice(0, rows);
  rest->first += rows;
  rest->item = batch->slice(rows, batch->rows() - rows);
}

}  // namespace

ChannelInput::ChannelInput(std::vector<From> channels, int first_port)
    : channels_(std::move(channels)), first_port_(first_port), cut_(channels_.size()), merge_(channels_.size()) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].turn > 0) merge_.put_off(i);
  }
  next_turn(channels_.size());
}

void ChannelInput::next_turn(std::size_t ending) {
  int lowest = std::numeric_limits<int>::max();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (i != ending && !merge_.has_ended(i)) lowest = std::min(lowest, channels_[i].turn);
  }
  if (lowest == turn_ || lowest == std::numeric_limits<int>::max()) return;
  turn_ = lowest;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].turn == turn_) merge_.begin(i);
  }
}

std::uint32_t ChannelInput::ended_ports() const {
  std::uint32_t all = 0, open = 0;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const auto bit = 1U << static_cast<unsigned>(std::min(channels_[i].port, 31));
    all |= bit;
    if (!merge_.has_ended(i)) open |= bit;
  }
  return all & ~open;
}

std::optional<Item> ChannelInput::seen(std::size_t channel, Item&& item) {
  const auto* watermark = std::get_if<Watermark>(&item);
  if (!watermark) return std::move(item);
  if (watermark->is_end()) next_turn(channel);
  const auto merged = merge_.on_watermark(channel, *watermark);
  const auto ended = watermark->is_end() ? ended_ports() : ended_;
  if (!merged && ended == ended_) return std::nullopt;
  ended_ = ended;
  return Item(merge_.last());
}

/// Takes from the next channel of this turn that has something: evenly, those of the first port before the others.
std::optional<std::size_t> ChannelInput::next_ready(std::optional<Lease>& lease, bool only_rows) {
  for (const bool first : {true, false}) {
    if (first && first_port_ < 0) continue;
    for (std::size_t tried = 0; tried < channels_.size(); ++tried) {
      const auto place = (next_ + tried) % channels_.size();
      if (channels_[place].turn != turn_ || (first && channels_[place].port != first_port_)) continue;
      lease = channels_[place].channel->take(only_rows);
      if (!lease) continue;
      next_ = (place + 1) % channels_.size();
      return place;
    }
  }
  return std::nullopt;
}

Taken ChannelInput::taken_from(std::size_t channel, LeaseId lease, Item&& item) const {
  return {
      .port = channels_[channel].port, .channel = channel, .lease = lease, .item = std::move(item), .ended = ended_};
}

Queued ChannelInput::queued() {
  Queued all;
  const auto add = [&](std::int64_t rows, std::int64_t admitted) {
    if (rows > 0) all.admitted = all.rows == 0 ? admitted : std::min(all.admitted, admitted);
    all.rows += rows;
  };
  if (const auto* batch = rest_ ? std::get_if<Batch>(&rest_->item) : nullptr)
    add(batch->rows(), batch->header().admitted);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].turn != turn_ || merge_.has_ended(i)) continue;
    const auto queued = channels_[i].channel->queued();
    add(queued.rows, queued.admitted);
    all.arrived += queued.arrived;
    all.only_rows &= queued.only_rows;
  }
  return all;
}

void ChannelInput::take_rows(std::int64_t rows, std::optional<Taken>& taken) {
  if (rest_ && !std::holds_alternative<Batch>(rest_->item)) return;
  std::optional<Lease> lease;
  if (!rest_) {
    const auto place = next_ready(lease, true);
    if (!place) return;
    rest_ = taken_from(*place, lease->id, std::move(lease->item));
  }
  take_part(rest_, rows, taken);
}

Result<> ChannelInput::take(std::int64_t, std::int64_t rows, std::optional<Taken>& taken) {
  std::optional<Lease> lease;
  while (!rest_) {
    const auto place = next_ready(lease);
    if (!place) return {};
    if (auto item = seen(*place, std::move(lease->item))) {
      rest_ = taken_from(*place, lease->id, *std::move(item));
    } else {
      channels_[*place].channel->acknowledge(lease->id, {0, 1});
    }
  }
  take_part(rest_, rows, taken);
  return {};
}

void ChannelInput::acknowledge(const Taken& taken) {
  const auto* batch = std::get_if<Batch>(&taken.item);
  channels_[taken.channel].channel->acknowledge(taken.lease, {taken.first, batch ? batch->rows() : 1});
}

void ChannelInput::close() {
  rest_.reset();
  for (const auto& from : channels_) from.channel->close();
}

bool ChannelInput::may_cut(Epoch epoch, bool overtake) const {
  const auto holds = [&](const From& from) { return from.channel->holds_barrier(epoch); };
  const auto ended = [](const From& from) { return from.channel->ended(); };
  return (overtake && std::any_of(channels_.begin(), channels_.end(), holds)) ||
         std::all_of(channels_.begin(), channels_.end(), ended);
}

void ChannelInput::cut(Epoch epoch) {
  for (const auto& from : channels_) from.channel->cut(epoch);
  cut_.assign(channels_.size(), std::nullopt);
}

bool ChannelInput::take_cut(TaskSnapshot& snapshot) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (!cut_[i]) cut_[i] = channels_[i].channel->take_cut();
  }
  if (!std::all_of(cut_.begin(), cut_.end(), [](const auto& rows) { return rows.has_value(); })) return false;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    auto& all = snapshot.in_flight[channels_[i].edge];
    all.insert(all.end(), cut_[i]->begin(), cut_[i]->end());
  }
  return true;
}

SplitInput::SplitInput(const Source& source, ReadSize size, Coordinator& coordinator, Budget& budget, Context context,
                       StepMetrics& metrics)
    : source_(source),
      discoverer_(source.discoverer()),
      size_(size),
      coordinator_(coordinator),
      budget_(budget),
      context_(std::move(context)),
      metrics_(metrics) {
  context_.rows_failed = &rows_failed_;
}

Result<bool> SplitInput::open_more() {
  const bool one_by_one = discoverer_ ? discoverer_->splits_end() : source_.bounded();
  while ((reading_.more || discoverer_) && (!one_by_one || open_.empty())) {
    const Coordinator::Reader reader{context_.task, context_.parallelism, static_cast<int>(open_.size())};
    auto split =
        one_by_one ? coordinator_.next_split(context_.step, reader) : coordinator_.next_share(context_.step, reader);
    if (!split) break;
    open_.push_back(KLEIN_TRY(OpenSplit::open(source_, *std::move(split), size_)));
    reading_.open.push_back(open_.back()->label());
    any_ = true;
    idle_ = false;
  }
  reading_.more =
      (reading_.more || discoverer_) && coordinator_.has_splits(context_.step, {context_.task, context_.parallelism});
  return !open_.empty() || discoverer_ || (!source_.bounded() && !any_);
}

bool SplitInput::turns_idle() {
  if (idle_ || source_.bounded() || !open_.empty() || reading_.more) return false;
  idle_ = true;
  return true;
}

void SplitInput::end_split(std::size_t place) {
  const auto id = *open_[place]->label();
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(place));
  reading_.open.erase(reading_.open.begin() + static_cast<std::ptrdiff_t>(place));
  const Lock lock(mutex_);
  published_.erase(id);
  read_.push_back(id);
}

/// `end` only when there are no more splits.
Result<SplitInput::Got> SplitInput::pull() {
  while (KLEIN_TRY(open_more())) {
    metrics_.over_budget = !budget_.available(context_.waker);
    if (metrics_.over_budget) return Got::nothing_yet;
    bool ended = false;
    for (std::size_t tried = 0; tried < open_.size() && !ended; ++tried) {
      const auto place = (next_ + tried) % open_.size();
      const auto pulled = KLEIN_TRY(open_[place]->pull(context_));
      metrics_.rows_failed.store(rows_failed_, std::memory_order_relaxed);
      if (pulled == Pulled::What::rows) {
        next_ = place;
        return Got::rows;
      }
      ended = pulled == Pulled::What::end;
      if (ended) end_split(place);
    }
    if (!ended) return Got::nothing_yet;
    next_ = 0;
  }
  return Got::end;
}

Result<> SplitInput::take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) {
  const bool ends = closed_ || coordinator_.draining();
  const bool rest = next_ < open_.size() && open_[next_]->has_rows();
  if (!rest && !open_.empty()) next_ = (next_ + 1) % open_.size();
  const auto got = ends ? Got::end : rest ? Got::rows : KLEIN_TRY(pull());
  if (got == Got::nothing_yet) {
    if (turns_idle()) taken = Taken{.item = Watermark{.idle = true}};
    return {};
  }
  if (got == Got::end) {
    taken = Taken{.item = Watermark::end()};
    return {};
  }
  taken = Taken{.item = open_[next_]->take(rows, now)};
  count(metrics_.rows_out, std::get<Batch>(taken->item).rows());
  count(metrics_.batches, 1);
  return {};
}

void SplitInput::acknowledge(const Taken& taken) {
  if (!std::holds_alternative<Batch>(taken.item)) return;
  const auto& split = open_[next_]->taken();
  const Lock lock(mutex_);
  auto& published = published_[split.id];
  if (published.id.empty()) {
    published = split;
    return;
  }
  published.position = split.position;
  published.skip = split.skip;
}

void SplitInput::close() {
  closed_ = true;
  open_.clear();
  reading_.open.clear();
}

void SplitInput::cut(Epoch) {
  const Lock lock(mutex_);
  if (!published_.empty()) {
    auto& all = cut_.reading[context_.step];
    all.clear();
    for (const auto& [id, split] : published_) all.push_back(split);
  }
  if (read_.empty()) return;
  auto& all = cut_.read[context_.step];
  all.insert(all.end(), read_.begin(), read_.end());
  read_.clear();
}

bool SplitInput::take_cut(TaskSnapshot& snapshot) {
  const Lock lock(mutex_);
  merge(snapshot, std::exchange(cut_, {}));
  return true;
}

RestoredInput::RestoredInput(std::vector<From> restored, std::unique_ptr<Input> next)
    : restored_(std::move(restored)), next_(std::move(next)) {}

Result<> RestoredInput::take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) {
  for (; !rest_ && first_ < restored_.size(); ++first_) {
    const auto& from = restored_[first_];
    auto lease = from.channel->take();
    if (!lease || !std::holds_alternative<Batch>(lease->item)) continue;
    rest_ = Taken{.port = from.port,
                  .channel = first_,
                  .lease = lease->id,
                  .item = std::move(lease->item),
                  .stage = from.stage,
                  .restored = true};
    break;
  }
  if (!rest_) return next_->take(now, rows, taken);
  take_part(rest_, rows, taken);
  return {};
}

void RestoredInput::acknowledge(const Taken& taken) {
  if (!taken.restored) return next_->acknowledge(taken);
  restored_[taken.channel].channel->acknowledge(taken.lease, {taken.first, std::get<Batch>(taken.item).rows()});
}

void RestoredInput::close() {
  rest_.reset();
  for (const auto& from : restored_) from.channel->close();
  next_->close();
}

void RestoredInput::cut(Epoch epoch) {
  for (const auto& from : restored_) from.channel->cut(epoch);
  next_->cut(epoch);
}

bool RestoredInput::take_cut(TaskSnapshot& snapshot) {
  TaskSnapshot next;
  if (!next_->take_cut(next)) return false;
  for (const auto& from : restored_) {
    auto rows = from.channel->take_cut();  // no barrier is waited for: it has ended
    merge(snapshot, {.in_flight = {{from.edge, *std::move(rows)}}});
  }
  merge(snapshot, std::move(next));
  return true;
}

}  // namespace klein
