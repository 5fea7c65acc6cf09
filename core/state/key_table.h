#pragma once
// KeyTable — the keys seen so far, numbered in the order they came. Never forgets one: what is to be forgotten by key
// is dropped with its table.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klein {

class KeyTable {
 public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(ends_.size()); }
  /// The key's number; a new key takes the next one.
  std::uint32_t add(std::string_view key, std::uint64_t hash);
  std::optional<std::uint32_t> find(std::string_view key, std::uint64_t hash) const;
  std::string_view key(std::uint32_t number) const {
    const auto begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(bytes_).substr(begin, ends_[number] - begin);
  }
  std::uint64_t hash(std::uint32_t number) const { return hashes_[number]; }

 private:
  void grow();

  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> places_;  // by hash: the number plus one, or 0; a power of two of them
};

}  // namespace klein
