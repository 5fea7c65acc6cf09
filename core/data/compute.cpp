#include "data/compute.h"

#include <arrow/compute/initialize.h>

#include "base/assert.h"

namespace klein {

void initialize_compute() {
  static const bool done = arrow::compute::Initialize().ok();
  KLEIN_ASSERT(done);
}

}  // namespace klein
