"""Where flows begin in this program: its own objects. Sources outside it are generated from their kinds' rows."""

from __future__ import annotations

from . import _core
from .flow import Flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._functions import SchemaLike


def from_arrow(table: Any, *, name: str | None = None) -> Flow:
    """Rows of a table in memory: anything that gives Arrow data (pyarrow, polars, pandas, duckdb, ...). Not copied."""
    return Flow.source("from_arrow", {"table": _core.table_from_arrow(table)}, name)


def from_pandas(frame: Any, *, name: str | None = None) -> Flow:
    """Rows of a pandas data frame; its index is dropped."""
    from ._formats import arrow

    return from_arrow(arrow().Table.from_pandas(frame, preserve_index=False), name=name)


def from_items(items: Iterable[Any], *, schema: SchemaLike | None = None, name: str | None = None) -> Flow:
    """Rows from Python objects: a dict is a row; anything else is a row with the one column `item`.

    Column types come from the values; `schema` says them instead: `{"id": "int32"}`, or a pyarrow schema.
    """
    from ._functions import to_schema

    rows = items if isinstance(items, list) else list(items)
    if rows and not isinstance(rows[0], dict):
        rows = [{"item": item} for item in rows]
    return Flow.source("from_arrow", {"table": _core.table_from_rows(rows, to_schema(schema))}, name)
