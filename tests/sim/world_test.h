#pragma once
// A world for simulated jobs: sources and steps that are slow and stop anywhere, and what outlives an attempt.

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/random.h"
#include "op/registry.h"
#include "runtime/job.h"

namespace klein::sim {

inline Schema id_schema() { return Schema(arrow::schema({arrow::field("id", arrow::int64())})); }

inline Batch numbers(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < count; ++i) KLEIN_ASSERT(builder.Append(first + i).ok());
  return Batch(arrow::RecordBatch::Make(id_schema().arrow(), count, {*builder.Finish()}),
               {.split = nullptr, .row = first, .index = nullptr});
}

inline std::vector<std::int64_t> ids_of(const Batch& batch) {
  const auto column = std::static_pointer_cast<arrow::Int64Array>(batch.columns()->column(0));
  return {column->raw_values(), column->raw_values() + column->length()};
}

/// What outlives an attempt, and what befalls it. On threads, whoever touches it holds its mutex.
struct World final : public Object {
  explicit World(std::uint64_t seed) : random(seed) {}
  std::string text() const override { return "world"; }

  /// Now and then the job is left, as if its process died, or stopped as its user would.
  void maybe_die() const {
    const std::scoped_lock lock(mutex);
    if (deaths > 0 && job.load() && random.chance(3)) {
      --deaths;
      stops.push_back(drains > 0 && random.chance(drains) ? Stop::drain : Stop::now);
      job.load()->stop(stops.back());
    }
  }

  mutable std::recursive_mutex mutex;
  mutable Random random;
  mutable int deaths = 0, attempt = 0;
  mutable unsigned drains = 0;      // of a hundred deaths, how many are stops with a snapshot
  mutable std::vector<Stop> stops;  // that befell the job
  mutable std::atomic<Job*> job{nullptr};
  mutable std::map<std::string, std::vector<std::int64_t>> staged;  // by token
  mutable std::set<std::string> committed;                          // tokens
  mutable std::vector<std::int64_t> visible;
  mutable int number = 0;
};

inline std::shared_ptr<World> world;  // a committer is made from its kind alone

/// Ids first..first+rows of each split, a few at a time; the position is the next id.
class Numbers final : public Source {
 public:
  Numbers(std::int64_t first, std::int64_t splits) : first_(first), splits_(splits) {}
  static constexpr std::int64_t rows = 60;
  bool bounded() const override { return true; }
  Schema schema() const override { return id_schema(); }
  Result<std::vector<Split>> splits() const override {
    std::vector<Split> all;
    for (std::int64_t i = 0; i < splits_; ++i)
      all.push_back({.id = "split " + std::to_string(i), .position = "", .order = i});
    return all;
  }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize) const override {
    const auto begin = first_ + split.order * rows;
    return std::make_unique<Reader>(split.position.empty() ? begin : std::stoll(split.position), begin + rows);
  }

 private:
  class Reader final : public SplitReader {
   public:
    Reader(std::int64_t next, std::int64_t end) : next_(next), end_(end) {}
    Result<Pulled> pull(const Context& context) override {
      const std::scoped_lock lock(world->mutex);
      world->maybe_die();
      if (next_ == end_) return Pulled{};
      if (world->random.chance(10)) {
        context.timers->wake_at(context.clock->now() + 3'000'000, context.waker);
        return Pulled{Pulled::What::nothing_yet, std::nullopt, {}};
      }
      const auto count = 1 + static_cast<std::int64_t>(world->random.below(9));
      auto batch = numbers(next_, std::min(count, end_ - next_));
      next_ += batch.rows();
      return Pulled{Pulled::What::rows, std::move(batch), std::to_string(next_)};
    }

   private:
    std::int64_t next_;
    const std::int64_t end_;
  };
  const std::int64_t first_, splits_;
};

/// Passes rows on after a while, as a model does: so many nanoseconds of the virtual clock at most.
class Slow final : public Operator {
 public:
  explicit Slow(std::int64_t most) : most_(most) {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> process(int, Batch batch, Output&) override {
    batch_ = std::move(batch);
    const std::scoped_lock lock(world->mutex);
    due_ = context_->clock->now() + static_cast<std::int64_t>(world->random.below(static_cast<std::uint64_t>(most_)));
    context_->timers->wake_at(due_, context_->waker);
    return Progress::pending;
  }
  Result<Progress> resume(Output& out) override {
    world->maybe_die();
    if (context_->clock->now() < due_) return Progress::pending;
    out.emit(*std::exchange(batch_, std::nullopt));
    return Progress::done;
  }

 private:
  const std::int64_t most_;
  const Context* context_ = nullptr;
  std::optional<Batch> batch_;
  std::int64_t due_ = 0;
};

/// Counts rows, and remembers what it has counted: its state is the sum of their ids.
class Summed final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    for (const auto id : ids_of(batch)) sum_ += id;
    out.emit(std::move(batch));
    return Progress::done;
  }
  Result<Progress> on_watermark(Watermark watermark, Output&) override {
    if (watermark.is_end()) last = sum_;
    return Progress::done;
  }
  Result<State> snapshot() const override { return State(sum_); }
  Result<> restore(const State& state) override {
    sum_ = *state.value.get<std::int64_t>();
    return {};
  }
  static inline std::int64_t last = 0;

 private:
  std::int64_t sum_ = 0;
};

}  // namespace klein::sim
