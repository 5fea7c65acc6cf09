"""Flows under faults: a bug that a kill brings to light is found and found again; a good flow holds."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pyklein as klein
import pytest
from pyklein.cli import FAILED, WORKED, WRONG, main

BAD = """
import pyklein as klein

class Count:
    def __init__(self):
        self.seen = {}  # and not klein.value_state: gone with the process

    def on_row(self, row, ctx):
        self.seen[ctx.key] = self.seen.get(ctx.key, 0) + 1
        return {"user": ctx.key, "n": self.seen[ctx.key]}

rows = klein.from_items([{"user": i % 7} for i in range(300)])
counts = rows.key_by("user").process(Count).write_parquet("out")
"""


class Count:
    seen = klein.value_state("int64")

    def on_row(self, row: dict, ctx: klein.Context) -> dict:
        self.seen.value = (self.seen.value or 0) + 1
        return {"user": ctx.key, "n": self.seen.value}


def users() -> klein.Flow:
    return klein.from_items([{"user": i % 7, "at": i} for i in range(300)])


def doubled() -> klein.Flow:
    return klein.range(500).map(lambda row: {"id": row["id"], "double": 2 * row["id"]})


def counted() -> klein.Flow:
    return users().key_by("user").process(Count)


def windows() -> klein.Flow:
    timed = users().with_event_time("at", max_out_of_orderness="0s")
    return timed.key_by("user").window(klein.tumbling("20ms")).aggregate(n=klein.count())


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "app.py"
    assert {path.name for path in tmp_path.iterdir()} <= {"app.py", "__pycache__"}  # nothing was written


@pytest.mark.parametrize("flow", [doubled, counted, windows])
@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_a_good_flow_shows_every_row_once_in_fifty_seeds(flow, mode: str) -> None:
    report = klein.simulate(flow(), seeds=50, mode=mode)
    assert report.held, str(report)
    # The faults fired, and before the end.
    assert report.kills >= 25 and report.resumed >= 25
    assert len(report.undisturbed) <= 2
    assert {name.split()[0] for name in report.faults} >= {"killed", "slow", "clock", "write", "seal"}
    assert report.rows == 50 * sum(report.rows_a_run.values())


class Remembers:
    seen = klein.value_state("int64")
    rows = klein.list_state("int64")
    last = klein.map_state("int64", "string")

    def on_row(self, row: dict, ctx: klein.Context) -> dict:
        self.seen.value = (self.seen.value or 0) + 1
        self.rows.append(row["at"])
        self.last[row["at"] % 3] = str(row["at"])
        if row["at"] % 11 == 0:
            self.rows.clear()
        ctx.timers.at(row["at"] + 50)
        return {"user": ctx.key, "n": self.seen.value, "rows": sum(self.rows), "last": sorted(self.last.items())[0][1]}

    def on_timer(self, time: int, ctx: klein.Context) -> dict:
        return {"user": ctx.key, "n": time, "rows": int(self.seen.value is None), "last": ""}


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_state_on_disk_shows_under_faults_what_state_in_memory_shows_undisturbed(mode: str) -> None:
    rows = klein.from_items([{"user": i % 97, "at": i} for i in range(600)]).with_event_time("at")
    report = klein.simulate(rows.key_by("user").process(Remembers), seeds=30, mode=mode, state_memory="8KB")
    assert report.held, str(report)
    assert report.kills >= 15 and report.resumed >= 10
    assert {name.split()[0] for name in report.faults} >= {"killed", "write", "seal"}


def test_a_count_kept_in_a_plain_attribute_is_found_and_its_line_finds_it_again(program: Path, capsys) -> None:
    program.write_text(BAD)
    assert main(["simulate", "app.py:counts", "--seeds", "20"]) == FAILED
    shown = capsys.readouterr().out
    assert "rows lost, such as" in shown and '{"user":0,"n":' in shown
    [again] = [line for line in shown.splitlines() if line.startswith("again: klein ")]
    words = shlex.split(again.removeprefix("again: klein "))
    assert words[:4] == ["simulate", "app.py:counts", "--seeds", "1"]
    assert main(words) == FAILED
    repeated = capsys.readouterr().out
    assert repeated.splitlines()[:12] == shown.splitlines()[:12]


def test_the_same_seed_does_the_same_again() -> None:
    one, other = (klein.simulate(counted(), seeds=8, first_seed=5) for _ in range(2))
    assert [each.trace for each in one.outcomes] == [each.trace for each in other.outcomes]
    assert len({each.trace for each in one.outcomes}) == 8
    assert one.faults == other.faults


def test_a_source_without_an_end_is_cut_and_that_is_said(program: Path, capsys) -> None:
    program.write_text("import pyklein as klein\nflow = klein.generate().write_json('out')\n")
    assert main(["simulate", "app.py", "--seeds", "3", "--rows", "200"]) == WORKED
    shown = capsys.readouterr()
    assert "600 rows compared" in shown.out
    assert "'generate' has no end: it was cut at 200 rows" in shown.out
    assert "3 of 3 seeds" in shown.err


def test_several_sinks_are_compared_each(program: Path, capsys) -> None:
    program.write_text(
        "import pyklein as klein\nrows = klein.range(100)\n"
        "all = rows.write_json('all', name='all')\n"
        "few = rows.filter(klein.col('id') < 10).write_csv('few', name='few')\n"
    )
    assert main(["simulate", "app.py", "--seeds", "5", "--json"]) == WORKED
    report = json.loads(capsys.readouterr().out)
    assert report["held"] and report["seeds"] == 5
    assert report["rows_a_run"] == {"all": 100, "few": 10}


def test_faults_that_are_left_out_do_not_fire() -> None:
    report = klein.simulate(doubled(), seeds=10, faults=["kill"])
    assert report.kills > 0 and all(name.startswith("killed") for name in report.faults)
    report = klein.simulate(doubled(), seeds=4, faults=[])
    assert report.held and report.undisturbed == [0, 1, 2, 3]
    assert "no fault fired in 4 seeds, which prove nothing" in str(report)


SEEN: list[int] = []


def remembers(row: dict) -> dict:
    SEEN.append(row["id"])
    return {"n": len(SEEN)}


def sleeps(row: dict) -> dict:
    time.sleep(0.001)
    return row


@pytest.mark.parametrize(
    ("flow", "options", "message"),
    [
        (
            lambda: klein.range(9).map(remembers),
            {},
            "two undisturbed runs, at parallelism 1 and 3, gave different rows",
        ),
        (lambda: klein.range(9).map(sleeps), {}, "sleeps by the machine's clock"),
        (lambda: klein.range(9).map(sleeps, on_error="skip"), {}, "sleeps by the machine's clock"),
        (lambda: klein.read_lines("-"), {}, "what read_lines reads can't be read again"),
        (doubled, {"seeds": 0}, "seeds is how many there are, at least 1"),
        (doubled, {"rows": 0}, "rows is at least 1"),
        (doubled, {"faults": ["fire"]}, "there is no 'fire'"),
    ],
)
def test_what_can_t_be_simulated_is_said(flow, options: dict, message: str) -> None:
    with pytest.raises(klein.InvalidError, match=message):
        klein.simulate(flow(), **options)


def test_a_flow_that_fails_undisturbed_raises_its_own_exception() -> None:
    with pytest.raises(ZeroDivisionError):
        klein.simulate(klein.range(9).map(lambda row: {"x": 1 / row["id"]}))


def test_a_program_without_a_flow_is_wrong(program: Path, capsys) -> None:
    program.write_text("import pyklein\n")
    assert main(["simulate", "app.py"]) == WRONG
    assert "defines no flow" in capsys.readouterr().err
