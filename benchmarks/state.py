"""What keyed state costs: an event in memory and on disk; and snapshots as the state grows, and a restart from them.

    python benchmarks/state.py [snapshots]
    python benchmarks/state.py disk [snapshots]

A stream sets a value for each of so many keys once, then changes some 10,000 of them between two snapshots, whatever
their number. A snapshot that held everything would grow with the keys; one of the changes stays as it is. The last run
is then gone on with, and the time until its first row is shown is what restoring its state costs. With `disk` there are
more keys, on disk but for 256 MB, and no restart takes more memory than that.

An event is one row that adds to its key's number, all keys in turn, so that one that was dropped from memory is always
the next to be asked for: nothing is colder. Each key has had one event before they are counted.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyklein as klein
from measure import child, report

KEYS = [30_000, 300_000, 1_000_000]
ON_DISK = [1_000_000, 5_000_000]
EVENTS = [
    ("memory", 200_000, ""),
    ("disk, hot", 200_000, "1GB"),
    ("memory", 1_000_000, ""),
    ("disk, cold", 1_000_000, "64MB"),
]
RATE, INTERVAL = 20_000, 0.5


class Last:
    value = klein.value_state("int64")

    def on_row(self, row: dict[str, int], ctx: klein.Context) -> None:
        self.value.value = row["id"]


def flow(keys: int) -> klein.Flow:
    """Every key once, then on and on at a rate."""
    number = klein.col("id")
    rows = klein.range(keys).then(klein.generate(rate=RATE).select("id"))
    return rows.with_columns(key=number - number / keys * keys).key_by("key").process(Last).discard()


class Total:
    total = klein.value_state("int64")

    def on_row(self, row: dict[str, int], ctx: klein.Context) -> None:
        self.total.value = (self.total.value or 0) + 1


def events(keys: str, memory: str) -> None:
    number, count = klein.col("id"), int(keys)
    rows = klein.range(5 * count).with_columns(key=number - number / count * count).key_by("key")
    job = rows.process(Total, name="total").discard().start(cores=1, state_memory=memory or None)

    def step() -> dict[str, float]:
        return next(each for each in job.status()["steps"] if each["name"] == "total")

    while (begun := step())["rows_in"] < count:
        time.sleep(0.005)
    report = job.wait(progress=False)
    ended = report.steps["total"]
    cpu, rows_in = ended.cpu_seconds - begun["cpu_seconds"], ended.rows_in - begun["rows_in"]
    print(json.dumps({"microseconds": cpu / rows_in * 1e6, "peak_memory": report.peak_memory}))


def stored(state: Path, epoch: int) -> tuple[int, int]:
    """Rows of state and bytes that were written for this epoch alone."""
    try:
        manifest = json.loads((state / "manifest" / f"{epoch:012d}").read_bytes().partition(b"\n")[2])
    except FileNotFoundError:  # it is forgotten again
        return 0, 0
    tables = [each for named in manifest["tables"].values() for all in named.values() for each in all]
    own = [each for each in tables if each["key"].startswith(f"batches/{epoch:012d}/")]
    return sum(each["rows"] for each in own), sum(each["bytes"] for each in own)


def run(folder: str, keys: str, snapshots: str, memory: str) -> None:
    state = Path(folder) / "state"
    begun = time.monotonic()
    job = flow(int(keys)).start(checkpoint=state, interval=INTERVAL, cores=1, state_memory=memory or None)
    resumed = bool(job.status()["snapshots"]["resumed_from"])
    while job.status()["rows_in"] == 0:
        time.sleep(0.001)
    first = time.monotonic() - begun
    while not resumed and job.status()["rows_in"] < int(keys):
        time.sleep(0.01)
    seen: dict[int, tuple[float, int, int]] = {}
    while not resumed and len(seen) < int(snapshots) + 1:
        last = job.status()["snapshots"]["last"]
        if last and last["epoch"] not in seen:
            seen[last["epoch"]] = (last["seconds"], *stored(state, last["epoch"]))
        time.sleep(0.005)
    job.stop()
    peak = job.wait().peak_memory
    changes = [each for each in seen.values() if 0 < each[1] < int(keys)]  # without those that hold everything
    print(
        json.dumps(
            {
                "first_row_seconds": first,
                "peak_memory": peak,
                "seconds": statistics.median(each[0] for each in changes) if changes else None,
                "rows": statistics.median(each[1] for each in changes) if changes else None,
                "bytes": statistics.median(each[2] for each in changes) if changes else None,
                "whole_bytes": max(each[2] for each in seen.values()) if seen else None,
            }
        )
    )


def main(snapshots: int, memory: str) -> None:
    for where, keys, room in EVENTS if memory else []:
        done = child("state.py", "events", str(keys), room)
        report(
            "state_events",
            where=where,
            keys=keys,
            microseconds_an_event=round(done["microseconds"], 2),
            peak_megabytes=done["peak_memory"] >> 20,
        )
    base = None
    for keys in ON_DISK if memory else KEYS:
        folder = tempfile.mkdtemp(prefix="klein-bench-")
        done = child("state.py", "run", folder, str(keys), str(snapshots), memory)
        again = child("state.py", "run", folder, str(keys), "0", memory)
        shutil.rmtree(folder)
        base = base or done
        report(
            "state",
            keys=keys,
            snapshot_ms=round(done["seconds"] * 1000, 1),
            changed_rows=round(done["rows"]),
            bytes_a_changed_row=round(done["bytes"] / done["rows"], 1),
            microseconds_a_changed_row=round(done["seconds"] * 1e6 / done["rows"], 1),
            over_fewest_keys=round(done["seconds"] / done["rows"] / (base["seconds"] / base["rows"]), 2),
            all_kilobytes=round(done["whole_bytes"] / 1000),
            restart_seconds=round(again["first_row_seconds"], 2),
            peak_megabytes=done["peak_memory"] >> 20,
            restart_peak_megabytes=again["peak_memory"] >> 20,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:])
    elif sys.argv[1:2] == ["events"]:
        events(*sys.argv[2:])
    else:
        words = sys.argv[1:]
        on_disk = words[:1] == ["disk"]
        main(int(words[on_disk]) if len(words) > on_disk else 10, "256MB" if on_disk else "")
