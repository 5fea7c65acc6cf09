#pragma once
// Gate — the one way to end what others may still be using: who uses it enters and leaves; whoever ends it closes,
// which lets nobody in any more and waits for those inside. Any thread.

#include "base/mutex.h"

namespace klein {

class Gate {
 public:
  /// Holds the gate while it lives; false where the gate was closed, and then nothing may be used.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate.enter() ? &gate : nullptr) {}
    ~Pass() {
      if (gate_) gate_->leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  Gate() = default;
  /// Nobody is inside: else what they use would go away under them, and the process ends.
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// False once closed. Each true is followed by one `leave`.
  bool enter();
  void leave();
  /// Returns when the last one has left; never to be called from inside. Idempotent.
  void close();

 private:
  Mutex mutex_;
  Condition emptied_;
  int inside_ KLEIN_GUARDED_BY(mutex_) = 0;
  bool closed_ KLEIN_GUARDED_BY(mutex_) = false;
};

}  // namespace klein
