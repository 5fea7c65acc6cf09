"""Text, JSON, CSV and binary files as Python sees them: read, written, rolled, and every row once over kills."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyklein as klein
import pytest
from live_files import rows_in, wait_until

ROWS = [
    {"id": 1, "name": "one", "at": 0.5},
    {"id": 2, "name": None, "at": 1.5},
    {"id": 3, "name": "three, or so", "at": None},
]


def shown(folder: Path) -> list[Path]:
    """The files that a reader sees."""
    return sorted(path for path in folder.rglob("part-*") if ".klein-" not in str(path))


@pytest.mark.parametrize("kind", ["json", "csv", "parquet"])
def test_rows_are_read_back_as_they_were_written(tmp_path: Path, kind: str) -> None:
    flow = klein.from_items(ROWS)
    getattr(flow, f"write_{kind}")(tmp_path / "out").run(progress=False)
    assert getattr(klein, f"read_{kind}")(tmp_path / "out").take_all() == ROWS
    with pytest.raises(klein.InvalidError, match=r"already holds 1 \*.* file"):
        getattr(flow, f"write_{kind}")(tmp_path / "out").run(progress=False)
    getattr(flow, f"write_{kind}")(tmp_path / "out", mode="overwrite").run(progress=False)
    assert len(shown(tmp_path / "out")) == 1


def test_lines_are_text_and_text_is_lines(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("first\nsecond\n")
    with gzip.open(tmp_path / "b.log.gz", "wt") as file:
        file.write("third\n")
    lines = klein.read_text(tmp_path)
    assert [row["line"] for row in lines.take_all()] == ["first", "second", "third"]
    lines.write_text(tmp_path / "out").run(progress=False)
    assert "".join(path.read_text() for path in shown(tmp_path / "out")).splitlines() == ["first", "second", "third"]


def test_a_file_of_bytes_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00\xff")
    assert klein.read_binary(tmp_path).take_all() == [{"path": str(tmp_path / "a.bin"), "bytes": b"\x00\xff"}]


def test_a_file_whose_name_is_no_text_is_read_named_and_read_on_after_a_stop(tmp_path: Path) -> None:
    names = [os.fsdecode(b"\xff%02d.bin" % i) for i in range(40)]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).write_bytes(b"x")

    def name_of(row: dict) -> dict:
        return {"name": Path(row["path"]).name, "size": Path(row["path"]).stat().st_size}

    flow = klein.read_binary(tmp_path / "in").map(name_of)
    assert flow.take_all() == [{"name": name, "size": 1} for name in names]
    numbered = flow.map(lambda row: {"n": int(row["name"][1:3])}).write_json(tmp_path / "out", mode="append")
    job = numbered.start(checkpoint=tmp_path / "state", mode="stream", interval="1ms", cores=1)
    wait_until(lambda: job.status()["snapshots"]["sealed"] > 0)
    job.stop()
    job.wait()
    numbered.run(checkpoint=tmp_path / "state", mode="stream", progress=False)
    assert sorted(row["n"] for row in rows_in(tmp_path / "out")) == list(range(40))
    with pytest.raises(ZeroDivisionError) as raised:
        klein.read_binary(tmp_path / "in").map(lambda row: 1 / 0).take_all()
    assert r"\xff" in raised.value.__notes__[0]


def test_values_that_do_not_fit_name_their_file_and_row(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"id": 1}\n{"id": "two"}\n')
    with pytest.raises(klein.CorruptError, match=r"a\.json:1.*schema="):
        klein.read_json(tmp_path, schema="id: int64").take_all()
    (tmp_path / "a.csv").write_text("id\n1\ntwo\n")
    with pytest.raises(klein.CorruptError, match=r"a\.csv:1.*two"):
        klein.read_csv(tmp_path, schema="id: int64").take_all()
    (tmp_path / "a.txt").write_bytes(b"good\nb\xff\n")
    with pytest.raises(klein.CorruptError, match=r"a\.txt:1: the line is not UTF-8"):
        klein.read_text(tmp_path).take_all()


def test_folders_stand_for_the_values_they_are_named_by(tmp_path: Path) -> None:
    flow = klein.from_items([{"id": n, "day": f"2026-01-0{1 + n % 3}"} for n in range(9)])
    flow.write_json(tmp_path / "out", partition_by="day").run(progress=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"day=2026-01-0{n}" for n in (1, 2, 3)]
    assert klein.read_json(tmp_path / "out/day=2026-01-02").take_all() == [{"id": 1}, {"id": 4}, {"id": 7}]
    with pytest.raises(klein.NotFoundError, match="'dya'"):
        flow.write_json(tmp_path / "other", partition_by="dya").run(progress=False)


def test_a_stream_with_quick_snapshots_leaves_few_files(tmp_path: Path) -> None:
    flow = klein.generate(rate=2000).write_json(tmp_path / "out", roll_interval="1h", roll_rows=1000)
    job = flow.start(checkpoint=tmp_path / "state", interval="20ms", cores=1)
    while len(shown(tmp_path / "out")) < 2:
        assert job.status()["state"] == "running"
        time.sleep(0.01)
    job.stop()
    report = job.wait().to_dict()
    files = shown(tmp_path / "out")
    assert report["snapshots"]["sealed"] > 8
    assert [len(path.read_text().splitlines()) for path in files[:2]] == [1000, 1000]
    assert len(files) <= 4  # what was open is shown when the job is stopped
    assert not list((tmp_path / "out").glob(".klein-*"))
    ids = [json.loads(line)["id"] for path in files for line in path.read_text().splitlines()]
    assert ids == list(range(len(ids)))


@pytest.mark.parametrize("options", [{"roll_interval": "soon"}, {"roll_rows": 0}, {"partition_by": "_hidden"}])
@pytest.mark.filterwarnings("ignore::pyklein.errors.NotRunWarning")
def test_options_that_can_not_hold_are_refused(tmp_path: Path, options: dict) -> None:
    with pytest.raises(klein.InvalidError, match=next(iter(options))):
        klein.range(3).write_json(tmp_path / "out", **options).run(progress=False)


NUMBERS = 6000

PROGRAM = f"""
import sys, time
import pyklein as klein

def slow(row):
    time.sleep(0.0002)
    return row

if __name__ == "__main__":
    folder, kind, mode = sys.argv[1:]
    numbers = klein.read_json(folder + "/in.json", schema="id: int64") if kind == "json" else klein.range({NUMBERS})
    write = getattr(numbers.map(slow, name="slow"), "write_" + kind)
    flow = write(folder + "/out", mode="append", roll_interval="300ms", roll_rows=1500)
    report = flow.run(checkpoint=folder + "/state", interval="20ms", mode=mode, progress=False)
    sys.exit(3 if report.stopped else 0)
"""


def ids(folder: Path, kind: str) -> list[int]:
    if not shown(folder):
        return []
    options = {} if kind == "parquet" else {"schema": "id: int64"}
    return sorted(row["id"] for row in getattr(klein, f"read_{kind}")(folder, **options).take_all())


@pytest.mark.parametrize(
    ("kind", "mode"), [("json", "stream"), ("csv", "stream"), ("parquet", "stream"), ("csv", "batch")]
)
def test_a_process_killed_again_and_again_shows_every_row_once_in_files_that_roll(
    tmp_path: Path, kind: str, mode: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    (tmp_path / "in.json").write_text("".join(f'{{"id": {n}}}\n' for n in range(NUMBERS)))
    seeded = random.Random(kind + mode)
    kills = 0
    for _ in range(100):
        process = subprocess.Popen([sys.executable, program, tmp_path, kind, mode], env=os.environ)
        try:
            # On a machine that is busy with other things it must come further before the next kill, or it never ends.
            process.wait(timeout=seeded.uniform(0.15, 0.6) * (1 + kills / 10))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            written = ids(tmp_path / "out", kind)
            assert len(written) == len(set(written))  # a reader sees no row twice, at no time
            continue
        assert process.returncode == 0
        break
    else:
        raise AssertionError("killed a hundred times, it never came to its end")
    assert kills > 3
    assert ids(tmp_path / "out", kind) == list(range(NUMBERS))
    assert not list((tmp_path / "out").glob(".klein-*"))


LINES = """
import sys
import pyklein as klein

report = klein.read_lines().write_text(sys.argv[1]).run(progress=False)
print(report.rows_in, report.stopped)
"""


def test_standard_input_is_read_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LINES, tmp_path / "out"]
    done = subprocess.run(command, input="one\ntwo\nthree", text=True, capture_output=True, timeout=60, check=True)
    assert done.stdout == "3 False\n"
    assert [line for path in shown(tmp_path / "out") for line in path.read_text().split()] == ["one", "two", "three"]


def test_lines_from_a_server_come_as_they_are_sent_and_a_stop_does_not_wait_for_more(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        lines = klein.read_lines(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        job = lines.write_json(tmp_path / "out").start(checkpoint=tmp_path / "state", interval="20ms")
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"first\nsecond\n")
            while not any(path.stat().st_size for path in shown(tmp_path / "out")):
                assert job.status()["state"] == "running"
                time.sleep(0.01)
            job.stop()
            assert job.wait().stopped
    assert klein.read_json(tmp_path / "out").take_all() == [{"line": "first"}, {"line": "second"}]


def test_a_server_that_is_not_there_is_an_error_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(
        klein.UnavailableError, match=rf"cannot connect to tcp://127\.0\.0\.1:{port}: Connection refused"
    ):
        klein.read_lines(f"tcp://127.0.0.1:{port}").discard().run(progress=False)
    assert time.monotonic() - begun < 5
