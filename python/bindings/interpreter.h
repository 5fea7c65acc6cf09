#pragma once
// The interpreter as executor threads see it. `Entered` holds the GIL for a scope; a thread's state is made at its
// first entry and kept, so that the next ones cost 30 ns. `Reference` owns a Python object and may end on any thread.

#include <Python.h>

#include <utility>

namespace klein::py {

/// Holds the GIL while it lives. Does nothing where this thread holds it already.
class Entered {
 public:
  Entered();
  ~Entered();
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  bool entered_ = false;
};

/// False once the interpreter is going away: then nothing of Python may be touched by a thread without the GIL.
bool interpreter_alive();

/// A Python object owned from C++. Copying and moving need the GIL only to copy; ending takes it. What ends after the
/// interpreter is left as it is.
class Reference {
 public:
  Reference() = default;
  /// Takes over a new reference.
  static Reference take(PyObject* object) { return Reference(object); }
  /// Makes a reference of its own.
  static Reference share(PyObject* object) {
    Py_XINCREF(object);
    return Reference(object);
  }
  Reference(const Reference& other) : Reference(share(other.object_)) {}
  Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Reference& operator=(Reference other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Reference() {
    if (object_) release();
  }

  PyObject* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  PyObject* give() { return std::exchange(object_, nullptr); }

 private:
  explicit Reference(PyObject* object) : object_(object) {}
  void release();

  PyObject* object_ = nullptr;
};

}  // namespace klein::py
