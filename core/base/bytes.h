#pragma once
// Bytes — opaque bytes that own their memory: positions, tokens, stored objects. Small ones are held in place.

#include <string>
#include <string_view>

namespace klein {

using Bytes = std::string;
using BytesView = std::string_view;

}  // namespace klein
