"""Code by key: what it remembers, when it is called again, and what becomes of both over stops and kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyklein as klein
import pytest
from pyklein import _state

ROWS = [{"user": "ab"[i % 2], "x": i, "at": i * 1000} for i in range(6)]


def rows() -> klein.Flow:
    return klein.from_items(ROWS)


class Totals:
    total = klein.value_state("float64")
    seen = klein.list_state("int64")
    per = klein.map_state("string", "int64")

    def __init__(self, factor: int = 1, *, offset: int = 0) -> None:
        self.factor, self.offset = factor, offset

    def on_row(self, row: dict, ctx: klein.Context) -> dict:
        self.total.value = (self.total.value or 0) + row["x"] * self.factor + self.offset
        self.seen.append(row["x"])
        parity = "odd" if row["x"] // 2 % 2 else "even"
        self.per[parity] = self.per.get(parity, 0) + 1
        return {
            "user": ctx.key,
            "total": self.total.value,
            "seen": list(self.seen),
            "odd": self.per.get("odd"),
            "even": self.per["even"],
        }


def of_user(given: list[dict], user: str) -> list[dict]:
    return [row for row in given if row["user"] == user]


def test_values_lists_and_maps_are_remembered_key_by_key() -> None:
    got = of_user(rows().key_by("user").process(Totals, fn_constructor_args=[2]).take_all(), "b")
    assert [row["total"] for row in got] == [2.0, 8.0, 18.0]
    assert got[-1]["seen"] == [1, 3, 5]
    assert (got[-1]["even"], got[-1]["odd"]) == (2, 1)


def test_a_class_gets_its_arguments_once_a_task() -> None:
    flow = rows().key_by("user").process(Totals, fn_constructor_kwargs={"offset": 100})
    assert [row["total"] for row in of_user(flow.take_all(), "a")] == [100.0, 202.0, 306.0]


def test_a_function_finds_its_states_in_its_context() -> None:
    def running(row: dict, ctx: klein.Context) -> dict:
        ctx.n.value = (ctx.n.value or 0) + 1
        return {"key": ctx.key, "n": ctx.n.value}

    got = rows().key_by("user").process(running, n=klein.value_state(int)).take_all()
    assert [row["n"] for row in got if row["key"] == "a"] == [1, 2, 3]


def test_a_key_of_several_columns_is_a_tuple() -> None:
    def name(row: dict, ctx: klein.Context) -> dict:
        user, x = ctx.key
        return {"name": f"{user}{x}"}

    got = rows().key_by("user", "x").process(name).take_all()
    assert sorted(row["name"] for row in got) == ["a0", "a2", "a4", "b1", "b3", "b5"]


def test_a_call_gives_rows_by_returning_one_by_returning_many_and_by_emitting() -> None:
    def several(row: dict, ctx: klein.Context) -> object:
        ctx.emit({"x": -row["x"]})
        if row["x"] == 0:
            return None
        return ({"x": 10 * row["x"] + i} for i in range(2)) if row["x"] % 2 else {"x": row["x"]}

    got = rows().key_by("user").process(several).take_all()
    assert Counter(row["x"] for row in got) == Counter([0, -1, -2, -3, -4, -5, 2, 4, 10, 11, 30, 31, 50, 51])


class Silence:
    """Gives a row for each user that was silent for so long."""

    last = klein.value_state("int64")

    def on_row(self, row: dict, ctx: klein.Context) -> None:
        if self.last.value is not None:
            ctx.timers.cancel(self.last.value + 2500)
        self.last.value = row["at"]
        ctx.timers.at(row["at"] + 2500)
        ctx.timers.at(row["at"] + 2500)  # twice is once

    def on_timer(self, time: int, ctx: klein.Context) -> dict:
        assert time == ctx.time == self.last.value + 2500
        return {"user": ctx.key, "since": self.last.value}


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_timers_ring_when_the_time_of_the_events_has_passed_and_not_when_they_were_cancelled(
    mode: str, tmp_path: Path
) -> None:
    flow = rows().with_event_time("at").key_by("user").process(Silence)
    flow.write_parquet(tmp_path / "out", mode="append").run(mode=mode, progress=False)
    got = klein.read_parquet(tmp_path / "out").take_all()
    assert sorted((row["since"], row["user"]) for row in got) == [(4000, "a"), (5000, "b")]


def test_times_are_as_the_column_has_them() -> None:
    base = datetime(2026, 1, 1, tzinfo=UTC)

    class Later:
        def on_row(self, row: dict, ctx: klein.Context) -> None:
            assert ctx.time == row["at"]
            ctx.timers.at(ctx.time + timedelta(hours=1))

        def on_timer(self, time: datetime, ctx: klein.Context) -> dict:
            return {"user": ctx.key, "rang": time}

    flow = klein.from_items([{"user": 1, "at": base}, {"user": 2, "at": base}])
    got = flow.with_event_time("at").key_by("user").process(Later).take_all()
    assert sorted(row["user"] for row in got) == [1, 2]
    assert {row["rang"] for row in got} == {base + timedelta(hours=1)}


def test_timers_by_the_clock_ring_while_no_row_comes(tmp_path: Path) -> None:
    class Reminder:
        def on_row(self, row: dict, ctx: klein.Context) -> None:
            if row["id"] == 0:
                ctx.timers.after("20ms")

        def on_timer(self, time: None, ctx: klein.Context) -> dict:
            assert time is None and ctx.time is None
            return {"key": ctx.key}

    flow = klein.generate(rate=1, seed=1).key_by("id").process(Reminder)
    got = flow.limit(1).take_all()  # the second row of the source comes after a second
    assert got == [{"key": 0}]


def test_what_is_remembered_ends_with_its_ttl() -> None:
    place = _state.Place()
    value = _state.ValueState(klein.value_state("int64", ttl="10s"), place)
    listed = _state.ListState(klein.list_state("int64", ttl="10s"), place)
    mapped = _state.MapState(klein.map_state("string", "int64", ttl="10s"), place)
    value.value = 1
    listed.append(1)
    mapped["a"] = 1
    place.now = 9_999_999_999
    mapped["b"] = 2
    assert (value.value, list(listed), mapped.items()) == (1, [1], [("a", 1), ("b", 2)])
    place.now = 10_000_000_000
    assert (value.value, list(listed), mapped.items(), "a" in mapped) == (None, [], [("b", 2)], False)


def test_keys_that_nobody_asks_for_again_are_given_up() -> None:
    place = _state.Place()
    state = _state.ValueState(klein.value_state("int64", ttl="1s"), place)
    for key in range(5000):
        place.key = key.to_bytes(4, "little")
        state.value = key
    place.now = 2_000_000_000
    place.key = b"new"
    state.value = 1
    state.sweep()
    assert len(state.save(state._of)) == 1


def counted(out: Path) -> klein.Flow:
    return (
        klein.generate(count=20_000, rate=20_000, seed=1)
        .with_columns(at=klein.col("id"))
        .with_event_time("at")
        .key_by(lambda row: row["id"] % 10)
        .process(PerSecond, name="per_second")
        .write_parquet(out)
    )


class PerSecond:
    n = klein.map_state("int64", "int64")

    def on_row(self, row: dict, ctx: klein.Context) -> None:
        second = row["at"] // 1000
        if second not in self.n:
            ctx.timers.at((second + 1) * 1000)
        self.n[second] = self.n.get(second, 0) + 1

    def on_timer(self, time: int, ctx: klein.Context) -> dict:
        second = time // 1000 - 1
        n = self.n[second]
        del self.n[second]
        return {"key": ctx.key, "second": second, "n": n}


def test_states_and_timers_go_on_over_a_stop_at_other_cores(tmp_path: Path) -> None:
    flow = counted(tmp_path / "out")
    job = flow.start(checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=2)
    while job.metrics()["steps"][0]["rows_out"] < 3500:
        job.snapshot()
    job.stop()
    job.wait()
    flow.run(checkpoint=tmp_path / "state", interval="50ms", mode="stream", cores=1, progress=False)
    got = klein.read_parquet(tmp_path / "out").take_all()
    assert sorted((row["key"], row["second"]) for row in got) == [(k, s) for k in range(10) for s in range(20)]
    assert {row["n"] for row in got} == {100}


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_process import counted
counted(Path(sys.argv[2]) / "out").run(
    checkpoint=sys.argv[2] + "/state", interval="20ms", mode="stream", progress=False)
"""


def test_a_process_killed_again_and_again_counts_every_row_once(tmp_path: Path) -> None:
    seeded = random.Random(4)
    kills = 0
    for _ in range(60):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, Path(__file__).parent, tmp_path], env=os.environ)
        try:
            process.wait(timeout=seeded.uniform(0.4, 0.7) if kills < 5 else 60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            continue
        assert process.returncode == 0
        break
    assert kills >= 2
    got = klein.read_parquet(tmp_path / "out").take_all()
    assert sorted((row["key"], row["second"]) for row in got) == [(k, s) for k in range(10) for s in range(20)]
    assert {row["n"] for row in got} == {100}


def stopped_after(flow: klein.Flow, state: Path) -> None:
    job = flow.start(checkpoint=state, interval="20ms", mode="stream")
    while job.metrics()["steps"][-1]["rows_in"] < 400:
        job.snapshot()
    job.stop()
    job.wait()


def remembering(**states: object) -> klein.Flow:
    def add(row: dict, ctx: klein.Context) -> dict:
        if hasattr(ctx, "n"):
            ctx.n.value = row["id"]
        return row

    return klein.generate(count=2000, rate=2000, seed=1).key_by("id").process(add, name="add", **states).discard()


def test_a_state_that_has_gone_or_is_of_another_type_is_refused(tmp_path: Path) -> None:
    stopped_after(remembering(n=klein.value_state("int64")), tmp_path / "state")
    with pytest.raises(klein.InvalidError, match=r"'n' is of int64 in the checkpoint and declared string now"):
        remembering(n=klein.value_state("string")).run(checkpoint=tmp_path / "state", mode="stream", progress=False)
    with pytest.raises(klein.InvalidError, match=r"the state 'n', which is declared no more; there are: none"):
        remembering().run(checkpoint=tmp_path / "state", mode="stream", progress=False)
    remembering(n=klein.value_state("int64"), other=klein.list_state("string")).run(
        checkpoint=tmp_path / "state", mode="stream", progress=False
    )


class Assigns:
    total = klein.value_state("int64")

    def on_row(self, row: dict, ctx: klein.Context) -> dict:
        self.total = row["x"]
        return row


def test_a_state_that_was_assigned_to_is_said_and_not_lost(tmp_path: Path) -> None:
    with pytest.raises(klein.InvalidError, match=r"the state 'total' was assigned to: set total.value"):
        rows().key_by("user").process(Assigns).discard().run(checkpoint=tmp_path / "state", mode="stream")


class WithoutOnRow:
    pass


@pytest.mark.parametrize(
    ("fn", "options", "message"),
    [
        (lambda row, ctx: 1 / 0, {}, "division by zero"),
        (lambda row, ctx: 3, {}, "it gave int; it gives a row, a dict, or several, or None"),
        (lambda row, ctx: [3], {}, "it gave int as a row; a row is a dict"),
        (lambda row, ctx: ctx.timers.at(3), {}, r"there is no on_timer\(self, time, ctx\)"),
        (lambda row, ctx: ctx.timers.at("noon"), {}, "a timer is at a datetime, or at milliseconds since 1970"),
        (lambda row, ctx: setattr(ctx.n, "value", "x"), {"n": klein.value_state(int)}, "int64 can't hold 'x'"),
        (WithoutOnRow, {}, r"WithoutOnRow is a class: it has on_row\(self, row, ctx\)"),
        (Totals, {"n": klein.value_state(int)}, "its states in its body"),
        (lambda row, ctx: row, {"fn_constructor_args": [1]}, "go with a class"),
        (lambda row, ctx: row, {"n": 3}, "process has no 'n'; a state is klein.value_state"),
        (3, {}, "process"),
    ],
)
def test_what_can_t_be_is_said(fn: object, options: dict, message: str) -> None:
    flow = rows().with_event_time("at")
    with pytest.raises((klein.InvalidError, ZeroDivisionError, TypeError), match=message):
        flow.key_by("user").process(fn, **options).take_all()


def test_an_exception_comes_back_with_the_row_that_caused_it() -> None:
    def breaks(row: dict, ctx: klein.Context) -> None:
        if row["x"] == 4:
            raise ValueError("no four")

    with pytest.raises(ValueError, match="no four") as caught:
        rows().key_by("user").process(breaks).take_all()
    assert any("row" in note and "4" in note for note in caught.value.__notes__)


def test_a_key_that_is_no_column_is_refused_before_anything_runs() -> None:
    with pytest.raises(klein.NotFoundError, match="no column 'nobody'"):
        rows().key_by("nobody").process(lambda row, ctx: row).schema()
