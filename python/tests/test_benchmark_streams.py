"""The benchmarks of streams check what they measure: their answers are right, and wrong ones are seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyklein as klein
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import crayfish  # noqa: E402
import crayfish_engines  # noqa: E402
import shuffle  # noqa: E402
import yahoo  # noqa: E402


def test_a_query_of_nexmark_is_held_against_plain_python() -> None:
    command = [sys.executable, BENCHMARKS / "nexmark.py", "check", "q5", "3000", "stream"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rows"] > 0


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_views_are_counted_by_campaign_and_window(mode: str, tmp_path: Path) -> None:
    wanted = yahoo.write(tmp_path / "events.jsonl", 5000)
    _, got = yahoo.by_klein(tmp_path / "events.jsonl", mode)
    assert got == wanted == yahoo.by_loop(tmp_path / "events.jsonl", json.loads)
    assert 1500 < wanted.total() < 1800


def test_a_count_that_is_wrong_ends_the_benchmark(tmp_path: Path) -> None:
    counts = yahoo.write(tmp_path / "events.jsonl", 2000)
    counts[next(iter(counts))] += 1
    (tmp_path / "counts.json").write_text(json.dumps([[*key, count] for key, count in counts.items()]))
    with pytest.raises(AssertionError, match="1 too few"):
        yahoo.engine("batch", str(tmp_path / "events.jsonl"), str(tmp_path / "counts.json"))


def test_each_consumer_gets_the_records_that_its_rule_matches() -> None:
    table = shuffle.records(30_000)
    _, got = shuffle.by_klein(table, 1)
    assert sorted(got) == sorted(shuffle.by_loop(table))
    assert 50 < len(got) < 120  # six records a consumer, and each tenth is given out


def test_a_record_matches_the_rules_whose_range_its_hash_is_in() -> None:
    words = np.arange(2000, dtype=np.uint64).reshape(-1, 2)
    hashes = [int(h) >> 1 for h in shuffle.mixed(words[:, 0]) ^ shuffle.mixed(~words[:, 1])]
    begins = [int(shuffle.mixed(consumer)) >> 1 for consumer in range(shuffle.CONSUMERS)]
    length = int(0.2 / 1000 * 2**63)
    wanted = {
        (row, consumer)
        for row, each in enumerate(hashes)
        for consumer, begin in enumerate(begins)
        if begin <= each < begin + length
    }
    rows, consumers = shuffle.matches(words)
    assert set(zip(rows.tolist(), consumers.tolist(), strict=True)) == wanted
    assert len(rows) == len(wanted) > 100


def test_a_score_that_is_wrong_lacking_or_doubled_ends_the_benchmark(tmp_path: Path) -> None:
    job = crayfish.Job(tmp_path)
    rows = klein.from_items([{"value": job.value(number)} for number in range(700)])
    rows = rows.parse_json("value", schema=crayfish_engines.SCHEMA)
    scored = rows.infer(str(job.model), inputs={"x": "x"}, outputs={"scores": "scores"}).select("id", "scores")
    values = [json.dumps({**row, "scores": row["scores"].tolist()}).encode() for row in scored.take_all()]
    job.check("klein", values, 700)
    wrong = [*values[:-1], values[-1].replace(b'"scores": [', b'"scores": [1')]
    for bad, why in ((wrong, "wrong scores"), (values[1:], "lost or doubled"), ([*values, values[3]], "doubled")):
        with pytest.raises(AssertionError, match=why):
            job.check("klein", bad, 700)
