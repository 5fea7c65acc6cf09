#include "errors.h"
#include "functions.h"

namespace klein::py {

namespace {

PyObject* made(const Stage& stage) {
  if (!stage.make_args) return Py_NewRef(stage.callable.get());
  return PyObject_Call(stage.callable.get(), stage.make_args.get(), stage.make_kwargs.get());
}

}  // namespace

Result<Call> Call::make(const Stage& stage) {
  Call call;
  call.mode_ = stage.mode;
  call.args_ = stage.args;
  call.kwargs_ = stage.kwargs;
  call.callable_ = Reference::take(made(stage));
  if (!call.callable_) return caught().while_doing("making " + stage.name);
  const auto count = call.args_ ? PyTuple_GET_SIZE(call.args_.get()) : 0;
  for (Py_ssize_t i = 0; i < count; ++i) call.arguments_.push_back(PyTuple_GET_ITEM(call.args_.get(), i));
  call.positional_ += static_cast<std::size_t>(count);
  if (!call.kwargs_ || PyDict_GET_SIZE(call.kwargs_.get()) == 0) return call;
  call.names_ = Reference::take(PySequence_Tuple(call.kwargs_.get()));
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(call.kwargs_.get(), &position, &key, &value)) call.arguments_.push_back(value);
  return call;
}

}  // namespace klein::py
