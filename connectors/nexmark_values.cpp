// The rules are those of the Nexmark suite, whose own generator has no seed: shares, identities, times and the ranges
// and odds of values are the same. One choice: a hot bidder's number begins at 1,000 once, like everybody's.

#include "connectors/nexmark_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

namespace klein {

namespace {

constexpr std::int64_t of_fifty = 50, auctions_of_fifty = 3, bids_of_fifty = 46;
constexpr std::int64_t first_id = 1000, first_category = 10, hot_every = 100;
constexpr std::int64_t active_people = 1000, auctions_in_flight = 100, ids_ahead = 10;
constexpr std::int64_t begin_of_time = 1'436'918'400'000;  // 2015-07-15, in milliseconds since 1970
constexpr std::int64_t at_once = 8;                        // letters that are written together

/// Which of an event's random numbers a value is made of: any value can be made alone.
enum Place : std::uint64_t {
  of_price = 0,
  of_reserve = 1,
  of_hot_auction = 2,
  of_auction = 3,
  of_hot_person = 4,
  of_person = 5,
  of_hot_channel = 6,
  of_channel = 7,
  of_expiry = 8,
  of_category = 9,
  of_city = 10,
  of_state = 11,
  of_first_name = 12,
  of_last_name = 13,
  of_card = 14,
  of_extra_length = 15,
  of_url = 16,
  of_name = 32,
  of_description = 48,
  of_email = 64,
  of_extra = 128,
};

using Event = NexmarkEvent;

// ---- times and identities ----

std::int64_t time_of(const NexmarkRecipe& recipe, std::int64_t event) {
  const auto group = recipe.out_of_order, second = recipe.per_second;
  const auto mixed = event - event % group + event % group * 953 % group;
  return begin_of_time + mixed / second * 1000 + mixed % second * 1000 / second;
}

std::int64_t number(const Event& event) { return event.number; }
std::int64_t date_time(const Event& event) { return time_of(event.recipe, event.number); }

/// Of auctions and bids: the newest of each, from 0.
std::int64_t last_person(const Event& event) { return event.number / of_fifty; }
std::int64_t last_auction(const Event& event) {
  const auto place = event.number % of_fifty;
  return event.number / of_fifty * auctions_of_fifty + std::min(place, auctions_of_fifty) - 1;
}

std::int64_t some_person(const Event& event) {
  const auto people = last_person(event) + 1, active = std::min(people, active_people);
  return people - active + event.random.below(of_person, active + ids_ahead);
}
bool is_hot_person(const Event& event) { return event.random.below(of_hot_person, 4) > 0; }

std::int64_t person_id(const Event& event) { return first_id + last_person(event); }
std::int64_t auction_id(const Event& event) { return first_id + last_auction(event); }
std::int64_t seller(const Event& event) {
  const auto last = last_person(event);
  return first_id + (is_hot_person(event) ? last - last % hot_every : some_person(event));
}
std::int64_t bidder(const Event& event) {
  const auto last = last_person(event);
  return first_id + (is_hot_person(event) ? last - last % hot_every + 1 : some_person(event));
}
std::int64_t bid_auction(const Event& event) {
  const auto last = last_auction(event);
  if (event.random.below(of_hot_auction, 2) > 0) return first_id + last - last % hot_every;
  const auto lowest = std::max<std::int64_t>(last - auctions_in_flight, 0);
  return first_id + lowest + event.random.below(of_auction, last - lowest + 1 + ids_ahead);
}

// ---- numbers ----

std::int64_t price_from(std::uint64_t random) {
  const auto uniform = static_cast<double>(random >> 11U) * 0x1.0p-53;
  return static_cast<std::int64_t>(std::floor(std::pow(10.0, uniform * 6.0) * 100.0 + 0.5));
}
std::int64_t price(const Event& event) { return price_from(event.random.at(of_price)); }
std::int64_t reserve(const Event& event) { return price(event) + price_from(event.random.at(of_reserve)); }
std::int64_t category(const Event& event) { return first_category + event.random.below(of_category, 5); }
/// So that about a hundred auctions are open at a time.
std::int64_t expires(const Event& event) {
  const auto later = event.number + auctions_in_flight * of_fifty / auctions_of_fifty;
  const auto horizon = time_of(event.recipe, later) - date_time(event);
  return date_time(event) + 1 + event.random.below(of_expiry, std::max<std::int64_t>(2 * horizon, 1));
}

// ---- texts: each writes at `to`, perhaps a few bytes more than it gives, and returns where it ends ----

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* put_number(char* to, std::int64_t number) { return put(to, std::to_string(number)); }

/// Letters alone, eight from each random number.
char* put_letters(char* to, const NexmarkRandom& random, std::uint64_t place, std::int64_t count) {
  constexpr std::uint64_t even = 0x00ff00ff00ff00ffU, all_a = 0x6161616161616161U;
  for (std::int64_t done = 0; done < count; done += at_once, ++place) {
    const auto bytes = random.at(place);
    const auto low = (((bytes & even) * 26) >> 8U) & even, high = (((bytes >> 8U) & even) * 26) & ~even;
    const auto letters = (low | high) + all_a;
    std::memcpy(to + done, &letters, sizeof letters);
  }
  return to + count;
}

/// From three letters to fewer than `most`; one in thirteen is `special`.
char* put_words(char* to, const NexmarkRandom& random, std::uint64_t place, std::int64_t most, char special = ' ') {
  const auto length = 3 + random.below(place, most - 3);
  std::uint64_t bytes = 0;
  for (std::int64_t i = 0; i < length; ++i, bytes >>= 8U) {
    if (i % at_once == 0) bytes = random.at(++place);
    const auto byte = static_cast<int>(bytes & 0xffU);
    to[i] = static_cast<char>(byte < 20 ? special : 'a' + (byte - 20) * 26 / 236);
  }
  auto* first = to;
  auto* last = to + length;
  while (first < last && *first == ' ') ++first;
  while (last > first && last[-1] == ' ') --last;
  std::memmove(to, first, static_cast<std::size_t>(last - first));
  return to + (last - first);
}

constexpr std::array<std::string_view, 11> first_names = {
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> last_names = {
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr std::array<std::string_view, 10> cities = {
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"};
constexpr std::array<std::string_view, 6> states = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<std::string_view, 4> hot_channels = {"Google", "Facebook", "Baidu", "Apple"};
constexpr std::int64_t channels = 10'000;

template <std::size_t size>
std::string_view one_of(const std::array<std::string_view, size>& all, const Event& event, Place place) {
  return all[static_cast<std::size_t>(event.random.below(place, size))];
}

char* person_name(const Event& event, char* to) {
  to = put(to, one_of(first_names, event, of_first_name));
  return put(put(to, " "), one_of(last_names, event, of_last_name));
}
char* email_address(const Event& event, char* to) {
  to = put(put_words(to, event.random, of_email, 7), "@");
  return put(put_words(to, event.random, of_email + 8, 5), ".com");
}
char* credit_card(const Event& event, char* to) {
  auto digits = event.random.below(of_card, 10'000'000'000'000'000);
  for (int i = 18; i >= 0; --i) {
    const bool gap = i % 5 == 4;
    to[i] = static_cast<char>(gap ? ' ' : '0' + digits % 10);
    if (!gap) digits /= 10;
  }
  return to + 19;
}
char* city(const Event& event, char* to) { return put(to, one_of(cities, event, of_city)); }
char* state(const Event& event, char* to) { return put(to, one_of(states, event, of_state)); }
char* item_name(const Event& event, char* to) { return put_words(to, event.random, of_name, 20); }
char* description(const Event& event, char* to) { return put_words(to, event.random, of_description, 100); }

/// Fills a row up to about so many bytes, of which it has some.
char* put_extra(char* to, const Event& event, std::int64_t has, std::int64_t wanted) {
  const auto left = wanted - has;
  if (left <= 0) return to;
  const auto spread = (left * 2 + 5) / 10;
  const auto more = spread == 0 ? 0 : event.random.below(of_extra_length, 2 * spread);
  return put_letters(to, event.random, of_extra, left - spread + more);
}

char* person_extra(const Event& event, char* to) {
  char* end = to;  // the other texts are written where this one will be, to know how long they are
  for (const auto& text : {person_name, email_address, credit_card, city, state}) end = text(event, end);
  return put_extra(to, event, 8 + (end - to), 200);
}
char* auction_extra(const Event& event, char* to) {
  return put_extra(to, event, 48 + (description(event, item_name(event, to)) - to), 500);
}
char* bid_extra(const Event& event, char* to) { return put_extra(to, event, 32, 100); }

/// Of the hot channels, then of the others.
std::int64_t channel_number(const Event& event) {
  const bool hot = event.random.below(of_hot_channel, 2) > 0;
  return hot ? event.random.below(of_channel, 4) : 4 + event.random.below(of_channel, channels);
}
char* channel(const Event& event, char* to) {
  const auto number = channel_number(event);
  if (number < 4) return put(to, hot_channels[static_cast<std::size_t>(number)]);
  return put_number(put(to, "channel-"), number - 4);
}

std::int64_t reversed(std::int64_t number) {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 32; ++i) bits |= ((static_cast<std::uint32_t>(number) >> i) & 1U) << (31U - i);
  return std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(bits)));
}
/// A channel has one address, whatever the event.
char* url(const Event& event, char* to) {
  const auto number = channel_number(event);
  const auto random = NexmarkRandom::of(~event.recipe.seed, number);
  to = put(to, "https://www.nexmark.com/");
  for (const std::uint64_t part : {0, 2, 4}) to = put(put_words(to, random, of_url + part, 5, '_'), "/");
  to = put(to, "item.htm?query=1");
  if (number < 4 || random.below(of_channel, 10) == 0) return to;
  return put_number(put(to, "&channel_id="), reversed(number - 4));
}

NexmarkColumn numbers(std::string_view name, std::int64_t (*number)(const Event&)) {
  return {.name = name, .number = number};
}
NexmarkColumn times(std::string_view name, std::int64_t (*number)(const Event&)) {
  return {.name = name, .number = number, .is_time = true};
}
NexmarkColumn texts(std::string_view name, char* (*text)(const Event&, char*), std::int64_t longest) {
  return {.name = name, .text = text, .longest = longest};
}

}  // namespace

const std::vector<NexmarkColumn>& nexmark_columns(NexmarkKind kind) {
  static const std::vector<NexmarkColumn> of_persons = {
      numbers("event", number),
      numbers("id", person_id),
      texts("name", person_name, 16),
      texts("email_address", email_address, 16),
      texts("credit_card", credit_card, 19),
      texts("city", city, 13),
      texts("state", state, 2),
      times("date_time", date_time),
      texts("extra", person_extra, 240)};
  static const std::vector<NexmarkColumn> of_auctions = {
      numbers("event", number),          numbers("id", auction_id),
      texts("item_name", item_name, 20), texts("description", description, 100),
      numbers("initial_bid", price),     numbers("reserve", reserve),
      times("date_time", date_time),     times("expires", expires),
      numbers("seller", seller),         numbers("category", category),
      texts("extra", auction_extra, 560)};
  static const std::vector<NexmarkColumn> of_bids = {
      numbers("event", number),      numbers("auction", bid_auction), numbers("bidder", bidder),
      numbers("price", price),       texts("channel", channel, 16),   texts("url", url, 80),
      times("date_time", date_time), texts("extra", bid_extra, 84)};
  return kind == NexmarkKind::person ? of_persons : kind == NexmarkKind::auction ? of_auctions : of_bids;
}

}  // namespace klein
