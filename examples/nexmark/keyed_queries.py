"""The queries of Nexmark with code of one's own by key: what no verb says is a class that remembers things by key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyklein as klein
from pyklein import col
from queries import House

Rows = Iterator[dict[str, Any]]

TIME = pa.timestamp("ms")
BID = {"auction": pa.int64(), "price": pa.int64(), "bidder": pa.int64(), "date_time": TIME, "extra": pa.string()}
TEN_SECONDS = timedelta(seconds=10)


def window_of(time: str) -> Any:
    """The start of the ten seconds that a time is in."""
    return pc.floor_temporal(col(time), multiple=10, unit="second")


class LocalSellers:
    """A person, and the auctions that it opened before it was known."""

    name = klein.value_state("string")
    city = klein.value_state("string")
    state = klein.value_state("string")
    waiting = klein.list_state("int64")

    def on_row(self, row: dict[str, Any], ctx: Any) -> Rows:
        if row["auction"] is None:
            self.name.value, self.city.value, self.state.value = row["name"], row["city"], row["state"]
        else:
            self.waiting.append(row["auction"])
        if self.name.value is not None:
            for auction in self.waiting:
                yield {"name": self.name.value, "city": self.city.value, "state": self.state.value, "id": auction}
            self.waiting.clear()


def q3(house: House) -> klein.Flow:
    """Who of three states sells in category 10, and what."""
    text, number = pc.scalar(pa.scalar(None, pa.string())), pc.scalar(pa.scalar(None, pa.int64()))
    columns = ("person", "auction", "name", "city", "state")
    local = house.rows("person").filter(col("state").isin(["OR", "ID", "CA"]))
    people = local.with_columns(person=col("id"), auction=number).select(*columns)
    opened = house.rows("auction").filter(col("category") == 10)
    nothing = {"name": text, "city": text, "state": text}
    auctions = opened.with_columns(person=col("seller"), auction=col("id")).with_columns(nothing).select(*columns)
    schema = {"name": pa.string(), "city": pa.string(), "state": pa.string(), "id": pa.int64()}
    return people.union(auctions).key_by("person").process(LocalSellers, schema=schema)


def highest(batch: pa.Table, column: str, window: str) -> pa.Table:
    """A batch's rows that have the most in their window: no other can have the most of all."""
    windows = [batch.filter(pc.equal(batch[window], time)) for time in pc.unique(batch[window])]
    return pa.concat_tables(rows.filter(pc.equal(rows[column], pc.max(rows[column]))) for rows in windows)


class Hottest:
    """The auctions with the most bids of a window, once its time has passed."""

    most = klein.value_state("int64")
    auctions = klein.list_state("int64")

    def on_row(self, row: dict[str, Any], ctx: Any) -> None:
        ctx.timers.at(ctx.time)
        if row["num"] > (self.most.value or 0):
            self.most.value = row["num"]
            self.auctions.clear()
        if row["num"] == self.most.value:
            self.auctions.append(row["auction"])

    def on_timer(self, time: datetime, ctx: Any) -> Rows:
        for auction in self.auctions:
            yield {"auction": auction, "num": self.most.value, "window_end": time}
        self.most.value = None
        self.auctions.clear()


def q5(house: House) -> klein.Flow:
    """The auctions with the most bids in ten seconds, every two seconds."""
    window = house.timed("bid").key_by("auction").window(klein.sliding("10s", "2s"))
    schema = {"auction": pa.int64(), "num": pa.int64(), "window_end": TIME}
    counts = window.aggregate(num=klein.count())
    counts = counts.map_batches(highest, fn_args=("num", "window_end"), batch_format="pyarrow")
    return counts.key_by("window_end").process(Hottest, time="window_end", schema=schema)


class HighestBids:
    """The bids with the highest price of a window, once its time has passed."""

    bids = klein.list_state(pa.struct(list(BID.items())))

    def on_row(self, row: dict[str, Any], ctx: Any) -> None:
        ctx.timers.at(row["window"] + TEN_SECONDS)
        so_far = next((bid["price"] for bid in self.bids), 0)
        if row["price"] > so_far:
            self.bids.clear()
        if row["price"] >= so_far:
            self.bids.append({name: row[name] for name in BID})

    def on_timer(self, time: datetime, ctx: Any) -> Rows:
        yield from self.bids
        self.bids.clear()


def q7(house: House) -> klein.Flow:
    """The highest bids of each ten seconds."""
    bids = house.timed("bid").with_column("window", window_of("date_time")).select("window", *BID)
    bids = bids.map_batches(highest, fn_args=("price", "window"), batch_format="pyarrow")
    return bids.key_by("window").process(HighestBids, schema=BID)


class NewSellers:
    """A person that came, and whether it opened an auction, within one window."""

    name = klein.value_state("string")
    sells = klein.value_state("bool")
    told = klein.value_state("bool")

    def on_row(self, row: dict[str, Any], ctx: Any) -> dict[str, Any] | None:
        ctx.timers.at(ctx.time + TEN_SECONDS)
        if row["name"] is None:
            self.sells.value = True
        else:
            self.name.value = row["name"]
        if self.told.value or self.name.value is None or not self.sells.value:
            return None
        self.told.value = True
        return {"id": row["person"], "name": self.name.value, "starttime": row["starttime"]}

    def on_timer(self, time: datetime, ctx: Any) -> None:
        self.name.value = self.sells.value = self.told.value = None


def q8(house: House) -> klein.Flow:
    """Who opened an auction in the same ten seconds in which they came."""
    window = window_of("date_time")
    people = house.timed("person").with_columns(person=col("id"), starttime=window)
    no_name = {"name": pc.scalar(pa.scalar(None, pa.string()))}
    sellers = house.timed("auction").with_columns(person=col("seller"), starttime=window).with_columns(no_name)
    columns = ("person", "starttime", "name")
    schema = {"id": pa.int64(), "name": pa.string(), "starttime": TIME}
    both = people.select(*columns).union(sellers.select(*columns))
    return both.key_by("person", "starttime").process(NewSellers, time="starttime", schema=schema)
