#include "network/worker_function.h"

#include <charconv>

namespace klein {

namespace {

/// Each with its length before it.
std::string joined(const std::vector<std::string>& stored) {
  std::string bytes;
  for (const auto& function : stored) bytes += std::to_string(function.size()) + ":" + function;
  return bytes;
}

}  // namespace

std::vector<std::string> stored_functions(const std::string& bytes) {
  std::vector<std::string> stored;
  for (std::size_t place = 0; place < bytes.size();) {
    const auto colon = bytes.find(':', place);
    std::size_t size = 0;
    std::from_chars(bytes.data() + place, bytes.data() + colon, size);
    stored.push_back(bytes.substr(colon + 1, size));
    place = colon + 1 + size;
  }
  return stored;
}

std::shared_ptr<const Function> WorkerFunction::fuse(const Function& next) const {
  const auto* other = dynamic_cast<const WorkerFunction*>(&next);
  if (!other || !parts_.by_row || !other->parts_.by_row || parts_.schema ||
      parts_.batch_rows != other->parts_.batch_rows || !(parts_.launch == other->parts_.launch)) {
    return nullptr;
  }
  auto both = parts_;
  both.stored.insert(both.stored.end(), other->parts_.stored.begin(), other->parts_.stored.end());
  both.name += ", " + other->parts_.name;
  both.schema = other->parts_.schema;
  return std::make_shared<WorkerFunction>(std::move(both));
}

Result<std::unique_ptr<RemoteCalls>> WorkerFunction::remote_calls() const {
  return std::make_unique<WorkerCalls>(parts_.launch, joined(parts_.stored), parts_.revive);
}

Result<std::unique_ptr<FunctionInstance>> WorkerFunction::instance() const {
  return Error(Code::internal, parts_.name + " is called in a worker process");
}

}  // namespace klein
