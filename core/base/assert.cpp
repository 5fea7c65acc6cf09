#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace klein {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "klein: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace klein
