#pragma once
// Discovery — looks again and again at sources that splits come to while they are read. A look may wait for a disk or a
// broker, so it is a task of its own, beside those that read.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/coordinator.h"
#include "runtime/executor.h"
#include "runtime/node.h"

namespace klein {

class Discovery final : public Runnable {
 public:
  struct Look {
    std::string source;
    const Discoverer* discoverer;
    Bytes position = {};    // where the last look ended
    bool just_now = false;  // it did when the job was prepared
    std::int64_t next = 0;  // when it is looked at again
  };
  explicit Discovery(std::vector<Look> looks) : looks_(std::move(looks)) {}
  /// All outlive this.
  void begin(Coordinator& coordinator, Node& node, Executor& executor, Waker self);
  Turn run(int steps) override;

 private:
  Result<bool> look(Look& look);  // whether it found something

  std::vector<Look> looks_;
  Coordinator* coordinator_ = nullptr;
  Node* node_ = nullptr;
  Executor* executor_ = nullptr;
  Waker self_;
};

}  // namespace klein
