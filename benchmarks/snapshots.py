"""What snapshots cost: a job with one every second against the same job without, in CPU-seconds, interleaved.

    python benchmarks/snapshots.py [rounds]

The job is the worst of its kind: rows of 3 kB through a function of two milliseconds a batch into Parquet, in a stream,
so that each snapshot closes a file, makes it durable, and stores what is between the tasks.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyklein as klein
from measure import child, report, spread

ROWS = 1_000_000


def blur(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    values = batch["id"][:, None] * np.ones(64)
    for _ in range(30):
        values = np.sqrt(values * values + 1)
    return {"id": batch["id"], "mean": values.mean(axis=1)}


def run(folder: str, checkpoint: str) -> None:
    flow = klein.range(ROWS).map_batches(blur, batch_size=4096).write_parquet(Path(folder) / "out", mode="append")
    options = {"checkpoint": Path(folder) / "state", "interval": "1s"} if checkpoint == "with" else {}
    done = flow.run(mode="stream", progress=False, cores=1, **options).to_dict()
    import json

    print(json.dumps({"seconds": done["seconds"], **done["snapshots"]}))


def main(rounds: int) -> None:
    ratios, longest, snapshots, largest = [], [], 0, 0
    for number in range(rounds):
        spent = {}
        for way in ("with", "without") if number % 2 else ("without", "with"):
            folder = tempfile.mkdtemp(prefix="klein-snapshots-")
            done = child("snapshots.py", "run", folder, way)
            spent[way] = done["process_cpu"]
            if way == "with":
                longest.append(done["longest_seconds"])
                snapshots += done["sealed"]
                largest = max(largest, done["largest_bytes"])
            shutil.rmtree(folder)
        ratios.append(spent["with"] / spent["without"])
    report(
        "snapshots",
        cpu_ratio=spread(ratios),
        wanted=1.02,
        longest_seconds=spread(longest),
        snapshots=snapshots,
        largest_bytes=largest,
        rounds=rounds,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
