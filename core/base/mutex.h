#pragma once
// Mutex, Lock, Condition — std's, with Clang's thread-safety annotations: what a mutex guards says so, and CI's Clang
// build refuses an access without it. No lock is held across user code, store calls or wakers.

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define KLEIN_ANNOTATION(x) __attribute__((x))
#else
#define KLEIN_ANNOTATION(x)
#endif
#define KLEIN_GUARDED_BY(x) KLEIN_ANNOTATION(guarded_by(x))
#define KLEIN_REQUIRES(...) KLEIN_ANNOTATION(requires_capability(__VA_ARGS__))
#define KLEIN_EXCLUDES(...) KLEIN_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace klein {

class KLEIN_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() KLEIN_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() KLEIN_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() KLEIN_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class KLEIN_ANNOTATION(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) KLEIN_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() KLEIN_ANNOTATION(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits with a Mutex held; always in a loop over its predicate.
class Condition {
 public:
  void wait(Mutex& mutex) KLEIN_REQUIRES(mutex) { condition_.wait(mutex); }
  template <typename Duration>
  bool wait_for(Mutex& mutex, Duration duration) KLEIN_REQUIRES(mutex) {
    return condition_.wait_for(mutex, duration) == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace klein
