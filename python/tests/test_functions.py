"""The user's own functions: of rows, fused; of batches, in the format they want."""

from __future__ import annotations

import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import pyarrow
import pyklein as klein
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def test_map_filter_and_flat_map() -> None:
    flow = (
        klein.range(6)
        .map(lambda row: {"n": row["id"] * 10})
        .filter(lambda row: row["n"] >= 30)
        .flat_map(lambda row: [{"n": row["n"]}, {"n": row["n"] + 1}])
    )
    assert [row["n"] for row in flow.take_all()] == [30, 31, 40, 41, 50, 51]


def test_flat_map_takes_generators() -> None:
    def twice(row):
        yield row
        yield row

    assert klein.range(2).flat_map(twice).count() == 4


def test_consecutive_maps_are_one_step() -> None:
    flow = klein.range(3).map(lambda row: row).map(lambda row: row, name="second").discard()
    assert flow.explain("optimized", format="json").count('"kind": "map"') == 1
    flow.run(progress=False)


def test_arguments_follow_the_row() -> None:
    flow = klein.range(1).map(
        lambda row, add, *, times: {"n": (row["id"] + add) * times}, fn_args=(2,), fn_kwargs={"times": 5}
    )
    assert flow.take_all() == [{"n": 10}]


class Adder:
    made = 0

    def __init__(self, number, plus=0):
        Adder.made += 1
        self.number = number + plus

    def __call__(self, row):
        return {"n": row["id"] + self.number}


def test_a_class_is_made_once_a_task() -> None:
    Adder.made = 0
    flow = klein.range(3).map(Adder, fn_constructor_args=(5,), fn_constructor_kwargs={"plus": 1})
    assert [row["n"] for row in flow.take(3)] == [6, 7, 8]
    assert Adder.made == 1


def test_a_users_exception_keeps_its_traceback_and_names_step_and_row() -> None:
    def divide(row):
        return {"x": 1 / (row["id"] - 2)}

    with pytest.raises(ZeroDivisionError) as raised:
        klein.range(4).map(divide, name="invert").take_all()
    assert traceback.extract_tb(raised.value.__traceback__)[-1].name == "divide"
    assert raised.value.__notes__ == ["raised in step 'invert', row range:2"]


def test_skip_and_dead_letters_keep_the_other_rows() -> None:
    def picky(row):
        if row["id"] == 1:
            raise ValueError("not this one")
        return {"id": row["id"]}

    assert klein.range(3).map(picky, on_error="skip").take_all() == [{"id": 0}, {"id": 2}]
    good, bad = klein.range(3).map(picky, on_error="dead_letter").split_errors()
    assert bad.take_all()[0]["error"] == "ValueError: not this one"
    assert good.count() == 2


def test_dead_letters_that_nothing_reads_are_refused_where_the_rest_is_written(tmp_path: Path) -> None:
    flow = klein.range(3).map(lambda row: {"x": 1 / row["id"]}, on_error="dead_letter", name="invert")
    with pytest.raises(klein.InvalidError, match=r"step 'invert': .*take \.split_errors\(\)"):
        flow.write_parquet(tmp_path / "good").run()
    good, bad = flow.split_errors()
    report = klein.run(good.write_parquet(tmp_path / "good"), bad.write_parquet(tmp_path / "bad"))
    assert report.rows_out == 3


def test_a_column_gets_its_type_with_its_first_value(tmp_path: Path) -> None:
    made = klein.range(1000).map(lambda row: {"id": row["id"], "late": row["id"] if row["id"] > 900 else None})
    made.write_parquet(tmp_path / "out").run()
    for table in (made.to_arrow(), klein.read_parquet(tmp_path / "out").to_arrow()):
        assert table.schema.types == [pyarrow.int64(), pyarrow.int64()]
        assert sum(table["late"].drop_null().to_pylist()) == sum(range(901, 1000))


def test_a_list_or_record_gets_its_type_with_its_first_value(tmp_path: Path) -> None:
    def late(row: dict[str, int]) -> dict[str, object]:
        made = {"tags": ["late"], "by": {"hour": 1}} if row["id"] > 900 else {"tags": [], "by": {"hour": None}}
        return {**made, "much": "." * 5000}  # more than a writer gathers before it begins a file

    made = klein.range(1000).map(late)
    made.write_parquet(tmp_path / "out").run()
    types = [pyarrow.list_(pyarrow.string()), pyarrow.struct([("hour", pyarrow.int64())]), pyarrow.string()]
    for table in (made.to_arrow(), klein.read_parquet(tmp_path / "out").to_arrow()):
        assert table.schema.types == types
        assert sum(len(tags) for tags in table["tags"].to_pylist()) == 99


@pytest.mark.parametrize(
    "late",
    [
        lambda row: {"a": 1 if row["id"] < 65_536 else "s"},
        lambda row: {"a": 1} if row["id"] < 65_536 else {"b": 2},
    ],
)
def test_tasks_that_would_begin_with_other_columns_are_held_to_one_schema(late: Callable[[Any], Any]) -> None:
    for _ in range(5):
        with pytest.raises(klein.Error, match="schema"):
            klein.range(100_000).map(late).to_arrow()


def test_columns_in_another_order_or_absent_are_still_the_same_columns() -> None:
    def turned(row: dict[str, int]) -> dict[str, object]:
        return {"a": 1, "b": 2} if row["id"] < 65_536 else {"b": 7} if row["id"] % 2 else {"b": 1, "a": 2}

    made = klein.range(100_000).map(turned).to_arrow()
    assert sorted(made.column_names) == ["a", "b"]
    assert made["a"].null_count == sum(1 for number in range(65_536, 100_000) if number % 2)


def test_a_function_gets_few_rows_at_first_so_that_a_stop_need_not_wait_for_all() -> None:
    reached, held = threading.Event(), threading.Event()

    def hold(row: dict[str, int]) -> dict[str, int]:
        if row["id"] == 300:
            reached.set()
            held.wait()
        return row

    job = klein.range(10_000).map(hold).discard().start(cores=1)
    reached.wait()
    job.stop()
    held.set()
    report = job.wait()
    assert report.stopped
    assert report.rows_out == report.rows_in < 10_000


def test_a_later_row_of_another_type_is_named() -> None:
    with pytest.raises(
        klein.InvalidError, match=r"row range#1:70000: .*column 'x' holds int64, and a value is of Python type str"
    ):
        klein.range(70_001).map(lambda row: {"x": "late" if row["id"] == 70_000 else 1}).take_all()


def test_a_map_that_returns_no_dict_is_named() -> None:
    with pytest.raises(klein.InvalidError, match="the function returned int; a row is a dict"):
        klein.range(1).map(lambda row: 3).take_all()


@pytest.mark.parametrize("returned", [None, 3, {"id": 1}])
def test_a_flat_map_that_returns_no_rows_is_told_how(returned: Any) -> None:
    kind = type(returned).__name__
    with pytest.raises(klein.InvalidError, match=f"step 'each', row range:1: .* returned {kind}; it returns a list"):
        klein.range(3).flat_map(lambda row: returned if row["id"] == 1 else [row], name="each").take_all()


def test_the_declared_schema_holds() -> None:
    flow = klein.range(2).map(lambda row: {"id": row["id"]}, schema={"id": "int16"})
    assert flow.schema() == pyarrow.schema([("id", pyarrow.int16())])
    assert flow.to_arrow().schema == flow.schema()
    with pytest.raises(klein.InvalidError, match="column 'id'"):
        klein.range(1).map(lambda row: {"id": 2**20}, schema={"id": "int16"}).take_all()


def test_an_empty_flow_has_the_schema_of_its_input() -> None:
    assert klein.range(0).map(lambda row: {"x": 1}).to_arrow().schema.names == ["id"]


def test_batches_are_dicts_of_arrays() -> None:
    def double(batch):
        assert type(batch["id"]) is numpy.ndarray
        return {"id": batch["id"], "twice": batch["id"] * 2}

    assert klein.range(3).map_batches(double).take_all()[2] == {"id": 2, "twice": 4}


@pytest.mark.parametrize(("batch_format", "kind"), [("pyarrow", "Table"), ("pandas", "DataFrame")])
def test_batches_come_in_the_format_that_is_wanted(batch_format, kind) -> None:
    pytest.importorskip(batch_format)

    def check(batch):
        assert type(batch).__name__ == kind
        return batch

    assert klein.range(3).map_batches(check, batch_format=batch_format).count() == 3


def test_a_format_that_is_not_installed_is_refused_in_one_sentence(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(klein.InvalidError, match='batch_format="pandas" needs pandas: pip install pandas'):
        klein.range(1).map_batches(dict, batch_format="pandas")


def test_a_batch_has_at_most_batch_size_rows() -> None:
    flow = klein.range(10).map_batches(lambda batch: {"rows": [len(batch["id"])]}, batch_size=4)
    assert [row["rows"] for row in flow.take(3)] == [4, 4, 2]


def test_a_generator_of_batches() -> None:
    def split(batch):
        for number in batch["id"]:
            yield {"id": numpy.array([number])}

    assert klein.range(3).map_batches(split).take_all() == [{"id": 0}, {"id": 1}, {"id": 2}]


def test_tensors_pass_without_a_copy_of_their_shape() -> None:
    flow = klein.range(2).map_batches(lambda batch: {"x": numpy.ones((len(batch["id"]), 2, 3), numpy.float32)})
    shapes = flow.map_batches(lambda batch: {"shape": [str(batch["x"].shape)] * len(batch["x"])})
    assert shapes.take(1) == [{"shape": "(2, 2, 3)"}]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(klein.InvalidError, match="different lengths"):
        klein.range(2).map_batches(lambda batch: {"a": [1], "b": [1, 2]}).take_all()


def test_async_functions_are_refused() -> None:
    async def later(row):
        return row

    with pytest.raises(klein.InvalidError, match="async"):
        klein.range(1).map(later)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ({"a": 1}, "returned 'a', which is no array with a value a row"),
        ({"a": [object()] * 3}, "returned 'a', which is no array with a value a row"),
        ({}, "returned no columns"),
    ],
)
def test_a_batch_that_is_none_is_named(returned: object, words: str) -> None:
    with pytest.raises(klein.InvalidError, match=words):
        klein.range(3).map_batches(lambda batch: returned).collect()
