#pragma once
// WorkerFunction — the user's code as a plan holds it where it runs in worker processes: bytes that only a worker can
// load. Consecutive functions of rows share a worker where they are started alike.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network/worker_calls.h"
#include "op/function.h"

namespace klein {

class WorkerFunction final : public Function {
 public:
  struct Parts {
    std::vector<std::string> stored;  // one function after the other, each as its language stores it
    std::string name;
    std::optional<Schema> schema;
    std::int64_t batch_rows = 0;
    bool by_row = false;
    Launch launch;
    ReviveCause revive;
  };
  explicit WorkerFunction(Parts parts) : parts_(std::move(parts)) {}

  std::string text() const override { return parts_.name; }
  std::optional<Schema> output_schema() const override { return parts_.schema; }
  std::int64_t batch_rows() const override { return parts_.batch_rows; }
  bool by_row() const override { return parts_.by_row; }
  std::shared_ptr<const Function> fuse(const Function& next) const override;
  bool is_remote() const override { return true; }
  Result<std::unique_ptr<RemoteCalls>> remote_calls() const override;
  Result<std::unique_ptr<FunctionInstance>> instance() const override;

 private:
  const Parts parts_;
};

/// The stored functions, of what a worker is sent.
std::vector<std::string> stored_functions(const std::string& bytes);

}  // namespace klein
