"""Functions that run in processes of their own: how their workers are started, and what is sent to them."""

from __future__ import annotations

import os
import sys
from typing import TypedDict

from . import _core
from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any, Literal


class WorkerOptions(TypedDict, total=False):
    """Where a function runs, and what bounds it there; all but `isolation` go with "process".

    - `isolation`: "process": in worker processes, so that a crash, a hang or a leak of `fn` harms nobody else;
      "thread" and "auto": in this process.
    - `runtime_env`: of the workers: `env_vars` (a dict), `working_dir`, `py_modules` (folders to import from) and
      `py_executable` (another interpreter, of a virtual environment that has this pyklein).
    - `timeout`: how long a call may take, seconds or "500ms": then its worker is killed and its rows are called with
      again, until the one that hangs stands alone.
    - `start_timeout`: how long a worker may take to make its function; ten minutes where it is left out.
    - `max_calls`, `max_lifetime`: after so many calls, or so long, another worker takes the place: for libraries that
      leak.
    - `memory`: how much a worker may have in memory of its own, "2GB": above, it is killed, and its rows are called
      with again.
    """

    isolation: Literal["auto", "thread", "process"] | None
    runtime_env: dict[str, Any] | None
    timeout: float | str | timedelta | None
    start_timeout: float | str | timedelta | None
    max_calls: int | None
    max_lifetime: float | str | timedelta | None
    memory: int | str | None
    concurrency: object
    num_cpus: object
    num_gpus: object
    in_flight: object
    ordered: object
    retries: object


_WITH_PROCESS = ("runtime_env", "timeout", "start_timeout", "max_calls", "max_lifetime", "memory")
_LATER = ("concurrency", "num_cpus", "num_gpus", "in_flight", "ordered", "retries")
_ENVIRONMENT = ("env_vars", "working_dir", "py_modules", "py_executable")
_START = "import sys; sys.path.insert(0, sys.argv[1]); from pyklein.udf import main; main()"
_START_TIMEOUT = 600 * 10**9


def launch(verb: str, given: WorkerOptions) -> dict[str, Any] | None:
    """How workers are started; None: the function runs in this process."""
    from .errors import refuse_not_built

    options: dict[str, Any] = {**given}
    _refuse_unknown(verb, options, ("isolation", *_WITH_PROCESS, *_LATER))
    refuse_not_built(**{name: options.get(name) for name in _LATER})
    isolation = options.get("isolation") or "auto"
    if isolation not in ("auto", "thread", "process"):
        raise InvalidError(f'isolation is "auto", "thread" or "process", not {isolation!r}')
    if isolation == "process":
        return _launch(options)
    for name in _WITH_PROCESS:
        if options.get(name) is not None:
            raise InvalidError(f'{name}= is about worker processes, and needs isolation="process"')
    return None


def _refuse_unknown(what: str, given: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            from ._names import nearest

            raise InvalidError(f"{what} has no option {name!r}{nearest(name, known) or '; it has ' + ', '.join(known)}")


def _launch(options: dict[str, Any]) -> dict[str, Any]:
    from ._options import bytes_of, nanoseconds

    def time(name: str, otherwise: int = 0) -> int:
        return otherwise if options.get(name) is None else nanoseconds(options[name], name)

    max_calls = options.get("max_calls")
    if max_calls is not None and (not isinstance(max_calls, int) or isinstance(max_calls, bool) or max_calls < 1):
        raise InvalidError(f"max_calls is how many calls a worker makes, at least 1, not {max_calls!r}")
    return {
        **_environment(options.get("runtime_env") or {}),
        "timeout": time("timeout"),
        "start_timeout": time("start_timeout", _START_TIMEOUT),
        "max_calls": max_calls or 0,
        "lifetime": time("max_lifetime"),
        "memory": bytes_of(options.get("memory")) or 0,
    }


def _environment(given: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidError(f"runtime_env is a dict with some of {', '.join(_ENVIRONMENT)}, not {given!r}")
    _refuse_unknown("runtime_env", given, _ENVIRONMENT)
    variables = given.get("env_vars") or {}
    for name, value in variables.items():
        if not isinstance(name, str) or not isinstance(value, str) or "=" in name:
            raise InvalidError(f"env_vars has names and values that are strings, not {name!r}: {value!r}")
    folder = os.fspath(given.get("working_dir") or "")
    if folder and not os.path.isdir(folder):
        raise InvalidError(f"working_dir: there is no folder {folder!r}")
    executable = os.fspath(given.get("py_executable") or sys.executable)
    if not os.access(executable, os.X_OK):
        raise InvalidError(f"py_executable: {executable!r} is no program that can be run")
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {
        "command": [executable, "-u", "-c", _START, home],
        "environment": [f"{name}={value}" for name, value in {**os.environ, **variables}.items()],
        "folder": os.path.abspath(folder) if folder else "",
        "py_modules": [os.path.abspath(each) for each in given.get("py_modules") or ()],
        "own_path": "py_executable" in given,
    }


def worker_function(
    verb: str, name: str, kind: str, parts: tuple[Any, ...], schema: Any, batch_rows: int, launch: dict[str, Any]
) -> _core.Object:
    """A function for the plan, stored as bytes; what can't be sent is refused here, before any work."""
    from . import __version__
    from .udf import revive

    if schema is not None:
        from ._formats import arrow

        schema = arrow().schema(schema)
    inner = _store(verb, name, (kind, parts, schema, batch_rows))
    # Another interpreter has packages of its own: of ours it needs only what the user asked for.
    path = (
        list(launch["py_modules"]) if launch["own_path"] else [*launch["py_modules"], *map(os.path.abspath, sys.path)]
    )
    stored = _pickled((path, __version__, name, inner))
    return _core.worker_function(stored, name, schema, batch_rows, kind == "rows", launch, revive)


def _pickled(value: Any) -> bytes:
    import pickle

    return pickle.dumps(value)


def _store(verb: str, name: str, made: tuple[Any, ...]) -> bytes:
    from ._storing import dumps

    try:
        return dumps(made)
    except Exception as problem:
        culprit = _culprit(made[1])
        raise InvalidError(
            f"{verb}: {name} can't be sent to a worker process, because {culprit or 'of what it holds'}: {problem}; "
            'make such things in the constructor of a class, or use isolation="thread"'
        ) from None


def _culprit(parts: tuple[Any, ...]) -> str:
    """Which variable of a function, or which argument, can't be stored."""
    from ._storing import dumps

    def fails(value: Any) -> bool:
        try:
            dumps(value)
        except Exception:
            return True
        return False

    for part in parts:
        fn = getattr(part, "_fn", part)
        code = getattr(fn, "__code__", None)
        cells = zip(code.co_freevars, fn.__closure__ or (), strict=False) if code else ()
        for variable, cell in cells:
            if fails(cell.cell_contents):
                return f"its variable '{variable}' is {_a(cell.cell_contents)}"
        names = code.co_names if code else ()
        for variable in names:
            if variable in fn.__globals__ and fails(fn.__globals__[variable]):
                return f"the global variable '{variable}' is {_a(fn.__globals__[variable])}"
    bad = [part for part in parts if not callable(part) and fails(part)]
    return f"of an argument in {bad[0]!r}" if bad else ""


def _a(value: Any) -> str:
    return f"a {type(value).__name__}"
