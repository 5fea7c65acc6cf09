"""A job of three sinks, killed in real processes at random moments and in every step of its commits: nothing is lost,
doubled or out of order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyklein as klein

ROWS, KEYS = 8_000, 10
KILLS = 50

PROGRAM = f"""
import sys
import pyklein as klein

class Sequence:
    n = klein.value_state("int64")

    def on_row(self, row, ctx):
        self.n.value = (self.n.value or 0) + 1
        return {{"key": ctx.key, "n": self.n.value, "id": row["id"]}}

folder = sys.argv[1]
number = klein.col("id")  # no function before the keys: rows that are spread over functions may pass each other
rows = klein.generate(count={ROWS}, rate=20_000, seed=1).with_columns(key=number - number / {KEYS} * {KEYS})
rows = rows.select("id", "key")
keyed = rows.with_event_time("id").key_by("key")
windows = keyed.window(klein.tumbling("1s")).aggregate(n=klein.count())
klein.run(
    rows.write_csv(folder + "/rows", mode="append", roll_interval="100ms"),
    keyed.process(Sequence).write_parquet(folder + "/sequence", mode="append", roll_rows=2000),
    windows.write_json(folder + "/windows", mode="append"),
    checkpoint=folder + "/state", interval="15ms", mode="stream", cores=int(sys.argv[2]), progress=False)
"""

# The call, a word of its path, and what a process that is killed there was doing.
STAGES = [
    ("fsync", "batches", "storing rows on their way"),
    ("rename", "batches", "storing rows on their way"),
    ("fsync", ".klein", "staging"),
    ("link", "manifest", "sealing"),
    ("rename", "part-", "showing a file"),
    ("rename", "committed", "noting a commit"),
    ("unlink", "state", "removing what is old"),
]


class Crashes:
    """One job's processes, each killed as the seed says, until the job ends."""

    def __init__(self, folder: Path, killer: Path, seeded: random.Random) -> None:
        self.folder, self.killer, self.random = folder, killer, seeded
        self.kills: Counter[str] = Counter()

    def process(self, spare: bool) -> bool:
        """Whether it came to the job's end."""
        command = [sys.executable, "-c", PROGRAM, self.folder, str(self.random.randint(1, 3))]
        call, word, stage = self.random.choice(STAGES)
        environment = {**os.environ, "LD_PRELOAD": str(self.killer)}
        at_any_moment = not spare and self.random.random() < 0.3
        if not spare and not at_any_moment:
            when = self.random.choice(["before", "behind"])
            environment["KLEIN_KILL_AT"] = f"{call} {word} {self.random.randint(1, 8)} {when}"
            stage = f"{stage}, {when}"
        started = subprocess.Popen(command, env=environment)
        try:
            started.wait(timeout=self.random.uniform(0.2, 0.5) if at_any_moment else 60)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGKILL)
            started.wait()
            stage = "at any moment"
        if started.returncode == -signal.SIGKILL:
            self.kills[stage] += 1
            return False
        assert started.returncode == 0
        return True


def shown(folder: Path, kind: str, **options: object) -> list[dict]:
    if not any(".klein" not in str(path) for path in folder.rglob("part-*")):
        return []
    return getattr(klein, f"read_{kind}")(folder, **options).take_all()


def ids(folder: Path) -> list[int]:
    return [row["id"] for row in shown(folder / "rows", "csv", schema="id: int64, key: int64")]


def wrong(folder: Path) -> Counter[str]:
    """How many rows are lost, doubled and out of order, over all sinks."""
    found: Counter[str] = Counter()
    sequence = shown(folder / "sequence", "parquet")
    counted = shown(folder / "windows", "json")
    windows = Counter((row["key"], row["window_start"]) for row in counted for _ in range(row["n"]))
    for got, wanted in (
        (Counter(ids(folder)), Counter(range(ROWS))),
        (Counter(row["id"] for row in sequence), Counter(range(ROWS))),
        (windows, Counter((i % KEYS, i // 1000 * 1000) for i in range(ROWS))),
    ):
        found["lost"] += (wanted - got).total()
        found["doubled"] += (got - wanted).total()
    # The n-th row of a key is its n-th: what came before it was neither forgotten nor passed.
    found["out of order"] += sum(row["id"] != row["key"] + KEYS * (row["n"] - 1) for row in sequence)
    return found


def test_killed_fifty_times_and_in_every_step_of_a_commit_no_row_is_lost_doubled_or_out_of_order(
    tmp_path: Path, killer: Path
) -> None:
    seeded = random.Random(1)
    kills: Counter[str] = Counter()
    for number in range(30):
        crashes = Crashes(tmp_path / str(number), killer, seeded)
        crashes.folder.mkdir()
        while not crashes.process(spare=crashes.kills.total() >= 13):
            seen = ids(crashes.folder)
            assert len(seen) == len(set(seen))  # a reader sees no row twice, at no time
        assert +wrong(crashes.folder) == Counter(), (number, crashes.kills)
        kills += crashes.kills
        if kills.total() >= KILLS:
            break
    assert kills.total() >= KILLS
    stages = {name.split(",")[0] for name in kills}
    assert stages >= {"at any moment", "staging", "sealing", "showing a file", "noting a commit"}, kills
