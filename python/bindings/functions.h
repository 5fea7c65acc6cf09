#pragma once
// The user's functions as a plan holds them.

#include "interpreter.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "op/function.h"

namespace klein::py {

enum class RowMode { map, filter, flat_map };

/// One function of rows: called with a dict and `args` and `kwargs`; a class is made once a task, then called.
struct Stage {
  RowMode mode;
  Reference callable;  // a function, or a class where `make_args` is set
  Reference make_args, make_kwargs;
  Reference args, kwargs;
  std::string name;
};

struct Settings {
  std::optional<Schema> schema;
  std::int64_t batch_rows = 0;
};

std::shared_ptr<const Function> make_row_function(Stage stage, Settings settings);

/// `recipe()` makes, once a task, what is called with a Batch and gives a list of Arrow data.
std::shared_ptr<const Function> make_batch_function(Reference recipe, std::string name, Settings settings);

/// A stage ready to be called: its object made, its arguments in one array behind the row's place.
class Call {
 public:
  /// GIL held.
  static Result<Call> make(const Stage& stage);
  RowMode mode() const { return mode_; }
  /// A new reference; null with the exception set.
  PyObject* operator()(PyObject* row) {
    arguments_[1] = row;
    return PyObject_Vectorcall(
        callable_.get(), arguments_.data() + 1, positional_ | PY_VECTORCALL_ARGUMENTS_OFFSET, names_.get());
  }

 private:
  RowMode mode_ = RowMode::map;
  Reference callable_, args_, kwargs_, names_;
  std::vector<PyObject*> arguments_ = {nullptr, nullptr};
  std::size_t positional_ = 1;
};

}  // namespace klein::py
