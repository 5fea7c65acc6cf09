#include "data/json_scanner.h"

#include <algorithm>

#include "data/json_objects.h"

namespace klein {

namespace {

constexpr int deepest = 512;  // values within values

constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

/// Whether none of the eight bytes is a quote, an escape or a control character.
bool all_plain(std::uint64_t bytes) {
  const auto quotes = bytes ^ (ones * '"'), escapes = bytes ^ (ones * '\\');
  return ((((quotes - ones) & ~quotes) | ((escapes - ones) & ~escapes) | ((bytes - ones * ' ') & ~bytes)) & tops) == 0;
}

void append_utf8(std::uint32_t point, std::string& text) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

bool JsonScanner::word(std::string_view word) {
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return misplaced("a value");
  at_ += word.size();
  return true;
}

bool JsonScanner::take_exponent(JsonNumber& number) {
  ++at_;
  number.whole = false;
  const bool negative = at_ != end_ && *at_ == '-';
  if (at_ != end_ && (*at_ == '-' || *at_ == '+')) ++at_;
  int exponent = 0;
  const auto* const from = at_;
  for (; at_ != end_ && is_digit(*at_); ++at_) exponent = std::min(exponent * 10 + (*at_ - '0'), 100'000);
  if (at_ == from) return misplaced("a digit");
  number.exponent += negative ? -exponent : exponent;
  return true;
}

bool JsonScanner::text(std::string_view& text) {
  if (!expect('"', "a text")) return false;
  const auto* const from = at_;
  std::uint64_t seen = 0;
  while (true) {
    while (end_ - at_ >= 8) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, at_, 8);
      if (!all_plain(bytes)) break;
      seen |= bytes;
      at_ += 8;
    }
    if (at_ == end_) return misplaced("the quote that ends a text");
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"') break;
    if (byte == '\\') return escaped(from, text);
    if (byte < ' ') return misplaced("a character, or \\n, \\t or \\u00xx in its place,");
    seen |= byte;
    ++at_;
  }
  text = {from, static_cast<std::size_t>(at_++ - from)};
  return (seen & tops) == 0 || is_utf8(text) || fail(no_utf8);
}

/// A text with escapes: `at_` is at the first of them.
bool JsonScanner::escaped(const char* from, std::string_view& text) {
  room_.assign(from, at_);
  while (at_ != end_ && *at_ != '"') {
    const auto byte = *at_;
    if (static_cast<unsigned char>(byte) < ' ') return misplaced("a character, or \\n, \\t or \\u00xx in its place,");
    ++at_;
    if (byte != '\\') {
      room_ += byte;
    } else if (!escape(room_)) {
      return false;
    }
  }
  if (at_ == end_) return misplaced("the quote that ends a text");
  ++at_;
  text = room_;
  return is_utf8(text) || fail(no_utf8);
}

/// What stands behind a backslash.
bool JsonScanner::escape(std::string& text) {
  static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  const auto found = at_ == end_ ? std::string_view::npos : letters.find(*at_);
  if (found != std::string_view::npos) {
    text += meant[found];
    ++at_;
    return true;
  }
  std::uint32_t point = 0, low = 0;
  if (at_ == end_ || *at_ != 'u') return misplaced("an escape such as \\n or \\u00e9");
  if (!unit(point)) return false;
  if (point >= 0xD800 && point < 0xDC00) {  // the first half of a pair
    if (end_ - at_ < 2 || *at_ != '\\' || at_[1] != 'u') return misplaced("the second half of a pair, \\udc00,");
    ++at_;
    if (!unit(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return misplaced("the second half of a pair, \\udc00,");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  } else if (point >= 0xDC00 && point < 0xE000) {
    return misplaced("the first half of a pair, \\ud800,");
  }
  append_utf8(point, text);
  return true;
}

/// The four digits behind `u`, which is next.
bool JsonScanner::unit(std::uint32_t& unit) {
  ++at_;
  unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto digit = at_ == end_ ? std::string_view::npos : digits.find(is_digit(*at_) ? *at_ : *at_ | 0x20);
    if (digit == std::string_view::npos) return misplaced("a hexadecimal digit");
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool JsonScanner::skip(int depth) {
  std::string_view text;
  JsonNumber number;
  const auto first = next();
  switch (first) {
    case '"': return this->text(text);
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    case '{':
    case '[': break;
    default: return this->number(number);
  }
  ++at_;
  const bool object = first == '{';
  const char last = object ? '}' : ']';
  if (depth == deepest) {
    syntax_ = true;
    return fail("it holds values within values, more than 512 deep");
  }
  for (bool more = !take(last); more; more = !take(last) && expect(',', object ? "a comma or }" : "a comma or ]")) {
    if (object && (!this->text(text) || !expect(':', "a colon"))) return false;
    if (!skip(depth + 1)) return false;
  }
  return !failed_;
}

bool JsonScanner::fail(std::string why) {
  if (!std::exchange(failed_, true)) why_ = std::move(why);
  at_ = end_;  // nothing more is taken
  return false;
}

bool JsonScanner::within(const std::string& name) {
  path_ = path_.empty() ? name : name + "." + path_;
  return false;
}

bool JsonScanner::misplaced(const char* in_words) {
  if (failed_) return false;
  syntax_ = true;
  const auto place = std::to_string(at_ - begin_ + 1);
  if (at_ == end_) return fail("it ends where " + std::string(in_words) + " is expected");
  return fail("its byte " + place + " stands where " + std::string(in_words) + " is expected");
}

}  // namespace klein
