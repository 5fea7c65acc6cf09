#pragma once
// JsonScanner — walks over JSON once, from its begin to its end, and takes of it what whoever walks expects there. The
// first thing that is wrong ends the walk: every later call fails, and `why` says what it was.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace klein {

/// A number as it is written. `digits` are all of them as one integer, which the exponent moves.
struct JsonNumber {
  std::uint64_t digits = 0;
  int exponent = 0;
  bool negative = false;
  bool whole = true;  // neither point nor exponent
  bool exact = true;  // `digits` holds them all
  std::string_view text;
};

class JsonScanner {
 public:
  /// What is given outlives this.
  explicit JsonScanner(std::string_view json) : begin_(json.data()), at_(begin_), end_(begin_ + json.size()) {}

  /// The byte that is next behind white space, still there; 0 at the end.
  char next() {
    while (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ' && is_space(*at_)) ++at_;
    return at_ == end_ ? '\0' : *at_;
  }
  bool at_end() { return next() == '\0' && at_ == end_; }
  /// Takes the byte if it is next.
  bool take(char byte) {
    if (next() != byte) return false;
    ++at_;
    return true;
  }
  bool expect(char byte, const char* in_words) { return take(byte) || misplaced(in_words); }
  /// Takes `null`, `true` or `false`, of which the first byte is known to be there.
  bool word(std::string_view word);
  bool number(JsonNumber& number);
  /// What is within the quotes, unescaped; it is there until the next call.
  bool text(std::string_view& text);
  /// Any value.
  bool skip(int depth = 0);

  /// What is not walked over yet, and how to go on behind some of it.
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  void pass(std::size_t bytes) { at_ += bytes; }

  /// The walk ends. `why`: "text, not int64", of the value at hand.
  bool fail(std::string why);
  /// What was said concerns the member `name` of an object.
  bool within(const std::string& name);
  /// Something else stands where `in_words` was expected.
  bool misplaced(const char* in_words);
  static constexpr const char* no_utf8 = "it is not UTF-8";
  bool failed() const { return failed_; }
  /// What failed is no JSON at all, whatever the columns' types.
  bool syntax() const { return syntax_; }
  const std::string& why() const { return why_; }
  /// The members that the value is within, `a.b`; empty where the JSON itself is none.
  const std::string& path() const { return path_; }

 private:
  static bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }
  static bool is_digit(char byte) { return static_cast<unsigned char>(byte - '0') < 10; }
  int take_digits(JsonNumber& number);
  bool take_exponent(JsonNumber& number);
  bool escaped(const char* from, std::string_view& text);
  bool escape(std::string& text);
  bool unit(std::uint32_t& unit);

  const char* const begin_;
  const char* at_;
  const char* const end_;
  bool failed_ = false, syntax_ = false;
  std::string why_, path_, room_;
};

namespace json {

static_assert(std::endian::native == std::endian::little, "digits are read eight at a time, the first one lowest");

inline std::uint64_t eight_bytes(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, 8);
  return bytes;
}

inline constexpr std::uint64_t powers[] = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

/// How many of the eight bytes are digits, up to the first that is none.
inline int leading_digits(std::uint64_t bytes) {
  const auto others = ((bytes + 0x4646464646464646) | (bytes - 0x3030303030303030)) & 0x8080808080808080;
  return others == 0 ? 8 : std::countr_zero(others) >> 3;
}

/// The number that the first `count` of the eight bytes, 1 to 8, write.
inline std::uint64_t digits_of(std::uint64_t bytes, int count) {
  bytes = (bytes - 0x3030303030303030) << (64 - 8 * count);
  bytes = bytes * 10 + (bytes >> 8);
  return ((bytes & 0x000000FF000000FF) * 0x000F424000000064 +
          ((bytes >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
         32;
}

}  // namespace json

/// How many were taken. Eight at a time: numbers are most of what is read.
inline int JsonScanner::take_digits(JsonNumber& number) {
  const auto* const from = at_;
  while (end_ - at_ >= 8) {
    const auto bytes = json::eight_bytes(at_);
    const int count = json::leading_digits(bytes);
    if (count == 0) return static_cast<int>(at_ - from);
    number.digits = number.digits * json::powers[count] + json::digits_of(bytes, count);
    at_ += count;
    if (count < 8) return static_cast<int>(at_ - from);
  }
  for (; at_ != end_ && is_digit(*at_); ++at_)
    number.digits = number.digits * 10 + static_cast<std::uint64_t>(*at_ - '0');
  return static_cast<int>(at_ - from);
}

inline bool JsonScanner::number(JsonNumber& number) {
  next();
  const auto* const from = at_;
  number = JsonNumber{};
  if (at_ != end_ && *at_ == '-') {
    number.negative = true;
    ++at_;
  }
  const auto* const first = at_;
  int count = take_digits(number);
  if (count == 0 || (count > 1 && *first == '0')) {
    at_ = from;
    return misplaced("a value");
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    number.whole = false;
    const int behind = take_digits(number);
    if (behind == 0) return misplaced("a digit");
    number.exponent = -behind;
    count += behind;
  }
  if (at_ != end_ && (*at_ | 0x20) == 'e' && !take_exponent(number)) return false;
  number.exact = count <= 19;
  number.text = {from, static_cast<std::size_t>(at_ - from)};
  return true;
}

}  // namespace klein
