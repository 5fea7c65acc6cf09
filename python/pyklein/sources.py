"""Where flows begin: this program's own objects, and sources of several steps. Others come from their kinds' rows."""

from __future__ import annotations

from . import _core
from .flow import Flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal

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


def read_kafka(
    topic: str | Sequence[str],
    *,
    bootstrap_servers: str,
    value_format: Literal["raw", "json", "arrow"] = "raw",
    schema: str | None = None,
    on_error: Literal["raise", "skip", "dead_letter"] = "raise",
    start_offset: Any = "earliest",
    end_offset: Any = None,
    metadata: bool = False,
    group: str | None = None,
    discovery_interval: str | None = "5min",
    client: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Flow:
    """Records of Kafka topics as rows. A partition is a split, read by assignment; those of transactions are read once
    these are committed. Which were read is in the job's snapshot.

    Args:
        topic: A topic, or a list of them.
        bootstrap_servers: A broker's address, or several: "localhost:9092,other:9092".
        value_format: "raw" gives the column `value`, of bytes; "json" the columns of `schema`, by `parse_json`; "arrow"
            the rows of each value's Arrow stream, by `parse_arrow`.
        schema: The columns of JSON objects, such as "id: int64, name: string"; of "arrow", by default, those of the
            first record.
        on_error: What happens to a record that can't be parsed: "raise" ends the job and names it as
            `topic#partition:offset`, "skip" drops and counts it, "dead_letter" sends it to the errors output.
        start_offset: Where to begin: "earliest", "latest", a time (a datetime with a zone, ISO 8601 in UTC, or
            milliseconds since 1970), or offsets by partition, {0: 120}; partitions that are not named begin at the
            earliest. A job that goes on goes on where its snapshot was.
        end_offset: Where to stop, before the record that is there: the same forms; "latest" is the partition's end when
            the job begins. By default there is no end, and the job is a stream.
        metadata: Whether `key`, `topic`, `partition`, `offset`, `timestamp` and `headers` are columns too.
        group: A group whose offsets show, to tools that show lag, what snapshots hold. It is never read from.
        discovery_interval: How often to look whether the topics have got partitions, which are then read from their
            begin; None: never. A read with an end does not look.
        client: librdkafka's own settings, such as {"security.protocol": "SASL_SSL", "sasl.password": ...}. Those that
            are secret are shown nowhere.
        name: The step's name: its identity in plans, metrics and reports.

    Raises, when it runs: UnavailableError, within five seconds, where no broker answers; NotFoundError where there is
    no such topic, or a record is deleted before it is read; CorruptError for a record that can't be parsed.
    """
    from .errors import InvalidError

    if value_format not in ("raw", "json", "arrow"):
        raise InvalidError(f'value_format is "raw", "json" or "arrow", not {value_format!r}')
    if value_format == "json" and schema is None:
        raise InvalidError('value_format="json" needs to know the columns: schema="id: int64, name: string"')
    if value_format == "raw" and (schema is not None or on_error != "raise"):
        raise InvalidError('value_format="raw" parses nothing: schema= and on_error= are for "json" and "arrow"')
    given = {
        "topic": [topic] if isinstance(topic, str) else list(topic),
        "bootstrap_servers": bootstrap_servers,
        "start_offset": start_offset,
        "end_offset": end_offset,
        "metadata": metadata,
        "group": group,
        "discovery_interval": discovery_interval,
        "client": dict(client) if client is not None else None,
    }
    records = Flow.source("read_kafka", given, name)
    if value_format == "raw":
        return records
    parsing = {"column": "value", "schema": schema, "on_error": on_error}
    return records.into(f"parse_{value_format}", parsing, f"{name}-parsed" if name else None)
