"""Batches in the formats that users' functions want, and back. The one place that imports pyarrow and numpy."""

from __future__ import annotations

from . import _library
from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

FORMATS = ("numpy", "pyarrow", "pandas", "torch")


def arrow() -> Any:
    """pyarrow, of the version that the engine has."""
    import pyarrow

    _library.check_pyarrow(pyarrow)
    return pyarrow


def _module(name: str, batch_format: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise InvalidError(f'batch_format="{batch_format}" needs {name}: pip install {name}') from None


def to_numpy(table: Any) -> dict[str, Any]:
    """A dict of arrays: numbers and tensors over Arrow's own memory, the rest as objects."""
    return {name: _column_to_numpy(table.column(i)) for i, name in enumerate(table.column_names)}


def _column_to_numpy(column: Any) -> Any:
    pa = arrow()
    column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if isinstance(column.type, pa.FixedShapeTensorType) and column.null_count == 0:
        return column.to_numpy_ndarray()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.to_numpy(zero_copy_only=False)


def _to_torch(table: Any) -> dict[str, Any]:
    import numpy
    import torch

    columns = to_numpy(table)
    for name, column in columns.items():
        if column.dtype != numpy.object_:
            columns[name] = torch.from_numpy(column if column.flags.writeable else column.copy())
    return columns


def from_table(table: Any, batch_format: str | None) -> Any:
    """A pyarrow table in a function's format."""
    if batch_format == "pyarrow":
        return table
    if batch_format == "pandas":
        return table.to_pandas()
    if batch_format == "torch":
        return _to_torch(table)
    return to_numpy(table)


def check_format(batch_format: str | None) -> str:
    """The format's name, its libraries imported now, on this thread; None and "default" are numpy."""
    chosen = "numpy" if batch_format in (None, "default") else batch_format
    if chosen not in FORMATS:
        raise InvalidError(f"batch_format is one of {', '.join(FORMATS)}, not {batch_format!r}")
    arrow()
    if chosen != "pyarrow":
        _module(chosen, chosen)
    return str(chosen)


def _to_column(values: Any) -> Any:
    pa = arrow()
    import numpy

    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if type(values).__module__.partition(".")[0] == "torch":
        values = values.detach().cpu().numpy()
    if isinstance(values, (list, tuple)) and values and isinstance(values[0], numpy.ndarray):
        values = _stacked(values)
    if isinstance(values, numpy.ndarray):
        if values.dtype == numpy.object_ and len(values) and isinstance(values[0], numpy.ndarray):
            values = _stacked(values)
        if isinstance(values, numpy.ndarray) and values.ndim > 1:
            return pa.FixedShapeTensorArray.from_numpy_ndarray(numpy.ascontiguousarray(values))
    return pa.array(values)


def _named_column(name: str, values: Any, what: str) -> Any:
    try:
        return _to_column(values)
    except (TypeError, ValueError) as problem:
        raise InvalidError(f"{what} returned '{name}', which is no array with a value a row: {problem}") from None


def _stacked(arrays: Any) -> Any:
    """Arrays of one shape as one array; others as they are."""
    import numpy

    same = len({(array.shape, array.dtype) for array in arrays}) == 1
    return numpy.stack(list(arrays)) if same else list(arrays)


def to_table(made: Any, what: str) -> Any:
    """What a function returned as a pyarrow table."""
    pa = arrow()
    if isinstance(made, dict):
        if not made:
            raise InvalidError(f"{what} returned no columns; a batch that is to be dropped has columns of no rows")
        columns = [_named_column(name, values, what) for name, values in made.items()]
        lengths = {name: len(column) for name, column in zip(made, columns, strict=True)}
        if len(set(lengths.values())) > 1:
            raise InvalidError(f"{what} returned columns of different lengths: {lengths}")
        return pa.table(dict(zip(made, columns, strict=True)))
    if isinstance(made, list) and all(isinstance(row, dict) for row in made):
        return pa.Table.from_pylist(made)
    if type(made).__module__.partition(".")[0] == "pandas" and hasattr(made, "columns"):
        return pa.Table.from_pandas(made, preserve_index=False)
    if hasattr(made, "__arrow_c_stream__") or hasattr(made, "__arrow_c_array__"):
        return pa.table(made)
    raise InvalidError(
        f"{what} returned {type(made).__name__}; a batch is a dict of arrays, a pyarrow table, a pandas data frame "
        "or a list of dicts"
    )


class Recipe:
    """Makes, once a task, what the engine calls with each batch."""

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        make_args: tuple[Any, ...],
        make_kwargs: dict[str, Any],
        batch_format: str | None,
        schema: Any,
    ) -> None:
        self._fn, self._args, self._kwargs = fn, args, kwargs
        self._make_args, self._make_kwargs = make_args, make_kwargs
        self._format = check_format(batch_format)
        self._schema = arrow().schema(schema) if schema is not None else None

    def __call__(self) -> Callable[[Any], list[Any]]:
        fn = self._fn(*self._make_args, **self._make_kwargs) if isinstance(self._fn, type) else self._fn
        what = getattr(self._fn, "__qualname__", type(self._fn).__qualname__)
        check_format(self._format)  # its libraries, so that the first call is no slower; a worker has not imported them
        pa = arrow()

        def call(batch: Any) -> list[Any]:
            table = pa.Table.from_batches([pa.record_batch(batch)])
            made = fn(from_table(table, self._format), *self._args, **self._kwargs)
            return [self._conform(to_table(each, what)) for each in _each(made)]

        return call

    def _conform(self, table: Any) -> Any:
        if self._schema is None or table.schema.equals(self._schema):
            return table
        missing = [name for name in self._schema.names if name not in table.column_names]
        if missing:
            raise InvalidError(f"the declared schema has the column '{missing[0]}', which the function did not return")
        return table.select(self._schema.names).cast(self._schema)


def _each(made: Any) -> Iterator[Any]:
    """One batch, or those that a generator yields."""
    if hasattr(made, "__next__"):
        yield from made
    else:
        yield made
