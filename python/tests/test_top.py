"""The first rows of an order, and one row of each key."""

from __future__ import annotations

import random
from pathlib import Path

import pyklein as klein
import pytest

CHANCE = random.Random(9)
ROWS = [{"id": i, "k": i % 5, "at": i * 10, "x": CHANCE.randrange(300), "name": f"n{i}"} for i in range(2000)]


def rows() -> klein.Flow:
    return klein.from_items(ROWS).with_event_time("at", max_out_of_orderness="1m")


def first(given: list[dict], n: int) -> list[dict]:
    return sorted(given, key=lambda row: (-row["x"], row["id"]))[:n]


def written(flow: klein.Flow, out: Path, **options: object) -> list[tuple]:
    flow.write_parquet(out).run(progress=False, **options)
    return sorted(tuple(row.values()) for row in klein.read_parquet(out).take_all())


def test_the_highest_rows_of_all_come_in_their_order() -> None:
    assert rows().top(10, "x").take_all() == first(ROWS, 10)
    lowest = rows().top(3, ["x", "id"], descending=False).take_all()
    assert lowest == sorted(ROWS, key=lambda row: (row["x"], row["id"]))[:3]


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_the_highest_rows_of_each_key_and_window(mode: str, cores: int, tmp_path: Path) -> None:
    flow = rows().key_by("k").window(klein.tumbling("5s")).top(3, by="x", rank="place")
    wanted = []
    for k in range(5):
        for start in range(0, 20_000, 5000):
            own = [row for row in ROWS if row["k"] == k and start <= row["at"] < start + 5000]
            wanted += [(start, start + 5000, *row.values(), place) for place, row in enumerate(first(own, 3), 1)]
    assert written(flow, tmp_path / "out", mode=mode, cores=cores) == sorted(wanted)


@pytest.mark.parametrize("cores", [1, 3])
def test_sessions_have_their_highest_rows(cores: int, tmp_path: Path) -> None:
    flow = klein.from_items(ROWS[::2] + ROWS[1::2]).key_by("k").window(klein.session("51ms"), time="at").top(2, "x")
    got = written(flow.select("k", "id"), tmp_path / "out", cores=cores)
    of = [[row for row in ROWS if row["k"] == k] for k in range(5)]
    highest = [sorted((row["x"] for row in own), reverse=True)[:2] for own in of]
    assert len(got) == 10
    assert [sorted((ROWS[i]["x"] for key, i in got if key == k), reverse=True) for k in range(5)] == highest


def test_values_of_every_kind_have_their_order() -> None:
    nan = float("nan")
    items = [
        {"i": 3, "f": -0.5, "s": "b", "b": b"\x00"},
        {"i": -4, "f": nan, "s": "a", "b": b""},
        {"i": None, "f": None, "s": None, "b": None},
        {"i": 2**40, "f": 1e-300, "s": "ab", "b": b"\x00\x00"},
        {"i": 0, "f": -1e300, "s": "", "b": b"\x01"},
    ]
    flow = klein.from_items(items)

    def order(by: str, descending: bool) -> list[object]:
        return [row["i"] for row in flow.top(5, by, descending=descending).take_all()]

    assert order("i", False) == [-4, 0, 3, 2**40, None]
    assert order("i", True) == [2**40, 3, 0, -4, None]
    assert order("f", False) == [0, 3, 2**40, -4, None]
    assert order("f", True) == [2**40, 3, 0, -4, None]
    assert order("s", False) == [0, -4, 2**40, 3, None]
    assert order("b", True) == [0, 2**40, 3, -4, None]


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_the_first_and_the_last_row_of_each_key(mode: str, cores: int, tmp_path: Path) -> None:
    once = written(rows().key_by("k").deduplicate(), tmp_path / "first", mode=mode, cores=cores)
    assert once == [tuple(row.values()) for row in ROWS[:5]]
    if mode == "batch":
        last = written(rows().key_by("k").deduplicate(keep="last"), tmp_path / "last", cores=cores)
        assert last == [tuple(row.values()) for row in ROWS[-5:]]


def test_the_last_row_is_the_latest_by_the_events_time_where_there_is_one() -> None:
    items = [{"k": 1, "at": 5, "x": 1}, {"k": 1, "at": 9, "x": 2}, {"k": 1, "at": 7, "x": 3}]
    flow = klein.from_items(items)
    assert flow.with_event_time("at").key_by("k").deduplicate(keep="last").take_all() == [items[1]]
    assert flow.key_by("k").deduplicate(keep="last").take_all() == [items[2]]


def test_unique_compares_the_columns_that_are_named_or_all() -> None:
    flow = klein.from_items([{"a": i % 3, "b": i % 2} for i in range(60)])
    assert sorted(row["a"] for row in flow.unique("a").take_all()) == [0, 1, 2]
    assert len(flow.unique().take_all()) == len(flow.unique("a", "b").take_all()) == 6


def stream(out: Path) -> klein.Flow:
    timed = klein.generate(count=20_000, rate=20_000, seed=1).with_columns(at=klein.col("id")).with_event_time("at")
    keyed = timed.map(lambda row: {**row, "k": row["id"] % 5, "x": row["id"] * 7919 % 1000})
    return keyed.key_by("k").window(klein.tumbling("1s")).top(2, "x", name="best").write_parquet(out)


def test_the_highest_rows_so_far_go_on_over_a_stop_at_other_cores(tmp_path: Path) -> None:
    job = stream(tmp_path / "out").start(checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=3)
    while job.metrics()["steps"][0]["rows_out"] < 3000:
        job.snapshot()
    job.stop()
    job.wait()
    stream(tmp_path / "out").run(checkpoint=tmp_path / "state", interval="50ms", mode="stream", progress=False)
    got = sorted((row["window_start"], row["k"], row["id"]) for row in klein.read_parquet(tmp_path / "out").take_all())
    wanted = []
    for start in range(0, 20_000, 1000):
        for k in range(5):
            own = sorted(range(start + k, start + 1000, 5), key=lambda i: (-(i * 7919 % 1000), i))[:2]
            wanted += [(start, k, i) for i in own]
    assert got == sorted(wanted)


@pytest.mark.parametrize("which", ["top", "unique"])
def test_no_row_is_lost_or_doubled_over_kills_in_fifty_seeds(which: str) -> None:
    few = klein.from_items(ROWS[:300]).with_event_time("at").key_by("k")
    flow = few.window(klein.tumbling("200ms")).top(2, "x") if which == "top" else few.deduplicate()
    report = klein.simulate(flow, seeds=50, mode="stream")
    assert report.held, str(report)
    assert report.kills >= 25 and report.resumed >= 15


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rows().top(0, "x"), "top gives at least one row, not 0"),
        (lambda: rows().top(1, "z"), "there is no column 'z'"),
        (lambda: klein.from_items([{"x": [1]}]).top(1, "x"), "can't be put in the order of 'x', which is list"),
        (lambda: rows().top(1, "x", rank="k"), "two columns of the result are called 'k'"),
        (lambda: rows().key_by("k").deduplicate(keep="any"), "keep= is 'first' or 'last', not 'any'"),  # type: ignore[arg-type]
        (lambda: rows().key_by("k").deduplicate(keep="last", ttl="1h"), "ttl= goes with keep='first'"),
        (lambda: rows().key_by("k").deduplicate(early="1s"), "early= goes with keep='last'"),
        (lambda: rows().unique("k", ttl="0s"), "how long a key is remembered, longer than nothing"),
        (lambda: rows().unique("z"), "there is no column 'z'"),
        (
            lambda: klein.generate(rate=10).key_by("id").deduplicate(keep="last").discard().run(progress=False),
            "known only when its input ends",
        ),
    ],
)
def test_what_can_t_be_is_said(make: object, message: str) -> None:
    with pytest.raises(klein.Error, match=message):
        make()  # type: ignore[operator]
