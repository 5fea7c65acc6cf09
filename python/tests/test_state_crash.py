"""State on disk in real processes: killed at random moments no key is lost, and memory stays bounded."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROWS, KEYS = 60_000, 9_000

SEQUENCE = f"""
import sys
import pyklein as klein

class Sequence:
    n = klein.value_state("int64")
    last = klein.list_state("int64")

    def on_row(self, row, ctx):
        self.n.value = (self.n.value or 0) + 1
        self.last.append(row["id"])
        return {{"key": ctx.key, "n": self.n.value, "sum": sum(self.last)}}

folder, cores, memory = sys.argv[1:]
number = klein.col("id")
rows = klein.generate(count={ROWS}, rate=30_000, seed=1).with_columns(key=number - number / {KEYS} * {KEYS})
rows = rows.select("id", "key").key_by("key").process(Sequence).write_json(folder + "/out", mode="append")
rows.run(checkpoint=folder + "/state", interval="20ms", mode="stream", cores=int(cores), progress=False,
         state_memory=memory)
"""


def test_killed_at_random_moments_every_key_goes_on_where_it_was(tmp_path: Path) -> None:
    seeded = random.Random(11)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    kills = 0
    while True:
        memory = seeded.choice(["50KB", "500KB", "500MB"])
        command = [sys.executable, "-c", SEQUENCE, tmp_path, str(seeded.randint(1, 3)), memory]
        process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(scratch)})
        try:
            process.wait(timeout=seeded.uniform(0.5, 1.5) if kills < 6 else 120)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert process.returncode == 0
    assert kills >= 3
    assert list(scratch.iterdir()) == []  # what the killed ones left was removed
    shown = [json.loads(line) for path in (tmp_path / "out").rglob("part-*") for line in path.read_text().splitlines()]
    expected = []
    for key in range(KEYS):
        total = 0
        for n, id in enumerate(range(key, ROWS, KEYS), 1):
            total += id
            expected.append({"key": key, "n": n, "sum": total})
    assert sorted(shown, key=lambda row: (row["key"], row["n"])) == expected


LARGE = """
import json, sys
import pyklein as klein

class Text:
    text = klein.value_state("string")

    def on_row(self, row, ctx):
        if self.text.value is None:
            self.text.value = f"{row['id']:0400d}"

folder, rows, memory = sys.argv[1], int(sys.argv[2]), sys.argv[3] or None

def run(rows, **options):
    flow = klein.range(rows).then(klein.range(1000)).key_by("id").process(Text).discard()
    return flow.run(cores=1, memory="8MB", progress=False, state_memory=memory, **options)

def peak():  # of this program alone: getrusage tells that of the one that began it
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

run(10)
base = peak()
report = run(rows, checkpoint=folder, interval="300ms", mode="stream")
print(json.dumps({"grown": (peak() - base) * 1024, "snapshots": report.to_dict()["snapshots"]["sealed"]}))
"""


def test_memory_stays_bounded_where_state_is_many_times_as_large(tmp_path: Path) -> None:
    def grown(memory: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", LARGE, str(tmp_path / f"state{memory}"), "300000", memory],
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["snapshots"] >= 1
        return found

    bounded, unbounded = grown("12MB"), grown("")
    assert unbounded["grown"] > 100e6
    assert bounded["grown"] < unbounded["grown"] / 2
