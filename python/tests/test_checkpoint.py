"""Runs with a checkpoint: stopped, killed and gone on with; every row once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pyklein as klein
import pytest

ROWS = 6000


def ids(folder: Path) -> list[int]:
    return sorted(pq.read_table(folder)["id"].to_pylist()) if list(folder.glob("*.parquet")) else []


def slow(row: dict) -> dict:
    time.sleep(0.0002)
    return row


def job(folder: Path) -> klein.Flow:
    return klein.range(ROWS).map(slow, name="slow").write_parquet(folder / "out")


def test_a_run_that_is_interrupted_goes_on_where_it_stopped(tmp_path: Path) -> None:
    started = job(tmp_path).start(checkpoint=tmp_path / "state", cores=1)
    while started.metrics()["rows_out"] == 0 and started.status()["state"] == "running":
        time.sleep(0.01)
    started.stop()
    first = started.wait()
    assert first.stopped and first.to_dict()["snapshots"]["sealed"] == 1
    assert ids(tmp_path / "out") == []  # a batch is shown when all of it is there
    second = job(tmp_path).run(checkpoint=tmp_path / "state", cores=2, progress=False)
    assert second.to_dict()["resumed_from"] > 0
    assert 0 < second.rows_in < ROWS  # what went on before is not read again
    assert ids(tmp_path / "out") == list(range(ROWS))
    assert not list((tmp_path / "out").glob(".klein-*"))


def test_a_run_that_has_finished_is_not_run_again_unless_asked(tmp_path: Path) -> None:
    flow = klein.range(10).write_parquet(tmp_path / "out", mode="overwrite")
    assert flow.run(checkpoint=tmp_path / "state").rows_in == 10
    again = flow.run(checkpoint=tmp_path / "state")
    assert again.rows_in == 0 and "finished before" in str(again)
    assert flow.run(checkpoint=tmp_path / "state", restart=True).rows_in == 10
    assert ids(tmp_path / "out") == list(range(10))


def test_a_changed_program_is_refused_with_what_has_no_place_in_it(tmp_path: Path) -> None:
    started = job(tmp_path).start(checkpoint=tmp_path / "state", cores=1)
    while started.metrics()["rows_out"] == 0 and started.status()["state"] == "running":
        time.sleep(0.01)
    started.stop()
    started.wait()
    other = klein.from_items([1], name="items").write_parquet(tmp_path / "out")
    with pytest.raises(
        klein.InvalidError, match=r"the program has changed.*'items' is new.*'range'.*is gone.*restart=True"
    ):
        other.run(checkpoint=tmp_path / "state")
    other.run(checkpoint=tmp_path / "state", restart=True)


def test_a_savepoint_is_where_other_jobs_begin(tmp_path: Path) -> None:
    def flow(out: str) -> klein.Flow:
        return klein.range(ROWS).map(slow, name="slow").write_parquet(tmp_path / out, mode="append")

    started = flow("first").start(checkpoint=tmp_path / "state", cores=1, mode="stream", interval="20ms")
    while not ids(tmp_path / "first") and started.status()["state"] == "running":
        time.sleep(0.01)
    started.stop(savepoint=tmp_path / "saved")
    assert started.wait().stopped
    shown = ids(tmp_path / "first")
    for name in ("a", "b"):
        job = flow(name).start(checkpoint=tmp_path / f"state-{name}", from_savepoint=tmp_path / "saved", mode="stream")
        assert job.wait().to_dict()["resumed_from"] > 0
        assert ids(tmp_path / name) == list(range(len(shown), ROWS))
    with pytest.raises(klein.InvalidError, match="holds something"):
        flow("c").start(checkpoint=tmp_path / "c", mode="stream").stop(savepoint=tmp_path / "saved")
    with pytest.raises(klein.InvalidError, match="holds no snapshot"):
        flow("d").start(checkpoint=tmp_path / "d", from_savepoint=tmp_path / "none")


def test_a_second_job_on_a_checkpoint_in_use_is_refused(tmp_path: Path) -> None:
    started = job(tmp_path).start(checkpoint=tmp_path / "state")
    with pytest.raises(klein.Error, match="another job that runs now uses this checkpoint"):
        klein.range(3).discard().run(checkpoint=tmp_path / "state")
    started.stop(now=True)
    started.wait()


def test_a_function_that_raises_loses_nothing_that_was_snapshotted(tmp_path: Path) -> None:
    broken = [True]

    def breaks(row: dict) -> dict:
        if broken[0] and row["id"] == 4000:
            raise RuntimeError("the disk of the model's cache is full")
        return slow(row)

    flow = klein.range(ROWS).map(breaks, name="slow").write_parquet(tmp_path / "out")
    with pytest.raises(RuntimeError, match="cache is full"):
        flow.run(checkpoint=tmp_path / "state", interval="50ms", cores=1, progress=False)
    broken[0] = False
    report = flow.run(checkpoint=tmp_path / "state", progress=False)
    assert report.rows_in < ROWS
    assert ids(tmp_path / "out") == list(range(ROWS))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": "1s"}, "interval= is about snapshots"),
        ({"restart": True}, "restart= is about snapshots"),
        ({"checkpoint": "s3://bucket/state"}, "a local folder"),
        ({"checkpoint": "state", "interval": "often"}, 'like "30s"'),
        ({"checkpoint": "state", "interval": 0}, 'like "30s"'),
    ],
)
@pytest.mark.filterwarnings("ignore::pyklein.errors.NotRunWarning")
def test_options_that_can_not_hold_are_refused(options: dict, message: str) -> None:
    with pytest.raises(klein.InvalidError, match=message):
        klein.range(1).discard().run(**options)


PROGRAM = f"""
import sys, time
import pyklein as klein

def slow(row):
    time.sleep(0.0002)
    return row

if __name__ == "__main__":
    folder, mode = sys.argv[1:]
    target = "append" if mode == "stream" else "error"
    flow = klein.range({ROWS}).map(slow, name="slow").write_parquet(folder + "/out", mode=target)
    report = flow.run(checkpoint=folder + "/state", interval="40ms", mode=mode, progress=False)
    sys.exit(3 if report.stopped else 0)
"""


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_a_process_killed_again_and_again_writes_every_row_once(tmp_path: Path, mode: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    seeded = random.Random(mode)
    kills = 0
    for _ in range(100):
        process = subprocess.Popen([sys.executable, program, tmp_path, mode], env=os.environ)
        try:
            # On a busy machine a process takes long to start: each is given a little longer.
            process.wait(timeout=seeded.uniform(0.15, 0.6) * (1 + kills / 10))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            written = ids(tmp_path / "out")
            assert len(written) == len(set(written))  # a reader sees no row twice, at no time
            continue
        assert process.returncode == 0
        break
    else:
        raise AssertionError("killed a hundred times, it never came to its end")
    assert kills > 3
    assert ids(tmp_path / "out") == list(range(ROWS))
    assert not list((tmp_path / "out").glob(".klein-*"))


def test_a_flow_that_fails_ends_the_others_though_their_sources_sleep() -> None:
    def boom(row: dict) -> dict:
        raise RuntimeError("boom")

    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="boom"):
        klein.run(klein.range(5).map(boom).discard(), klein.generate(rate=0.02).discard(), progress=False)
    assert time.monotonic() - begun < 20  # its source wakes by itself after fifty seconds
