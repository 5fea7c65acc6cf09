#pragma once
// Which row groups can hold a row that satisfies a filter, by what their statistics promise.

#include <arrow/compute/expression.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>

#include "base/result.h"

namespace klein {

/// False: no row of the group satisfies `filter`, which is bound to a schema that has the file's columns by name.
Result<bool> may_satisfy(const arrow::compute::Expression& filter, const parquet::RowGroupMetaData& group,
                         const parquet::arrow::SchemaManifest& manifest);

}  // namespace klein
