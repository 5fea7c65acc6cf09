"""The queries of Nexmark that need no code of one's own by key: an auction house's events, and what one asks of them.

Each is a function of a `House` and gives a flow without a sink. All run without end; q13 looks things up in a table.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyklein as klein
from pyklein import col

RATE = 0.908  # euros for a dollar
SIDE = pa.table({"key": range(10_000), "value": [f"value-{key}" for key in range(10_000)]})
OPEN = 3334  # events: an auction ends before so many more have come
BID_LATER, BID_EARLIER = 3450, 250  # events: bids go to the last two hundred auctions and to the next ten
LAST = "1d"  # results without windows: how often a stream gives them out before its end, where they changed


class House:
    """All events of the same options, which are those of `klein.nexmark`."""

    def __init__(self, events: int | None = None, **options: Any) -> None:
        self.events, self.options = events, options

    def rows(self, kind: Any) -> klein.Flow:
        return klein.nexmark(kind, self.events, **self.options)

    def timed(self, kind: Any) -> klein.Flow:
        return self.rows(kind).with_event_time("date_time", max_out_of_orderness="4s")

    def time_of(self, events: int) -> timedelta:
        """How long so many events take by their own time, or a little more."""
        mixed = 2 * self.options.get("out_of_order", 1)
        return timedelta(seconds=(events + mixed) / self.options.get("per_second", 10_000), milliseconds=2)


def q0(house: House) -> klein.Flow:
    """Bids as they come."""
    return house.rows("bid").select("auction", "bidder", "price", "date_time", "extra")


def q1(house: House) -> klein.Flow:
    """Prices in another currency."""
    return q0(house).with_column("price", col("price") * RATE)


def q2(house: House) -> klein.Flow:
    """The bids on some auctions."""
    auction = col("auction")
    return house.rows("bid").filter(auction - auction / 123 * 123 == 0).select("auction", "price")


def q4(house: House) -> klein.Flow:
    """The mean winning price of each category: the highest bid between an auction's opening and its end."""
    auctions = house.timed("auction").select("id", "category", "date_time", "expires").rename({"date_time": "opened"})
    bids = house.timed("bid").select("auction", "price", "date_time")
    within = (-house.time_of(OPEN), "0s")
    bids = bids.join(auctions, "auction", right_on="id", within=within, right_time="opened")
    valid = bids.filter((col("date_time") >= col("opened")) & (col("date_time") <= col("expires")))
    won = valid.key_by("auction", "category").aggregate(price=klein.max("price"), early=LAST)
    return won.key_by("category").aggregate(price=klein.mean("price"), early=LAST)


def q11(house: House) -> klein.Flow:
    """How many bids a bidder makes without a pause of ten seconds."""
    return house.timed("bid").key_by("bidder").window(klein.session("10s")).aggregate(bid_count=klein.count())


def stamped(batch: pa.Table) -> pa.Table:
    """When rows are seen here, in milliseconds since 1970."""
    now = pa.scalar(time.time_ns() // 1_000_000, pa.int64())
    return batch.append_column("seen", pa.repeat(now, batch.num_rows))


def q12(house: House) -> klein.Flow:
    """How many bids of a bidder come within ten seconds, by the clock."""
    seen = house.rows("bid").select("bidder").map_batches(stamped, batch_format="pyarrow").with_event_time("seen")
    return seen.key_by("bidder").window(klein.tumbling("10s")).aggregate(bid_count=klein.count())


def q13(house: House) -> klein.Flow:
    """Bids with a name that a table has for their auction."""
    auction = col("auction")
    bids = house.rows("bid").with_column("key", auction - auction / 10_000 * 10_000)
    return bids.join(klein.from_arrow(SIDE), "key").select("auction", "bidder", "price", "date_time", "value")


def counted(batch: pa.Table) -> pa.Table:
    """A function of one's own: how often 'c' is in the text."""
    return batch.append_column("c_counts", pc.count_substring(batch["extra"], "c"))


def q14(house: House) -> klein.Flow:
    """Bids of some price, the part of the day they come in, and what a function of one's own makes of them."""
    hour = pc.hour(col("date_time"))
    night = pc.if_else((hour <= 6) | (hour >= 20), "nightTime", "otherTime")
    flow = house.rows("bid").with_column("price", col("price") * RATE)
    flow = flow.filter((col("price") > 1_000_000) & (col("price") < 50_000_000))
    flow = flow.with_column("bid_time_type", pc.if_else((hour >= 8) & (hour <= 18), "dayTime", night))
    flow = flow.select("auction", "bidder", "price", "bid_time_type", "date_time", "extra")
    return flow.map_batches(counted, batch_format="pyarrow")


def q18(house: House) -> klein.Flow:
    """A bidder's last bid on an auction."""
    bids = house.timed("bid").select("auction", "bidder", "price", "channel", "url", "date_time", "extra")
    return bids.key_by("bidder", "auction").deduplicate(keep="last", early=LAST)


def q19(house: House) -> klein.Flow:
    """The ten highest bids of each auction."""
    bids = house.timed("bid").select("event", "auction", "bidder", "price", "date_time")
    return bids.key_by("auction").top(10, "price", rank="rank_number", early=LAST)


def q20(house: House) -> klein.Flow:
    """The bids on auctions of category 10, with their auctions."""
    auctions = house.timed("auction").filter(col("category") == 10).drop("event")
    within = (-house.time_of(BID_LATER), house.time_of(BID_EARLIER))
    return house.timed("bid").drop("event").join(auctions, "auction", right_on="id", within=within)


def q21(house: House) -> klein.Flow:
    """The number of a bid's channel, which some addresses have."""
    channel = pc.utf8_lower(col("channel"))
    number = pc.struct_field(pc.extract_regex(col("url"), r"(?:&|^)channel_id=(?P<id>[^&]*)"), "id")
    for name, known in (("apple", "0"), ("google", "1"), ("facebook", "2"), ("baidu", "3")):
        number = pc.if_else(channel == name, known, number)
    bids = house.rows("bid").with_column("channel_id", number).filter(col("channel_id").is_valid())
    return bids.select("auction", "bidder", "price", "channel", "channel_id")


def q22(house: House) -> klein.Flow:
    """The folders of a bid's address."""
    parts = pc.split_pattern(col("url"), "/")
    folders = {f"dir{number}": pc.list_element(parts, number + 2) for number in (1, 2, 3)}
    return house.rows("bid").with_columns(folders).select("auction", "bidder", "price", "channel", *folders)
