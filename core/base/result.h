#pragma once
// Result<T> — the one way to fail: a T or an Error. `*` and `->` need ok(). The core never throws.

#include <optional>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/error.h"

namespace klein {

template <typename T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  /// From whatever T can be made of, so that a function may return unique_ptr<Derived> for unique_ptr<Base>.
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  const T& operator*() const& { return *get(); }
  T& operator*() & { return *get(); }
  T&& operator*() && { return std::move(*get()); }
  const T* operator->() const { return get(); }
  T* operator->() { return get(); }
  const Error& error() const& {
    KLEIN_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  Error error() && {
    KLEIN_ASSERT(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  const T* get() const {
    KLEIN_ASSERT(ok());
    return std::get_if<0>(&state_);
  }
  T* get() {
    KLEIN_ASSERT(ok());
    return std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or an Error: `return {};` succeeds.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  void operator*() const { KLEIN_ASSERT(ok()); }
  const Error& error() const& {
    KLEIN_ASSERT(!ok());
    return *error_;
  }
  Error error() && {
    KLEIN_ASSERT(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

/// The value of a Result, or return its error from the calling function. A GNU statement expression, so it nests and
/// can initialise: `auto x = KLEIN_TRY(f());`.
#define KLEIN_TRY(expression) KLEIN_TRY_COUNTED(expression, __COUNTER__)
#define KLEIN_TRY_COUNTED(expression, number) KLEIN_TRY_NAMED(expression, number)
#define KLEIN_TRY_NAMED(expression, number)                                           \
  ({                                                                                  \
    auto klein_result_##number = (expression);                                        \
    if (!klein_result_##number.ok()) return std::move(klein_result_##number).error(); \
    *std::move(klein_result_##number);                                                \
  })

}  // namespace klein
