"""The source `nexmark`: its events are those that its rules give in plain Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pyklein as klein
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "nexmark"))

from events import Generator


@pytest.mark.parametrize(
    ("events", "options"),
    [(3000, {}), (2000, {"seed": 7, "per_second": 300, "out_of_order": 20}), (300, {"seed": -5, "per_second": 10**7})],
)
def test_every_value_is_that_of_the_rules_in_plain_python(events: int, options: dict[str, int]) -> None:
    plain = Generator(events, **options)
    for kind, rows in (("person", plain.persons()), ("auction", plain.auctions()), ("bid", plain.bids())):
        assert klein.nexmark(kind, events, **options).take_all() == list(rows)


@pytest.mark.parametrize("kind", ["person", "auction", "bid"])
def test_the_events_are_the_same_in_any_number_of_splits_and_on_any_number_of_cores(kind: str, tmp_path: Path) -> None:
    rows = klein.nexmark(kind, 300_000, columns=["event", "date_time"]).to_arrow()
    for splits, cores in ((1, 1), (2, 1), (3, 2), (7, 3)):
        flow = klein.nexmark(kind, 300_000, splits=splits, columns=["event", "date_time"])
        folder = tmp_path / str(splits)
        flow.write_parquet(folder).run(cores=cores, mode="stream", progress=False)
        assert klein.read_parquet(folder).to_arrow().sort_by("event").equals(rows)


def test_at_a_rate_all_kinds_come_together(tmp_path: Path) -> None:
    persons, bids = (
        klein.nexmark(kind, 1000, rate=5000, columns="event").write_parquet(tmp_path / kind)
        for kind in ("person", "bid")
    )
    report = klein.run(persons, bids, progress=False)
    assert report.seconds > 0.15
    assert klein.read_parquet(tmp_path / "person").count() == 20
    assert klein.read_parquet(tmp_path / "bid").count() == 920


def test_a_kind_or_column_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(klein.InvalidError, match=r"kind.*person, auction, bid|person.*auction.*bid"):
        klein.nexmark("bids")  # type: ignore[arg-type]
    with pytest.raises(klein.Error, match="bidder"):
        klein.nexmark("bid", columns=["biddr"])
