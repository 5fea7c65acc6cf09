#pragma once
// BySchema<T> — what a step works out for a schema (places of columns, bound expressions), made when the first batch
// comes and again only when the schema changes. Asking costs a comparison of pointers.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <utility>

#include "data/batch.h"

namespace klein {

template <typename T>
class BySchema {
 public:
  /// What `make(Schema)` gave for the schema of `batch`; valid until the next call.
  template <typename Make>
  Result<const T*> get(const Batch& batch, Make&& make) {
    const auto& schema = batch.columns()->schema();
    if (schema.get() != seen_.get()) KLEIN_TRY(see(schema, make));
    return &*made_;
  }

 private:
  template <typename Make>
  Result<> see(const std::shared_ptr<arrow::Schema>& schema, Make& make) {
    if (!seen_ || !seen_->Equals(*schema, /*check_metadata=*/false)) made_.emplace(KLEIN_TRY(make(Schema(schema))));
    seen_ = schema;
    return {};
  }

  std::shared_ptr<arrow::Schema> seen_;
  std::optional<T> made_;
};

}  // namespace klein
