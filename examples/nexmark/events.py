"""The events of `klein.nexmark` once more, in plain Python: what its tests and those of the queries compare with.

Every value is made from the seed and the event's number alone. Of 50 events the first is a person, three are auctions,
46 are bids.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

WORD = 2**64
BEGIN = datetime(2015, 7, 15)
FIRST_NAMES = ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"]
LAST_NAMES = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"]
CITIES = [
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne",
]
STATES = ["AZ", "CA", "ID", "OR", "WA", "WY"]
HOT_CHANNELS = ["Google", "Facebook", "Baidu", "Apple"]


def split_mix(state: int) -> int:
    """The number that SplitMix64 gives from a state."""
    z = (state + 0x9E3779B97F4A7C15) % WORD
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB % WORD
    return z ^ z >> 31


class Numbers:
    """An event's random numbers, by their places."""

    def __init__(self, seed: int, number: int) -> None:
        self.state = split_mix(seed % WORD ^ split_mix(number))

    def at(self, place: int) -> int:
        return split_mix((self.state + place * 0x9E3779B97F4A7C15) % WORD)

    def below(self, place: int, bound: int) -> int:
        return self.at(place) * bound // WORD

    def price(self, place: int) -> int:
        return int(10.0 ** ((self.at(place) >> 11) * 2.0**-53 * 6.0) * 100.0 + 0.5)

    def letters(self, place: int, count: int) -> str:
        blocks = (self.at(place + i).to_bytes(8, "little") for i in range((count + 7) // 8))
        return "".join(chr(97 + byte * 26 // 256) for block in blocks for byte in block)[:count]

    def words(self, place: int, most: int, special: str = " ") -> str:
        length = 3 + self.below(place, most - 3)
        text = b"".join(self.at(place + 1 + i).to_bytes(8, "little") for i in range((length + 7) // 8))[:length]
        return "".join(special if byte < 20 else chr(97 + (byte - 20) * 26 // 236) for byte in text).strip(" ")

    def extra(self, has: int, wanted: int) -> str:
        left = wanted - has
        if left <= 0:
            return ""
        spread = (left * 2 + 5) // 10
        return self.letters(128, left - spread + (self.below(15, 2 * spread) if spread else 0))


class Generator:
    """The rows of each kind among the first events."""

    def __init__(self, events: int, *, seed: int = 0, per_second: int = 10_000, out_of_order: int = 1) -> None:
        self.events, self.seed, self.per_second, self.group = events, seed, per_second, out_of_order

    def persons(self) -> Iterator[dict[str, Any]]:
        return (self.person(event) for event in range(self.events) if event % 50 == 0)

    def auctions(self) -> Iterator[dict[str, Any]]:
        return (self.auction(event) for event in range(self.events) if 1 <= event % 50 <= 3)

    def bids(self) -> Iterator[dict[str, Any]]:
        return (self.bid(event) for event in range(self.events) if event % 50 > 3)

    def milliseconds(self, event: int) -> int:
        mixed = event - event % self.group + event % self.group * 953 % self.group
        return mixed * 1000 // self.per_second

    def time(self, event: int) -> datetime:
        return BEGIN + timedelta(milliseconds=self.milliseconds(event))

    def person(self, event: int) -> dict[str, Any]:
        numbers = Numbers(self.seed, event)
        card = f"{numbers.below(14, 10**16):016}"
        row = {
            "name": f"{FIRST_NAMES[numbers.below(12, 11)]} {LAST_NAMES[numbers.below(13, 9)]}",
            "email_address": f"{numbers.words(64, 7)}@{numbers.words(72, 5)}.com",
            "credit_card": " ".join(card[at : at + 4] for at in range(0, 16, 4)),
            "city": CITIES[numbers.below(10, 10)],
            "state": STATES[numbers.below(11, 6)],
        }
        extra = numbers.extra(8 + sum(len(text) for text in row.values()), 200)
        return {"event": event, "id": 1000 + event // 50, **row, "date_time": self.time(event), "extra": extra}

    def auction(self, event: int) -> dict[str, Any]:
        numbers = Numbers(self.seed, event)
        now, later = self.milliseconds(event), self.milliseconds(event + 1666)
        name, description = numbers.words(32, 20), numbers.words(48, 100)
        return {
            "event": event,
            "id": 1000 + last_auction(event),
            "item_name": name,
            "description": description,
            "initial_bid": numbers.price(0),
            "reserve": numbers.price(0) + numbers.price(1),
            "date_time": self.time(event),
            "expires": self.time(event) + timedelta(milliseconds=1 + numbers.below(8, max(2 * (later - now), 1))),
            "seller": 1000 + hot_or_some_person(event, numbers, 0),
            "category": 10 + numbers.below(9, 5),
            "extra": numbers.extra(48 + len(name) + len(description), 500),
        }

    def bid(self, event: int) -> dict[str, Any]:
        numbers = Numbers(self.seed, event)
        last = last_auction(event)
        lowest = max(last - 100, 0)
        hot = numbers.below(2, 2) > 0
        channel, url = self.channel(numbers.below(7, 4) if numbers.below(6, 2) > 0 else 4 + numbers.below(7, 10_000))
        return {
            "event": event,
            "auction": 1000 + (last // 100 * 100 if hot else lowest + numbers.below(3, last - lowest + 11)),
            "bidder": 1000 + hot_or_some_person(event, numbers, 1),
            "price": numbers.price(0),
            "channel": channel,
            "url": url,
            "date_time": self.time(event),
            "extra": numbers.extra(32, 100),
        }

    def channel(self, number: int) -> tuple[str, str]:
        numbers = Numbers(~self.seed, number)
        folders = "/".join(numbers.words(16 + part, 5, "_") for part in (0, 2, 4))
        url = f"https://www.nexmark.com/{folders}/item.htm?query=1"
        if number < 4:
            return HOT_CHANNELS[number], url
        if numbers.below(7, 10) > 0:
            bits = int(f"{number - 4:032b}"[::-1], 2)
            url += f"&channel_id={abs(bits - 2**32 if bits >= 2**31 else bits)}"
        return f"channel-{number - 4}", url


def last_auction(event: int) -> int:
    return event // 50 * 3 + min(event % 50, 3) - 1


def hot_or_some_person(event: int, numbers: Numbers, beside: int) -> int:
    last = event // 50
    if numbers.below(4, 4) > 0:
        return last // 100 * 100 + beside
    active = min(last + 1, 1000)
    return last + 1 - active + numbers.below(5, active + 10)
