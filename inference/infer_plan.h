#pragma once
// InferPlan — what `infer` will do, settled before any row comes: which column feeds which input and how, which output
// becomes which column, how many rows a call takes. Making it is where all that is wrong with a program is found.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/schema.h"
#include "inference/model_session.h"
#include "inference/normalise.h"
#include "inference/tensor_column.h"
#include "op/dead_letter.h"
#include "op/params.h"

namespace klein {

struct ModelInput {
  std::string column;
  int position = 0;  // of the column
  Shape shape;       // of a row, as the model wants it
  Cell cell;         // of a row, as the column has it
  std::optional<PictureInput> picture;
  /// Bytes of a row as the model reads it.
  std::int64_t bytes() const { return picture ? cell.elements() * 4 : cell.bytes(); }
};

struct ModelOutput {
  std::size_t index = 0;  // in ModelSession::outputs
  std::string column;
  Cell cell;
  std::shared_ptr<arrow::DataType> type;
};

struct InferPlan {
  std::shared_ptr<const ModelSession> session;
  std::vector<ModelInput> inputs;  // all of the model's, in order
  std::vector<ModelOutput> outputs;
  std::int64_t fixed_rows = 0;  // rows that every call must have; 0: any number
  std::int64_t batch_rows = 0;  // rows that the user wants a call to have; 0: the best are found
  std::int64_t latency = 0;     // nanoseconds in which a row is to have passed; 0: no bound
  OnError on_error = OnError::raise;
  Schema schema;  // of the output
};

/// Errors: no such model, an input or column that is not there (with the nearest), types or shapes that do not go
/// together, an output that is no column, a parameter whose feature is not built.
Result<InferPlan> make_infer_plan(const Params& params, const Schema& input);

/// The columns that the step reads and makes, without looking at the input's schema.
struct InferColumns {
  std::vector<std::string> reads, makes;
};
Result<InferColumns> infer_columns(const Params& params);

}  // namespace klein
