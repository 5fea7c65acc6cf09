#pragma once
// Dicts to Arrow: columns that grow by a Python value at a time. A column's type comes from its first values; integers
// become floats while the first batch lasts, and after it types and names stay. GIL held in every call.

#include "interpreter.h"

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/batch.h"

namespace klein::py {

class Fields;

enum class Kind : std::uint8_t {
  nothing,
  boolean,
  int64,
  float64,
  string,
  binary,
  datetime,
  datetime_utc,
  date,
  time,
  timedelta,
  list,
  record,
  tensor,
};

class Column {
 public:
  Column();
  Column(Column&&) noexcept;
  ~Column();

  /// False where the value does not fit: `problem` says why.
  bool append(PyObject* value);
  void append_null();
  std::int64_t size() const { return size_; }
  const std::string& problem() const { return problem_; }

  /// Takes values of this type only.
  void expect(const arrow::DataType& type);
  /// What came since the last call; its type stays, where it has one.
  Result<std::shared_ptr<arrow::Array>> finish();
  /// Forgets values, keeps the type.
  void clear();

 private:
  bool append_other(PyObject* value);
  bool append_of(Kind kind, PyObject* value);
  bool append_integer(PyObject* value);
  bool append_text(PyObject* value);
  bool append_name(PyObject* value);
  bool append_bytes(PyObject* value);
  bool append_list(PyObject* value);
  bool append_record(PyObject* value);
  bool append_tensor(PyObject* value);
  bool append_buffer(const Py_buffer& buffer);
  bool append_numpy(PyObject* value);
  bool fits(const Py_buffer& buffer);
  void taken() {
    ++size_;
    if (nulls_ > 0) valid_.push_back(1);
  }
  bool become(Kind kind);
  void store_nothing();
  bool fail(std::string problem);
  bool mismatch(PyObject* value);
  std::shared_ptr<arrow::Buffer> validity() const;
  std::shared_ptr<arrow::Array> finish_numbers(const std::shared_ptr<arrow::DataType>& type);
  std::shared_ptr<arrow::Array> finish_bytes(const std::shared_ptr<arrow::DataType>& type);
  Result<std::shared_ptr<arrow::Array>> finish_list();
  Result<std::shared_ptr<arrow::Array>> finish_record();
  Result<std::shared_ptr<arrow::Array>> finish_tensor();
  Result<std::shared_ptr<arrow::Array>> made();

  Kind kind_ = Kind::nothing;
  bool settled_ = false;  // the type is not to change
  std::int64_t size_ = 0, nulls_ = 0;
  std::vector<std::uint8_t> valid_;    // one a value, once there is a null
  std::vector<std::int64_t> numbers_;  // int64, and what is counted
  std::vector<double> reals_;
  std::vector<std::uint8_t> bytes_;          // booleans, text, bytes, tensors
  std::vector<std::int32_t> offsets_;        // where text, bytes and lists end; of tensors, in elements
  std::unique_ptr<Column> entries_;          // of a list
  std::unique_ptr<Fields> fields_;           // of a record
  std::shared_ptr<arrow::DataType> number_;  // of a tensor
  std::vector<std::int64_t> shape_;
  bool ragged_ = false;  // arrays of one dimension and several lengths: a list
  std::string problem_;
};

/// Named columns that grow by a dict at a time, read in the dict's own order: a key is compared by pointer first.
class Fields {
 public:
  /// False where a value does not fit, or a column is new after the first batch.
  bool append(PyObject* dict);
  void append_null();
  std::int64_t rows() const { return rows_; }
  const std::string& problem() const { return problem_; }
  bool settled() const { return settled_; }

  /// Takes these columns only; absent ones are null.
  void expect(const arrow::FieldVector& fields);
  struct Made {
    arrow::FieldVector fields;
    std::vector<std::shared_ptr<arrow::Array>> columns;
  };
  Result<Made> finish();
  void clear();

 private:
  struct Field {
    Reference key;
    std::string name;
    Column column;
  };
  Field* find(PyObject* key, std::size_t& next);
  Field* add(PyObject* key);
  void fill();

  std::vector<Field> fields_;
  std::int64_t rows_ = 0;
  bool settled_ = false;
  std::string problem_;
};

/// The rows that `fields` took as a record batch: of `wanted`'s types where it is given, null columns having the type
/// of the column of that name in `input` where there is one.
Result<std::shared_ptr<arrow::RecordBatch>> to_record_batch(Fields& fields, const Schema* wanted, const Schema* input);

}  // namespace klein::py
