"""Arrow data crosses without a copy, both ways."""

import numpy
import pyarrow
import pyklein as klein


def address(array: pyarrow.Array) -> int:
    return array.buffers()[-1].address


def test_data_goes_in_and_out_without_a_copy() -> None:
    table = pyarrow.table({"n": numpy.arange(1000)})
    assert address(klein.from_arrow(table).to_arrow()["n"].chunk(0)) == address(table["n"].chunk(0))


def test_a_function_of_batches_sees_the_same_memory() -> None:
    table = pyarrow.table({"n": numpy.arange(1000)})
    seen = []

    def look(batch):
        seen.append(batch["n"].__array_interface__["data"][0])
        return batch

    out = klein.from_arrow(table).map_batches(look).to_arrow()
    assert seen == [address(table["n"].chunk(0))]
    assert address(out["n"].chunk(0)) == seen[0]


def test_a_tensor_in_a_row_is_the_columns_own_memory() -> None:
    pixels = numpy.arange(24, dtype=numpy.uint8).reshape(2, 3, 4)
    column = pyarrow.FixedShapeTensorArray.from_numpy_ndarray(pixels)
    rows = klein.from_arrow(pyarrow.table({"pixels": column})).take_all()
    assert rows[1]["pixels"].__array_interface__["data"][0] == address(column) + 12
    assert not rows[1]["pixels"].flags.writeable


def test_whatever_reads_arrow_streams_reads_a_flow() -> None:
    assert pyarrow.table(klein.range(3)).to_pydict() == {"id": [0, 1, 2]}


def test_whatever_gives_arrow_data_is_a_source() -> None:
    batch = pyarrow.record_batch({"n": [1]})
    for data in (batch, pyarrow.Table.from_batches([batch]), klein.from_arrow(batch)):
        assert klein.from_arrow(data).take_all() == [{"n": 1}]


def test_what_gives_no_arrow_data_is_refused() -> None:
    try:
        klein.from_arrow([1, 2])
    except klein.InvalidError as problem:
        assert "not list" in str(problem)
    else:
        raise AssertionError
