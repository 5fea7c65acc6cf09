#pragma once
// Python objects as the values of parameters, and values as Python objects.

#include <nanobind/nanobind.h>

#include "base/value.h"

namespace klein::py {

/// A plan's object in Python's hands: a function, an expression.
struct Held {
  Value::Handle object;
};

/// None, booleans, numbers, strings, paths, lists, dicts, numpy's scalars and arrays, pyarrow's expressions, and what
/// this module made. Throws Failed for everything else, naming `what`.
Value to_value(nanobind::handle object, const std::string& what);
Value::Map to_map(const nanobind::dict& entries);
nanobind::object to_object(const Value& value);

void bind_values(nanobind::module_& m);

}  // namespace klein::py
