#pragma once
// WorkerCalls — RemoteCalls made in a worker process of a task's own. A worker that dies is replaced at once, and so is
// one that has served its time; what it had not answered is said to be lost.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "network/worker.h"
#include "op/remote_calls.h"

namespace klein {

/// What the worker's language stored of a cause, as the object that this process raises; null where it can't.
using ReviveCause = std::function<std::shared_ptr<void>(const std::string&)>;

class WorkerCalls final : public RemoteCalls {
 public:
  WorkerCalls(Launch launch, std::string function, ReviveCause revive)
      : launch_(std::move(launch)), function_(std::move(function)), revive_(std::move(revive)) {}
  ~WorkerCalls() override;
  Result<> open(const Context& context) override;
  bool has_room() const override;
  Result<> give(std::int64_t call, const Batch& batch) override;
  Result<std::vector<Answer>> answers() override;

 private:
  struct Given {
    std::int64_t call;
    Batch batch;
    std::vector<Batch> made = {};
  };
  Result<> start();
  bool served() const;  // its time is over, once it has answered
  Result<> hear(const Message& message, std::vector<Answer>& answers);
  Result<> take_made(const Message& message);
  Result<> take_error(const Message& message, std::vector<Answer>& answers);
  Answer over();  // the first call that was given
  Result<> replace(const Worker::End& end, std::vector<Answer>& answers);
  Error revived(const Message& message);
  Error died(const Worker::End& end) const;

  const Launch launch_;
  const std::string function_;
  const ReviveCause revive_;
  const Context* context_ = nullptr;
  std::shared_ptr<Worker> worker_;
  std::deque<Given> given_;
  std::int64_t bytes_ = 0, calls_ = 0, started_ = 0, answered_ = 0;
  int failed_starts_ = 0;
  bool ready_ = false;
};

}  // namespace klein
