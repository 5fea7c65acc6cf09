#pragma once
// Failures across the boundary, both ways: `unwrap` turns a Result into a value or a Python exception of its code's
// class; `caught` turns the exception that Python has raised into an Error.

#include <nanobind/nanobind.h>

#include <exception>
#include <typeinfo>

#include "base/result.h"

namespace klein::py {

/// Carries an Error through a binding's frame to the one translator, which raises it.
struct Failed final : std::exception {
  explicit Failed(Error failure) : error(std::move(failure)) {}
  const char* what() const noexcept override { return error.message().c_str(); }
  Error error;
};

template <typename T>
T unwrap(Result<T> result) {
  if (!result.ok()) throw Failed(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// The exception that is set, as an error of the user's: it holds the exception object, with its traceback. GIL held.
Error caught();

/// What `call`, which runs Python and may throw what it raises, gives; or the error.
template <typename Call>
auto guarded(Call call) -> Result<decltype(call())> {
  try {
    return call();
  } catch (nanobind::python_error& raised) {
    raised.restore();
    return caught();
  } catch (Failed& failed) {
    return std::move(failed.error);
  } catch (const std::bad_cast&) {
    return Error(Code::internal, "a value from Python is not of the type that it has to be");
  }
}

void bind_errors(nanobind::module_& m);

}  // namespace klein::py
