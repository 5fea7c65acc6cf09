"""What the queries of Nexmark give, in plain Python over lists of rows: what flows are held against."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from events import BEGIN, Generator

Row = dict[str, Any]

RATE = 0.908
TEN_SECONDS = timedelta(seconds=10)


class Events:
    """All events of the same options, which are those of `klein.nexmark`."""

    def __init__(self, events: int, **options: int) -> None:
        generator = Generator(events, **options)
        self.persons, self.auctions = list(generator.persons()), list(generator.auctions())
        self.bids = list(generator.bids())


def only(row: Row, *columns: str) -> Row:
    return {name: row[name] for name in columns}


def window(time: datetime, size: timedelta = TEN_SECONDS) -> datetime:
    return BEGIN + (time - BEGIN) // size * size


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def q0(events: Events) -> list[Row]:
    return [only(bid, "auction", "bidder", "price", "date_time", "extra") for bid in events.bids]


def q1(events: Events) -> list[Row]:
    return [{**row, "price": row["price"] * RATE} for row in q0(events)]


def q2(events: Events) -> list[Row]:
    return [only(bid, "auction", "price") for bid in events.bids if bid["auction"] % 123 == 0]


def q3(events: Events) -> list[Row]:
    people = {person["id"]: person for person in events.persons if person["state"] in ("OR", "ID", "CA")}
    sold = [auction for auction in events.auctions if auction["category"] == 10 and auction["seller"] in people]
    return [{**only(people[auction["seller"]], "name", "city", "state"), "id": auction["id"]} for auction in sold]


def q4(events: Events) -> list[Row]:
    auctions, won = {auction["id"]: auction for auction in events.auctions}, Counter[int]()
    for bid in events.bids:
        auction = auctions.get(bid["auction"])
        if auction and auction["date_time"] <= bid["date_time"] <= auction["expires"]:
            won[bid["auction"]] = max(won[bid["auction"]], bid["price"])
    prices = defaultdict(list)
    for number, price in won.items():
        prices[auctions[number]["category"]].append(price)
    return [{"category": category, "price": sum(all) / len(all)} for category, all in prices.items()]


def q5(events: Events) -> list[Row]:
    counts: dict[datetime, Counter[int]] = defaultdict(Counter)
    for bid in events.bids:
        last = window(bid["date_time"], timedelta(seconds=2))
        for slide in range(5):
            counts[last - timedelta(seconds=2 * slide) + TEN_SECONDS][bid["auction"]] += 1
    return [
        {"auction": auction, "num": num, "window_end": end}
        for end, of_window in counts.items()
        for auction, num in of_window.items()
        if num == max(of_window.values())
    ]


def q7(events: Events) -> list[Row]:
    rows = []
    for bids in grouped(events.bids, lambda bid: window(bid["date_time"])).values():
        most = max(bid["price"] for bid in bids)
        columns = ("auction", "price", "bidder", "date_time", "extra")
        rows += [only(bid, *columns) for bid in bids if bid["price"] == most]
    return rows


def q8(events: Events) -> list[Row]:
    sellers = {(auction["seller"], window(auction["date_time"])) for auction in events.auctions}
    people = [{**only(person, "id", "name"), "starttime": window(person["date_time"])} for person in events.persons]
    return [row for row in people if (row["id"], row["starttime"]) in sellers]


def q11(events: Events) -> list[Row]:
    rows = []
    for bidder, bids in grouped(events.bids, lambda bid: bid["bidder"]).items():
        session: Row = {}
        for time in sorted(bid["date_time"] for bid in bids):
            if not session or time > session["window_end"]:
                session = {"bidder": bidder, "window_start": time, "bid_count": 0}
                rows.append(session)
            session["window_end"] = time + TEN_SECONDS
            session["bid_count"] += 1
    return rows


def q12(events: Events) -> list[Row]:
    """Without the windows, which are the clock's: how many bids there are of a bidder in all of them."""
    return [{"bidder": bidder, "bid_count": n} for bidder, n in Counter(bid["bidder"] for bid in events.bids).items()]


def q13(events: Events) -> list[Row]:
    columns = ("auction", "bidder", "price", "date_time")
    return [{**only(bid, *columns), "value": f"value-{bid['auction'] % 10_000}"} for bid in events.bids]


def q14(events: Events) -> list[Row]:
    rows = []
    for bid in q1(events):
        hour = bid["date_time"].hour
        if 1_000_000 < bid["price"] < 50_000_000:
            part = "dayTime" if 8 <= hour <= 18 else "nightTime" if hour <= 6 or hour >= 20 else "otherTime"
            rows.append({**bid, "bid_time_type": part, "c_counts": bid["extra"].count("c")})
    return rows


def q18(events: Events) -> list[Row]:
    in_time = sorted(events.bids, key=lambda bid: (bid["date_time"], bid["event"]))
    last = {(bid["bidder"], bid["auction"]): bid for bid in in_time}
    return [only(bid, "bidder", "auction", "price", "channel", "url", "date_time", "extra") for bid in last.values()]


def q19(events: Events) -> list[Row]:
    rows = []
    for bids in grouped(events.bids, lambda bid: bid["auction"]).values():
        best = sorted(bids, key=lambda bid: (-bid["price"], bid["event"]))[:10]
        columns = ("auction", "event", "bidder", "price", "date_time")
        rows += [{"rank_number": rank, **only(bid, *columns)} for rank, bid in enumerate(best, 1)]
    return rows


def q20(events: Events) -> list[Row]:
    auctions = {auction["id"]: auction for auction in events.auctions if auction["category"] == 10}
    rows = []
    for bid in events.bids:
        if bid["auction"] in auctions:
            auction = {name: value for name, value in auctions[bid["auction"]].items() if name not in ("id", "event")}
            named = {f"{name}_right" if name in bid else name: value for name, value in auction.items()}
            rows.append({**{name: value for name, value in bid.items() if name != "event"}, **named})
    return rows


def q21(events: Events) -> list[Row]:
    rows = []
    for bid in events.bids:
        known = {"apple": "0", "google": "1", "facebook": "2", "baidu": "3"}.get(bid["channel"].lower())
        found = re.search(r"(?:&|^)channel_id=([^&]*)", bid["url"])
        if known or found:
            number = known or (found and found[1])
            rows.append({**only(bid, "auction", "bidder", "price", "channel"), "channel_id": number})
    return rows


def q22(events: Events) -> list[Row]:
    rows = []
    for bid in events.bids:
        first, second, third = bid["url"].split("/")[3:6]
        folders = {"dir1": first, "dir2": second, "dir3": third}
        rows.append({**only(bid, "auction", "bidder", "price", "channel"), **folders})
    return rows
