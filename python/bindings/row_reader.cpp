#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "rows_read.h"

namespace klein::py {

Result<> RowReader::open(const Batch& batch) {
  const auto& columns = *batch.columns();
  if (columns.schema() != schema_) {
    keys_.clear();
    schema_ = columns.schema();
    for (const auto& field : schema_->fields()) {
      keys_.push_back(Reference::take(PyUnicode_InternFromString(field->name().c_str())));
    }
  }
  cells_.clear();
  for (int i = 0; i < columns.num_columns(); ++i) {
    cells_.push_back(KLEIN_TRY(cells_of(columns.column(i), columns.column_name(i))));
  }
  return {};
}

PyObject* RowReader::row(std::int64_t row) const {
  auto* dict = PyDict_New();
  for (std::size_t i = 0; dict && i < cells_.size(); ++i) {
    auto* value = cells_[i]->get(row);
    if (!value || PyDict_SetItem(dict, keys_[i].get(), value) < 0) Py_CLEAR(dict);
    Py_XDECREF(value);
  }
  return dict;
}

}  // namespace klein::py
