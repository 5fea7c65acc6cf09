"""Rows are dicts: what goes in as a Python value comes out as it."""

import datetime
import decimal

import numpy
import pyarrow
import pyklein as klein
import pytest


def through(*values: object) -> list[object]:
    """Values through Arrow and back."""
    return [row["x"] for row in klein.from_items([{"x": value} for value in values]).take_all()]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, None, -(2**63)],
        [1.5, None, float("inf")],
        [True, None, False],
        ["", "plain", "größer", "🙂", None],
        [b"", b"\x00\xff", None],
        [None, None],
        [[1, 2], [], None, [None, 3]],
        [[["a"], []], [["b", None]]],
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}, None],
        [datetime.datetime(2026, 11, 25, 8, 9, 10, 11), None, datetime.datetime(1, 1, 1)],
        [datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)],
        [datetime.date(1969, 12, 31), datetime.date(9999, 12, 31), None],
        [datetime.time(23, 59, 59, 999999), None],
        [datetime.timedelta(days=-1, microseconds=5), None],
    ],
)
def test_a_value_comes_back_as_it_went_in(values: list[object]) -> None:
    assert through(*values) == values


def test_integers_become_floats_where_a_float_follows() -> None:
    made = through(1, None, 2.5)
    assert made == [1.0, None, 2.5]
    assert type(made[0]) is float


def test_numpys_scalars_are_numbers() -> None:
    assert through(numpy.int32(3), 4) == [3, 4]
    assert through(numpy.float32(0.5), 1.5) == [0.5, 1.5]


def test_arrays_of_one_shape_are_tensors() -> None:
    pictures = [numpy.full((2, 3), i, numpy.uint8) for i in range(3)]
    flow = klein.from_items([{"pixels": picture} for picture in pictures])
    assert flow.schema().field("pixels").type == pyarrow.fixed_shape_tensor(pyarrow.uint8(), [2, 3])
    for row, picture in zip(flow.take_all(), pictures, strict=True):
        assert numpy.array_equal(row["pixels"], picture)
        assert row["pixels"].dtype == numpy.uint8


def test_a_missing_tensor_is_none() -> None:
    made = through(None, numpy.arange(3.0), None, numpy.arange(3.0) + 1)
    assert made[0] is None
    assert made[2] is None
    assert list(made[3]) == [1, 2, 3]


def test_arrays_that_are_not_contiguous_are_copied_in_order() -> None:
    array = numpy.arange(6).reshape(2, 3).T
    assert numpy.array_equal(through(array)[0], array)


def test_vectors_of_several_lengths_are_lists() -> None:
    assert through(numpy.arange(2), numpy.arange(3)) == [[0, 1], [0, 1, 2]]


def test_missing_keys_are_null_and_new_ones_widen_the_first_batch() -> None:
    rows = [{"a": 1}, {"b": "x"}, {"b": "y", "a": 3}]
    assert klein.from_items(rows).take_all() == [
        {"a": 1, "b": None},
        {"a": None, "b": "x"},
        {"a": 3, "b": "y"},
    ]


def test_bare_values_are_the_column_item() -> None:
    assert klein.from_items([3, 4]).take_all() == [{"item": 3}, {"item": 4}]


def test_a_schema_says_the_types() -> None:
    flow = klein.from_items([{"n": 1}, {"n": None}], schema={"n": "int32", "extra": str})
    assert flow.schema() == pyarrow.schema([("n", pyarrow.int32()), ("extra", pyarrow.string())])
    assert flow.take_all() == [{"n": 1, "extra": None}, {"n": None, "extra": None}]


@pytest.mark.parametrize(
    ("kind", "words"), [("int9", "did you mean 'int8'"), (object, 'such as "int64"'), ([int], 'such as "int64"')]
)
def test_a_type_that_there_is_not_is_named_with_its_column(kind: object, words: str) -> None:
    with pytest.raises(klein.InvalidError, match=f"schema: column 'a' can't be of the type .*{words}"):
        klein.from_items([{"a": 1}], schema={"a": kind})


def test_a_value_that_does_not_fit_is_named() -> None:
    with pytest.raises(klein.InvalidError, match="item 1: column 'n' holds int64, and a value is of Python type str"):
        klein.from_items([{"n": 1}, {"n": "two"}])
    with pytest.raises(klein.InvalidError, match="item 0: column 'n' can't hold a value of Python type set"):
        klein.from_items([{"n": {1}}])
    with pytest.raises(klein.InvalidError, match="item 1: a row is a dict, not int"):
        klein.from_items([{"n": 1}, 2])


def test_arrows_own_types_become_pythons() -> None:
    table = pyarrow.table(
        {
            "decimal": pyarrow.array([decimal.Decimal("1.50")], pyarrow.decimal128(5, 2)),
            "word": pyarrow.array(["a"]).dictionary_encode(),
            "when": pyarrow.array([0], pyarrow.timestamp("s", "Europe/Berlin")),
            "large": pyarrow.array(["x"], pyarrow.large_string()),
            "small": pyarrow.array([1.5], pyarrow.float16()),
            "pair": pyarrow.array([[1, 2]], pyarrow.list_(pyarrow.int8(), 2)),
        }
    )
    row = klein.from_arrow(table).take_all()[0]
    assert row["decimal"] == decimal.Decimal("1.50")
    assert row["when"].isoformat() == "1970-01-01T01:00:00+01:00"
    assert (row["word"], row["large"], row["small"], row["pair"]) == ("a", "x", 1.5, [1, 2])


def test_a_slice_of_a_table_is_read_from_its_first_row() -> None:
    table = pyarrow.table({"n": [1, 2, 3], "s": ["a", "b", "c"], "l": [[1], [2], [3]]}).slice(1)
    assert klein.from_arrow(table).take_all()[0] == {"n": 2, "s": "b", "l": [2]}
