"""Flow: a program as it is written. A value: each verb returns a new one, and nothing is read before it runs.

The verbs that say how Python's own functions are called are here; the others are generated from their kinds' rows.
"""

from __future__ import annotations

from _warnings import warn

from ._library import open_engine
from ._names import nearest, step_name
from .errors import InvalidError, NotRunWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Literal, Unpack

    import pandas
    import pyarrow

    from . import _core
    from ._functions import SchemaLike
    from ._workers import WorkerOptions

    OnError = Literal["raise", "skip", "dead_letter"]
else:
    _core = open_engine()

from ._keyed import KeyedVerbs  # noqa: E402
from ._running import Runs  # noqa: E402
from ._verbs import Verbs  # noqa: E402


class Flow(Verbs, KeyedVerbs, Runs):
    """Steps from a source on. `klein.read_parquet(...)`, `klein.from_items(...)` and others begin one."""

    __slots__ = ("__weakref__", "_before", "_core", "_ran")

    def __init__(self, core: _core.Flow, before: tuple[Flow, ...] = ()) -> None:
        self._core = core
        self._before = before
        self._ran = False

    @classmethod
    def source(cls, kind: str, params: dict[str, Any], name: str | None = None) -> Flow:
        """A flow that begins with a source of this kind: what the functions of sources call."""
        return cls(_core.source(kind, _given(params), step_name(name)))

    def into(self, kind: str, params: dict[str, Any], name: str | None = None, others: Sequence[Flow] = ()) -> Flow:
        """This flow, and others, into a step of this kind: what the verbs call."""
        if kind == "infer":
            from ._library import tell_runtimes

            tell_runtimes()
        if not all(isinstance(other, Flow) for other in others):
            raise InvalidError(f"'{kind}' takes flows, each an argument of its own, not {others!r}")
        core = self._core.then(kind, _given(params), step_name(name), [other._core for other in others])
        return Flow(core, (self, *others))

    # ---- rows through Python ----

    def map(
        self,
        fn: Callable[..., dict[str, Any]],
        *,
        fn_args: Sequence[Any] = (),
        fn_kwargs: Mapping[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] = (),
        fn_constructor_kwargs: Mapping[str, Any] | None = None,
        schema: SchemaLike | None = None,
        on_error: OnError = "raise",
        batch_size: int | Literal["auto"] | None = "auto",
        name: str | None = None,
        **worker: Unpack[WorkerOptions],
    ) -> Flow:
        """Turn each row into another: `flow.map(lambda row: {**row, "n": row["n"] + 1})`.

        A row is a dict. `fn` is called with it, then `fn_args` and `fn_kwargs`; a class is made once a task, with
        `fn_constructor_args` and `fn_constructor_kwargs`, and then called. Consecutive ones are fused: a row
        goes through all of them before the next. Column types come from the first rows, unless `schema` says them.
        With `isolation="process"` it runs in worker processes; `worker` says how: `klein.WorkerOptions`.
        """
        return self._rows(
            "map",
            "map",
            fn,
            fn_args,
            fn_kwargs,
            fn_constructor_args,
            fn_constructor_kwargs,
            schema,
            on_error,
            batch_size,
            name,
            worker,
        )

    def flat_map(
        self,
        fn: Callable[..., Iterable[dict[str, Any]]],
        *,
        fn_args: Sequence[Any] = (),
        fn_kwargs: Mapping[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] = (),
        fn_constructor_kwargs: Mapping[str, Any] | None = None,
        schema: SchemaLike | None = None,
        on_error: OnError = "raise",
        batch_size: int | Literal["auto"] | None = "auto",
        name: str | None = None,
        **worker: Unpack[WorkerOptions],
    ) -> Flow:
        """Turn each row into any number of rows: `fn` returns or yields them. The arguments are those of `map`."""
        return self._rows(
            "flat_map",
            "flat_map",
            fn,
            fn_args,
            fn_kwargs,
            fn_constructor_args,
            fn_constructor_kwargs,
            schema,
            on_error,
            batch_size,
            name,
            worker,
        )

    def filter(
        self,
        predicate: pyarrow.compute.Expression | Callable[..., object],
        *,
        fn_args: Sequence[Any] = (),
        fn_kwargs: Mapping[str, Any] | None = None,
        on_error: OnError = "raise",
        name: str | None = None,
        **worker: Unpack[WorkerOptions],
    ) -> Flow:
        """Keep the rows for which `predicate` is true.

        An expression, `klein.col("price") > 3`, runs in C++ and may be moved into the read; a function of a row,
        a dict, runs in Python.
        """
        if not callable(predicate):
            if fn_args or fn_kwargs or on_error != "raise" or worker:
                raise InvalidError(
                    "fn_args, fn_kwargs, on_error and isolation go with a function, and the predicate is none"
                )
            return self.into("filter", {"predicate": predicate}, name)
        return self._rows(
            "filter_rows", "filter", predicate, fn_args, fn_kwargs, (), None, None, on_error, None, name, worker
        )

    def _rows(
        self,
        kind: str,
        mode: str,
        fn: Any,
        args: Any,
        kwargs: Any,
        make_args: Any,
        make_kwargs: Any,
        schema: Any,
        on_error: str,
        batch_size: Any,
        name: str | None,
        worker: WorkerOptions,
    ) -> Flow:
        from ._functions import launch_of, row_function, rows_of_a_call

        size, launch = rows_of_a_call(batch_size), launch_of(mode, worker)
        made = row_function(fn, mode, args, kwargs, make_args, make_kwargs, schema, size, launch)
        return self.into(kind, {"fn": made, "on_error": on_error}, name)

    def map_batches(
        self,
        fn: Callable[..., Any],
        *,
        batch_size: int | Literal["auto"] | None = "auto",
        batch_format: Literal["numpy", "pyarrow", "pandas", "torch"] | None = "numpy",
        fn_args: Sequence[Any] = (),
        fn_kwargs: Mapping[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] = (),
        fn_constructor_kwargs: Mapping[str, Any] | None = None,
        schema: SchemaLike | None = None,
        on_error: OnError = "raise",
        name: str | None = None,
        **worker: Unpack[WorkerOptions],
    ) -> Flow:
        """Turn each batch into another, or, by a generator, into several.

        `fn` is called with a dict of numpy arrays (or a pyarrow table, a pandas data frame, a dict of torch tensors) of
        at most `batch_size` rows, then `fn_args` and `fn_kwargs`; a class is made once a task, with
        `fn_constructor_args` and `fn_constructor_kwargs`, and then called. It returns any of these, or a list of dicts.
        With `isolation="process"` it runs in worker processes; `worker` says how: `klein.WorkerOptions`.
        """
        from ._functions import batch_function, launch_of, rows_of_a_call

        made = batch_function(
            fn,
            fn_args,
            fn_kwargs,
            fn_constructor_args,
            fn_constructor_kwargs,
            batch_format,
            schema,
            rows_of_a_call(batch_size),
            launch_of("map_batches", worker),
        )
        return self.into("map_batches", {"fn": made, "on_error": on_error}, name)

    # ---- the shape of the program ----

    def with_column(self, column: str, expression: Any, *, name: str | None = None) -> Flow:
        """Add one column, computed by an expression: `flow.with_column("total", klein.col("price") * 2)`."""
        return self.into("with_columns", {"columns": {column: expression}}, name)

    def split_errors(self) -> tuple[Flow, Flow]:
        """The rows that came through, and the dead letters of the last step (`on_error="dead_letter"`)."""
        return self, Flow(self._core.port("errors"), (self,))

    def pipe(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`fn(self, *args, **kwargs)`: a function from flow to flow is the unit of reuse."""
        return fn(self, *args, **kwargs)

    # ---- immediate answers ----

    def take(self, limit: int = 20) -> list[dict[str, Any]]:
        """The first rows of the source's order, as dicts."""
        from ._answers import collected

        return collected(self.limit(limit), cores=1).rows()

    def take_all(self, limit: int | None = None) -> list[dict[str, Any]]:
        """All rows as dicts, in the source's order; refuses to give more than `limit`."""
        from ._answers import all_rows

        return all_rows(self, limit)

    def collect(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The same as `take_all`."""
        return self.take_all(limit)

    def show(self, limit: int = 20) -> None:
        """Print the first rows."""
        for row in self.take(limit):
            print(row)

    def count(self) -> int:
        """How many rows there are."""
        from ._answers import counted

        return counted(self)

    def schema(self) -> pyarrow.Schema:
        """Names and types of the columns; where only running tells, the first row is computed."""
        from ._answers import schema_of

        return schema_of(self)

    def to_arrow(self) -> pyarrow.Table:
        """All rows as a pyarrow table, in the source's order."""
        from ._answers import to_arrow

        return to_arrow(self)

    def to_pandas(self) -> pandas.DataFrame:
        """All rows as a pandas data frame, in the source's order."""
        return self.to_arrow().to_pandas()

    def iter_batches(
        self,
        *,
        batch_size: int | None = None,
        batch_format: Literal["numpy", "pyarrow", "pandas", "torch"] | None = "numpy",
    ) -> Iterator[Any]:
        """Batches as they come while the flow runs, in no order; with `batch_size`, of so many rows."""
        from ._answers import iter_batches

        return iter_batches(self, batch_size, batch_format)

    def iter_rows(self) -> Iterator[dict[str, Any]]:
        """Rows as they come, in no order, while the flow runs."""
        from ._answers import iter_rows

        return iter_rows(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All rows, for polars, duckdb, pandas and whatever else reads Arrow's streams."""
        from ._answers import collected

        return collected(self).__arrow_c_stream__()

    # ---- as a value ----

    def __repr__(self) -> str:
        schema = self._core.schema
        columns = "known when it runs" if schema is None else repr(schema)
        return f"Flow, not run:\n{_indented(self._core.text())}columns: {columns}"

    def __del__(self) -> None:
        core = getattr(self, "_core", None)
        if core is not None and core.is_sink and not self._ran:
            lost = f"a flow that ends in '{core.kind}' was dropped without being run: call run() or start()"
            warn(lost, NotRunWarning, 2)  # where it was dropped

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            from ._plugins import verb_of

            verb = verb_of(name)
            if verb is not None:
                return verb.__get__(self)
        raise AttributeError(f"a flow has no '{name}'{nearest(name, dir(Flow))}")


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def _given(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters without flows by mistake."""
    for name, value in params.items():
        if isinstance(value, Flow):
            raise InvalidError(f"'{name}' is a flow; give a value")
    return params
