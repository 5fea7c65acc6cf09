"""A checkpoint that an earlier version wrote, with a state of every keyed kind, is gone on with by this one.

python python/tests/test_golden_checkpoint.py FOLDER    writes one, of this version, into a new folder
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from time import sleep
from typing import ClassVar

import pyklein as klein
import pytest
from pyklein.cli import WORKED, main

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "checkpoint"
ROWS = 2000


class Span:
    state: ClassVar = {"low": "int64", "high": "int64"}
    returns = "int64"

    def accumulate(self, state, value: int) -> None:
        state.low = value if state.low is None else min(state.low, value)
        state.high = value if state.high is None else max(state.high, value)

    def merge(self, state, other) -> None:
        self.accumulate(state, other.low)
        self.accumulate(state, other.high)

    def result(self, state) -> int:
        return state.high - state.low


class Visits:
    """Rows by stretches of time, and at the end all that was remembered."""

    total = klein.value_state("int64")
    seen = klein.list_state("int64")
    per = klein.map_state("int64", "int64")

    def on_row(self, row: dict, ctx: klein.Context) -> None:
        until = (row["at"] // 400 + 1) * 400
        self.total.value = (self.total.value or 0) + row["x"]
        self.seen.append(row["x"])
        self.per[until] = self.per.get(until, 0) + 1
        ctx.timers.at(until)
        ctx.timers.at(100_000)

    def on_timer(self, time: int, ctx: klein.Context) -> dict:
        if time < 100_000:
            return {"k": ctx.key, "until": time, "total": self.per[time], "seen": 0}
        assert sum(self.seen) == self.total.value
        return {"k": ctx.key, "until": time, "total": self.total.value, "seen": len(self.seen)}


def at_of(number: int) -> int:
    """Milliseconds; a pause after each hundred."""
    return number + number // 100 * 50


def added(one: dict, other: dict) -> dict:
    return {**one, "x": one["x"] + other["x"], "at": max(one["at"], other["at"]), "name": ""}


def flows(out: Path, rate: float = 1e6) -> list[klein.Flow]:
    """All of one source; each remembers something by key that a snapshot at any moment holds."""
    rows = klein.generate(count=ROWS, rate=rate, seed=1).map(
        lambda row: {
            "k": row["id"] % 7,
            "at": at_of(row["id"]),
            "x": row["id"] * 37 % 101,
            "name": f"n{row['id'] % 3}",
        },
        schema={"k": "int64", "at": "int64", "x": "int64", "name": "string"},
    )
    timed = rows.with_event_time("at")
    windows = timed.key_by("k").window(klein.tumbling("400ms"))
    gathered = windows.aggregate(
        n=klein.count(),
        sum=klein.sum("x"),
        low=klein.min("name"),
        mean=klein.mean("x"),
        first=klein.first("x"),
        last=klein.last("name"),
        spread=klein.stddev("x"),
        kinds=klein.count_distinct("x"),
        most=klein.approximate_quantile("x", 0.9),
        span=klein.aggregator(Span, "x"),
        kept="approximate_median(x)",
        name="gathered",
    )
    others = timed.select("k", "at").rename({"at": "t"}).with_event_time("t")
    names = klein.from_items([{"k": k, "title": f"t{k}"} for k in range(7)])
    made = {
        "gathered": gathered,
        "sessions": timed.key_by("k").window(klein.session("8ms")).aggregate(n=klein.count(), name="sessions"),
        "reduced": windows.reduce(added, name="reduced"),
        "best": windows.top(2, "x", rank="place", name="best"),
        # Which row of several tasks is the first is not said.
        "once": timed.key_by("x").deduplicate(name="once").select("x", name="only_x"),
        "visits": timed.key_by("k").process(Visits, name="visits"),
        "near": timed.join(others, on="k", within=("-15ms", "10ms"), how="left", name="near"),
        "titled": timed.join(names, on="k", name="titled"),
    }
    return [flow.write_json(out / name, name=f"write_{name}") for name, flow in made.items()]


def shown(out: Path) -> dict[str, list[str]]:
    """The rows of each sink, as text, in order."""
    return {
        folder.name: sorted(
            json.dumps(json.loads(line, parse_float=lambda number: round(float(number), 9)), sort_keys=True)
            for file in folder.glob("*.json*")
            for line in file.read_text().splitlines()
        )
        for folder in sorted(out.iterdir())
    }


def summed(rows: Counter[str]) -> dict[str, object]:
    """How many rows there are, and a sum of what they are."""
    return {"rows": rows.total(), "sum": hashlib.sha256("\n".join(sorted(rows.elements())).encode()).hexdigest()}


def write_golden(folder: Path) -> None:
    """A checkpoint from the middle of the run, and what had been shown by then."""
    folder.mkdir(parents=True)
    os.chdir(folder)
    job = klein.start(*flows(Path("out"), 100), checkpoint="all", interval="1h", mode="stream", cores=2)
    while job.metrics()["rows_in"] < 1100:
        sleep(0.01)
    job.stop(savepoint="state")
    job.wait()
    told = {name: summed(Counter(rows)) for name, rows in shown(Path("out")).items()}
    Path("shown.json").write_text(json.dumps(told, indent=1) + "\n")
    shutil.rmtree("out")
    shutil.rmtree("all")


@pytest.mark.parametrize("version", [1])
@pytest.mark.parametrize("cores", [1, 3])
def test_every_keyed_state_of_an_earlier_version_is_gone_on_with(
    version: int, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # On one core no row passes another on its way through a function: which of equal ones is first is certain.
    klein.run(*flows(Path("whole")), mode="stream", cores=1, progress=False)
    shutil.copytree(GOLDEN / f"keyed-{version}" / "state", "state")
    klein.run(*flows(Path("out")), checkpoint="state", mode="stream", cores=cores, progress=False)
    whole, after = shown(Path("whole")), shown(Path("out"))
    before = json.loads((GOLDEN / f"keyed-{version}" / "shown.json").read_text())
    for name, rows in whole.items():
        # What it has not shown had been shown before, and nothing else had.
        assert not Counter(after[name]) - Counter(rows), name
        assert summed(Counter(rows) - Counter(after[name])) == before[name], name
        assert before[name]["rows"] > 0, name
        assert after[name] or name == "once", name  # of which all had been shown


def test_inspect_shows_what_is_kept_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    state = str(GOLDEN / "keyed-1" / "state")
    assert main(["inspect", state, "--json"]) == WORKED
    tables = json.loads(capsys.readouterr().out)[-1]["tables"]
    assert set(tables) == {"gathered", "sessions", "reduced", "best", "once", "visits", "near", "titled"}
    assert set(tables["visits"]) == {"state.total", "state.seen", "state.per", "timers"}
    assert tables["visits"]["state.total"]["rows"] == tables["visits"]["state.total"]["key_groups"] == 7
    assert tables["once"]["seen"]["rows"] == 101
    assert set(tables["near"]) == {"left", "right", "fired"}
    assert tables["near"]["fired"]["key_groups"] == 720
    assert tables["gathered"]["windows"]["bytes"] > 100
    assert main(["inspect", state]) == WORKED
    text = capsys.readouterr().out
    assert "  visits: the state 'total': 7 rows, " in text
    assert " bytes in 7 of 720 key groups" in text


if __name__ == "__main__":
    write_golden(Path(sys.argv[1]))
