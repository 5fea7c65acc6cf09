"""Columns of pictures: what other libraries find in the Parquet files that Klein writes, and in its batches."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet
import pyklein as klein
import pytest
from PIL import Image

PICTURES = numpy.random.default_rng(1).integers(0, 256, (5, 6, 4, 3), numpy.uint8)


def png(pixels: numpy.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def decoded() -> klein.Flow:
    files = [{"id": number, "bytes": png(pixels)} for number, pixels in enumerate(PICTURES)]
    return klein.from_items(files).decode_image("bytes", size=(6, 4), into="pixels").select("id", "pixels")


def storage_address(column: pyarrow.FixedShapeTensorArray) -> int:
    return int(column.buffers()[-1].address)


def test_pyarrow_reads_pictures_that_were_written_as_tensors_of_the_same_values_and_shape(tmp_path: Path) -> None:
    decoded().write_parquet(tmp_path / "out").run()
    column = pyarrow.parquet.read_table(tmp_path / "out")["pixels"].combine_chunks()
    assert isinstance(column, pyarrow.FixedShapeTensorArray)
    assert column.type == pyarrow.fixed_shape_tensor(pyarrow.uint8(), [6, 4, 3])
    assert numpy.array_equal(column.to_numpy_ndarray(), PICTURES)
    assert column.to_numpy_ndarray().ctypes.data == storage_address(column)


def test_klein_reads_them_as_it_wrote_them(tmp_path: Path) -> None:
    decoded().write_parquet(tmp_path / "out").run()
    assert klein.read_parquet(tmp_path / "out").to_arrow().equals(decoded().to_arrow())


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("element", ["uint8", "int64", "float32", "float64"])
def test_tensors_of_any_number_are_read_back(tmp_path: Path, shape: tuple[int, ...], element: str) -> None:
    values = numpy.arange(3 * numpy.prod(shape)).reshape(3, *shape).astype(element)
    table = pyarrow.table({"x": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(values)})
    klein.from_arrow(table).write_parquet(tmp_path / "out").run()
    column = pyarrow.parquet.read_table(tmp_path / "out")["x"].combine_chunks()
    assert numpy.array_equal(column.to_numpy_ndarray(), values)
    assert column.to_numpy_ndarray().dtype == element


def test_batches_of_pictures_share_the_engines_memory_with_numpy() -> None:
    seen = []

    def look(table: pyarrow.Table) -> pyarrow.Table:
        seen.append(storage_address(table["pixels"].chunk(0)))
        return table

    (batch,) = decoded().map_batches(look, batch_format="pyarrow").iter_batches()
    assert batch["pixels"].ctypes.data == seen[0]
    assert batch["pixels"].shape == PICTURES.shape
    assert numpy.array_equal(batch["pixels"], PICTURES)


def test_what_speaks_dlpack_takes_them_without_a_copy() -> None:
    (batch,) = decoded().iter_batches()
    taken = numpy.from_dlpack(batch["pixels"])
    assert taken.ctypes.data == batch["pixels"].ctypes.data
    assert numpy.array_equal(taken, PICTURES)
    row = decoded().take(1)[0]["pixels"]
    assert numpy.from_dlpack(row).ctypes.data == row.ctypes.data


def test_torch_takes_them_as_they_are() -> None:
    torch = pytest.importorskip("torch")
    (batch,) = decoded().iter_batches(batch_format="torch")
    assert numpy.array_equal(batch["pixels"].numpy(), PICTURES)
    assert batch["pixels"].dtype == torch.uint8
