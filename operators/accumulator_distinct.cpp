// count_distinct: the values that a group has seen, as the bytes of keys.

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <unordered_set>

#include "operators/accumulator_values.h"
#include "state/keys.h"

namespace klein {

namespace {

class Distinct final : public Accumulator {
 public:
  explicit Distinct(std::string column) : column_(std::move(column)) {}
  void resize(std::size_t groups) override { seen_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto codec = KLEIN_TRY(KeyCodec::make(batch.schema(), {column_}));
    const auto keys = KLEIN_TRY(codec.encode(batch));
    const auto values = batch.columns()->GetColumnByName(column_);
    for (std::size_t i = 0; i < assigned.rows.size(); ++i) {
      if (values->IsNull(assigned.rows[i])) continue;
      seen_[assigned.groups[i]].emplace(keys[static_cast<std::size_t>(assigned.rows[i])]);
    }
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::Int64Builder builder;
    for (const auto group : groups) KLEIN_ARROW_OK(builder.Append(static_cast<std::int64_t>(seen_[group].size())));
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    arrow::BinaryBuilder all;
    std::vector<std::int32_t> ends = {0};
    for (const auto group : groups) {
      for (const auto& value : seen_[group]) KLEIN_ARROW_OK(all.Append(value));
      ends.push_back(ends.back() + static_cast<std::int32_t>(seen_[group].size()));
    }
    return SavedColumns{KLEIN_TRY(lists(ends, KLEIN_ARROW(all.Finish())))};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto& of_groups = static_cast<const arrow::ListArray&>(*saved.front());
    const auto& values = static_cast<const arrow::BinaryArray&>(*of_groups.values());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      for (auto at = of_groups.value_offset(row); at < of_groups.value_offset(row + 1); ++at)
        seen_[groups[i]].emplace(values.GetView(at));
    }
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) seen_[group].clear();
  }

 private:
  const std::string column_;
  std::vector<std::unordered_set<std::string>> seen_;
};

}  // namespace

std::unique_ptr<Accumulator> make_distinct(const std::string& column) { return std::make_unique<Distinct>(column); }

}  // namespace klein
