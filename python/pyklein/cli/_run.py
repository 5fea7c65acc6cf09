"""`klein run` and `klein explain`: a program's flows."""

from __future__ import annotations

import os
import sys

from .. import _job
from .._running import explained
from ..errors import Error, InvalidError
from ..flow import Flow
from . import FAILED, STOPPED, WORKED
from ._detach import tell_started

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


def _namespace(path: str, arguments: Sequence[str]) -> dict[str, object]:
    """What a program defines. Its `if __name__ == "__main__"` is not run: the command runs its flows."""
    from runpy import run_path

    if not os.path.isfile(path):
        raise InvalidError(f"there is no program '{path}'")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    given, sys.argv = sys.argv, [path, *arguments]
    _job._loading = True
    try:
        return dict(run_path(path, run_name="__klein__"))
    except (Error, SystemExit):
        raise
    except Exception as problem:
        _show(problem, path)
        raise InvalidError(f"{path} can't be loaded") from None
    finally:
        _job._loading = False
        sys.argv = given


def _show(problem: Exception, path: str) -> None:
    """The traceback, from the program's own first line on."""
    import traceback

    here = problem.__traceback__
    while here and here.tb_frame.f_code.co_filename != path:
        here = here.tb_next
    traceback.print_exception(type(problem), problem, here)
    for flow in here.tb_frame.f_globals.values() if here else ():
        if isinstance(flow, Flow):
            flow._ran = True  # the program did not get that far


def flows_of(program: str, arguments: Sequence[str] = (), *, sinks: bool = True) -> list[Flow]:
    """The named flow of FILE:NAME, or every flow of FILE that ends in a sink."""
    path, colon, name = program.partition(":")
    defined = {key: value for key, value in _namespace(path, arguments).items() if isinstance(value, Flow)}
    for flow in defined.values():
        flow._ran = True  # the command deals with them: what it does not run needs no warning
    if colon and name not in defined:
        raise InvalidError(f"{path} defines no flow '{name}'; it defines {', '.join(defined) or 'none'}")
    if name:
        return [defined[name]]
    found = list({id(flow): flow for flow in defined.values() if flow._core.is_sink}.values())
    if not found and not sinks and len(defined) == 1:
        return list(defined.values())
    if not found:
        raise InvalidError(
            f"{path} defines no flow that ends in a sink"
            + (f"; name one to look at: {path}:{next(iter(defined))}" if defined and not sinks else "")
            + ("; end one in .write_...() or .discard()" if sinks else "")
            + ("; what is under `if __name__ == '__main__':` is not run" if not defined else "")
        )
    return found


def run(options: Namespace) -> int:
    """Runs; prints the report."""
    if options.detach:
        from ._detach import detach

        return detach(options)
    if options.supervise:
        from ._supervise import supervise

        return supervise(options)
    flows = flows_of(options.program, options.arguments)
    started = _job.start(
        *flows,
        cores=options.cores,
        memory=options.memory,
        state_memory=options.state_memory,
        mode=options.mode,
        seed=options.seed,
        checkpoint=options.checkpoint,
        interval=options.interval,
        timeout=options.timeout,
        retention=options.retention,
        restart=options.restart,
        name=options.name,
    )
    tell_started()
    try:
        report = started.wait(progress=not options.no_progress)
    except (Error, KeyboardInterrupt):
        raise
    except Exception:  # the user's own
        import traceback

        traceback.print_exc()
        return FAILED
    if options.json:
        import json

        print(json.dumps(report.to_dict()))
    else:
        print(report, end="")
    return STOPPED if report.stopped else WORKED


def explain(options: Namespace) -> int:
    """Prints the views."""
    flows = flows_of(options.program, options.arguments, sinks=False)
    print(explained(flows, options.view, "json" if options.json else "text"))
    return WORKED
