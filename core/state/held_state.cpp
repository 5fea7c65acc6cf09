// Keys in the store: 'r', the table (2 bytes, the higher first), the key group (the same) and the key; its value is
// when all of it is over (int64, 0: never) and the rows, each when it is over (int64) and its cells. And 'c', table,
// group and key, without a value, for a key that has changed.

#include "state/held_state.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "state/cells.h"
#include "state/key_groups.h"

namespace klein {

namespace {

constexpr char rows_mark = 'r', change_mark = 'c';
constexpr std::size_t before_key = 5, time_bytes = sizeof(std::int64_t);
constexpr std::int64_t forget = -1;  // what is left, of a row that ends those before it of its key
constexpr std::size_t keys_together = 1024, bytes_together = 1 << 20;

void append_short(int number, Bytes& to) {
  to += static_cast<char>(static_cast<unsigned>(number) >> 8U);
  to += static_cast<char>(static_cast<unsigned>(number) & 0xffU);
}

Bytes table_prefix(char mark, int place) {
  Bytes prefix(1, mark);
  append_short(place, prefix);
  return prefix;
}

Bytes key_in(char mark, int place, BytesView key) {
  auto bytes = table_prefix(mark, place);
  append_short(group_of(hash_key(key)), bytes);
  return bytes.append(key);
}

void append_time(std::int64_t time, Bytes& to) { to.append(reinterpret_cast<const char*>(&time), time_bytes); }

std::int64_t time_at(BytesView bytes) {
  std::int64_t time = 0;
  if (bytes.size() >= time_bytes) std::memcpy(&time, bytes.data(), time_bytes);
  return time;
}

bool is_over(std::int64_t expiry, std::int64_t now) { return expiry != 0 && expiry <= now; }

/// Adds a row behind those that a value has; an empty value has none.
void append_row(const arrow::RecordBatch& rows, std::int64_t row, std::int64_t expiry, Bytes& value) {
  const bool first = value.empty();
  const auto last = first ? 0 : time_at(value);
  if (first) append_time(0, value);
  const auto over = expiry == 0 || (!first && last == 0) ? 0 : std::max(expiry, last);
  std::memcpy(value.data(), &over, time_bytes);
  append_time(expiry, value);
  for (int i = 1; i + 1 < rows.num_columns(); ++i) append_cell(*rows.column(i), row, value);
}

struct Columns {
  std::shared_ptr<arrow::BinaryArray> keys;
  std::shared_ptr<arrow::Int64Array> times;
};

Result<Columns> columns_of(const Batch& rows, const Schema& values) {
  const auto& batch = *rows.columns();
  const auto count = values.arrow()->num_fields();
  Columns columns;
  if (batch.num_columns() == count + 2) {
    columns.keys = std::dynamic_pointer_cast<arrow::BinaryArray>(batch.column(0));
    columns.times = std::dynamic_pointer_cast<arrow::Int64Array>(batch.column(count + 1));
  }
  if (!columns.keys || !columns.times)
    return Error(Code::corrupt, "rows of a state by key are a key, values and how long they last");
  for (int i = 0; i < count; ++i) {
    if (!batch.column(i + 1)->type()->Equals(*values.arrow()->field(i)->type()))
      return Error(Code::internal, "rows of a state by key are of another type than it holds");
  }
  return columns;
}

/// Rows that are put together again: `key`, the values, and a time.
class Rows {
 public:
  Rows(const Schema& values, const char* time)
      : keys_(arrow::binary()), time_(arrow::int64()), values_(values), name_(time) {
    for (const auto& field : values.arrow()->fields()) columns_.push_back(std::make_unique<CellColumn>(field->type()));
  }
  std::int64_t size() const { return keys_.size(); }
  std::size_t bytes() const { return bytes_; }

  /// Of a stored value those that are not over, with their times less `base`.
  Result<> add(BytesView key, BytesView value, std::int64_t now, std::int64_t base) {
    bytes_ += key.size() + value.size();
    value.remove_prefix(std::min(time_bytes, value.size()));
    while (!value.empty()) {
      const auto expiry = time_at(value);
      value.remove_prefix(std::min(time_bytes, value.size()));
      if (is_over(expiry, now)) {
        for (const auto& field : values_.arrow()->fields()) {
          CellColumn passed(field->type());
          KLEIN_TRY(passed.read(value));
        }
        continue;
      }
      for (const auto& column : columns_) KLEIN_TRY(column->read(value));
      KLEIN_TRY(add_ends(key, expiry == 0 ? 0 : expiry - base));
    }
    return {};
  }
  Result<> add_forget(BytesView key) {
    for (const auto& column : columns_) column->append_null();
    return add_ends(key, forget);
  }
  Batch finish() {
    auto fields = values_.arrow()->fields();
    fields.insert(fields.begin(), arrow::field("key", arrow::binary()));
    fields.push_back(arrow::field(name_, arrow::int64()));
    const auto rows = size();
    std::vector<std::shared_ptr<arrow::Array>> columns{keys_.finish()};
    for (const auto& column : columns_) columns.push_back(column->finish());
    columns.push_back(time_.finish());
    bytes_ = 0;
    return Batch(arrow::RecordBatch::Make(arrow::schema(fields), rows, std::move(columns)));
  }

 private:
  Result<> add_ends(BytesView key, std::int64_t time) {
    Bytes cells(1, '\1');
    const auto length = static_cast<std::uint32_t>(key.size());
    cells.append(reinterpret_cast<const char*>(&length), sizeof length).append(key);
    cells += '\1';
    append_time(time, cells);
    BytesView view = cells;
    KLEIN_TRY(keys_.read(view));
    return time_.read(view);
  }

  CellColumn keys_, time_;
  std::vector<std::unique_ptr<CellColumn>> columns_;
  const Schema values_;
  const std::string name_;
  std::size_t bytes_ = 0;
};

/// What is read and how, of one cut.
struct Cut {
  std::shared_ptr<const KeyedView> view;
  int place;
  Schema values;
  HeldRows::Several several;
  std::int64_t now;
};

/// All rows, key by key.
class AllRows final : public LateRows::Reader {
 public:
  explicit AllRows(const Cut& cut)
      : cut_(cut), cursor_(cut.view->scan(table_prefix(rows_mark, cut.place))), rows_(cut.values, "left") {}
  Result<std::optional<Batch>> next() override {
    while (rows_.bytes() < bytes_together && KLEIN_TRY(cursor_->next()))
      KLEIN_TRY(rows_.add(cursor_->key().substr(before_key), cursor_->value(), cut_.now, cut_.now));
    if (rows_.size() == 0) return std::optional<Batch>();
    return std::optional(rows_.finish());
  }

 private:
  const Cut cut_;
  const std::unique_ptr<KeyedCursor> cursor_;
  Rows rows_;
};

/// The rows of keys that are marked as changed, behind one that ends what was before.
class ChangedRows final : public LateRows::Reader {
 public:
  explicit ChangedRows(const Cut& cut)
      : cut_(cut), cursor_(cut.view->scan(table_prefix(change_mark, cut.place))), rows_(cut.values, "left") {}
  Result<std::optional<Batch>> next() override {
    while (rows_.bytes() < bytes_together && !ended_) KLEIN_TRY(add_some());
    // One without rows says when changes were looked for.
    if (rows_.size() == 0 && told_) return std::optional<Batch>();
    told_ = true;
    return std::optional(rows_.finish());
  }

 private:
  Result<> add_some() {
    std::vector<Bytes> keys;
    while (keys.size() < keys_together && !ended_) {
      ended_ = !KLEIN_TRY(cursor_->next());
      if (ended_) break;
      keys.emplace_back(cursor_->key());
      keys.back().front() = rows_mark;
    }
    const auto values = KLEIN_TRY(cut_.view->get(keys));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto key = BytesView(keys[i]).substr(before_key);
      if (!values[i] || cut_.several == HeldRows::Several::yes) KLEIN_TRY(rows_.add_forget(key));
      if (values[i]) KLEIN_TRY(rows_.add(key, *values[i], cut_.now, cut_.now));
    }
    return {};
  }

  const Cut cut_;
  const std::unique_ptr<KeyedCursor> cursor_;
  Rows rows_;
  bool ended_ = false, told_ = false;
};

class HeldLate final : public LateRows {
 public:
  HeldLate(Cut cut, bool whole) : cut_(std::move(cut)), whole_(whole) {}
  std::unique_ptr<Reader> read() const override {
    if (whole_) return std::make_unique<AllRows>(cut_);
    return std::make_unique<ChangedRows>(cut_);
  }

 private:
  const Cut cut_;
  const bool whole_;
};

}  // namespace

HeldRows::HeldRows(std::shared_ptr<KeyedStore> store, std::shared_ptr<std::atomic<std::int64_t>> now, int place,
                   Schema values, Several several)
    : store_(std::move(store)), now_(std::move(now)), place_(place), values_(std::move(values)), several_(several) {}

Result<Batch> HeldRows::read(const std::vector<Bytes>& keys) const {
  std::vector<Bytes> stored;
  stored.reserve(keys.size());
  for (const auto& key : keys) stored.push_back(key_in(rows_mark, place_, key));
  const auto values = KLEIN_TRY(store_->get(stored));
  Rows rows(values_, "expiry");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i]) KLEIN_TRY(rows.add(keys[i], *values[i], *now_, 0));
  }
  return rows.finish();
}

Result<> HeldRows::write(const std::vector<Bytes>& keys, const Batch& rows) {
  const auto [names, times] = KLEIN_TRY(columns_of(rows, values_));
  std::vector<KeyedStore::Change> changes;
  std::unordered_map<Bytes, std::size_t> places;
  for (const auto& key : keys) {
    places.emplace(key, changes.size());
    changes.push_back({key_in(rows_mark, place_, key), std::nullopt});
    changes.push_back({key_in(change_mark, place_, key), Bytes()});
  }
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    const auto found = places.find(Bytes(names->GetView(row)));
    if (found == places.end()) return Error(Code::internal, "a row to be held is of none of the keys that are written");
    auto& value = changes[found->second].value;
    if (!value) value.emplace();
    append_row(*rows.columns(), row, times->Value(row), *value);
  }
  changed_ += static_cast<std::int64_t>(keys.size());
  return store_->write(changes);
}

Result<> HeldRows::restore(const Batch& rows, std::int64_t now) {
  const auto [names, times] = KLEIN_TRY(columns_of(rows, values_));
  std::vector<Bytes> keys;
  std::vector<KeyedStore::Change> changes;
  std::unordered_map<Bytes, std::size_t> places;
  std::vector<std::size_t> place_of(static_cast<std::size_t>(rows.rows()));
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    const auto [found, added] = places.emplace(Bytes(names->GetView(row)), keys.size());
    if (added) keys.push_back(key_in(rows_mark, place_, found->first));
    place_of[static_cast<std::size_t>(row)] = found->second;
  }
  std::vector<std::optional<Bytes>> values(keys.size());
  if (several_ == Several::yes) values = KLEIN_TRY(store_->get(keys));
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    auto& value = values[place_of[static_cast<std::size_t>(row)]];
    const auto left = times->Value(row);
    if (left == forget || several_ == Several::no) value.reset();
    if (left == forget) continue;
    if (!value) value.emplace();
    append_row(*rows.columns(), row, left == 0 ? 0 : now + left, *value);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) changes.push_back({std::move(keys[i]), std::move(values[i])});
  return store_->write(changes);
}

Result<std::shared_ptr<const LateRows>> HeldRows::all() { return cut(true); }
Result<std::shared_ptr<const LateRows>> HeldRows::changes() { return cut(false); }

/// What the view has is not changed again: so the marks of changes may go at once.
Result<std::shared_ptr<const LateRows>> HeldRows::cut(bool whole) {
  auto late = std::make_shared<HeldLate>(Cut{store_->view(), place_, values_, several_, *now_}, whole);
  if (changed_ > 0) KLEIN_TRY(store_->remove(table_prefix(change_mark, place_)));
  changed_ = 0;
  return late;
}

Result<std::shared_ptr<HeldState>> HeldState::on_disk(const std::string& folder, std::int64_t memory) {
  auto now = std::make_shared<std::atomic<std::int64_t>>(0);
  const auto over = [now](BytesView key, BytesView value) {
    return key.front() == rows_mark && is_over(time_at(value), now->load(std::memory_order_relaxed));
  };
  auto store = KLEIN_TRY(make_disk_keyed_store({.folder = folder, .memory = memory, .over = over}));
  return std::shared_ptr<HeldState>(new HeldState(std::move(now), std::move(store)));
}

std::shared_ptr<HeldState> HeldState::in_memory() {
  return std::shared_ptr<HeldState>(
      new HeldState(std::make_shared<std::atomic<std::int64_t>>(0), make_memory_keyed_store({})));
}

Result<std::shared_ptr<HeldRows>> HeldState::add(Schema values, HeldRows::Several several) {
  for (const auto& field : values.arrow()->fields()) KLEIN_TRY(check_cells(*field->type()));
  return std::make_shared<HeldRows>(store_, now_, tables_++, std::move(values), several);
}

}  // namespace klein
