"""Rows of a key keep the order in which their source gave them, over a kill and over several tasks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from live_files import put_rows, rows_in

KEYS, ROWS = 3, 60_000

PROGRAM = f"""
import sys, time
import pyklein as klein

class Follows:
    last = klein.value_state("int64")

    def on_row(self, row, ctx):
        was, self.last.value = self.last.value, row["n"]
        if row["n"] == {ROWS - 1} or (was is not None and row["n"] != was + 1):
            return {{"key": ctx.key, "was": was, "n": row["n"]}}

def slow(row):
    time.sleep(float(sys.argv[2]))
    return row

folder = sys.argv[1]
rows = klein.read_json(folder + "/in", schema="n: int64, key: int64", watch="50ms").map(slow)
checked = rows.key_by("key").process(Follows, schema={{"key": int, "was": int, "n": int}})
checked.write_json(folder + "/out", mode="append").run(
    checkpoint=folder + "/state", interval="50ms", cores=4, progress=False)
"""


def rows_on_their_way(state: Path) -> int:
    """In the newest snapshot."""
    for path in sorted((state / "manifest").glob("*"), reverse=True):
        text = path.read_bytes().partition(b"\n")[2]
        if text:
            return sum(each["rows"] for stored in json.loads(text)["in_flight"].values() for each in stored)
    return 0


def test_rows_of_a_key_keep_their_order_when_a_job_with_rows_on_their_way_is_killed(tmp_path: Path) -> None:
    for key in range(KEYS):  # a split has one key
        put_rows(tmp_path / "in", f"{key}.json", ({"n": n, "key": key} for n in range(ROWS)))

    def start(pause: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path, pause])

    job, end = start("0.0001"), time.monotonic() + 60
    while not (tmp_path / "state" / "manifest").exists() or rows_on_their_way(tmp_path / "state") < 20_000:
        assert job.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    job.send_signal(signal.SIGKILL)
    job.wait()
    job = start("0")
    while sum(row["n"] == ROWS - 1 for row in rows_in(tmp_path / "out")) < KEYS:
        assert job.poll() is None
        time.sleep(0.01)
    job.send_signal(signal.SIGINT)
    job.wait()
    assert [row for row in rows_in(tmp_path / "out") if row["was"] != ROWS - 2] == []
