"""The queries of Nexmark give what plain Python gives: as a batch and as a stream, on any number of cores, and when the
process is killed again and again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyklein as klein
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "nexmark"
sys.path.insert(0, str(EXAMPLE))

import keyed_queries  # noqa: E402
import oracle  # noqa: E402
import queries  # noqa: E402

# Forty seconds of the events' time: windows come and go, and so do sessions.
EVENTS, OPTIONS = 20_000, {"seed": 5, "per_second": 500, "out_of_order": 20}
NAMES = [f"q{number}" for number in (0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 14, 18, 19, 20, 21, 22)]
MADE = {**vars(queries), **vars(keyed_queries)}
KILLS = 6

PROGRAM = f"""
import sys
sys.path.insert(0, {str(EXAMPLE)!r})
import keyed_queries, queries
import pyklein as klein

folder, cores = sys.argv[1], int(sys.argv[2])
house = queries.House({EVENTS}, rate=5000, **{OPTIONS})
made = {{**vars(queries), **vars(keyed_queries)}}
flows = [made[name](house).write_parquet(f"{{folder}}/{{name}}", mode="append") for name in {NAMES}]
klein.run(*flows, checkpoint=folder + "/state", interval="50ms", mode="stream", cores=cores, progress=False)
"""


@cache
def events() -> oracle.Events:
    return oracle.Events(EVENTS, **OPTIONS)


@cache
def wanted(name: str) -> Counter[Any]:
    return as_set(getattr(oracle, name)(events()))


def as_set(rows: list[dict[str, Any]]) -> Counter[Any]:
    return Counter(tuple(sorted(row.items())) for row in rows)


def answer(name: str, folder: Path) -> Counter[Any]:
    rows = klein.read_parquet(folder).take_all()
    if name == "q12":  # its windows are the clock's
        counts: Counter[int] = Counter()
        for row in rows:
            counts[row["bidder"]] += row["bid_count"]
        rows = [{"bidder": bidder, "bid_count": count} for bidder, count in counts.items()]
    return as_set(rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_gives_what_plain_python_gives_in_both_modes_on_any_number_of_cores(name: str, tmp_path: Path) -> None:
    for mode, cores in (("batch", 1), ("batch", 7), ("stream", 1), ("stream", 2), ("stream", 3)):
        folder = tmp_path / f"{mode}-{cores}"
        flow = MADE[name](queries.House(EVENTS, splits=min(cores, 3), **OPTIONS))
        flow.write_parquet(folder).run(mode=mode, cores=cores, progress=False)
        assert answer(name, folder) == wanted(name), (mode, cores)


def killed(process: subprocess.Popen[bytes], shown: Path, files: int) -> bool:
    """Whether it was killed, once it has shown so many more files; else it came to its end."""
    before = len(list(shown.glob("part-*")))
    while process.poll() is None:
        if len(list(shown.glob("part-*"))) >= before + files:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.005)
    assert process.returncode == 0
    return False


def test_killed_again_and_again_every_query_still_gives_what_plain_python_gives(tmp_path: Path) -> None:
    seeded, kills = random.Random(1), 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path, str(seeded.randint(1, 3))])
        watched = tmp_path / seeded.choice(NAMES[:3])
        if not killed(process, watched, seeded.randint(1, 2) if kills < KILLS else 10_000):
            break
        kills += 1
    assert kills > 2
    for name in NAMES:
        assert answer(name, tmp_path / name) == wanted(name), name


class Day:
    """A bid each hour, in place of a house."""

    def rows(self, kind: str) -> klein.Flow:
        bid = {"auction": 1, "bidder": 2, "price": 2_000_000, "extra": "cc"}
        return klein.from_items([{**bid, "date_time": datetime(2015, 7, 15, hour)} for hour in range(24)])


def test_the_part_of_the_day_is_that_of_the_hour() -> None:
    parts = [row["bid_time_type"] for row in sorted(queries.q14(Day()).take_all(), key=lambda row: row["date_time"])]
    night, day, other = "nightTime", "dayTime", "otherTime"
    assert parts == [night] * 7 + [other] + [day] * 11 + [other] + [night] * 4
