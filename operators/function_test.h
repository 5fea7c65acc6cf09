#pragma once
// What the tests of kinds with a user's function share: such a function, written in C++.

#include <functional>

#include "kind_test.h"
#include "op/function.h"

namespace klein {

using Call = std::function<Result<std::vector<Batch>>(const Batch&)>;

/// A user's function, written in C++.
class TestFunction final : public Function {
 public:
  explicit TestFunction(Call call, std::int64_t batch_rows = 0) : call_(std::move(call)), batch_rows_(batch_rows) {}
  std::string text() const override { return "a function"; }
  std::int64_t batch_rows() const override { return batch_rows_; }
  std::shared_ptr<const Function> fuse(const Function& next) const override {
    return std::make_shared<TestFunction>([first = call_, second = static_cast<const TestFunction&>(next).call_](
                                              const Batch& batch) -> Result<std::vector<Batch>> {
      const auto between = KLEIN_TRY(first(batch));
      return second(between[0]);
    });
  }
  Result<std::unique_ptr<FunctionInstance>> instance() const override { return std::make_unique<Instance>(call_); }

 private:
  class Instance final : public FunctionInstance {
   public:
    explicit Instance(Call call) : call_(std::move(call)) {}
    Result<std::vector<Batch>> call(const Batch& batch) override { return call_(batch); }

   private:
    Call call_;
  };

  Call call_;
  std::int64_t batch_rows_;
};

inline Value function_value(Call call, std::int64_t batch_rows = 0) {
  return Value(Value::Handle(std::make_shared<TestFunction>(std::move(call), batch_rows)));
}

}  // namespace klein
