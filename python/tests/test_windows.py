"""Keys, event time and windows as Python sees them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyklein as klein
import pytest

ROWS = [
    {"k": "a", "at": 1000, "x": 3},
    {"k": "b", "at": 1500, "x": 5},
    {"k": "a", "at": 2500, "x": 4},
    {"k": "a", "at": 9000, "x": None},
]


def rows() -> klein.Flow:
    return klein.from_items(ROWS)


def in_order(flow: klein.Flow) -> list[dict[str, object]]:
    return sorted(flow.take_all(), key=lambda row: [(value is not None, value) for value in row.values()])


def test_aggregates_by_key_are_those_of_pyarrow() -> None:
    table = pa.Table.from_pylist([{"k": i % 7, "x": (i * 37) % 101} for i in range(5000)])
    ours = klein.from_arrow(table).group_by("k")
    got = ours.aggregate(n=klein.count(), s=klein.sum("x"), lo=klein.min("x"), hi=klein.max("x"), m=klein.mean("x"))
    wanted = (
        table.group_by("k")
        .aggregate([("x", "count"), ("x", "sum"), ("x", "min"), ("x", "max"), ("x", "mean")])
        .sort_by("k")
    )
    assert [tuple(row.values()) for row in in_order(got)] == [
        (row["k"], row["x_count"], row["x_sum"], row["x_min"], row["x_max"], row["x_mean"])
        for row in wanted.to_pylist()
    ]


def test_variance_stddev_and_distinct_counts_are_those_of_pyarrow() -> None:
    table = pa.Table.from_pylist([{"k": i % 7, "x": 1e9 + (i * 37) % 101, "b": i % 3 == 0} for i in range(5000)])
    ours = klein.from_arrow(table).group_by("k")
    got = ours.aggregate(
        v=klein.variance("x"),
        s=klein.stddev("x", ddof=1),
        d=klein.count_distinct("x"),
        some=klein.any("b"),
        each=klein.all("b"),
    )
    options = pc.VarianceOptions(ddof=1)
    wanted = table.group_by("k").aggregate(
        [("x", "variance"), ("x", "stddev", options), ("x", "count_distinct"), ("b", "any"), ("b", "all")]
    )
    for ours_row, theirs in zip(in_order(got), wanted.sort_by("k").to_pylist(), strict=True):
        assert list(ours_row.values()) == pytest.approx(list(theirs.values()), rel=1e-9)


@pytest.mark.parametrize("cores", [1, 3])
def test_an_approximate_quantile_is_a_hundredth_from_the_exact_one(cores: int, tmp_path: Path) -> None:
    chance = random.Random(3)
    values = [chance.lognormvariate(0, 3) * chance.choice((-1, 1)) for _ in range(9000)]
    shares = {"low": 0.0, "some": 0.1, "half": 0.5, "most": 0.99, "high": 1.0}
    asked = {name: klein.approximate_quantile("x", share) for name, share in shares.items()}
    flow = klein.from_items([{"x": value} for value in values]).aggregate(**asked)
    flow.write_parquet(tmp_path / "out").run(cores=cores, progress=False)
    (got,) = klein.read_parquet(tmp_path / "out").take_all()
    for name, share in shares.items():
        assert got[name] == pytest.approx(sorted(values)[int(share * 8999)], rel=0.0101)


def test_aggregates_that_keep_values_are_refused_where_nothing_ever_ends() -> None:
    flow = klein.generate(rate=10).group_by("id").aggregate(early="1s", m="approximate_median(id)").discard()
    with pytest.raises(klein.InvalidError, match=r"the values of approximate_median\(id\) are all kept until the end"):
        flow.run(progress=False)


def test_the_time_of_a_window_is_the_column_that_with_event_time_names() -> None:
    flow = rows().with_event_time("at").filter(klein.col("at") < 5000).key_by("k").window(klein.tumbling("2s"))
    assert in_order(flow.aggregate(n=klein.count())) == [
        {"k": "a", "window_start": 0, "window_end": 2000, "n": 1},
        {"k": "a", "window_start": 2000, "window_end": 4000, "n": 1},
        {"k": "b", "window_start": 0, "window_end": 2000, "n": 1},
    ]


def test_windows_of_timestamps_are_timestamps() -> None:
    base = datetime(2026, 1, 1)
    flow = klein.from_items([{"at": base + timedelta(seconds=each)} for each in (1, 5, 12)])
    window = klein.sliding(timedelta(seconds=10), timedelta(seconds=5))
    got = in_order(flow.with_event_time("at").window(window).aggregate(n=klein.count()))
    assert [(row["window_start"], row["n"]) for row in got] == [
        (base - timedelta(seconds=5), 1),
        (base, 2),
        (base + timedelta(seconds=5), 2),
        (base + timedelta(seconds=10), 1),
    ]


def test_a_key_may_be_an_expression_or_a_function() -> None:
    expected = [{"key": 0, "n": 2}, {"key": 1, "n": 1}, {"key": 4, "n": 1}]
    assert in_order(rows().key_by(lambda row: row["at"] // 2000).aggregate(n=klein.count())) == expected
    by_parity = rows().key_by(klein.col("at") > 2000).aggregate(n=klein.count())
    assert in_order(by_parity) == [{"key": False, "n": 2}, {"key": True, "n": 2}]


def test_late_rows_have_an_output_with_the_columns_of_the_input() -> None:
    flow = rows().with_event_time("at").key_by("k").window(klein.tumbling("2s")).aggregate(n=klein.count())
    assert flow.late.schema() == rows().schema()


def test_late_rows_keep_the_columns_that_nothing_is_made_of(tmp_path: Path) -> None:
    rows().write_parquet(tmp_path / "in").run(progress=False)
    read = klein.read_parquet(tmp_path / "in").with_event_time("at")
    flow = read.key_by("k").window(klein.tumbling("2s")).aggregate(n=klein.count())
    flow.late.write_parquet(tmp_path / "late").run(progress=False)
    assert klein.read_parquet(tmp_path / "late").schema().names == ["k", "at", "x"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rows().key_by("k").window("tumbling(2s)").aggregate(n="count()"), "put with_event_time"),
        (lambda: rows().key_by("k").aggregate(n="middle(x)"), "there is no aggregate 'middle'"),
        (lambda: rows().key_by("z").aggregate(n="count()"), "there is no column 'z'"),
        (lambda: rows().key_by("k").aggregate(n="sum(k)"), "there is no sum of 'k', which is string"),
        (
            lambda: rows().with_event_time("at").window(klein.tumbling("2s"), late="1s").aggregate(n="count()"),
            "late= says how often rows that come late change a result, and none may: give allowed_lateness=",
        ),
        (lambda: rows().key_by("k").aggregate(n="any(x)"), "there is no any of 'x', which is int64"),
        (lambda: rows().key_by("k").aggregate(n="stddev(x, much)"), "takes a number after the column"),
        (lambda: rows().key_by("k").aggregate(n=klein.approximate_quantile("x", 99)), "the share of values that are"),
        (lambda: rows().key_by("k").aggregate(k="count()"), "two columns of the result are called 'k'"),
        (lambda: rows().key_by("k").aggregate(), "aggregate takes what is asked for by name"),
        (lambda: rows().key_by(), "key_by takes different columns"),
        (lambda: rows().with_event_time("k"), "'k' is no time: it is string"),
        (lambda: rows().late, "has no output 'late'"),
        (lambda: rows().window("sometimes").aggregate(n="count()"), "a window is tumbling"),
        (
            lambda: rows().with_event_time("at").window(klein.sliding("2s", "3s")).aggregate(n="count()"),
            "at least as long as it slides",
        ),
        (lambda: rows().with_event_time("at", max_out_of_orderness="soon"), "a duration is a number and a unit"),
        (lambda: klein.tumbling(3), "a duration is a time"),  # type: ignore[arg-type]
        (
            lambda: klein.generate(rate=10).group_by("id").aggregate(n="count()").discard().run(progress=False),
            "known only when its input ends",
        ),
    ],
)
def test_what_can_t_be_is_said_in_one_sentence(make: object, message: str) -> None:
    with pytest.raises(klein.InvalidError if "column 'z'" not in message else klein.NotFoundError, match=message):
        make()  # type: ignore[operator]


def test_a_row_without_a_time_is_an_error_that_names_it() -> None:
    flow = klein.from_items([{"at": 1}, {"at": None}]).with_event_time("at")
    with pytest.raises(klein.InvalidError, match=r"row .*1.*its time 'at' is null"):
        flow.take_all()


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_results_that_are_given_out_early_and_late_end_in_those_of_a_batch(mode: str, tmp_path: Path) -> None:
    items = [{"k": i % 3, "at": i * 10 - (i * 7919 % 900)} for i in range(3000)]
    timed = klein.from_items(items).with_event_time("at", max_out_of_orderness="100ms")
    windows = timed.key_by("k").window(klein.tumbling("1s"), allowed_lateness="1s", early="1ms", late="1ms")
    flow = windows.aggregate(n=klein.count())
    flow.write_parquet(tmp_path / "out", mode="append").run(mode=mode, cores=2, progress=False)
    most: dict[tuple, int] = {}
    for row in klein.read_parquet(tmp_path / "out").take_all():
        window = (row["k"], row["window_start"])
        most[window] = max(row["n"], most.get(window, 0))  # a count only grows, so the last is the highest
    assert most == Counter((row["k"], row["at"] // 1000 * 1000) for row in items)


def test_the_windows_of_a_stream_go_on_over_a_stop(tmp_path: Path) -> None:
    flow = (
        klein.generate(count=20_000, rate=20_000, seed=1)
        .with_columns(at=klein.col("id"), k=klein.col("id") - klein.col("id"))
        .with_event_time("at")
        .key_by("k")
        .window(klein.tumbling("1s"))
        .aggregate(n=klein.count(), total=klein.sum("id"), name="per_second")
        .write_parquet(tmp_path / "out")
    )
    job = flow.start(checkpoint=tmp_path / "state", interval="50ms", mode="stream")
    while job.metrics()["steps"][0]["rows_out"] < 3000:
        job.snapshot()
    job.stop()
    job.wait()
    flow.run(checkpoint=tmp_path / "state", interval="50ms", mode="stream", progress=False)
    got = klein.read_parquet(tmp_path / "out").to_arrow().sort_by("window_start").to_pylist()
    assert [row["n"] for row in got] == [1000] * 20
    assert sum(row["total"] for row in got) == 20_000 * 19_999 // 2
