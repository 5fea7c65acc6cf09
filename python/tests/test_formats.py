"""Batches in the formats that functions want: the values there and back, and whose memory they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pandas
import pyarrow
import pyklein as klein
import pytest
from pyklein._formats import FORMATS

TENSORS = numpy.arange(18, dtype=numpy.float32).reshape(3, 2, 3)
COLUMNS = {
    "whole": pyarrow.array([1, -(2**62), 3]),
    "small": pyarrow.array([1, 2, 255], pyarrow.uint8()),
    "real": pyarrow.array([1.5, float("inf"), -0.25]),
    "single": pyarrow.array([1.5, 2.5, -0.25], pyarrow.float32()),
    "yes": pyarrow.array([True, False, True]),
    "word": pyarrow.array(["", "größer", "🙂"]),
    "bytes": pyarrow.array([b"", b"\x00\xff", b"x"]),
    "word or null": pyarrow.array(["a", None, "c"]),
    "tensor": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(TENSORS),
}


def needed(batch_format: str) -> None:
    if batch_format == "torch":
        pytest.importorskip("torch")


def through(column: pyarrow.Array, batch_format: str, look: Callable[[Any], None] = lambda batch: None) -> Any:
    """A column through a function that gives back what it gets."""

    def same(batch: Any) -> Any:
        look(batch)
        return batch

    return klein.from_arrow(pyarrow.table({"x": column})).map_batches(same, batch_format=batch_format).to_arrow()["x"]


def has_objects(batch: Any) -> None:
    assert batch["x"].dtype == numpy.object_


def address(column: pyarrow.Array | pyarrow.ChunkedArray) -> int:
    """Where the values lie, of a tensor too."""
    column = column.chunk(0) if isinstance(column, pyarrow.ChunkedArray) else column
    return int(column.buffers()[-1].address)


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("batch_format", FORMATS)
def test_values_come_back_as_they_went_in(name: str, batch_format: str) -> None:
    needed(batch_format)
    if (name, batch_format) == ("tensor", "pandas"):
        pytest.skip("a data frame has no tensors: it gives lists, see below")
    made = through(COLUMNS[name], batch_format)
    assert made.to_pylist() == COLUMNS[name].to_pylist()
    if "word" not in name:  # pandas' strings are large ones
        assert made.type == COLUMNS[name].type


@pytest.mark.parametrize("batch_format", FORMATS)
def test_a_null_among_numbers_is_nan_in_arrays_and_stays_null_in_tables(batch_format: str) -> None:
    needed(batch_format)
    made = through(pyarrow.array([1, None, 3]), batch_format)
    if batch_format == "pyarrow":
        assert made.to_pylist() == [1, None, 3]
    elif batch_format == "pandas":  # nan is how a data frame says null
        assert made.to_pylist() == [1.0, None, 3.0]
    else:
        assert str(made.to_pylist()) == "[1.0, nan, 3.0]"


@pytest.mark.parametrize("batch_format", ["numpy", "pyarrow"])
@pytest.mark.parametrize("name", ["whole", "small", "real", "single", "tensor"])
def test_numbers_and_tensors_are_not_copied_in_either_direction(name: str, batch_format: str) -> None:
    seen = []

    def look(batch: Any) -> None:
        column = batch["x"]
        seen.append(column.ctypes.data if batch_format == "numpy" else address(column))

    made = through(COLUMNS[name], batch_format, look)
    assert seen == [address(COLUMNS[name])]
    assert address(made) == seen[0]


def test_arrays_over_arrows_memory_cannot_be_written() -> None:
    def write(batch: dict[str, Any]) -> dict[str, Any]:
        batch["x"][0] = 7
        return batch

    flow = klein.from_arrow(pyarrow.table({"x": COLUMNS["whole"]})).map_batches(write)
    with pytest.raises(ValueError, match="read-only"):
        flow.to_arrow()


def test_numpy_has_objects_where_it_has_no_type() -> None:
    for name in ("word", "bytes", "word or null"):
        through(COLUMNS[name], "numpy", has_objects)


def test_pandas_has_a_column_of_rows_values() -> None:
    def look(batch: Any) -> None:
        assert isinstance(batch, pandas.DataFrame)
        assert list(batch["x"][1]) == [6, 7, 8, 9, 10, 11]

    made = through(COLUMNS["tensor"], "pandas", look)
    assert made.to_pylist()[2] == [12, 13, 14, 15, 16, 17]


def test_torch_has_tensors_of_its_own_and_objects_where_it_has_no_type() -> None:
    torch = pytest.importorskip("torch")

    def look(batch: Any) -> None:
        assert isinstance(batch["x"], torch.Tensor)
        assert batch["x"].shape == (3, 2, 3)
        batch["x"] += 1  # not Arrow's memory, which is constant

    assert numpy.array_equal(through(COLUMNS["tensor"], "torch", look).chunk(0).to_numpy_ndarray(), TENSORS + 1)
    through(COLUMNS["word"], "torch", has_objects)


@pytest.mark.parametrize("batch_format", FORMATS)
def test_batches_of_a_program_have_the_same_formats(batch_format: str) -> None:
    needed(batch_format)
    kind = {"numpy": "dict", "torch": "dict", "pandas": "DataFrame", "pyarrow": "Table"}[batch_format]
    (batch,) = klein.from_arrow(pyarrow.table({"x": COLUMNS["whole"]})).iter_batches(batch_format=batch_format)
    assert type(batch).__name__ == kind
    assert [int(value) for value in (batch["x"].to_pylist() if kind == "Table" else batch["x"])] == [1, -(2**62), 3]
