"""What holds for functions wherever they run: in this process, and in workers that are killed all the time."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow
import pyklein as klein
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def odd_fails(batch):
    if any(n % 97 == 96 for n in batch["n"]):
        raise ValueError("a bad row")
    return {"n": batch["n"] + 1}


def row_fails(row):
    if row["n"] % 97 == 96:
        raise ValueError("a bad row")
    return {"n": row["n"] + 1}


def spread_out(row):
    for _ in range(row_fails(row)["n"] % 3):
        yield row


KINDS: dict[str, Callable[..., Any]] = {
    "map": lambda flow, **options: flow.map(row_fails, **options),
    "map_batches": lambda flow, **options: flow.map_batches(odd_fails, batch_size=50, **options),
    "flat_map": lambda flow, **options: flow.flat_map(spread_out, **options),
    "filter": lambda flow, **options: flow.filter(lambda row: row_fails(row)["n"] % 2, **options),
    "two": lambda flow, **options: flow.map(row_fails, **options).filter(lambda row: row["n"] > 5, **options),
}


def cut(rows: int, seed: int) -> pyarrow.Table:
    """`rows` numbers in batches of any sizes."""
    choose, left, sizes = random.Random(seed), rows, []
    while left > 0:
        sizes.append(min(left, choose.choice([1, 1, 2, 7, 100])))
        left -= sizes[-1]
    batches, first = [], 0
    for size in sizes:
        batches.append(pyarrow.record_batch({"n": list(range(first, first + size))}))
        first += size
    return pyarrow.Table.from_batches(batches)


@pytest.mark.parametrize("kind", KINDS)
def test_both_isolations_give_the_same_rows_and_dead_letters_however_input_is_cut(kind: str) -> None:
    flow = klein.from_arrow(cut(600, seed=len(kind)))
    answers = []
    for isolation in ("thread", "process"):
        good, bad = KINDS[kind](flow, isolation=isolation, on_error="dead_letter").split_errors()
        answers.append((good.take_all(), bad.take_all()))
    assert answers[0] == answers[1]
    assert answers[0][1] or kind == "two"  # its first step's letters are not the last one's


PROGRAM = """
import os, sys, time
import pyklein as klein
from pathlib import Path

def note(row):
    Path("alive", str(os.getpid())).touch()
    time.sleep(0.001)
    return {"id": row["id"], "pid": os.getpid()}

klein.range(6000).map(note, isolation="process", batch_size=20).write_parquet("out").run(
    checkpoint="state", interval="100ms", cores=2, progress=False)
"""


def at_work(folder: Path) -> list[int]:
    """Workers that have been called: one that is killed while it starts is a worker that can't start."""
    pids = [int(each.name) for each in (folder / "alive").iterdir()]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_workers_and_their_job_may_be_killed_at_any_time_and_each_row_comes_once(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(PROGRAM)
    (tmp_path / "alive").mkdir()
    choose = random.Random(3)
    for attempt in range(20):
        with subprocess.Popen([sys.executable, "job.py"], cwd=tmp_path) as job:
            ended, kills = threading.Event(), 0
            waiter = threading.Thread(target=lambda job=job, ended=ended: (job.wait(), ended.set()))
            waiter.start()
            while not ended.wait(choose.uniform(0.05, 0.4)):
                if kills < 4 and (workers := at_work(tmp_path)):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(choose.choice(workers), signal.SIGKILL)
                    kills += 1
                if kills == 2 and attempt < 2:
                    job.kill()
            waiter.join()
        if job.returncode == 0:
            break
    assert job.returncode == 0
    assert attempt >= 1, "the job was never killed"
    rows = klein.read_parquet(str(tmp_path / "out" / "*.parquet")).take_all()
    assert sorted(row["id"] for row in rows) == list(range(6000))
