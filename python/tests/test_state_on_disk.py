"""State that is larger than memory: the same answers, snapshots and restarts as where all of it is in memory."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pyklein as klein
import pytest
from live_files import put_rows, rows_in, wait_until
from pyklein import _core
from pyklein._process import Instance, Recipe
from test_changes import Everything, Sum, contents, manifest

ROOM = 20_000  # bytes: some forty keys


def made(held: _core.HeldState | None) -> Instance:
    instance = Recipe(Everything, (), {}, {})()
    instance.open(None, held, ROOM)  # type: ignore[arg-type]  # nothing is counted
    return instance


def rows_of(tables: dict[str, Any]) -> dict[str, list[Any]]:
    """Each table's rows; those of a key in their order."""
    found = {}
    for name, table in tables.items():
        batches = table.batches() if hasattr(table, "batches") else table.to_batches()
        rows = [tuple(row.values()) for batch in batches for row in _core.table_from_arrow(batch).rows()]
        found[name] = sorted(rows, key=lambda row: (row[0], str(row[1:]) if name == "state.per" else ""))
    return {name: rows for name, rows in found.items() if rows}


def on_disk(folder: Path) -> _core.HeldState:
    folder.mkdir(exist_ok=True)
    return _core.HeldState.on_disk(str(Path(tempfile.mkdtemp(dir=folder)) / "held"), 1 << 20)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_on_disk_is_remembered_told_and_restored_as_what_is_in_memory(seed: int, tmp_path: Path) -> None:
    seeded, now = random.Random(seed), 1000
    held = on_disk(tmp_path)
    here, there = made(None), made(held)
    taken: list[tuple[dict[str, Any], int]] = []
    changes = 0
    for _ in range(60):
        now += seeded.randint(1, 20)
        held.at(now)
        rows = [
            ({"do": seeded.choice(["set", "add", "after", "clear", "delete"]), "n": seeded.randint(0, 9)}, key)
            for key in (seeded.randbytes(1) + bytes([seeded.randint(0, 11)]) for _ in range(seeded.choice([5, 300])))
        ]
        for instance in (here, there):
            instance.begin(now, 0, ["key"])
            instance.fetch({key for _, key in rows})
            for row, key in rows:
                instance.row(row, key, None)
            for timer in sorted(instance.due(1_000_003_000_000 if len(rows) == 5 else 0, now)):
                instance.ring(timer, (1,))
        if seeded.random() < 0.5:
            continue
        (whole_here, _), (tables, since_last) = here.snapshot(now), there.snapshot(now)
        here._whole = 0  # the next is whole, too
        changes += since_last
        taken = [*taken, (tables, now)] if since_last else [(tables, now)]
        restored_held, later = on_disk(tmp_path), now + 500
        restored_held.at(later)
        restored = made(restored_held)
        for told, then in taken:
            for name, table in told.items():
                for batch in table.batches() if hasattr(table, "batches") else table.to_batches():
                    restored.restore(name, batch, later - (now - then))
        again, _ = restored.snapshot(later)
        assert rows_of(again) == rows_of(whole_here)
    assert changes > 10
    assert there.snapshot(now)[1]
    assert contents(there, now)["timers"] == contents(here, now)["timers"]


def summed(folder: Path) -> klein.Flow:
    rows = klein.read_json(folder / "in", schema="key: int64, n: int64", watch="5ms", name="rows")
    return rows.key_by("key").process(Sum, name="sum").write_json(folder / "out", mode="append")


KEYS = 20_000


def put_keys(folder: Path, name: str, n: int) -> None:
    put_rows(folder / "in", f"{name}.json", ({"key": key, "n": n} for key in range(KEYS)))


@pytest.mark.parametrize("again", [None, "64KB"])
def test_a_job_goes_on_from_what_was_on_disk_at_other_cores_and_with_other_memory(
    tmp_path: Path, again: str | None
) -> None:
    state = tmp_path / "state"
    put_keys(tmp_path, "a", 1)
    put_keys(tmp_path, "b", 2)
    job = summed(tmp_path).start(checkpoint=state, interval="100ms", cores=1, state_memory="64KB")
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= 2 * KEYS)
    job.stop()
    job.wait()
    assert sum(each["rows"] for each in manifest(state)["tables"]["sum"]["state.total"]) >= KEYS
    put_keys(tmp_path, "c", 3)
    job = summed(tmp_path).start(checkpoint=state, interval="100ms", cores=3, state_memory=again)
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= 3 * KEYS)
    job.stop()
    job.wait()
    totals = sorted(row["total"] for row in rows_in(tmp_path / "out"))
    assert totals == sorted([1, 3, 6] * KEYS)


def test_a_batch_gives_the_same_rows_with_little_memory_for_state() -> None:
    class Latest:
        seen = klein.map_state("int64", "string")
        all = klein.list_state("int64")

        def on_row(self, row: dict[str, Any], ctx: klein.Context) -> dict[str, Any]:
            self.seen[row["id"] % 3] = str(row["id"])
            self.all.append(row["id"])
            return {"key": ctx.key, "seen": str(sorted(self.seen.items())), "all": list(self.all)}

    id = klein.col("id")
    rows = klein.range(30_000).with_columns(key=id - id / 3000 * 3000).key_by("key").process(Latest)
    results = []
    for memory in (None, 100_000):
        out: list[Any] = []
        rows.map(lambda row, out=out: out.append(row) or row).discard().run(progress=False, state_memory=memory)
        results.append(sorted(out, key=lambda row: (row["key"], len(row["all"]))))
    assert len(results[0]) == 30_000
    assert results[0] == results[1]


def test_the_status_tells_how_large_state_is_and_the_folder_is_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    put_keys(tmp_path, "a", 1)
    job = summed(tmp_path).start(state_memory="1MB")

    def step() -> dict[str, Any]:
        return next(each for each in job.status()["steps"] if each["name"] == "sum")

    wait_until(lambda: bool(step()["state_memory"]))
    assert step()["state_disk"] is not None
    assert [path.name.startswith("klein-state-") for path in scratch.iterdir()] == [True]
    job.stop()
    job.wait()
    assert list(scratch.iterdir()) == []
    assert next(each for each in job.status()["steps"] if each["name"] == "rows")["state_memory"] is None


def test_state_memory_has_to_be_a_size() -> None:
    flow = klein.range(3).key_by("id").process(lambda row, ctx: row).discard()
    with pytest.raises(klein.InvalidError, match="state_memory is bytes, or a size"):
        flow.run(state_memory="much", progress=False)
    with pytest.raises(klein.InvalidError, match="state_memory is a number of bytes, at least 1"):
        flow.run(state_memory=0, progress=False)


def test_a_type_that_can_not_be_kept_on_disk_is_refused_before_any_row() -> None:
    import pyarrow as pa

    flow = (
        klein.range(3)
        .key_by("id")
        .process(lambda row, ctx: row, kind=klein.value_state(pa.dictionary(pa.int8(), pa.string())))
    )
    with pytest.raises(klein.InvalidError, match="can't be kept on disk, declare another"):
        flow.discard().run(state_memory="1MB", progress=False)
