#include "state/key_table.h"

namespace klein {

std::uint32_t KeyTable::add(std::string_view key, std::uint64_t hash) {
  if (places_.size() < 2 * (ends_.size() + 1)) grow();
  const auto mask = places_.size() - 1;
  // The low bits choose a task and a group; the high ones are still spread.
  for (auto place = (hash >> 20U) & mask;; place = (place + 1) & mask) {
    const auto taken = places_[place];
    if (taken == 0) {
      places_[place] = size() + 1;
      bytes_.append(key);
      ends_.push_back(bytes_.size());
      hashes_.push_back(hash);
      return size() - 1;
    }
    if (hashes_[taken - 1] == hash && this->key(taken - 1) == key) return taken - 1;
  }
}

std::optional<std::uint32_t> KeyTable::find(std::string_view key, std::uint64_t hash) const {
  if (places_.empty()) return std::nullopt;
  const auto mask = places_.size() - 1;
  for (auto place = (hash >> 20U) & mask; places_[place] != 0; place = (place + 1) & mask) {
    const auto number = places_[place] - 1;
    if (hashes_[number] == hash && this->key(number) == key) return number;
  }
  return std::nullopt;
}

void KeyTable::grow() {
  places_.assign(places_.empty() ? 16 : places_.size() * 2, 0);
  const auto mask = places_.size() - 1;
  for (std::uint32_t number = 0; number < size(); ++number) {
    auto place = (hashes_[number] >> 20U) & mask;
    while (places_[place] != 0) place = (place + 1) & mask;
    places_[place] = number + 1;
  }
}

}  // namespace klein
