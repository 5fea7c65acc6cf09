#include "operators/join_columns.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "state/keys.h"

namespace klein {

namespace {

const std::vector<std::string> ways = {"inner", "left", "right", "full", "semi", "anti"};

Result<> check_keys(const Schema& left, const Schema& right, const Joined& joined) {
  const auto left_codec = KLEIN_TRY(KeyCodec::make(left, joined.left_keys));
  const auto right_codec = KLEIN_TRY(KeyCodec::make(right, joined.right_keys));
  for (std::size_t i = 0; i < joined.left_keys.size(); ++i) {
    const auto &one = *left_codec.types()[i], &other = *right_codec.types()[i];
    if (one.Equals(other)) continue;
    return Error(Code::invalid, "the keys of a join have one type on both sides: '" + joined.left_keys[i] + "' is " +
                                    text(one) + " on the left, and '" + joined.right_keys[i] + "' is " + text(other) +
                                    " on the right; cast one before it");
  }
  return {};
}

/// The columns of a side that the rows name.
Result<std::shared_ptr<arrow::RecordBatch>> picked(const Batch* side, const std::vector<std::int64_t>& rows) {
  if (!side) return nullptr;
  return KLEIN_TRY(side->pick(rows)).columns();
}

}  // namespace

Result<Joined> Joined::of(const Params& params) {
  Joined made{.left_keys = params.strings("on"),
              .right_keys = params.strings("right_on"),
              .how = params.string("how"),
              .suffix = params.string("suffix")};
  if (made.right_keys.empty()) made.right_keys = made.left_keys;
  if (made.left_keys.empty()) return Error(Code::invalid, "a join needs the columns whose values are equal: on=");
  if (made.left_keys.size() != made.right_keys.size())
    return Error(
        Code::invalid, "on= and right_on= name equally many columns, not " + std::to_string(made.left_keys.size()) +
                           " and " + std::to_string(made.right_keys.size()));
  if (std::find(ways.begin(), ways.end(), made.how) == ways.end())
    return Error(Code::invalid, "how= is one of " + join(ways) + ", not '" + made.how + "'");
  return made;
}

std::vector<Param> Joined::params() {
  return {
      {.name = "on", .type = ParamType::strings, .doc = "Rows are partners where these columns are equal."},
      {.name = "right_on",
       .type = ParamType::strings,
       .doc = "Their names in the second flow, where they are others.",
       .fallback = Value::List(),
       .keyword_only = true},
      {.name = "how",
       .type = ParamType::string,
       .doc = "inner: rows with a partner; left, right, full: also rows without one of that side, or both; semi, "
              "anti: rows of the first flow that have a partner, or have none.",
       .fallback = "inner",
       .keyword_only = true},
      {.name = "suffix",
       .type = ParamType::string,
       .doc = "What a column of the second flow gets where the first one has its name.",
       .fallback = "_right",
       .keyword_only = true}};
}

Result<JoinColumns> JoinColumns::make(const Schema& left, const Schema& right, const Joined& joined) {
  KLEIN_TRY(check_keys(left, right, joined));
  JoinColumns made;
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (int place = 0; place < left.columns(); ++place) {
    const auto& field = left.arrow()->field(place);
    const auto key = std::find(joined.left_keys.begin(), joined.left_keys.end(), field->name());
    const auto other =
        key == joined.left_keys.end()
            ? -1
            : KLEIN_TRY(right.index(joined.right_keys[static_cast<std::size_t>(key - joined.left_keys.begin())]));
    made.from_.push_back({place, other});
    fields.push_back(arrow::field(field->name(), field->type()));
  }
  const std::set<std::string> keys(joined.right_keys.begin(), joined.right_keys.end());
  for (int place = 0; place < right.columns() && !joined.gives_left_only(); ++place) {
    const auto& field = right.arrow()->field(place);
    if (keys.contains(field->name())) continue;
    const auto taken = [&](const std::string& name) {
      return std::any_of(fields.begin(), fields.end(), [&](const auto& one) { return one->name() == name; });
    };
    const auto name = taken(field->name()) ? field->name() + joined.suffix : field->name();
    if (taken(name))
      return Error(Code::invalid, "both sides have a column '" + name + "'; rename one, or give another suffix=");
    made.from_.push_back({-1, place});
    fields.push_back(arrow::field(name, field->type()));
  }
  made.output_ = Schema(arrow::schema(std::move(fields)));
  return made;
}

Result<std::optional<Schema>> JoinColumns::schema(const Joined& joined, const Schemas& inputs) {
  for (std::size_t port = 0; port < 2; ++port) {
    if (inputs[port]) KLEIN_TRY(KeyCodec::make(*inputs[port], joined.keys(static_cast<int>(port))));
  }
  if (!inputs[0] || !inputs[1]) return std::optional<Schema>();
  return std::optional(KLEIN_TRY(make(*inputs[0], *inputs[1], joined)).output());
}

Result<std::shared_ptr<arrow::RecordBatch>> JoinColumns::rows(
    const Batch* left, const std::vector<std::int64_t>& left_rows, const Batch* right,
    const std::vector<std::int64_t>& right_rows) const {
  const auto from_left = KLEIN_TRY(picked(left, left_rows)), from_right = KLEIN_TRY(picked(right, right_rows));
  const auto rows = static_cast<std::int64_t>(left ? left_rows.size() : right_rows.size());
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (std::size_t i = 0; i < from_.size(); ++i) {
    const auto& from = from_[i];
    if (from_left && from.left >= 0) {
      columns.push_back(from_left->column(from.left));
    } else if (from_right && from.right >= 0) {
      columns.push_back(from_right->column(from.right));
    } else {
      columns.push_back(KLEIN_ARROW(arrow::MakeArrayOfNull(output_.arrow()->field(static_cast<int>(i))->type(), rows)));
    }
  }
  return arrow::RecordBatch::Make(output_.arrow(), rows, std::move(columns));
}

}  // namespace klein
