#include "operators/groups.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "base/text.h"

namespace klein {

namespace {

constexpr auto input_entry = "klein.input", step_entry = "klein.step";
constexpr int columns_before_keys = 4;  // of a state: group, start, end, fired

std::vector<std::uint32_t> numbers(const std::vector<Entry>& entries) {
  std::vector<std::uint32_t> all;
  all.reserve(entries.size());
  for (const auto& entry : entries) all.push_back(entry.group);
  return all;
}

std::vector<std::string_view> keys_of(const std::vector<Entry>& entries) {
  std::vector<std::string_view> all;
  all.reserve(entries.size());
  for (const auto& entry : entries) all.push_back(entry.key);
  return all;
}

Result<Schema> output_of(const Shape& shape) {
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < shape.keys.names().size() && !shape.gives_rows(); ++i)
    fields.push_back(arrow::field(shape.keys.names()[i], shape.keys.types()[i]));
  if (shape.time) {
    fields.push_back(arrow::field("window_start", shape.time->type()));
    fields.push_back(arrow::field("window_end", shape.time->type()));
  }
  for (const auto& aggregate : shape.aggregates) {
    const auto result = KLEIN_TRY(aggregate.type(shape.input));
    const auto type = aggregate.many ? result->field(0)->type() : result;
    const auto of_row = aggregate.spread ? type->fields() : arrow::FieldVector{arrow::field(aggregate.name, type)};
    fields.insert(fields.end(), of_row.begin(), of_row.end());
  }
  const auto schema = arrow::schema(fields);
  for (const auto& field : fields) {
    if (schema->GetAllFieldIndices(field->name()).size() > 1)
      return Error(Code::invalid,
                   "two columns of the result are called '" + field->name() + "'; give the aggregate another name");
  }
  return Schema(schema);
}

/// What the columns of a state are columns of: a step that is other can't go on with it.
std::string meaning(const Shape& shape) {
  std::string all = "by " + join(shape.keys.names()) + (shape.time ? " in windows:" : ":");
  for (const auto& aggregate : shape.aggregates) all += " " + aggregate.name + "=" + aggregate.text();
  return all;
}

std::shared_ptr<arrow::Schema> state_schema(const Shape& shape,
                                            const std::vector<std::shared_ptr<arrow::Array>>& columns,
                                            const std::shared_ptr<arrow::Buffer>& input) {
  arrow::FieldVector fields;
  static const std::vector<std::string> first = {"group", "start", "end", "fired"};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto key = i - first.size();
    const auto name = i < first.size()                  ? first[i]
                      : key < shape.keys.names().size() ? "key" + std::to_string(key)
                                                        : "gathered" + std::to_string(key - shape.keys.names().size());
    fields.push_back(arrow::field(name, columns[i]->type()));
  }
  return arrow::schema(
      fields, arrow::key_value_metadata({input_entry, step_entry}, {input->ToString(), meaning(shape)}));
}

std::optional<std::string> entry_of(const Batch& state, const std::string& name) {
  const auto& metadata = state.columns()->schema()->metadata();
  const auto found = metadata ? metadata->FindKey(name) : -1;
  return found < 0 ? std::nullopt : std::optional(metadata->value(found));
}

}  // namespace

Result<std::shared_ptr<const Shape>> Shape::make(const Schema& input, const std::vector<std::string>& keys,
                                                 const std::vector<Aggregate>& aggregates,
                                                 const std::optional<std::string>& time) {
  auto shape = std::make_shared<Shape>(Shape{
      .input = input,
      .output = {},
      .keys = KLEIN_TRY(KeyCodec::make(input, keys)),
      .aggregates = aggregates,
      .time = {}});
  if (time) shape->time = KLEIN_TRY(TimeColumn::make(input, *time));
  shape->output = KLEIN_TRY(output_of(*shape));
  return std::shared_ptr<const Shape>(std::move(shape));
}

Result<Groups> Groups::make(const Shape& shape) {
  Groups groups;
  for (const auto& aggregate : shape.aggregates) groups.accumulators_.push_back(KLEIN_TRY(aggregate.make(shape.input)));
  return groups;
}

Result<> Groups::add(const Batch& batch, const Assigned& assigned, std::size_t groups) {
  for (const auto& accumulator : accumulators_) {
    accumulator->resize(groups);
    KLEIN_TRY(accumulator->add(batch, assigned));
  }
  return {};
}

/// The results as columns; of rows, an entry is repeated for each of its.
Result<SavedColumns> Groups::rows_of(std::vector<Entry>& entries) const {
  const auto results = KLEIN_TRY(accumulators_.front()->results(numbers(entries)));
  const auto& lists = static_cast<const arrow::ListArray&>(*results);
  std::vector<Entry> repeated;
  for (std::size_t i = 0; i < entries.size(); ++i)
    repeated.insert(
        repeated.end(), static_cast<std::size_t>(lists.value_length(static_cast<std::int64_t>(i))), entries[i]);
  entries = std::move(repeated);
  return static_cast<const arrow::StructArray&>(*lists.values()).fields();
}

Result<SavedColumns> Groups::columns_of(const Shape& shape, const std::vector<Entry>& entries) const {
  SavedColumns columns;
  for (std::size_t i = 0; i < accumulators_.size(); ++i) {
    const auto results = KLEIN_TRY(accumulators_[i]->results(numbers(entries)));
    const bool spread = shape.aggregates[i].spread;
    const auto of_row = spread ? static_cast<const arrow::StructArray&>(*results).fields() : SavedColumns{results};
    columns.insert(columns.end(), of_row.begin(), of_row.end());
  }
  return columns;
}

Result<Batch> Groups::results(const Shape& shape, std::vector<Entry> entries) const {
  const auto results = KLEIN_TRY(shape.gives_rows() ? rows_of(entries) : columns_of(shape, entries));
  auto columns = shape.gives_rows() ? SavedColumns() : KLEIN_TRY(shape.keys.decode(keys_of(entries)));
  if (shape.time) {
    std::vector<std::int64_t> starts, ends;
    for (const auto& entry : entries) {
      starts.push_back(entry.start);
      ends.push_back(entry.end);
    }
    columns.push_back(KLEIN_TRY(shape.time->write(starts)));
    columns.push_back(KLEIN_TRY(shape.time->write(ends)));
  }
  columns.insert(columns.end(), results.begin(), results.end());
  return Batch(arrow::RecordBatch::Make(shape.output.arrow(), static_cast<std::int64_t>(entries.size()), columns));
}

Result<Batch> Groups::save(const Shape& shape, const std::vector<Entry>& entries) const {
  arrow::Int32Builder groups;
  arrow::Int64Builder starts, ends;
  arrow::BooleanBuilder fired;
  for (const auto& entry : entries) {
    KLEIN_ARROW_OK(groups.Append(group_of(hash_key(entry.key))));
    KLEIN_ARROW_OK(starts.Append(entry.start));
    KLEIN_ARROW_OK(ends.Append(entry.end));
    KLEIN_ARROW_OK(fired.Append(entry.fired));
  }
  SavedColumns columns = {KLEIN_ARROW(groups.Finish()), KLEIN_ARROW(starts.Finish()), KLEIN_ARROW(ends.Finish()),
                          KLEIN_ARROW(fired.Finish())};
  for (auto& column : KLEIN_TRY(shape.keys.decode(keys_of(entries)))) columns.push_back(std::move(column));
  for (const auto& accumulator : accumulators_) {
    for (auto& column : KLEIN_TRY(accumulator->save(numbers(entries)))) columns.push_back(std::move(column));
  }
  const auto input = KLEIN_ARROW(arrow::ipc::SerializeSchema(*shape.input.arrow()));
  return Batch(arrow::RecordBatch::Make(
      state_schema(shape, columns, input), static_cast<std::int64_t>(entries.size()), columns));
}

Result<> Groups::load(const SavedColumns& saved, const std::vector<std::uint32_t>& to, std::size_t groups) {
  std::size_t next = 0;
  for (const auto& accumulator : accumulators_) {
    accumulator->resize(groups);
    const auto count = KLEIN_TRY(accumulator->save({})).size();
    if (next + count > saved.size()) return Error(Code::corrupt, "a state has fewer columns than its aggregates need");
    const auto begin = saved.begin() + static_cast<std::ptrdiff_t>(next);
    KLEIN_TRY(accumulator->load({begin, begin + static_cast<std::ptrdiff_t>(count)}, to));
    next += count;
  }
  return {};
}

Result<> Groups::merge(std::uint32_t from, std::uint32_t to) {
  for (const auto& accumulator : accumulators_) {
    KLEIN_TRY(accumulator->load(KLEIN_TRY(accumulator->save({from})), {to}));
    accumulator->clear({from});
  }
  return {};
}

void Groups::clear(const std::vector<std::uint32_t>& groups) {
  for (const auto& accumulator : accumulators_) accumulator->clear(groups);
}

Result<Saved> Saved::read(const Shape& shape, const Batch& rows) {
  const auto& columns = rows.columns()->columns();
  const auto keys = shape.keys.names().size();
  const auto was = entry_of(rows, step_entry);
  if (!was || columns.size() < columns_before_keys + keys)
    return Error(Code::corrupt, "a state of aggregates lacks columns");
  if (*was != meaning(shape)) {
    return Error(Code::invalid, "its state is of other keys or aggregates (" + *was + ") than the step's now (" +
                                    meaning(shape) + "): give the step another name, or begin anew");
  }
  Saved saved;
  const auto& starts = static_cast<const arrow::Int64Array&>(*columns[1]);
  const auto& ends = static_cast<const arrow::Int64Array&>(*columns[2]);
  const auto& fired = static_cast<const arrow::BooleanArray&>(*columns[3]);
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    saved.starts.push_back(starts.Value(row));
    saved.ends.push_back(ends.Value(row));
    saved.fired.push_back(fired.Value(row));
  }
  const auto begin = columns.begin() + columns_before_keys;
  const SavedColumns of_keys(begin, begin + static_cast<std::ptrdiff_t>(keys));
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < keys; ++i) fields.push_back(arrow::field(shape.keys.names()[i], of_keys[i]->type()));
  saved.keys =
      KLEIN_TRY(shape.keys.encode(Batch(arrow::RecordBatch::Make(arrow::schema(fields), rows.rows(), of_keys))));
  saved.gathered.assign(begin + static_cast<std::ptrdiff_t>(keys), columns.end());
  return saved;
}

Result<Schema> input_of(const Batch& state) {
  const auto bytes = entry_of(state, input_entry);
  if (!bytes) return Error(Code::corrupt, "a state of aggregates does not say what they were made of");
  arrow::io::BufferReader reader(arrow::Buffer::FromString(*bytes));
  arrow::ipc::DictionaryMemo memo;
  return Schema(KLEIN_ARROW(arrow::ipc::ReadSchema(&reader, &memo)));
}

}  // namespace klein
