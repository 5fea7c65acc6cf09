#include "runtime/input.h"

#include <algorithm>

namespace klein {

ChannelInput::ChannelInput(std::vector<std::pair<int, Channel*>> channels)
    : channels_(std::move(channels)), merge_(channels_.size()) {}

std::optional<Item> ChannelInput::seen(std::size_t channel, const Item& item) {
  if (const auto* watermark = std::get_if<Watermark>(&item)) {
    if (const auto merged = merge_.on_watermark(channel, *watermark)) return Item(*merged);
    return std::nullopt;
  }
  if (const auto* barrier = std::get_if<Barrier>(&item)) {
    if (const auto first = merge_.on_barrier(*barrier)) return Item(*first);
    return std::nullopt;
  }
  return item;
}

/// What is left of the batch that was taken last, or its first rows.
std::optional<Taken> ChannelInput::part(std::int64_t rows) {
  const auto& batch = std::get<Batch>(rest_->item);
  if (batch.rows() <= rows) return std::exchange(rest_, std::nullopt);
  Taken taken = *rest_;
  taken.item = batch.slice(0, rows);
  rest_->item = batch.slice(rows, batch.rows() - rows);
  rest_->first += rows;
  return taken;
}

Result<std::optional<Taken>> ChannelInput::take(std::int64_t, std::int64_t rows) {
  if (rest_) return part(rows);
  for (std::size_t tried = 0; tried < channels_.size();) {
    const auto place = next_;
    auto lease = channels_[place].second->take();
    if (!lease) {
      next_ = (next_ + 1) % channels_.size();
      ++tried;
      continue;
    }
    tried = 0;
    next_ = (next_ + 1) % channels_.size();
    if (auto item = seen(place, lease->item)) {
      Taken taken{channels_[place].first, place, lease->id, *std::move(item)};
      const auto* batch = std::get_if<Batch>(&taken.item);
      if (!batch || batch->rows() <= rows) return std::optional(std::move(taken));
      rest_ = std::move(taken);
      return part(rows);
    }
    channels_[place].second->acknowledge(lease->id, {0, 1});
  }
  return std::optional<Taken>();
}

void ChannelInput::acknowledge(const Taken& taken) {
  const auto* batch = std::get_if<Batch>(&taken.item);
  channels_[taken.channel].second->acknowledge(taken.lease, {taken.first, batch ? batch->rows() : 1});
}

void ChannelInput::published(const Taken& taken, std::int64_t rows_out) {
  channels_[taken.channel].second->published(taken.lease, rows_out);
}

void ChannelInput::close() {
  rest_.reset();
  for (const auto& [port, channel] : channels_) channel->close();
}

SplitInput::SplitInput(const Source& source, int step, ReadSize size, Coordinator& coordinator, Budget& budget,
                       Context context, StepMetrics& metrics)
    : source_(source),
      step_(step),
      size_(size),
      coordinator_(coordinator),
      budget_(budget),
      context_(std::move(context)),
      metrics_(metrics) {
  context_.rows_failed = &rows_failed_;
}

Result<bool> SplitInput::open_next() {
  split_ = coordinator_.next_split(step_);
  if (!split_) return false;
  label_ = std::make_shared<const std::string>(split_->id);
  reader_ = KLEIN_TRY(source_.open(*split_, size_));
  return true;
}

/// The next rows; nothing: none now. `end` only when there are no more splits.
Result<std::optional<Pulled>> SplitInput::pull() {
  while (true) {
    if (!reader_ && !KLEIN_TRY(open_next())) return std::optional(Pulled{});
    if (!budget_.available(context_.waker)) return std::optional<Pulled>();
    auto pulled = KLEIN_TRY(reader_->pull(context_));
    metrics_.rows_failed.store(rows_failed_, std::memory_order_relaxed);
    if (pulled.what == Pulled::What::nothing_yet) return std::optional<Pulled>();
    if (pulled.what == Pulled::What::rows) return std::optional(std::move(pulled));
    reader_.reset();
  }
}

Batch SplitInput::labelled(const Batch& batch, std::int64_t now) const {
  auto header = batch.header();
  header.split = label_;
  header.split_order = split_->order;
  header.admitted = now;
  return Batch(batch.columns(), std::move(header));
}

/// The first rows of what was pulled. The position moves on with the last of them.
Taken SplitInput::part(std::int64_t now, std::int64_t rows) {
  auto batch = *std::move(rest_->batch);
  if (batch.rows() > rows) {
    rest_->batch = batch.slice(rows, batch.rows() - rows);
    batch = batch.slice(0, rows);
  } else {
    pulled_position_ = std::move(rest_->position);
    rest_.reset();
  }
  count(metrics_.rows_out, batch.rows());
  count(metrics_.batches, 1);
  return {.item = labelled(batch, now)};
}

Result<std::optional<Taken>> SplitInput::take(std::int64_t now, std::int64_t rows) {
  if (const auto epoch = injected_.exchange(0); epoch > 0) return std::optional(Taken{.item = Barrier{Epoch{epoch}}});
  if (closed_ || coordinator_.draining()) return std::optional(Taken{.item = Watermark::end()});
  if (!rest_) {
    auto pulled = KLEIN_TRY(pull());
    if (!pulled) return std::optional<Taken>();
    if (pulled->what == Pulled::What::end) return std::optional(Taken{.item = Watermark::end()});
    rest_ = std::move(pulled);
  }
  return std::optional(part(now, rows));
}

void SplitInput::acknowledge(const Taken& taken) {
  if (std::holds_alternative<Batch>(taken.item) && split_) split_->position = pulled_position_;
}

void SplitInput::close() {
  closed_ = true;
  rest_.reset();
  reader_.reset();
}

}  // namespace klein
