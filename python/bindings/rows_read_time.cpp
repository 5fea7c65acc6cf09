// Cells of dates, times and decimals.

#include <arrow/array.h>
#include <arrow/type.h>

#include "rows_read.h"
#include "times.h"

namespace klein::py {

namespace {

/// What a count is multiplied by, or divided by, to be microseconds. Nanoseconds are cut: Python has none.
struct Scale {
  std::int64_t times = 1, by = 1;
  std::int64_t operator()(std::int64_t count) const {
    return by == 1 ? count * times : count / by - (count % by < 0 ? 1 : 0);
  }
};

Scale scale_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return {1'000'000, 1};
    case arrow::TimeUnit::MILLI: return {1'000, 1};
    case arrow::TimeUnit::MICRO: return {1, 1};
    case arrow::TimeUnit::NANO: return {1, 1'000};
  }
  return {};
}

template <typename Array, typename Make>
class Counts final : public Cells {
 public:
  Counts(const std::shared_ptr<arrow::Array>& column, Scale scale, Make make)
      : column_(std::static_pointer_cast<Array>(column)), scale_(scale), make_(std::move(make)) {}
  PyObject* get(std::int64_t row) const override {
    if (column_->IsNull(row)) Py_RETURN_NONE;
    return make_(scale_(column_->Value(row)));
  }

 private:
  const std::shared_ptr<Array> column_;
  const Scale scale_;
  const Make make_;
};

template <typename Array, typename Make>
std::unique_ptr<Cells> counts(const std::shared_ptr<arrow::Array>& column, Scale scale, Make make) {
  return std::make_unique<Counts<Array, Make>>(column, scale, std::move(make));
}

class Decimals final : public Cells {
 public:
  explicit Decimals(std::shared_ptr<arrow::Array> column)
      : column_(std::move(column)), module_(Reference::take(PyImport_ImportModule("decimal"))) {}
  PyObject* get(std::int64_t row) const override {
    if (!module_) return nullptr;
    if (column_->IsNull(row)) Py_RETURN_NONE;
    const auto words = column_->type_id() == arrow::Type::DECIMAL128
                           ? static_cast<const arrow::Decimal128Array&>(*column_).FormatValue(row)
                           : static_cast<const arrow::Decimal256Array&>(*column_).FormatValue(row);
    return PyObject_CallMethod(module_.get(), "Decimal", "s", words.c_str());
  }

 private:
  const std::shared_ptr<arrow::Array> column_;
  const Reference module_;
};

}  // namespace

std::unique_ptr<Cells> time_cells(const std::shared_ptr<arrow::Array>& column) {
  const auto& type = *column->type();
  switch (type.id()) {
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return counts<arrow::TimestampArray>(
          column, scale_of(timestamp.unit()),
          [zone = timestamp.timezone()](auto count) { return to_datetime(count, zone); });
    }
    case arrow::Type::DATE32: return counts<arrow::Date32Array>(column, {}, to_date);
    case arrow::Type::DATE64: return counts<arrow::Date64Array>(column, {1, 86'400'000}, to_date);
    case arrow::Type::TIME32:
      return counts<arrow::Time32Array>(column, scale_of(static_cast<const arrow::Time32Type&>(type).unit()), to_time);
    case arrow::Type::TIME64:
      return counts<arrow::Time64Array>(column, scale_of(static_cast<const arrow::Time64Type&>(type).unit()), to_time);
    case arrow::Type::DURATION:
      return counts<arrow::DurationArray>(
          column, scale_of(static_cast<const arrow::DurationType&>(type).unit()), to_timedelta);
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: return std::make_unique<Decimals>(column);
    default: return nullptr;
  }
}

}  // namespace klein::py
