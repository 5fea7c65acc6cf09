// A source that is slow now and then, gives few rows at a time, and has an end.

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "simulation/disturbed_kinds.h"

namespace klein::simulation {

namespace {

/// How many rows were read, and the position of the reader within.
Bytes position_of(std::int64_t rows, const Bytes& within) { return std::to_string(rows) + ":" + within; }

class DisturbedReader final : public SplitReader {
 public:
  DisturbedReader(std::unique_ptr<SplitReader> reader, World& world, std::int64_t read, std::int64_t most)
      : reader_(std::move(reader)), world_(world), read_(read), most_(most) {}

  Result<Pulled> pull(const Context& context) override {
    if (read_ >= most_) return Pulled{};
    if (const auto delay = world_.delay(); delay > 0) {
      context.timers->wake_at(context.clock->now() + delay, context.waker);
      return Pulled{Pulled::What::nothing_yet, std::nullopt, {}};
    }
    auto pulled = KLEIN_TRY(reader_->pull(context));
    if (pulled.what != Pulled::What::rows) return pulled;
    if (const auto left = most_ - read_; pulled.batch->rows() > left) pulled.batch = pulled.batch->slice(0, left);
    read_ += pulled.batch->rows();
    pulled.position = position_of(read_, pulled.position);
    return pulled;
  }

 private:
  const std::unique_ptr<SplitReader> reader_;
  World& world_;
  std::int64_t read_;
  const std::int64_t most_;  // rows of this split
};

class DisturbedSource final : public Source {
 public:
  DisturbedSource(std::unique_ptr<Source> source, World& world, std::int64_t rows)
      : source_(std::move(source)), world_(world), rows_(rows) {}

  bool bounded() const override { return true; }
  Schema schema() const override { return source_->schema(); }
  Result<std::vector<Split>> splits() const override {
    auto splits = KLEIN_TRY(source_->splits());
    if (!source_->bounded()) share(splits);
    return splits;
  }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    auto within = split;
    std::int64_t read = 0;
    if (!split.position.empty()) {
      const auto colon = split.position.find(':');
      read = std::strtoll(split.position.c_str(), nullptr, 10);
      within.position = split.position.substr(colon + 1);
    }
    // Few rows at a time, so that even a short job is in many states.
    const auto most = std::max<std::int64_t>(1, world_.span().rows / 32);
    size.rows = std::min(size.rows, 1 + static_cast<std::int64_t>(world_.random().below(most)));
    const auto end = source_->bounded() ? std::numeric_limits<std::int64_t>::max() : split.rows;
    return std::make_unique<DisturbedReader>(KLEIN_TRY(source_->open(within, size)), world_, read, end);
  }

 private:
  /// Each split of a source without an end has its part of the rows, and says so in its `rows`.
  void share(std::vector<Split>& splits) const {
    const auto count = static_cast<std::int64_t>(splits.size());
    for (std::int64_t i = 0; i < count; ++i)
      splits[static_cast<std::size_t>(i)].rows = rows_ / count + (i < rows_ % count ? 1 : 0);
  }

  const std::unique_ptr<Source> source_;
  World& world_;
  const std::int64_t rows_;
};

}  // namespace

std::unique_ptr<Source> disturbed(std::unique_ptr<Source> source, World& world, std::int64_t rows) {
  return std::make_unique<DisturbedSource>(std::move(source), world, rows);
}

}  // namespace klein::simulation
