#include "runtime/channel.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>

#include "base/random.h"

namespace klein {
namespace {

Batch numbers(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < count; ++i) KLEIN_ASSERT(builder.Append(first + i).ok());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  return Batch(arrow::RecordBatch::Make(schema, count, {*builder.Finish()}));
}

std::int64_t first_of(const Item& item) {
  return std::static_pointer_cast<arrow::Int64Array>(std::get<Batch>(item).columns()->column(0))->Value(0);
}

class Flag final : public Wakeable {
 public:
  void wake() override { ++woken; }
  int woken = 0;
};

TEST(Channel, wakes_the_consumer_only_when_it_found_nothing) {
  const auto consumer = std::make_shared<Flag>();
  Channel channel({}, Waker(), Waker(consumer));
  channel.push(numbers(0, 1));
  EXPECT_EQ(consumer->woken, 0);
  ASSERT_TRUE(channel.take());
  EXPECT_FALSE(channel.take());
  channel.push(numbers(1, 1));
  EXPECT_EQ(consumer->woken, 1);
}

TEST(Channel, says_what_waits_and_gives_rows_alone_where_it_is_asked_to) {
  const auto consumer = std::make_shared<Flag>();
  Channel channel({.rows = 100, .bytes = 1 << 20}, Waker(), Waker(consumer));
  auto first = numbers(0, 3);
  channel.push(Batch(first.columns(), {.admitted = 7}));
  channel.push(numbers(3, 4));
  auto queued = channel.queued();
  EXPECT_EQ(queued.rows, 7);
  EXPECT_EQ(queued.admitted, 7);
  EXPECT_TRUE(queued.only_rows);
  channel.push(Watermark{.time = 5});
  EXPECT_EQ(consumer->woken, 1);  // whoever looks is woken for what comes
  channel.push(numbers(7, 1));
  queued = channel.queued();
  EXPECT_EQ(queued.rows, 7);  // up to the watermark
  EXPECT_EQ(queued.arrived, 8);
  EXPECT_FALSE(queued.only_rows);
  ASSERT_TRUE(channel.take(true));
  ASSERT_TRUE(channel.take(true));
  EXPECT_FALSE(channel.take(true));
  EXPECT_TRUE(std::holds_alternative<Watermark>(channel.take()->item));
}

TEST(Channel, is_full_by_rows_and_gives_room_back_only_at_acknowledgement) {
  const auto producer = std::make_shared<Flag>();
  Channel channel({.rows = 4, .bytes = 1 << 20}, Waker(producer), Waker());
  EXPECT_TRUE(channel.push(numbers(0, 3)));
  EXPECT_FALSE(channel.push(numbers(3, 3)));
  EXPECT_FALSE(channel.writable());
  const auto lease = channel.take();
  EXPECT_FALSE(channel.writable());
  channel.acknowledge(lease->id, {0, 3});
  EXPECT_EQ(producer->woken, 1);
  EXPECT_TRUE(channel.writable());
}

TEST(Channel, takes_an_item_larger_than_its_bytes_alone) {
  Channel channel({.rows = 100, .bytes = 8}, Waker(), Waker());
  EXPECT_FALSE(channel.push(numbers(0, 10)));
  EXPECT_FALSE(channel.writable());
  const auto lease = channel.take();
  channel.acknowledge(lease->id, {0, 10});
  EXPECT_TRUE(channel.writable());
}

TEST(Channel, keeps_what_was_taken_and_not_acknowledged) {
  Channel channel({}, Waker(), Waker());
  channel.push(numbers(0, 10));
  channel.push(numbers(10, 5));
  const auto lease = channel.take();
  channel.acknowledge(lease->id, {2, 3});
  const auto left = channel.unacknowledged();
  ASSERT_EQ(left.size(), 3U);
  EXPECT_EQ(left[0].rows(), 2);
  EXPECT_EQ(first_of(left[1]), 5);
  EXPECT_EQ(left[1].rows(), 5);
  EXPECT_EQ(first_of(left[2]), 10);
}

std::vector<std::int64_t> firsts(const std::vector<Batch>& batches) {
  std::vector<std::int64_t> all;
  for (const auto& batch : batches) all.push_back(first_of(batch));
  return all;
}

TEST(Channel, cuts_what_is_taken_and_what_is_queued_before_the_barrier) {
  Channel channel({}, Waker(), Waker());
  for (int i = 0; i < 3; ++i) channel.push(numbers(i, 1));
  channel.push(Barrier{Epoch{7}});
  channel.push(numbers(3, 1));
  const auto lease = channel.take();
  EXPECT_TRUE(channel.holds_barrier(Epoch{7}));
  channel.cut(Epoch{7});
  EXPECT_EQ(firsts(*channel.take_cut()), (std::vector<std::int64_t>{0, 1, 2}));
  channel.acknowledge(lease->id, {0, 1});
  for (int i = 1; i < 4; ++i) {  // the barrier is passed: it never comes out
    const auto next = channel.take();
    EXPECT_EQ(first_of(next->item), i);
    channel.acknowledge(next->id, {0, 1});
  }
}

TEST(Channel, gives_a_barrier_again_until_the_cut_is_made) {
  Channel channel({}, Waker(), Waker());
  channel.push(Barrier{Epoch{1}});
  EXPECT_TRUE(std::holds_alternative<Barrier>(channel.take()->item));
  EXPECT_TRUE(std::holds_alternative<Barrier>(channel.take()->item));
  channel.cut(Epoch{1});
  EXPECT_FALSE(channel.take());
}

TEST(Channel, adds_to_a_cut_what_comes_before_its_barrier_and_not_what_comes_after) {
  const auto snapshots = std::make_shared<Flag>();
  Channel channel({}, Waker(), Waker(), nullptr, Waker(snapshots));
  channel.push(numbers(0, 1));
  channel.cut(Epoch{1});
  channel.push(numbers(1, 1));
  EXPECT_FALSE(channel.take_cut());
  channel.push(Barrier{Epoch{1}});
  EXPECT_EQ(snapshots->woken, 1);
  channel.push(numbers(2, 1));
  EXPECT_EQ(firsts(*channel.take_cut()), (std::vector<std::int64_t>{0, 1}));
  EXPECT_FALSE(channel.holds_barrier(Epoch{1}));
}

TEST(Channel, counts_the_end_as_a_barrier_that_has_arrived) {
  Channel channel({}, Waker(), Waker());
  channel.cut(Epoch{1});
  channel.push(numbers(0, 1));
  channel.push(Watermark::end());
  EXPECT_EQ(channel.take_cut()->size(), 1U);
  channel.push(Barrier{Epoch{2}});
  EXPECT_FALSE(channel.holds_barrier(Epoch{2}));
  channel.cut(Epoch{2});
  EXPECT_EQ(channel.take_cut()->size(), 1U);
}

TEST(Channel, drops_barriers_of_epochs_that_are_over) {
  Channel channel({}, Waker(), Waker());
  channel.push(Barrier{Epoch{1}});
  channel.push(Barrier{Epoch{2}});
  channel.cut(Epoch{2});
  channel.push(Barrier{Epoch{1}});
  EXPECT_FALSE(channel.take());
}

TEST(Channel, wakes_its_producer_when_a_barrier_that_filled_it_is_passed) {
  const auto producer = std::make_shared<Flag>();
  Channel channel({.rows = 1, .bytes = 1 << 20}, Waker(producer), Waker());
  channel.push(Barrier{Epoch{1}});
  EXPECT_FALSE(channel.writable());
  channel.cut(Epoch{1});
  EXPECT_EQ(producer->woken, 1);
}

TEST(Channel, drops_what_comes_after_close_and_never_holds_its_producer) {
  Budget budget(1 << 20);
  const auto producer = std::make_shared<Flag>();
  Channel channel({.rows = 1, .bytes = 1 << 20}, Waker(producer), Waker(), &budget);
  channel.push(numbers(0, 100));
  EXPECT_FALSE(channel.writable());
  channel.close();
  channel.close();
  EXPECT_EQ(budget.used(), 0);
  EXPECT_EQ(producer->woken, 1);
  channel.push(numbers(0, 100));
  EXPECT_TRUE(channel.writable());
  EXPECT_FALSE(channel.take());
}

/// The whole contract in ten lines: what was pushed, in order, and how much of each was acknowledged.
struct Model {
  struct Entry {
    std::int64_t first, rows;
    std::optional<LeaseId> lease = {};
    std::int64_t acknowledged = 0;
  };
  std::deque<Entry> entries;
  std::int64_t rows() const {
    return std::accumulate(entries.begin(), entries.end(), std::int64_t{0}, [](std::int64_t sum, const Entry& entry) {
      return sum + entry.rows;
    });
  }
  Entry* next_untaken() {
    const auto found = std::find_if(entries.begin(), entries.end(), [](const Entry& entry) { return !entry.lease; });
    return found == entries.end() ? nullptr : &*found;
  }
  std::vector<Entry*> open_leases() {
    std::vector<Entry*> open;
    for (auto& entry : entries) {
      if (entry.lease && entry.acknowledged < entry.rows) open.push_back(&entry);
    }
    return open;
  }
  std::int64_t unacknowledged() const {
    std::int64_t rows = 0;
    for (const auto& entry : entries) rows += entry.rows - entry.acknowledged;
    return rows;
  }
};

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed)
      : random_(seed),
        capacity_(static_cast<std::int64_t>(1 + random_.below(20))),
        channel_({.rows = capacity_, .bytes = 1 << 30}, Waker(), Waker(), &budget_) {}

  void run() {
    for (int action = 0; action < 80 && !::testing::Test::HasFatalFailure(); ++action) {
      switch (random_.below(8)) {
        case 0:
        case 1:
        case 2: push(); break;
        case 3:
        case 4: take(); break;
        case 5:
        case 6: acknowledge(); break;
        default: ASSERT_EQ(channel_.writable(), model_.rows() < capacity_);
      }
      check();
    }
    channel_.close();
    ASSERT_EQ(budget_.used(), 0);
  }

 private:
  void push() {
    const auto rows = static_cast<std::int64_t>(1 + random_.below(6));
    const bool room = channel_.push(numbers(next_, rows));
    model_.entries.push_back({next_, rows});
    next_ += rows;
    ASSERT_EQ(room, model_.rows() < capacity_);
  }
  void take() {
    const auto lease = channel_.take();
    auto* expected = model_.next_untaken();
    ASSERT_EQ(lease.has_value(), expected != nullptr);
    if (!lease) return;
    ASSERT_EQ(first_of(lease->item), expected->first);
    expected->lease = lease->id;
  }
  void acknowledge() {
    const auto open = model_.open_leases();
    if (open.empty()) return;
    auto& entry = *open[random_.below(open.size())];  // in any order
    const auto count =
        1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(entry.rows - entry.acknowledged)));
    channel_.acknowledge(*entry.lease, {entry.acknowledged, count});
    entry.acknowledged += count;
    while (!model_.entries.empty() && model_.entries.front().acknowledged == model_.entries.front().rows) {
      model_.entries.pop_front();
    }
  }
  void check() {
    std::int64_t rows = 0;
    for (const auto& batch : channel_.unacknowledged()) rows += batch.rows();
    ASSERT_EQ(rows, model_.unacknowledged());
    ASSERT_EQ(channel_.queued_rows(), model_.rows());
  }

  Random random_;
  const std::int64_t capacity_;
  Budget budget_{1 << 30};
  Channel channel_;
  Model model_;
  std::int64_t next_ = 0;
};

TEST(Channel, does_what_its_model_does_for_every_seed) {
  for (std::uint64_t seed = 0; seed < 2000 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ModelRun(seed).run();
  }
}

}  // namespace
}  // namespace klein
