#pragma once
// Objects of JSON one after the other as rows, which Arrow parses many at a time.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

namespace klein {

bool is_utf8(std::string_view text);

/// A row for each object, of the schema's columns, others passed over; what an object lacks is null. Without a schema,
/// of the columns that they show. `objects` is UTF-8. The error says what is wrong, not where.
Result<std::shared_ptr<arrow::RecordBatch>> parse_json_objects(std::string_view objects,
                                                               const std::shared_ptr<arrow::Schema>& schema);

/// Whether `text` is one object and nothing else, as far as brackets and quotes tell: then it can't join what stands
/// beside it.
bool is_one_json_object(std::string_view text);

}  // namespace klein
