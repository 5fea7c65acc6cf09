#pragma once
// Running — how a step's model is run, from its parameters: the words people write, made into what they mean here.

#include <string>

#include "base/result.h"
#include "inference/model_session.h"
#include "op/params.h"

namespace klein {

struct Running {
  std::string model;  // the file that is opened
  Runtime runtime = Runtime::onnxruntime;
  Precision precision = Precision::fp32;
};

/// Errors: a precision that the runtime does not have, or that is not built.
Result<Running> running_of(const Params& params);

/// The session of a step. Errors: those of running_of and open_model.
Result<std::shared_ptr<const ModelSession>> session_of(const Params& params);

}  // namespace klein
