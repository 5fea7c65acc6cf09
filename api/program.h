#pragma once
// Program — a Flow written in one expression: what fails is kept until it is run, so that steps can be chained. The
// functions that make steps of each kind are generated from the registry (klein/options.h):
//   auto report = klein::run(klein::range({.count = 10}).then(klein::limit({.count = 3})).then(klein::discard()));

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/klein.h"

namespace klein {

/// A step as its options name it.
struct Verb {
  std::string kind;
  Value::Map params;
  std::string name = "";
};

class Program {
 public:
  static Program source(const Verb& verb) { return Program(Flow::source(verb.kind, verb.params, verb.name)); }
  explicit Program(Result<Flow> flow) : flow_(std::move(flow)) {}

  /// This, and `others` for kinds with several inputs, into a step.
  Program then(const Verb& verb, const std::vector<Program>& others = {}) const;
  /// The flow, or the first thing that was wrong.
  const Result<Flow>& flow() const { return flow_; }

 private:
  Result<Flow> flow_;
};

Result<RunReport> run(const Program& program, const RunOptions& options = {});

// What options hold, as values.
inline Value to_option(Value value) { return value; }
inline Value to_option(Value::Map value) { return value; }
inline Value to_option(const std::vector<std::string>& words) { return Value::List(words.begin(), words.end()); }
inline Value to_option(const std::vector<double>& numbers) { return Value::List(numbers.begin(), numbers.end()); }
template <typename T>
Value to_option(const std::optional<T>& value) {
  return value ? to_option(*value) : Value();
}

}  // namespace klein
