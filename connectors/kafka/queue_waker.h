#pragma once
// QueueWaker — wakes a task when something comes into a queue of librdkafka's that was empty, from its threads.

#include <librdkafka/rdkafka.h>

#include "base/mutex.h"
#include "base/waker.h"

namespace klein {

class QueueWaker {
 public:
  /// `queue` outlives this.
  explicit QueueWaker(rd_kafka_queue_t* queue) : queue_(queue) {
    rd_kafka_queue_cb_event_enable(queue_, on_event, this);
  }
  ~QueueWaker() { rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr); }
  QueueWaker(const QueueWaker&) = delete;
  QueueWaker& operator=(const QueueWaker&) = delete;

  /// Set it before looking into the queue: then nothing that comes is missed.
  void set(const Waker& waker) {
    const Lock lock(mutex_);
    waker_ = waker;
  }

 private:
  static void on_event(rd_kafka_t*, void* opaque) {
    auto* self = static_cast<QueueWaker*>(opaque);
    Waker waker;
    {
      const Lock lock(self->mutex_);
      waker = self->waker_;
    }
    waker.wake();
  }

  rd_kafka_queue_t* const queue_;
  Mutex mutex_;
  Waker waker_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
