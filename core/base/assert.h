#pragma once
// KLEIN_ASSERT — a broken invariant ends the process in every build: no result is better than a wrong one.

namespace klein {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

#define KLEIN_ASSERT(condition)                                \
  (__builtin_expect(static_cast<bool>(condition), 1) ? void(0) \
                                                     : ::klein::assertion_failed(#condition, __FILE__, __LINE__))

}  // namespace klein
