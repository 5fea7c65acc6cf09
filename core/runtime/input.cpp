#include "runtime/input.h"

#include <algorithm>

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

ChannelInput::ChannelInput(std::vector<From> channels)
    : channels_(std::move(channels)), cut_(channels_.size()), merge_(channels_.size()) {}

std::optional<Item> ChannelInput::seen(std::size_t channel, Item&& item) {
  const auto* watermark = std::get_if<Watermark>(&item);
  if (!watermark) return std::move(item);
  if (const auto merged = merge_.on_watermark(channel, *watermark)) return Item(*merged);
  return std::nullopt;
}

Result<> ChannelInput::take(std::int64_t, std::int64_t rows, std::optional<Taken>& taken) {
  if (rest_) {
    take_part(rest_, rows, taken);
    return {};
  }
  for (std::size_t tried = 0; tried < channels_.size();) {
    const auto place = next_;
    auto lease = channels_[place].channel->take();
    next_ = (next_ + 1) % channels_.size();
    if (!lease) {
      ++tried;
      continue;
    }
    tried = 0;
    if (auto item = seen(place, std::move(lease->item))) {
      rest_ = Taken{.port = channels_[place].port, .channel = place, .lease = lease->id, .item = *std::move(item)};
      take_part(rest_, rows, taken);
      return {};
    }
    channels_[place].channel->acknowledge(lease->id, {0, 1});
  }
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
      size_(size),
      coordinator_(coordinator),
      budget_(budget),
      context_(std::move(context)),
      metrics_(metrics) {
  context_.rows_failed = &rows_failed_;
}

Result<bool> SplitInput::open_next() {
  split_ = coordinator_.next_split(context_.step);
  if (!split_) return false;
  label_ = std::make_shared<const std::string>(split_->id);
  reader_ = KLEIN_TRY(source_.open(*split_, size_));
  taken_ = *split_;
  to_skip_ = std::exchange(taken_.skip, 0);
  return true;
}

/// Drops rows that went on in an earlier attempt.
bool SplitInput::skip_seen() {
  const auto rows = pulled_.batch->rows(), skipped = std::min(to_skip_, rows);
  to_skip_ -= skipped;
  taken_.skip = skipped;
  if (skipped < rows) {
    if (skipped > 0) pulled_.batch = pulled_.batch->slice(skipped, rows - skipped);
    return true;
  }
  taken_.position = std::move(pulled_.position);
  taken_.skip = 0;
  pulled_.batch.reset();
  return false;
}

void SplitInput::end_split() {
  reader_.reset();
  const Lock lock(mutex_);
  published_.reset();
  read_.push_back(split_->id);
}

/// `end` only when there are no more splits.
Result<SplitInput::Got> SplitInput::pull() {
  while (true) {
    if (!reader_ && !KLEIN_TRY(open_next())) return Got::end;
    if (!budget_.available(context_.waker)) return Got::nothing_yet;
    pulled_ = KLEIN_TRY(reader_->pull(context_));
    metrics_.rows_failed.store(rows_failed_, std::memory_order_relaxed);
    if (pulled_.what == Pulled::What::nothing_yet) return Got::nothing_yet;
    if (pulled_.what == Pulled::What::end) end_split();
    if (pulled_.what == Pulled::What::rows && skip_seen()) return Got::rows;
  }
}

Batch SplitInput::labelled(const Batch& batch, std::int64_t now) const {
  auto header = batch.header();
  header.split = label_;
  header.split_order = split_->order;
  header.admitted = now;
  return Batch(batch.columns(), std::move(header));
}

Result<> SplitInput::take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) {
  const bool ends = closed_ || coordinator_.draining();
  const auto got = ends ? Got::end : pulled_.batch ? Got::rows : KLEIN_TRY(pull());
  if (got == Got::nothing_yet) return {};
  if (got == Got::end) {
    taken = Taken{.item = Watermark::end()};
    return {};
  }
  auto& rest = *pulled_.batch;
  const auto count_taken = std::min(rest.rows(), rows);
  count(metrics_.rows_out, count_taken);
  count(metrics_.batches, 1);
  if (count_taken < rest.rows()) {  // the position moves on with the last of them
    taken = Taken{.item = labelled(rest.slice(0, rows), now)};
    rest = rest.slice(rows, rest.rows() - rows);
    taken_.skip += rows;
    return {};
  }
  taken = Taken{.item = labelled(rest, now)};
  taken_.position = std::move(pulled_.position);
  taken_.skip = 0;
  pulled_.batch.reset();
  return {};
}

void SplitInput::acknowledge(const Taken& taken) {
  if (!std::holds_alternative<Batch>(taken.item)) return;
  const Lock lock(mutex_);
  if (!published_) {
    published_ = taken_;
    return;
  }
  published_->position = taken_.position;
  published_->skip = taken_.skip;
}

void SplitInput::close() {
  closed_ = true;
  pulled_.batch.reset();
  reader_.reset();
}

void SplitInput::cut(Epoch) {
  const Lock lock(mutex_);
  if (published_) cut_.reading[context_.step] = {*published_};
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
