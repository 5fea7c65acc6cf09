#include "store/store.h"

#include <cctype>

namespace klein {

Result<> check_key(const std::string& key) {
  bool begins_part = true;
  for (const char letter : key) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(letter)) || letter == '_' || letter == '-' || letter == '=';
    if (!(plain || (letter == '.' && !begins_part) || (letter == '/' && !begins_part))) {
      return Error(Code::invalid, "this is not a key of a store: '" + key + "'");
    }
    begins_part = letter == '/';
  }
  if (begins_part) return Error(Code::invalid, "a key of a store ends in a name: '" + key + "'");
  return {};
}

}  // namespace klein
