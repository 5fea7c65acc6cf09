"""Aggregates of the user's own, and rows folded by a function of two."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pyklein as klein
import pytest


class Spread:
    """The highest less the lowest."""

    state: ClassVar = {"low": "float64", "high": "float64"}
    returns = "float64"

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def accumulate(self, state, value) -> None:
        if value is None:
            return
        state.low = value if state.low is None else min(state.low, value)
        state.high = value if state.high is None else max(state.high, value)

    def merge(self, state, other) -> None:
        self.accumulate(state, other.low)
        self.accumulate(state, other.high)

    def result(self, state) -> float | None:
        return None if state.low is None else (state.high - state.low) * self.factor


class Weighted:
    """A mean by weight; knows no merge."""

    state: ClassVar = {"sum": float, "weight": float}
    returns = "float64"

    def accumulate(self, state, value, weight) -> None:
        state.sum = (state.sum or 0) + value * weight
        state.weight = (state.weight or 0) + weight

    def result(self, state) -> float:
        return state.sum / state.weight


ROWS = [{"k": i % 7, "at": i * 10, "x": float((i * 37) % 101), "w": float(1 + i % 3)} for i in range(3000)]


def rows() -> klein.Flow:
    return klein.from_items(ROWS).with_event_time("at", max_out_of_orderness="1m")


def in_order(flow: klein.Flow) -> list[tuple]:
    return sorted(tuple(row.values()) for row in flow.take_all())


def written(flow: klein.Flow, out: Path, **options: object) -> list[tuple]:
    flow.write_parquet(out).run(progress=False, **options)
    return in_order(klein.read_parquet(out))


def spreads(rows: list[dict]) -> float:
    return max(row["x"] for row in rows) - min(row["x"] for row in rows)


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_a_class_gathers_by_key_and_window(mode: str, cores: int, tmp_path: Path) -> None:
    windows = rows().key_by("k").window(klein.tumbling("5s"))
    flow = windows.aggregate(
        n=klein.count(), spread=klein.aggregator(Spread, "x"), mean=klein.aggregator(Weighted, "x", "w")
    )
    wanted = []
    for k in range(7):
        for start in range(0, 30_000, 5000):
            own = [row for row in ROWS if row["k"] == k and start <= row["at"] < start + 5000]
            mean = sum(row["x"] * row["w"] for row in own) / sum(row["w"] for row in own)
            wanted.append((k, start, start + 5000, len(own), spreads(own), pytest.approx(mean)))
    assert written(flow, tmp_path / "out", mode=mode, cores=cores) == wanted


@pytest.mark.parametrize("cores", [1, 3])
def test_sessions_that_meet_are_merged(cores: int, tmp_path: Path) -> None:
    shuffled = klein.from_items(ROWS[::2] + ROWS[1::2])
    flow = shuffled.key_by("k").window(klein.session("71ms"), time="at").aggregate(spread=klein.aggregator(Spread, "x"))
    wanted = [
        (k, k * 10, (k + 7 * ((2999 - k) // 7)) * 10 + 71, spreads([row for row in ROWS if row["k"] == k]))
        for k in range(7)
    ]
    assert written(flow, tmp_path / "out", cores=cores) == wanted


def test_an_aggregate_of_no_column_counts() -> None:
    class Count:
        state: ClassVar = {"n": "int64"}
        returns = "int64"

        def accumulate(self, state) -> None:
            state.n = (state.n or 0) + 1

        def result(self, state) -> int:
            return state.n

    assert klein.from_items(ROWS).aggregate(n=klein.aggregator(Count)).take_all() == [{"n": 3000}]


def test_a_class_gets_its_arguments() -> None:
    twice = klein.aggregator(Spread, "x", fn_constructor_args=[2.0])
    assert klein.from_items(ROWS).aggregate(spread=twice).take_all() == [{"spread": 200.0}]


def larger(one: dict, other: dict) -> dict:
    return max(one, other, key=lambda row: (row["x"], row["at"]))


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_rows_are_folded_by_key_and_window(mode: str, cores: int, tmp_path: Path) -> None:
    flow = rows().key_by("k").window(klein.tumbling("5s")).reduce(larger)
    assert flow.schema().names == ["k", "window_start", "window_end", "at", "x", "w"]
    wanted = []
    for k in range(7):
        for start in range(0, 30_000, 5000):
            own = [row for row in ROWS if row["k"] == k and start <= row["at"] < start + 5000]
            top = max(own, key=lambda row: (row["x"], row["at"]))
            wanted.append((k, start, start + 5000, top["at"], top["x"], top["w"]))
    assert written(flow, tmp_path / "out", mode=mode, cores=cores) == wanted


def test_all_rows_are_folded_into_one_and_keep_their_types() -> None:
    base = datetime(2026, 1, 1)
    items = [{"k": i % 2, "at": base + timedelta(seconds=i), "name": f"n{i}", "tags": ["a", str(i)]} for i in range(9)]
    latest = klein.from_items(items).reduce(lambda one, other: max(one, other, key=lambda row: row["at"]))
    assert latest.schema() == klein.from_items(items).schema()
    assert latest.take_all() == [items[-1]]
    by_key = klein.from_items(items).key_by("k").reduce(lambda one, other: max(one, other, key=lambda row: row["at"]))
    assert sorted(row["name"] for row in by_key.take_all()) == ["n7", "n8"]


def stream(out: Path, returns: str = "int64") -> klein.Flow:
    class Sum:
        state: ClassVar = {"total": "int64"}

        def accumulate(self, state, value: int) -> None:
            state.total = (state.total or 0) + value

        def result(self, state) -> int:
            return state.total

    Sum.returns = returns
    timed = klein.generate(count=20_000, rate=20_000, seed=1).with_columns(at=klein.col("id")).with_event_time("at")
    windows = timed.key_by(lambda row: row["id"] % 5).window(klein.tumbling("1s"))
    return windows.aggregate(total=klein.aggregator(Sum, "id"), name="sums").write_parquet(out)


def test_what_was_gathered_goes_on_over_a_stop_at_other_cores(tmp_path: Path) -> None:
    flow = stream(tmp_path / "out")
    job = flow.start(checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=3)
    while job.metrics()["steps"][0]["rows_out"] < 3000:
        job.snapshot()
    job.stop()
    job.wait()
    flow.run(checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=1, progress=False)
    got = klein.read_parquet(tmp_path / "out").take_all()
    assert len(got) == 100
    for row in got:
        ids = range(row["window_start"] + row["key"], row["window_start"] + 1000, 5)
        assert row["total"] == sum(ids)


@pytest.mark.parametrize("reduces", [True, False])
def test_no_row_is_lost_or_counted_twice_over_kills_in_fifty_seeds(reduces: bool) -> None:
    few = klein.from_items(ROWS[:300]).with_event_time("at")
    windows = few.key_by("k").window(klein.tumbling("200ms"))
    added = windows.reduce(lambda one, other: {**one, "x": one["x"] + other["x"], "at": max(one["at"], other["at"])})
    flow = added if reduces else windows.aggregate(spread=klein.aggregator(Spread, "x"))
    report = klein.simulate(flow.drop("w") if reduces else flow, seeds=50, mode="stream")
    assert report.held, str(report)
    assert report.kills >= 25 and report.resumed >= 15


class WithoutState:
    def accumulate(self, state, value) -> None: ...
    def result(self, state) -> None: ...


class Wrong(Spread):
    returns = "int64"

    def result(self, state) -> str:
        return "wide"


class Undeclared(Spread):
    def accumulate(self, state, value) -> None:
        state.middle = value


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: klein.aggregator(3, "x"), "aggregator takes a class with accumulate"),  # type: ignore[arg-type]
        (lambda: klein.aggregator(dict, "x"), "aggregator takes a class with accumulate"),
        (lambda: klein.aggregator(WithoutState, "x"), "WithoutState says what it remembers and gives: state ="),
        (lambda: rows().aggregate(n=klein.aggregator(Spread, "z")), "there is no column 'z'"),
        (lambda: rows().aggregate(n=klein.aggregator(Wrong, "x")).take_all(), "what it gave is not of the columns"),
        (lambda: rows().aggregate(n=klein.aggregator(Undeclared, "x")).take_all(), "no attribute 'middle'"),
        (lambda: rows().aggregate(n=klein.aggregator(Weighted, "x")).take_all(), "missing 1 required positional"),
        (
            lambda: rows().window(klein.session("1s")).aggregate(n=klein.aggregator(Weighted, "x", "w")),
            r"'n' has no merge\(self, state, other\)",
        ),
        (lambda: rows().key_by("k").reduce(3), "reduce wants a function"),  # type: ignore[arg-type]
        (lambda: rows().key_by("k").reduce(dict), "reduce takes a function of two rows, and dict is a class"),
        (lambda: rows().key_by("k").reduce(lambda one, other: 3).take_all(), "it gave int; it gives a row"),
        (lambda: rows().key_by("k").reduce(lambda one, other: {"new": 1}).take_all(), "'new'"),
    ],
)
def test_what_can_t_be_is_said(make: object, message: str) -> None:
    with pytest.raises((klein.Error, AttributeError, TypeError), match=message):
        make()  # type: ignore[operator]


def test_an_exception_comes_back_with_the_row_that_caused_it() -> None:
    class Breaks(Spread):
        def accumulate(self, state, value) -> None:
            if value == 74.0:
                raise ValueError("no such value")

    with pytest.raises(ValueError, match="no such value") as caught:
        klein.from_items(ROWS[:3]).aggregate(n=klein.aggregator(Breaks, "x")).take_all()
    assert any("row" in note and "2" in note for note in caught.value.__notes__)


def test_the_state_of_another_aggregate_is_refused(tmp_path: Path) -> None:
    job = stream(tmp_path / "out").start(checkpoint=tmp_path / "state", interval="20ms", mode="stream")
    while job.metrics()["steps"][-1]["rows_in"] < 1:
        job.snapshot()
    job.stop()
    job.wait()
    timed = klein.generate(count=20_000, rate=20_000, seed=1).with_columns(at=klein.col("id")).with_event_time("at")
    windows = timed.key_by(lambda row: row["id"] % 5).window(klein.tumbling("1s"))
    other = windows.aggregate(total=klein.aggregator(Spread, "id"), name="sums").write_parquet(tmp_path / "out")
    with pytest.raises(klein.InvalidError, match=r"total=Spread\(id\)"):
        other.run(checkpoint=tmp_path / "state", mode="stream", progress=False)
