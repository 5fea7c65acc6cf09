"""Joins as Python sees them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pyklein as klein
import pytest


def in_order(rows: list[dict]) -> list[tuple]:
    return sorted((tuple(row.values()) for row in rows), key=repr)


def sides(seed: int) -> tuple[list[dict], list[dict]]:
    chance = random.Random(seed)
    left = [{"k": chance.randrange(40) or None, "x": i} for i in range(500)]
    right = [{"k": chance.randrange(40) or None, "y": i} for i in range(90)]
    return left, right


def oracle(left: list[dict], right: list[dict], how: str) -> list[tuple]:
    pairs = [(a, b) for a in left for b in right if a["k"] is not None and a["k"] == b["k"]]
    rows = [(a["k"], a["x"], b["y"]) for a, b in pairs]
    with_partner = {a["x"] for a, _ in pairs}
    if how in ("semi", "anti"):
        return sorted(((a["k"], a["x"]) for a in left if (a["x"] in with_partner) == (how == "semi")), key=repr)
    if how in ("left", "full"):
        rows += [(a["k"], a["x"], None) for a in left if a["x"] not in with_partner]
    if how in ("right", "full"):
        taken = {b["y"] for _, b in pairs}
        rows += [(b["k"], None, b["y"]) for b in right if b["y"] not in taken]
    return sorted(rows, key=repr)


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("mode", ["batch", "stream"])
@pytest.mark.parametrize("how", ["inner", "left", "right", "full", "semi", "anti"])
def test_a_join_gives_what_nested_loops_give(how: str, mode: str, cores: int, tmp_path: Path) -> None:
    left, right = sides(1)
    flow = klein.from_items(left).join(klein.from_items(right), on="k", how=how)
    flow.write_parquet(tmp_path / "out", mode="append").run(mode=mode, cores=cores, progress=False)
    assert in_order(klein.read_parquet(tmp_path / "out").take_all()) == oracle(left, right, how)


def test_a_flow_joins_what_is_made_of_itself() -> None:
    rows = klein.range(50_000).map(lambda row: {"id": row["id"], "k": row["id"] % 7})
    counts = rows.group_by("k").aggregate(n=klein.count())
    got = rows.join(counts, on="k").group_by("n").aggregate(rows=klein.count()).take_all()
    assert in_order(got) == [(7142, 7142), (7143, 6 * 7143)]


def test_an_endless_flow_is_enriched_from_a_table_that_ends() -> None:
    names = klein.from_items([{"id": i, "name": f"n{i}"} for i in range(3)])
    got = klein.generate(rate=1000, seed=1).join(names, on="id").limit(3).take_all()
    assert sorted(row["name"] for row in got) == ["n0", "n1", "n2"]


def test_columns_of_the_same_name_get_the_suffix() -> None:
    left, right = klein.from_items([{"a": 1, "x": 2}]), klein.from_items([{"b": 1, "x": 3}])
    assert left.join(right, on="a", right_on="b").take_all() == [{"a": 1, "x": 2, "x_right": 3}]
    assert left.join(right, on="a", right_on="b", suffix="2").take_all() == [{"a": 1, "x": 2, "x2": 3}]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda a, b: a.join(b, on="nothing"), "no column 'nothing'"),
        (lambda a, b: a.join(b, on="k", how="outer"), "how= is one of inner, left, right, full, semi, anti"),
        (lambda a, b: a.join(b, on="k", right_on="name"), "'k' is int64 on the left, and 'name' is string"),
        (lambda a, b: a.join(b, on=["k", "x"], right_on="k"), "name equally many columns, not 2 and 1"),
        (lambda a, b: a.join(klein.generate(rate=1).rename({"id": "k"}), on="k"), "its second input never ends"),
        (lambda a, b: klein.generate(rate=1).join(b, on="id", right_on="k", how="full"), "its first input never ends"),
        (lambda a, b: a.join(3, on="k"), "takes flows"),
        (lambda a, b: a.join(b, on="k", within="5s"), "within= is how much earlier and how much later"),
        (lambda a, b: a.join(b, on="k", within=("-5s", "5s")), "time of the first flow: put with_event_time"),
        (lambda a, b: a.join(b, on="k", within=("-5s", 5)), "a duration is a time"),
        (lambda a, b: a.join(b, on="k", within=("5s", "-5s"), time="x", right_time="k"), "from the earliest to the"),
        (lambda a, b: a.join(b, on="k", time="x"), "time= and right_time= go with within="),
    ],
)
def test_what_can_t_be_is_said(make: Callable[[klein.Flow, klein.Flow], object], message: str) -> None:
    a = klein.from_items([{"k": 1, "x": 2}])
    b = klein.from_items([{"k": 1, "name": "one"}])
    with pytest.raises(klein.Error, match=message):
        make(a, b)
