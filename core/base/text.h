#pragma once
// Words for messages: the nearest known name to a mistyped one, lists, quantities.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klein {

/// The candidate within a small edit distance of `name`, or empty.
std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// " Did you mean 'x'? Known are a, b, c." — the end of every message about a name that is not there.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

/// "a, b, c"
std::string join(std::span<const std::string> words, std::string_view separator = ", ");

}  // namespace klein
