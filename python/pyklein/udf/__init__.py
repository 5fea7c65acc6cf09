"""The worker's side of functions that run in processes of their own: loads them, and sends back what they raise.

A worker starts in about 40 ms, so this imports next to nothing.
"""

from __future__ import annotations

import pickle
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core


def load(stored: bytes) -> _core.Object:
    """What `pyklein._workers.store` stored, as a function of the engine's."""
    from .. import __version__
    from ..errors import InvalidError

    path, version, name, inner = pickle.loads(stored)
    if version != __version__:
        raise InvalidError(
            f"{sys.executable} has pyklein {__version__} and the job has {version}: install the same one for both"
        )
    sys.path[:] = [*path, *(folder for folder in sys.path if folder not in path)]
    try:
        made = pickle.loads(inner)
    except ImportError as problem:
        raise InvalidError(
            f"the worker process of {name} can't import what it needs: {problem}; install it for {sys.executable}, or "
            'give its folder as runtime_env={"py_modules": [...]}'
        ) from problem
    return function_of(name, *made)


def function_of(name: str, kind: str, parts: tuple[Any, ...], schema: Any, batch_rows: int) -> _core.Object:
    from .. import _core

    if kind == "batches":
        return _core.batch_function(parts[0], name, schema, batch_rows)
    fn, mode, args, kwargs, make_args, make_kwargs = parts
    return _core.row_function(fn, mode, name, args, kwargs, make_args, make_kwargs, schema, batch_rows)


def store(exception: BaseException) -> bytes:
    """An exception with its traceback as text; empty where it can't be made again from bytes."""
    import traceback

    text = "".join(traceback.format_exception(exception))
    try:
        from .._storing import dumps

        body = dumps(exception.with_traceback(None))
        pickle.loads(body)
    except Exception:
        return b""
    return pickle.dumps((body, text))


def revive(stored: bytes) -> BaseException | None:
    """In the job's process: the exception again, with a note of where it was raised."""
    try:
        body, text = pickle.loads(stored)
        exception = pickle.loads(body)
        exception.add_note("in a worker process:\n" + text.rstrip())
    except Exception:
        return None
    return exception if isinstance(exception, BaseException) else None


def main() -> None:
    """What a worker process runs."""
    import faulthandler

    from .._library import open_engine

    faulthandler.enable()
    open_engine().serve_calls(load, store)
