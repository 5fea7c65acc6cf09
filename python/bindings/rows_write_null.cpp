// Values that are not there, and the place they take in a column whose type is not known yet.

#include "rows_write.h"

namespace klein::py {

void Column::append_null() {
  if (nulls_++ == 0) valid_.assign(static_cast<std::size_t>(size_), 1);
  store_nothing();
  valid_.push_back(0);
  ++size_;
}

void Column::store_nothing() {
  switch (kind_) {
    case Kind::nothing: break;
    case Kind::boolean: bytes_.push_back(0); break;
    case Kind::float64: reals_.push_back(0); break;
    case Kind::string:
    case Kind::binary: offsets_.push_back(static_cast<std::int32_t>(bytes_.size())); break;
    case Kind::list: offsets_.push_back(static_cast<std::int32_t>(entries_->size())); break;
    case Kind::record: fields_->append_null(); break;
    case Kind::tensor: offsets_.push_back(offsets_.empty() ? 0 : offsets_.back()); break;
    default: numbers_.push_back(0);
  }
}

bool Column::become(Kind kind) {
  kind_ = kind;
  if (kind == Kind::list) entries_ = std::make_unique<Column>();
  if (kind == Kind::record) fields_ = std::make_unique<Fields>();
  for (std::int64_t i = 0; i < size_; ++i) store_nothing();
  return true;
}

}  // namespace klein::py
