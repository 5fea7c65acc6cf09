"""Python's objects as bytes: by name where they can be imported, and functions and classes of a program by value."""

from __future__ import annotations

import io
from types import CodeType

import cloudpickle  # type: ignore[import-untyped]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_reduce = cloudpickle.Pickler.dispatch_table[CodeType]


def _with_its_file(code: CodeType) -> tuple[Any, ...]:
    """cloudpickle leaves the file's name out, and tracebacks would have no lines."""
    make, parts = _reduce(code)
    return make, tuple(code.co_filename if part == "<dynamic-code>" else part for part in parts)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({CodeType: _with_its_file})


def dumps(value: Any) -> bytes:
    with io.BytesIO() as file:
        _Pickler(file).dump(value)
        return file.getvalue()
