#include "operators/top_rows.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <compare>

#include "base/text.h"
#include "operators/accumulator_values.h"
#include "operators/join_rows.h"
#include "operators/sort_key.h"

namespace klein {

namespace {

constexpr std::size_t worth_tidying = 4096;

/// A row of a group; what is less comes first.
struct Held {
  std::string key;
  std::int64_t split, row;  // its place in its source; negative where the later comes first
  std::int64_t number;      // in JoinRows
  bool operator<(const Held& other) const {
    return std::tie(key, split, row) < std::tie(other.key, other.split, other.row);
  }
};

class Tops final : public Accumulator {
 public:
  Tops(std::size_t count, Order order, SortKey sort_key, std::string rank, Schema input)
      : count_(count),
        order_(std::move(order)),
        sort_key_(std::move(sort_key)),
        rank_(std::move(rank)),
        input_(std::move(input)) {}

  void resize(std::size_t groups) override { groups_.resize(groups); }

  Result<> add(const Batch& batch, const Assigned& assigned) override {
    std::vector<Held> rows;
    auto keys = KLEIN_TRY(sort_key_.encode(batch));
    const std::int64_t way = order_.latest_first ? -1 : 1;
    for (const auto row : assigned.rows)
      rows.push_back({std::move(keys[static_cast<std::size_t>(row)]), way * batch.header().split_order,
                      way * batch.row_number(row), row});
    return take(batch, std::move(rows), assigned.groups);
  }

  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    std::vector<std::int32_t> ends = {0};
    const auto rows = in_order(groups, ends);
    auto columns = KLEIN_TRY(numbered(rows)).columns();
    auto fields = columns->schema()->fields();
    auto arrays = columns->columns();
    if (!rank_.empty()) {
      arrow::Int64Builder ranks;
      for (std::size_t group = 0; group + 1 < ends.size(); ++group) {
        for (auto at = ends[group]; at < ends[group + 1]; ++at) KLEIN_ARROW_OK(ranks.Append(at - ends[group] + 1));
      }
      fields.push_back(arrow::field(rank_, arrow::int64()));
      arrays.push_back(KLEIN_ARROW(ranks.Finish()));
    }
    return lists(ends, KLEIN_ARROW(arrow::StructArray::Make(arrays, fields)));
  }

  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    std::vector<std::int32_t> ends = {0};
    const auto rows = in_order(groups, ends);
    const auto columns = KLEIN_TRY(numbered(rows)).columns();
    const auto all = KLEIN_ARROW(arrow::StructArray::Make(columns->columns(), columns->schema()->fields()));
    arrow::Int64Builder splits, places;
    for (const auto* row : rows) {
      KLEIN_ARROW_OK(splits.Append(row->split));
      KLEIN_ARROW_OK(places.Append(row->row));
    }
    return SavedColumns{KLEIN_TRY(lists(ends, all)), KLEIN_TRY(lists(ends, KLEIN_ARROW(splits.Finish()))),
                        KLEIN_TRY(lists(ends, KLEIN_ARROW(places.Finish())))};
  }

  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto list = [&](std::size_t column) -> const auto& {
      return static_cast<const arrow::ListArray&>(*saved[column]);
    };
    const auto& splits = static_cast<const arrow::Int64Array&>(*list(1).values());
    const auto& places = static_cast<const arrow::Int64Array&>(*list(2).values());
    const Batch batch(KLEIN_ARROW(arrow::RecordBatch::FromStructArray(list(0).values())));
    auto keys = KLEIN_TRY(sort_key_.encode(batch));
    std::vector<Held> rows;
    GroupNumbers of;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto group = static_cast<std::int64_t>(i);
      for (std::int64_t at = list(0).value_offset(group); at < list(0).value_offset(group + 1); ++at) {
        rows.push_back({std::move(keys[static_cast<std::size_t>(at)]), splits.Value(at), places.Value(at), at});
        of.push_back(groups[i]);
      }
    }
    return take(batch, std::move(rows), of);
  }

  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) {
      living_ -= groups_[group].size();
      groups_[group].clear();
    }
  }

 private:
  /// Keeps of these rows, whose `number` is their place in the batch, those that are among the first of their groups.
  Result<> take(const Batch& batch, std::vector<Held> rows, const GroupNumbers& groups) {
    std::vector<std::int64_t> taken;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto& heap = groups_[groups[i]];
      if (heap.size() == count_ && (count_ == 0 || !(rows[i] < heap.front()))) continue;
      if (heap.size() == count_) {
        std::pop_heap(heap.begin(), heap.end());
        heap.pop_back();
        --living_;
      }
      taken.push_back(rows[i].number);
      rows[i].number = rows_.size() + static_cast<std::int64_t>(taken.size()) - 1;
      heap.push_back(std::move(rows[i]));
      std::push_heap(heap.begin(), heap.end());
      ++living_;
    }
    if (taken.empty()) return {};
    KLEIN_TRY(rows_.add(KLEIN_TRY(batch.pick(taken))));
    return static_cast<std::size_t>(rows_.size()) > 2 * living_ + worth_tidying ? tidy() : Result<>();
  }

  Result<> tidy() {
    std::vector<std::int64_t> living;
    for (const auto& heap : groups_) {
      for (const auto& held : heap) living.push_back(held.number);
    }
    std::sort(living.begin(), living.end());
    KLEIN_TRY(rows_.keep(living));
    for (auto& heap : groups_) {
      for (auto& held : heap)
        held.number = std::lower_bound(living.begin(), living.end(), held.number) - living.begin();
    }
    return {};
  }

  std::vector<const Held*> in_order(const GroupNumbers& groups, std::vector<std::int32_t>& ends) const {
    std::vector<const Held*> all;
    for (const auto group : groups) {
      const auto begin = static_cast<std::ptrdiff_t>(all.size());
      for (const auto& held : groups_[group]) all.push_back(&held);
      std::sort(all.begin() + begin, all.end(), [](const Held* one, const Held* other) { return *one < *other; });
      ends.push_back(static_cast<std::int32_t>(all.size()));
    }
    return all;
  }

  Result<Batch> numbered(const std::vector<const Held*>& rows) const {
    std::vector<std::int64_t> numbers;
    for (const auto* row : rows) numbers.push_back(row->number);
    return numbers.empty() ? Batch(KLEIN_ARROW(arrow::RecordBatch::MakeEmpty(input_.arrow()))) : rows_.pick(numbers);
  }

  const std::size_t count_;
  const Order order_;
  const SortKey sort_key_;
  const std::string rank_;
  const Schema input_;
  JoinRows rows_;
  std::vector<std::vector<Held>> groups_;  // heaps: the last of the first rows on top
  std::size_t living_ = 0;
};

}  // namespace

TopRows::TopRows(std::int64_t count, Order order, std::string rank)
    : count_(count), order_(std::move(order)), rank_(std::move(rank)) {}

std::string TopRows::text() const {
  return "top(" + std::to_string(count_) + " by " + join(order_.by) + (order_.descending ? " descending" : "") + ")";
}

Result<std::shared_ptr<arrow::DataType>> TopRows::type(const Schema& input) const {
  KLEIN_TRY(SortKey::make(input, order_.by, order_.descending));
  auto fields = input.arrow()->fields();
  if (!rank_.empty()) fields.push_back(arrow::field(rank_, arrow::int64()));
  return arrow::list(arrow::struct_(std::move(fields)));
}

Result<std::unique_ptr<Accumulator>> TopRows::make(const Schema& input) const {
  auto key = KLEIN_TRY(SortKey::make(input, order_.by, order_.descending));
  return std::make_unique<Tops>(static_cast<std::size_t>(count_), order_, std::move(key), rank_, input);
}

}  // namespace klein
