"""Snapshots of what has changed: what they hold, what is restored from them, and what they cost."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyklein as klein
import pytest
from live_files import put_rows, rows_in, wait_until
from pyklein._process import Instance, Recipe

KEYS = 3000


class Everything:
    number = klein.value_state("int64")
    short = klein.value_state("int64", ttl=50e-9)
    nested = klein.list_state("string")
    per = klein.map_state("string", "int64")

    def on_row(self, row: dict[str, Any], ctx: klein.Context) -> None:
        match row["do"]:
            case "set":
                self.number.value = self.short.value = row["n"]
            case "add":
                self.nested.append(str(row["n"]))
                self.per[str(row["n"] % 3)] = row["n"]
                ctx.timers.at(row["n"] + 1_000_000)
            case "after":
                ctx.timers.after((row["n"] + 1) * 1e-9)
            case "clear":
                self.number.clear()
                self.nested.clear()
                self.per.clear()
                ctx.timers.cancel(row["n"] + 1_000_000)
            case "delete" if "1" in self.per:
                del self.per["1"]

    def on_timer(self, time: Any, ctx: klein.Context) -> None:
        self.number.value = -1


def made() -> Instance:
    return Recipe(Everything, (), {}, {})()


def contents(instance: Instance, now: int) -> dict[str, Any]:
    """All that it remembers, what is over left out."""
    all: dict[str, Any] = {}
    for name, state in instance._states.items():
        rows = [row for row in state.save(state._of) if not row[2] or row[2] > now]
        lives = [(key, values, end - now if end else 0) for key, values, end in rows]
        all[name] = sorted(lives, key=lambda row: (row[0], str(row[1])))
    timers = [(time - now if form == 3 else time, key, form) for time, key, form in instance._timers.set]
    all["timers"] = sorted(timers)
    return all


@pytest.mark.parametrize("seed", range(4))
def test_what_is_restored_from_changes_is_what_was_there(seed: int) -> None:
    seeded, instance, now = random.Random(seed), made(), 1000
    taken: list[tuple[dict[str, Any], int]] = []
    changes = 0
    for _ in range(40):
        now += seeded.randint(1, 20)
        instance.begin(now, 0, ["key"])
        for _ in range(seeded.choice([0, 5, 300]) if taken else 4000):
            row = {"do": seeded.choice(["set", "add", "after", "clear", "delete"]), "n": seeded.randint(0, 9)}
            instance.row(row, seeded.randbytes(1) + bytes([seeded.randint(0, 11)]), None)
        for timer in instance.due(1_000_003_000_000 if seeded.random() < 0.2 else 0, now):
            instance.ring(timer, (1,))
        tables, since_last = instance.snapshot(now)
        changes += since_last
        taken = [*taken, (tables, now)] if since_last else [(tables, now)]
        restored, later = made(), now + 500
        for held, then in taken:
            for name, table in held.items():
                for batch in table.to_batches():
                    restored.restore(name, batch, later - (now - then))
        assert contents(restored, later) == contents(instance, now)
    assert changes > 20


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("float32", 0.1),
        (pa.float16(), 0.1),
        (pa.list_(pa.int64()), (1, 2)),
        (pa.map_(pa.string(), pa.float64()), {"a": 0.5}),
        (pa.map_(pa.string(), pa.float64()), [("a", 0.5)]),
        (pa.list_(pa.struct([("of", pa.map_(pa.string(), pa.int64()))])), [{"of": {"x": 1}}]),
        (pa.timestamp("us"), datetime(2026, 1, 2, 3, 4, 5, 6)),
        ("int64", True + 1),
    ],
)
def test_a_value_is_after_a_restart_what_it_was_before(type: Any, given: Any) -> None:
    class Holds:
        one = klein.value_state(type)
        all = klein.list_state(type)
        per = klein.map_state("string", type)

        def on_row(self, row: dict[str, Any], ctx: klein.Context) -> None:
            self.one.value = self.per["x"] = given
            self.all.append(given)

        def on_timer(self, time: Any, ctx: klein.Context) -> None: ...

    before, after = Recipe(Holds, (), {}, {})(), Recipe(Holds, (), {}, {})()
    before.begin(0, 0, ["key"])
    before.row({}, b"key", None)
    for name, table in before.snapshot(0)[0].items():
        for batch in table.to_batches():
            after.restore(name, batch, 0)
    assert repr(contents(after, 0)) == repr(contents(before, 0))


@pytest.mark.parametrize(("type", "given"), [(pa.list_(pa.int64()), "ab"), ("float32", "1")])
def test_a_value_of_another_type_is_refused_where_it_is_set(type: Any, given: Any) -> None:
    class Holds:
        one = klein.value_state(type)

        def on_row(self, row: dict[str, Any], ctx: klein.Context) -> None:
            self.one.value = given

    instance = Recipe(Holds, (), {}, {})()
    instance.begin(0, 0, ["key"])
    with pytest.raises(klein.errors.InvalidError, match="can't hold"):
        instance.row({}, b"key", None)


class Sum:
    total = klein.value_state("int64")

    def on_row(self, row: dict[str, Any], ctx: klein.Context) -> dict[str, Any]:
        self.total.value = (self.total.value or 0) + row["n"]
        return {"key": ctx.key, "total": self.total.value}


def summed(folder: Path, numbers: list[dict[str, int]]) -> klein.Flow:
    (folder / "in").mkdir(exist_ok=True)
    for place in range(0, len(numbers), 1000):
        put_rows(folder / "in", f"{place:06d}.json", numbers[place : place + 1000])
    rows = klein.read_json(folder / "in", schema="key: int64, n: int64", watch="5ms", name="rows")
    return rows.key_by("key").process(Sum, name="sum").write_json(folder / "out", mode="append")


def stored_bytes(state: Path, key: str) -> int:
    return (state / key).stat().st_size


def manifest(state: Path) -> dict[str, Any]:
    newest = max((path for path in (state / "manifest").iterdir() if path.stat().st_size > 100), key=lambda p: p.name)
    return json.loads(newest.read_bytes().partition(b"\n")[2])


def test_a_snapshot_of_many_keys_costs_what_has_changed_and_a_job_goes_on_from_it_at_other_cores(
    tmp_path: Path,
) -> None:
    numbers = [{"key": key, "n": key} for key in range(KEYS)]
    state = tmp_path / "state"

    def taken(rows: int) -> bool:
        """Whether its sink has so many rows."""
        return bool(job.status()["rows_out"] >= rows)

    job = summed(tmp_path, numbers).start(checkpoint=state, interval="1h", cores=1)
    wait_until(lambda: taken(KEYS))
    job.snapshot()
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= KEYS)
    more = [{"key": key, "n": 1} for key in range(50)]
    put_rows(tmp_path / "in", "more.json", more)
    wait_until(lambda: taken(KEYS + len(more)))
    job.stop(savepoint=tmp_path / "savepoint")
    job.wait()
    held = manifest(state)["tables"]["sum"]["state.total"]
    assert len(held) == 2
    whole, change = (stored_bytes(state, each["key"]) for each in held)
    assert change < whole / 10
    assert (held[0]["rows"], held[1]["rows"]) == (KEYS, len(more))

    put_rows(tmp_path / "in", "zero.json", ({"key": key, "n": 0} for key in range(KEYS)))
    job = summed(tmp_path, []).start(from_savepoint=tmp_path / "savepoint", checkpoint=tmp_path / "other", cores=3)
    wait_until(lambda: taken(KEYS))
    job.stop()
    job.wait()
    last = {row["key"]: row["total"] for row in sorted(rows_in(tmp_path / "out"), key=lambda row: row["total"])}
    assert last == {key: key + (1 if key < 50 else 0) for key in range(KEYS)}


class Later:
    last = klein.value_state("int64")

    def on_row(self, row: dict[str, Any], ctx: klein.Context) -> None:
        self.last.value = row["n"]
        ctx.timers.after("300ms")

    def on_timer(self, time: Any, ctx: klein.Context) -> dict[str, Any]:
        return {"key": ctx.key}


def rings_later(folder: Path) -> klein.Job:
    rows = klein.read_json(folder / "in", schema="key: int64, n: int64", watch="5ms")
    rung = rows.key_by("key").process(Later).write_json(folder / "out", mode="append")
    return rung.start(checkpoint=folder / "state", interval="20ms", cores=1)


def put_keys(folder: Path, name: str, keys: range) -> None:
    put_rows(folder / "in", name, ({"key": key, "n": 1} for key in keys))


def test_a_timer_by_the_clock_that_has_rung_does_not_ring_again_after_a_restart(tmp_path: Path) -> None:
    put_keys(tmp_path, "first.json", range(1500))
    job = rings_later(tmp_path)
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= 1500)
    job.stop()
    job.wait()
    put_keys(tmp_path, "second.json", range(1500, 1510))
    job = rings_later(tmp_path)
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= 1510)
    job.stop()
    job.wait()
    assert sorted(row["key"] for row in rows_in(tmp_path / "out")) == list(range(1510))


def test_a_timer_that_was_set_before_a_restart_rings_though_no_row_comes(tmp_path: Path) -> None:
    put_keys(tmp_path, "first.json", range(3))
    job = rings_later(tmp_path)
    wait_until(lambda: job.status()["rows_in"] >= 3)
    job.stop()
    job.wait()
    job = rings_later(tmp_path)
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= 3)
    job.stop()
    job.wait()


def test_a_timer_that_another_cancels_or_goes_before_is_not_rung_as_it_was_set() -> None:
    class Chain:
        def on_row(self, row: dict[str, Any], ctx: klein.Context) -> None:
            for at in (10, 20, 30):
                ctx.timers.at(at)

        def on_timer(self, time: Any, ctx: klein.Context) -> dict[str, Any]:
            if time == 10:
                ctx.timers.cancel(20)
                ctx.timers.at(15)
            return {"rung": time}

    rows = klein.from_items([{"key": 1, "at": 1}]).with_event_time("at").key_by("key").process(Chain)
    assert [row["rung"] for row in rows.take_all()] == [10, 15, 30]
