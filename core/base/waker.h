#pragma once
// Waker — brings a task back: nothing in a task blocks; it returns, and whoever has news wakes it. Any thread, any
// time, also after the task has ended (then nothing happens).

#include <memory>
#include <utility>

namespace klein {

class Wakeable {
 public:
  virtual ~Wakeable() = default;
  virtual void wake() = 0;
};

class Waker {
 public:
  Waker() = default;
  explicit Waker(std::shared_ptr<Wakeable> target) : target_(std::move(target)) {}
  void wake() const {
    if (target_) target_->wake();
  }

 private:
  std::shared_ptr<Wakeable> target_;
};

}  // namespace klein
