#include "op/function.h"

#include <charconv>

#include "op/remote_calls.h"

namespace klein {

std::shared_ptr<OutputSchema> UserCode::output() const {
  const Lock lock(mutex_);
  auto output = output_.lock();
  if (!output) output_ = output = std::make_shared<OutputSchema>(output_schema());
  return output;
}

Result<std::unique_ptr<RemoteCalls>> Function::remote_calls() const {
  return Error(Code::internal, text() + " is called in this process");
}

std::optional<std::int64_t> failed_row(const Batch& batch, const Error& error) {
  const auto& name = error.row();
  const auto digits = name.find_last_not_of("0123456789") + 1;  // npos + 1 is 0
  std::int64_t number = 0;
  if (std::from_chars(name.data() + digits, name.data() + name.size(), number).ec != std::errc()) return std::nullopt;
  std::optional<std::int64_t> found;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (batch.row_number(row) != number) continue;
    if (found || batch.row_id(row) != name) return std::nullopt;
    found = row;
  }
  return found;
}

}  // namespace klein
