"""Files that come while a job runs, and a backlog before what is live: every row once, also over kills and stops."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pyarrow
import pyarrow.parquet
import pyklein as klein
import pytest
from live_files import put, put_rows, rows_in, wait_until
from PIL import Image


def put_ids(folder: Path, name: str, ids: range) -> None:
    put_rows(folder, name, ({"id": i} for i in ids))


def ids_in(folder: Path) -> list[int]:
    return sorted(row["id"] for row in rows_in(folder))


def test_files_that_come_are_read_once_over_a_stop(tmp_path: Path) -> None:
    inbox, out = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    flow = klein.read_json(inbox, schema="id: int64", watch="10ms").write_json(out, mode="append")

    def start() -> klein.Job:
        return flow.start(checkpoint=tmp_path / "state", interval="20ms")

    job = start()
    assert job.status()["mode"] == "stream"
    put_ids(inbox, "a.json", range(10))
    wait_until(lambda: ids_in(out) == list(range(10)))
    put_ids(inbox, "b.json", range(10, 20))
    wait_until(lambda: ids_in(out) == list(range(20)))
    job.stop()
    job.wait()
    put_ids(inbox, "c.json", range(20, 30))
    job = start()
    wait_until(lambda: ids_in(out) == list(range(30)))
    job.stop()
    job.wait()


PROGRAM = """
import sys
import pyklein as klein

folder = sys.argv[1]
rows = klein.read_json(folder + "/in", schema="id: int64", watch="5ms")
flow = rows.map(lambda row: row).write_json(folder + "/out", mode="append")
flow.run(checkpoint=folder + "/state", interval="15ms", cores=int(sys.argv[2]), progress=False)
"""


def test_files_that_come_are_read_once_over_kills(tmp_path: Path) -> None:
    seeded, files, rows = random.Random(7), 24, 50
    (tmp_path / "in").mkdir()
    for number in range(files):
        put_ids(tmp_path / "in", f"{number}.json", range(number * rows, (number + 1) * rows))
        if number % 3:
            continue
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path, str(seeded.randint(1, 3))])
        put_ids(tmp_path / "in", f"more-{number}.json", range(100_000 + number, 100_000 + number + 1))
        seen, more = len(ids_in(tmp_path / "out")), seeded.randint(1, 100)
        wait_until(lambda: len(ids_in(tmp_path / "out")) >= seen + more)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.wait()
    wanted = [*range(files * rows), *(100_000 + number for number in range(0, files, 3))]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path, "2"])
    wait_until(lambda: len(ids_in(tmp_path / "out")) >= len(wanted))
    process.send_signal(signal.SIGINT)
    process.wait()
    assert ids_in(tmp_path / "out") == wanted


def put_table(folder: Path, name: str) -> None:
    put(folder, name, lambda path: pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2]}), path))


KINDS: dict[str, tuple[Callable[[Path], klein.Flow], Callable[[Path, str], None], str, int]] = {
    "text": (
        lambda folder: klein.read_text(folder, watch="5ms"),
        lambda folder, name: put(folder, name, lambda path: path.write_text("a\nb\n")),
        "x.txt",
        2,
    ),
    "csv": (
        lambda folder: klein.read_csv(folder, schema="id: int64", watch="5ms"),
        lambda folder, name: put(folder, name, lambda path: path.write_text("id\n1\n2\n")),
        "x.csv",
        2,
    ),
    "binary": (
        lambda folder: klein.read_binary(folder, watch="5ms"),
        lambda folder, name: put(folder, name, lambda path: path.write_bytes(b"\0")),
        "x.bin",
        1,
    ),
    "images": (
        lambda folder: klein.read_images(folder, watch="5ms"),
        lambda folder, name: put(folder, name, lambda path: Image.new("RGB", (4, 3)).save(path, "png")),
        "x.png",
        1,
    ),
    "parquet": (lambda folder: klein.read_parquet(folder, watch="5ms"), put_table, "x.parquet", 2),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_file_may_come_later(tmp_path: Path, kind: str) -> None:
    read, write, name, rows = KINDS[kind]
    folder = tmp_path / "in"
    folder.mkdir()
    first = kind == "parquet"  # its columns are those of a file that is there
    if first:
        write(folder, "first." + name)
    seen = 0

    def count(batch: dict[str, object]) -> dict[str, object]:
        nonlocal seen
        seen += len(next(iter(batch.values())))  # type: ignore[arg-type]
        return batch

    job = read(folder).map_batches(count).discard().start()
    write(folder, name)
    wait_until(lambda: seen == rows * (2 if first else 1))
    job.stop()
    assert job.wait().rows_out == seen


def test_rows_of_a_file_that_comes_make_time_go_on_while_other_readers_have_none(tmp_path: Path) -> None:
    inbox, out = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    timed = klein.read_json(inbox, schema="id: int64", watch="5ms").with_event_time("id").key_by("id")
    windows = timed.window(klein.tumbling("10ms")).aggregate(n=klein.count()).select("id")
    job = windows.write_json(out, mode="append").start(checkpoint=tmp_path / "state", interval="10ms", cores=3)
    put_ids(inbox, "a.json", range(35))
    wait_until(lambda: len(ids_in(out)) >= 30)
    put_ids(inbox, "b.json", range(35, 45))
    wait_until(lambda: len(ids_in(out)) >= 40)
    job.stop()
    job.wait()
    assert ids_in(out) == list(range(45))[: len(ids_in(out))]


@pytest.mark.parametrize("cores", [1, 3])
def test_time_comes_as_far_as_the_last_of_many_files_that_came_at_once(tmp_path: Path, cores: int) -> None:
    for number in range(20):
        put_ids(tmp_path / "in", f"{number:02d}.json", range(number * 100, number * 100 + 100))
    timed = klein.read_json(tmp_path / "in", schema="id: int64", watch="5ms").with_event_time("id")
    windows = timed.window(klein.tumbling("100ms"), allowed_lateness="1h").aggregate(
        n=klein.count(), id=klein.max("id")
    )
    job = (
        windows.select("id")
        .write_json(tmp_path / "out", mode="append")
        .start(checkpoint=tmp_path / "state", interval="10ms", cores=cores)
    )
    wait_until(lambda: len(set(ids_in(tmp_path / "out"))) >= 19)
    job.stop()
    job.wait()


def test_what_can_not_be_watched_is_refused_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(klein.NotFoundError, match="there is no file or folder"):
        klein.read_text(tmp_path / "absent", watch="1s")
    with pytest.raises(klein.NotFoundError, match="the first one says what columns there are"):
        klein.read_parquet(tmp_path, watch="1s")
    with pytest.raises(klein.InvalidError, match=r"columns can't be known; give schema="):
        klein.read_json(tmp_path, watch="1s")
    with pytest.raises(klein.InvalidError, match="watch is at least 1ms"):
        klein.read_text(tmp_path, watch="1us")
    with pytest.raises(klein.InvalidError, match="never ends"):
        klein.read_text(tmp_path, watch="1s").discard().run(mode="batch")


def test_a_checkpoint_of_files_that_were_read_once_is_not_gone_on_with_by_a_watch(tmp_path: Path) -> None:
    put_ids(tmp_path / "in", "a.json", range(2000))
    stopping = Event()

    def held(row: dict[str, int]) -> dict[str, int]:
        stopping.wait()
        return row

    def flow(**options: str) -> klein.Flow:
        rows = klein.read_json(tmp_path / "in", schema="id: int64", name="rows", **options)
        return rows.map(held, name="held").write_json(tmp_path / "out", mode="append")

    job = flow().start(checkpoint=tmp_path / "state", mode="stream")
    job.stop()
    wait_until(lambda: job.status()["snapshots"]["sealed"] > 0)
    stopping.set()
    assert job.wait().stopped
    with pytest.raises(klein.InvalidError, match=r"read once and not looked at again.*restart=True"):
        flow(watch="1s").run(checkpoint=tmp_path / "state")


def test_then_gives_the_rows_of_the_second_flow_behind_those_of_the_first() -> None:
    first, second = klein.range(1000), klein.from_items([{"id": -1}, {"id": -2}])
    assert [row["id"] for row in first.then(second).take_all()] == [*range(1000), -1, -2]
    assert [row["id"] for row in second.then(first).then(klein.range(2)).take_all()] == [-1, -2, *range(1000), 0, 1]


def test_a_backlog_is_followed_by_what_is_live(tmp_path: Path) -> None:
    backlog, inbox, out = tmp_path / "backlog", tmp_path / "in", tmp_path / "out"
    put_ids(backlog, "old.json", range(5000))
    put_ids(inbox, "new.json", range(5000, 5010))
    read = {"schema": "id: int64"}
    flow = klein.read_json(backlog, **read).then(klein.read_json(inbox, watch="5ms", **read))
    job = flow.write_json(out, mode="append").start(checkpoint=tmp_path / "state", interval="10ms")
    put_ids(inbox, "newer.json", range(5010, 5020))
    wait_until(lambda: len(ids_in(out)) >= 5020)
    job.stop()
    job.wait()
    assert ids_in(out) == list(range(5020))


def test_then_is_refused_where_the_second_flow_would_never_begin(tmp_path: Path) -> None:
    live = klein.read_text(tmp_path, watch="1s")
    lines = klein.from_items([{"line": "a"}])
    with pytest.raises(klein.InvalidError, match="its first input never ends, so the second never begins; bound it"):
        live.then(lines)
    with pytest.raises(klein.InvalidError, match="both of its inputs come from the step 'from_arrow'"):
        lines.then(lines.filter(klein.col("line") == "a"))
    with pytest.raises(klein.InvalidError, match="its inputs must have the same columns"):
        lines.then(klein.range(3))
