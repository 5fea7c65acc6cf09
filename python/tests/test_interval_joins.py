"""Joins within a time as Python sees them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pyklein as klein
import pytest

Rows = list[dict]


def in_order(rows: Rows) -> list[tuple]:
    return sorted((tuple(row.values()) for row in rows), key=repr)


def sides(seed: int) -> tuple[Rows, Rows]:
    chance = random.Random(seed)
    left = [{"k": chance.randrange(8) or None, "at": i * 10 + chance.randrange(50), "x": i} for i in range(400)]
    right = [{"k": chance.randrange(8) or None, "t": i * 20 + chance.randrange(50), "y": i} for i in range(200)]
    return left, right


def oracle(left: Rows, right: Rows, how: str, lowest: int, highest: int) -> list[tuple]:
    def are(a: dict, b: dict) -> bool:
        return a["k"] is not None and a["k"] == b["k"] and a["at"] + lowest <= b["t"] <= a["at"] + highest

    pairs = [(a, b) for a in left for b in right if are(a, b)]
    has = {a["x"] for a, _ in pairs}
    if how in ("semi", "anti"):
        return in_order([a for a in left if (a["x"] in has) == (how == "semi")])
    rows = [(a["k"], a["at"], a["x"], b["t"], b["y"]) for a, b in pairs]
    if how in ("left", "full"):
        rows += [(a["k"], a["at"], a["x"], None, None) for a in left if a["x"] not in has]
    if how in ("right", "full"):
        taken = {b["y"] for _, b in pairs}
        rows += [(b["k"], None, None, b["t"], b["y"]) for b in right if b["y"] not in taken]
    return sorted(rows, key=repr)


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("mode", ["batch", "stream"])
@pytest.mark.parametrize("how", ["inner", "left", "right", "full", "semi", "anti"])
def test_partners_are_those_that_nested_loops_find(how: str, mode: str, cores: int, tmp_path: Path) -> None:
    left, right = sides(1)
    one = klein.from_items(left).with_event_time("at", max_out_of_orderness="1s")
    other = klein.from_items(right).with_event_time("t", max_out_of_orderness="1s")
    flow = one.join(other, on="k", within=("-100ms", "40ms"), how=how)
    flow.write_parquet(tmp_path / "out", mode="append").run(mode=mode, cores=cores, progress=False)
    assert in_order(klein.read_parquet(tmp_path / "out").take_all()) == oracle(left, right, how, -100, 40)


def test_timestamps_of_two_units_are_compared_as_times() -> None:
    base = datetime(2026, 1, 1)
    left = klein.from_items([{"k": 1, "at": base + timedelta(seconds=1)}])
    right = klein.from_items([{"k": 1, "t": int((base - datetime(1970, 1, 1)).total_seconds() * 1000)}])
    joined = left.with_event_time("at").join(right.with_event_time("t"), on="k", within=(timedelta(seconds=-1), "0s"))
    assert len(joined.take_all()) == 1
    none = left.with_event_time("at").join(right.with_event_time("t"), on="k", within=("-999ms", "0s"))
    assert none.take_all() == []


def test_a_window_behind_a_join_of_streams_misses_no_pair(tmp_path: Path) -> None:
    left = klein.from_items([{"k": i % 5, "at": i * 10} for i in range(1000)]).with_event_time("at")
    right = klein.from_items([{"k": i % 5, "t": i * 10} for i in range(1000)]).with_event_time("t")
    pairs = left.join(right, on="k", within=("-2s", "3s"))
    counts = pairs.window(klein.tumbling("1s"), time="at").aggregate(n=klein.count())
    late = counts.late.write_parquet(tmp_path / "late", mode="append")
    klein.run(counts.write_parquet(tmp_path / "out", mode="append"), late, mode="stream", cores=2, progress=False)
    got = klein.read_parquet(tmp_path / "out").take_all()
    expected = sum(1 for i in range(1000) for j in range(max(0, i - 200), min(1000, i + 301)) if (i - j) % 5 == 0)
    assert sum(row["n"] for row in got) == expected
    assert klein.read_parquet(tmp_path / "late").count() == 0


def test_late_rows_have_the_columns_of_the_join() -> None:
    left, right = sides(2)
    one, other = klein.from_items(left).with_event_time("at"), klein.from_items(right).with_event_time("t")
    joined = one.join(other, on="k", within=("-100ms", "40ms"))
    assert joined.late.schema() == joined.schema()


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_no_pair_is_lost_or_doubled_over_kills_in_fifty_seeds(mode: str) -> None:
    left = klein.from_items([{"k": i % 3, "at": i} for i in range(200)]).with_event_time("at")
    right = klein.from_items([{"k": i % 3, "t": i} for i in range(0, 200, 2)]).with_event_time("t")
    report = klein.simulate(left.join(right, on="k", within=("-9ms", "5ms"), how="full"), seeds=50, mode=mode)
    assert report.held, str(report)
    assert report.kills >= 25 and report.resumed >= 25


def endless(out: Path) -> klein.Flow:
    def of(time: str) -> klein.Flow:
        rows = klein.generate(count=20_000, rate=20_000, seed=1).map(
            lambda row: {"k": row["id"] % 7, time: row["id"], f"id_{time}": row["id"]}
        )
        return rows.with_event_time(time, max_out_of_orderness="20ms")

    return of("at").join(of("t"), on="k", within=("-10ms", "3ms"), name="near", how="left").write_parquet(out)


def test_a_join_of_streams_goes_on_over_a_stop_at_other_cores(tmp_path: Path) -> None:
    job = endless(tmp_path / "out").start(checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=3)
    while job.metrics()["steps"][0]["rows_out"] < 5000:
        job.snapshot()
    job.stop()
    job.wait()
    endless(tmp_path / "out").run(
        checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=1, progress=False
    )
    got = klein.read_parquet(tmp_path / "out").take_all()
    pairs = sorted((row["at"], row["t"]) for row in got)
    near = range(-10, 4)
    assert pairs == [(i, i + d) for i in range(20_000) for d in near if d % 7 == 0 and 0 <= i + d < 20_000]
