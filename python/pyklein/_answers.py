"""Immediate answers: flows that run at once and give their rows to the program."""

from __future__ import annotations

from . import _core
from .errors import InvalidError, ResourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .flow import Flow

_SLICE = 100  # milliseconds between two looks at signals
_WAITING = 8  # batches that may wait to be taken


def _known_schema(flow: Flow) -> _core.Schema | None:
    """The flow's schema or, where only running tells and nothing came, that of what it reads."""
    schema = flow._core.schema
    if schema is None and flow._before:
        return _known_schema(flow._before[0])
    return schema


def _ends(flow: Flow) -> bool:
    return flow._core.bounded or flow._core.kind == "limit" or any(_ends(each) for each in flow._before[:1])


def _bounded(flow: Flow, what: str) -> None:
    if not _ends(flow):
        raise InvalidError(f"{what} waits for the end, and the source of this flow has none; put .limit(n) before it")


def _begin(flow: Flow, collector: _core.Collector, cores: int | None) -> _core.Job:
    if flow._core.is_sink:
        raise InvalidError(f"the flow ends in the sink '{flow._core.kind}', so it has no rows to give: run it")
    return _core.start([flow._core.then("collect", {"collector": collector})], {"cores": cores})


def _wait(job: _core.Job) -> dict[str, Any]:
    """What the job's report says, once it has ended."""
    try:
        while not job.wait_for(_SLICE):
            pass
    except KeyboardInterrupt:
        job.stop(drain=False)
        raise
    return job.wait()[0]


def collected(flow: Flow, cores: int | None = None) -> _core.Table:
    """All rows, in the source's order."""
    _bounded(flow, "this answer")
    collector = _core.Collector()
    _wait(_begin(flow, collector, cores))
    return collector.all(_known_schema(flow))


def all_rows(flow: Flow, limit: int | None) -> list[dict[str, Any]]:
    """All rows as dicts, unless they are more than `limit`."""
    table = collected(flow if limit is None else flow.limit(limit + 1))
    if limit is not None and len(table) > limit:
        raise ResourceError(f"there are more than {limit} rows; raise limit=, or use take({limit}) or iter_rows()")
    return table.rows()


def counted(flow: Flow) -> int:
    """How many rows come out."""
    _bounded(flow, "count")
    if flow._core.is_sink:
        raise InvalidError(f"the flow ends in the sink '{flow._core.kind}': run it, and its report counts")
    return int(_wait(_core.start([flow._core.then("discard", {})], {}))["rows_out"])


def schema_of(flow: Flow) -> Any:
    """The schema as pyarrow's."""
    from ._formats import arrow

    if flow._core.schema is not None:
        return arrow().schema(flow._core.schema)
    first, collector = flow.limit(1), _core.Collector()
    failed = _wait(_begin(first, collector, 1))["rows_failed"]
    table = collector.all(_known_schema(first))
    if failed and not len(table):
        raise InvalidError(
            f"the schema isn't known: no row came through, and {failed} failed; declare it with schema=, or see why "
            'with on_error="raise"'
        )
    return arrow().schema(table.schema)


def to_arrow(flow: Flow) -> Any:
    """All rows as a pyarrow table."""
    from ._formats import arrow

    return arrow().RecordBatchReader.from_stream(collected(flow)).read_all()  # `table` would import pandas


def _batches(flow: Flow) -> Iterator[_core.Batch]:
    collector = _core.Collector(_WAITING)
    job = _begin(flow, collector, None)
    try:
        while True:
            while not collector.wait_for(_SLICE):
                pass
            batch = collector.next()
            if batch is None:
                break
            yield batch
    except BaseException:  # GeneratorExit too: the rows are not wanted any more
        job.stop(drain=False)
        raise
    job.wait()


def iter_rows(flow: Flow) -> Iterator[dict[str, Any]]:
    """Rows as they come."""
    for batch in _batches(flow):
        yield from batch.rows()


def iter_batches(flow: Flow, batch_size: int | None, batch_format: str | None) -> Iterator[Any]:
    """Batches as they come, or of `batch_size` rows. What is wrong is said now, not with the first batch."""
    from ._formats import arrow, check_format, from_table
    from ._functions import rows_of_a_call

    chosen = check_format(batch_format)
    rows = rows_of_a_call(batch_size)
    pa = arrow()
    tables = (pa.Table.from_batches([pa.record_batch(batch)]) for batch in _batches(flow))
    return (from_table(table, chosen) for table in (_cut(tables, rows) if rows else tables))


def _cut(tables: Iterator[Any], rows: int) -> Iterator[Any]:
    """The same rows in tables of `rows`, the last one of fewer."""
    from ._formats import arrow

    rest = None
    for table in tables:
        rest = table if rest is None else arrow().concat_tables([rest, table])
        while rest.num_rows >= rows:
            yield rest.slice(0, rows)
            rest = rest.slice(rows)
    if rest is not None and rest.num_rows:
        yield rest
