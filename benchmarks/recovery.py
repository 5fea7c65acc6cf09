"""What a kill costs: a stream that is killed again and again, started anew each time, until all of its rows are shown.

    python benchmarks/recovery.py [kills]

Prints the time from the start of the new process to its first newly shown rows, the same for a program that has never
been killed (what a start costs anyway), and how many rows were lost or doubled. Rows come through a Python function of
a tenth of a millisecond a row, a snapshot every 100 ms.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from measure import report, spread

ROWS = 60_000


def work(folder: str) -> None:
    import pyklein as klein

    def slow(row: dict[str, int]) -> dict[str, int]:
        end = time.perf_counter() + 1e-4
        while time.perf_counter() < end:
            pass
        return row

    flow = klein.range(ROWS).map(slow).write_parquet(folder + "/out", mode="append")
    flow.run(mode="stream", checkpoint=folder + "/state", interval="100ms", progress=False, cores=1)


def shown(folder: str) -> int:
    return len(list(Path(folder, "out").glob("*.parquet")))


def start_and_watch(folder: str) -> tuple[subprocess.Popen[bytes], float]:
    """A new process, and the seconds until it has shown something that was not there before."""
    before = shown(folder)
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "work", folder])
    while shown(folder) <= before and process.poll() is None:
        time.sleep(0.002)
    return process, time.perf_counter() - begun


def main(kills: int) -> None:
    seeded = random.Random(7)
    folder = tempfile.mkdtemp(prefix="klein-recovery-")
    process, first = start_and_watch(folder)
    recovered = []
    for _ in range(kills):
        time.sleep(seeded.uniform(0, 0.3))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process, seconds = start_and_watch(folder)
        recovered.append(seconds)
    process.wait()
    if process.returncode != 0:
        sys.exit("the last process failed")
    ids = pq.read_table(Path(folder, "out"))["id"].to_pylist()
    report(
        "recovery",
        kills=len(recovered),
        seconds_to_first_row=spread(recovered),
        never_killed=first,
        wanted=1.0,
        lost=ROWS - len(set(ids)),
        doubled=len(ids) - len(set(ids)),
    )
    shutil.rmtree(folder)
    if len(set(ids)) != ROWS or len(ids) != ROWS:
        sys.exit("rows were lost or doubled")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1] / "python"))
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
