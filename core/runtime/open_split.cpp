#include "runtime/open_split.h"

#include <algorithm>
#include <utility>

namespace klein {

Result<std::unique_ptr<OpenSplit>> OpenSplit::open(const Source& source, Split split, ReadSize size) {
  auto reader = KLEIN_TRY(source.open(split, size));
  return std::unique_ptr<OpenSplit>(new OpenSplit(std::move(split), std::move(reader)));
}

OpenSplit::OpenSplit(Split split, std::unique_ptr<SplitReader> reader)
    : label_(std::make_shared<const std::string>(split.id)),
      reader_(std::move(reader)),
      taken_(std::move(split)),
      to_skip_(std::exchange(taken_.skip, 0)) {}

Result<Pulled::What> OpenSplit::pull(const Context& context) {
  while (true) {
    pulled_ = KLEIN_TRY(reader_->pull(context));
    if (pulled_.what != Pulled::What::rows || skip_seen()) return pulled_.what;
  }
}

/// Drops rows that went on in an earlier attempt.
bool OpenSplit::skip_seen() {
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

Batch OpenSplit::labelled(const Batch& batch, std::int64_t now) const {
  auto header = batch.header();
  header.split = label_;
  header.split_order = taken_.order;
  header.admitted = now;
  return Batch(batch.columns(), std::move(header));
}

Batch OpenSplit::take(std::int64_t rows, std::int64_t now) {
  auto& rest = *pulled_.batch;
  if (rows < rest.rows()) {  // the position moves on with the last of them
    auto part = labelled(rest.slice(0, rows), now);
    rest = rest.slice(rows, rest.rows() - rows);
    taken_.skip += rows;
    return part;
  }
  auto whole = labelled(rest, now);
  taken_.position = std::move(pulled_.position);
  taken_.skip = 0;
  pulled_.batch.reset();
  return whole;
}

}  // namespace klein
