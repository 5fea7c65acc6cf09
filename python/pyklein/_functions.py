"""The user's functions on their way into a plan."""

from __future__ import annotations

from . import _core
from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    class HasSchema(Protocol):
        """A pyarrow schema, or anything else that gives Arrow's."""

        def __arrow_c_schema__(self) -> object: ...

    from ._workers import WorkerOptions

    SchemaLike = HasSchema | Mapping[str, Any]

_CO_ASYNC = 0x80 | 0x200  # a coroutine function, an asynchronous generator
_TYPES = {int: "int64", float: "float64", str: "string", bytes: "binary", bool: "bool"}
_INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
_NAMED = [*_INTEGERS, "float16", "float32", "float64", "bool", "string", "binary", "date32", "timestamp[us]"]


def to_schema(schema: SchemaLike | None) -> Any:
    """A schema as Arrow has it; from a dict of names to types: pyarrow's, their names, or int, float, str and so on."""
    if schema is None or hasattr(schema, "__arrow_c_schema__"):
        return schema
    if not isinstance(schema, dict):
        raise InvalidError(f"a schema is a pyarrow schema or a dict of names to types, not {type(schema).__name__}")
    from ._formats import arrow

    return arrow().schema([(column, _type_of(column, kind)) for column, kind in schema.items()])


def _type_of(column: str, kind: Any) -> Any:
    from ._formats import arrow
    from ._names import nearest

    if isinstance(kind, arrow().DataType):
        return kind
    name = str(_TYPES.get(kind, "") if isinstance(kind, type) else kind)
    try:
        return arrow().type_for_alias(name)
    except ValueError:
        known = nearest(name, _NAMED) or '; give a pyarrow type, or the name of one, such as "int64"'
        raise InvalidError(f"schema: column '{column}' can't be of the type {kind!r}{known}") from None


def name_of(fn: Any) -> str:
    """What a plan shows: `embed`, `Captioner`, `<lambda>`."""
    return str(getattr(fn, "__qualname__", None) or type(fn).__qualname__).replace("<locals>.", "")


def check_callable(fn: Any, verb: str) -> None:
    """Refuses what can't be called, and async functions."""
    if not callable(fn):
        raise InvalidError(f"{verb} wants a function or a class, not {type(fn).__name__}")
    code = getattr(fn, "__code__", None) or getattr(
        (fn if isinstance(fn, type) else type(fn)).__call__, "__code__", None
    )
    if code is not None and code.co_flags & _CO_ASYNC:
        raise InvalidError(f"{verb} can't call the async function {name_of(fn)} yet; give a plain one")


def row_function(
    fn: Callable[..., Any],
    mode: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    make_args: Sequence[Any],
    make_kwargs: Mapping[str, Any] | None,
    schema: SchemaLike | None,
    batch_rows: int,
    launch: dict[str, Any] | None,
) -> _core.Object:
    """A function of rows; a class is made once a task. With `launch` it runs in worker processes."""
    check_callable(fn, mode)
    made = isinstance(fn, type)
    if not made and (make_args or make_kwargs):
        raise InvalidError("fn_constructor_args and fn_constructor_kwargs go with a class, and fn is none")
    given = (tuple(args) or None, dict(kwargs) if kwargs else None)
    making = (tuple(make_args) if made else None, dict(make_kwargs or {}) if made else None)
    wanted = to_schema(schema)
    if launch is not None:
        from ._workers import worker_function

        return worker_function(mode, name_of(fn), "rows", (fn, mode, *given, *making), wanted, batch_rows, launch)
    return _core.row_function(
        fn, mode, name_of(fn), given[0], given[1], making[0], making[1], schema=wanted, batch_rows=batch_rows
    )


def batch_function(
    fn: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    make_args: Sequence[Any] = (),
    make_kwargs: Mapping[str, Any] | None = None,
    batch_format: str | None = "numpy",
    schema: SchemaLike | None = None,
    batch_rows: int = 0,
    launch: dict[str, Any] | None = None,
) -> _core.Object:
    """A function of batches in the format that it wants; a class is made once a task. `launch`: as for rows."""
    from ._formats import Recipe

    check_callable(fn, "map_batches")
    if not isinstance(fn, type) and (make_args or make_kwargs):
        raise InvalidError("fn_constructor_args and fn_constructor_kwargs go with a class, and fn is none")
    wanted = to_schema(schema)
    recipe = Recipe(
        fn, tuple(args), dict(kwargs or {}), tuple(make_args), dict(make_kwargs or {}), batch_format, wanted
    )
    if launch is not None:
        from ._workers import worker_function

        return worker_function("map_batches", name_of(fn), "batches", (recipe,), wanted, batch_rows, launch)
    return _core.batch_function(recipe, name_of(fn), wanted, batch_rows)


def generic_function(fn: Any) -> Any:
    """For kinds that know nothing of Python: a function of batches, unless it is one of the engine's already."""
    return fn if isinstance(fn, _core.Object) else batch_function(fn)


def launch_of(verb: str, worker: WorkerOptions) -> dict[str, Any] | None:
    """How the workers of a function are started; None: it runs in this process, as it does where nothing is said."""
    if not worker:
        return None
    from ._workers import launch

    return launch(verb, worker)


def rows_of_a_call(batch_size: int | str | None) -> int:
    """How many rows a call should get: 0 is "as they come"."""
    if batch_size is None or batch_size == "auto":
        return 0
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise InvalidError(f'batch_size is a positive number or "auto", not {batch_size!r}')
    return batch_size
