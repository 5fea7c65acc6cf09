#include "network/worker_link.h"

#include "base/value.h"

namespace klein {

namespace {

constexpr std::int64_t control_size = 64 << 10;
constexpr std::int64_t arena_size = std::int64_t{16} << 30;  // reserved, each way; what is not written costs nothing
static_assert(sizeof(WorkerControl) <= control_size);

Code code_of(std::string_view name) {
  for (const auto code :
       {Code::user, Code::invalid, Code::not_found, Code::unavailable, Code::io, Code::corrupt, Code::resource}) {
    if (to_string(code) == name) return code;
  }
  return Code::internal;
}

std::string text_of(const Value& json, std::string_view key) {
  const auto* value = json.find(key);
  const auto* text = value ? value->get<std::string>() : nullptr;
  return text ? *text : "";
}

}  // namespace

Result<std::shared_ptr<SharedMemory>> WorkerLink::make_memory() {
  return SharedMemory::make(control_size + 2 * arena_size);
}

WorkerLink::WorkerLink(std::shared_ptr<SharedMemory> memory, Side side)
    : memory_(std::move(memory)),
      writer_(side == Side::engine ? control().to_worker : control().from_worker),
      reader_(side == Side::engine ? control().from_worker : control().to_worker),
      arena_(memory_, control_size + (side == Side::engine ? 0 : arena_size),
             control_size + (side == Side::engine ? arena_size : 2 * arena_size)),
      rows_out_(arena_),
      rows_in_(memory_) {}

std::string to_bytes(const Error& error, std::string_view cause) {
  const auto json = to_json(Value::Map{{"code", Value(std::string(to_string(error.code())))},
                                       {"message", Value(error.message())},
                                       {"row", Value(error.row())}});
  return std::to_string(json.size()) + "\n" + json + std::string(cause);
}

Result<SentError> error_from(std::string_view bytes) {
  const auto line = bytes.find('\n');
  const auto size = static_cast<std::size_t>(std::strtoull(std::string(bytes.substr(0, line)).c_str(), nullptr, 10));
  if (line == std::string_view::npos || line + 1 + size > bytes.size()) {
    return Error(Code::corrupt, "a worker process sent an error that can't be read");
  }
  const auto json = KLEIN_TRY(parse_json(bytes.substr(line + 1, size)));
  auto error = Error(code_of(text_of(json, "code")), text_of(json, "message"));
  if (const auto row = text_of(json, "row"); !row.empty()) error = std::move(error).at_row(row);
  return SentError{std::move(error), std::string(bytes.substr(line + 1 + size))};
}

}  // namespace klein
