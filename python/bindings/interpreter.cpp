#include "interpreter.h"

namespace klein::py {

namespace {

/// A thread's own state, deleted when the thread ends. Threads that Python made have one already, which is not ours.
class ThreadState {
 public:
  void enter() {
    if (state_) return PyEval_RestoreThread(state_);
    state_ = PyGILState_GetThisThreadState();
    owned_ = state_ == nullptr;
    if (!owned_) return PyEval_RestoreThread(state_);
    handle_ = PyGILState_Ensure();
    state_ = PyThreadState_Get();
  }
  void leave() {
    PyEval_SaveThread();
    if (!owned_) state_ = nullptr;  // its owner may end it
  }
  ~ThreadState() {
    if (!state_ || !owned_ || !interpreter_alive()) return;
    PyEval_RestoreThread(state_);
    PyGILState_Release(handle_);
  }

 private:
  PyThreadState* state_ = nullptr;
  PyGILState_STATE handle_ = PyGILState_UNLOCKED;
  bool owned_ = false;
};

thread_local ThreadState thread_state;

}  // namespace

bool interpreter_alive() { return Py_IsInitialized() && !_Py_IsFinalizing(); }

Entered::Entered() {
  if (PyGILState_Check()) return;
  thread_state.enter();
  entered_ = true;
}

Entered::~Entered() {
  if (entered_) thread_state.leave();
}

void Reference::release() {
  if (PyGILState_Check()) {
    Py_DECREF(object_);
  } else if (interpreter_alive()) {
    const Entered gil;
    Py_DECREF(object_);
  }
}

}  // namespace klein::py
