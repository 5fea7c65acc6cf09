#pragma once
// RemoteStep — the step behind a function that runs in another process: it cuts a batch into calls, keeps several under
// way, and emits what they made in the rows' order. It never waits: it is pending, and the waker brings it back.

#include <memory>

#include "op/dead_letter.h"
#include "op/function.h"
#include "op/remote_calls.h"

namespace klein {

std::unique_ptr<Operator> make_remote_step(std::shared_ptr<const Function> function, std::unique_ptr<RemoteCalls> calls,
                                           OnError on_error);

/// Errors that the rows may have caused; after the others calling again with fewer rows finds nothing.
bool may_be_a_row(Code code);

}  // namespace klein
