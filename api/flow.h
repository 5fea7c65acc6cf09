#pragma once
// Flow — a program as it is written: a value that names the last step so far; each verb returns a new one. Steps are
// checked as they are added, so a mistake is reported at its line.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "runtime/job.h"

namespace klein {

/// The kinds that are built in, and those of plug-ins opened so far. Made on first use; any thread.
Registry& registry();

class Flow {
 public:
  /// A source of this kind. Opens it to learn its schema.
  static Result<Flow> source(const std::string& kind, const Value::Map& params, const std::string& name = "");
  /// This flow (and `others`, for kinds with several inputs) into a step of this kind, operator or sink.
  Result<Flow> then(const std::string& kind, const Value::Map& params, const std::string& name = "",
                    const std::vector<Flow>& others = {}) const;
  /// The rows on another port of the last step.
  Result<Flow> port(Port port) const;

  const std::optional<Schema>& schema() const;  // nothing: only running tells
  const std::string& kind() const;
  bool is_sink() const;
  bool bounded() const;
  std::string text() const;  // a line a step, for repr

  struct Node;
  const std::shared_ptr<const Node>& node() const { return node_; }
  Port output() const { return port_; }

 private:
  explicit Flow(std::shared_ptr<const Node> node, Port port = Port::main);

  std::shared_ptr<const Node> node_;
  Port port_ = Port::main;
};

/// One plan of several sinks: what they share runs once. Names are made unique; every flow must end in a sink.
Result<Plan> plan_of(const std::vector<Flow>& sinks);

}  // namespace klein
