"""`klein jobs`, `status`, `attach`, `stop`, `snapshot`, `configure`: jobs with a name, of other processes."""

from __future__ import annotations

import json
import sys

from .._named import NamedJob
from .._registry import entries
from . import STOPPED, WORKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from ..report import RunReport
_LOOK = 0.2  # seconds between two looks at a job that is attached to


def command(options: Namespace) -> int:
    """The one that is asked for. Ctrl-C ends it, and not the job."""
    try:
        done: int = globals()[options.command](options)
    except KeyboardInterrupt:
        print(f"klein: stopped looking; '{options.name}' is left alone", file=sys.stderr)
        return STOPPED
    return done


def jobs(options: Namespace) -> int:
    """Lists the jobs that run."""
    found = [{"name": entry["name"], "pid": entry["pid"]} for entry in entries()]
    if options.json:
        print(json.dumps(found))
    elif found:
        print("\n".join(f"{each['name']}  in process {each['pid']}" for each in found))
    else:
        print("no job with a name runs", file=sys.stderr)
    return WORKED


def status(options: Namespace) -> int:
    """Shows how a job is."""
    found = NamedJob(options.name).status()
    if options.json:
        print(json.dumps(found))
    else:
        from ._status import shown

        print(shown(found))
    return WORKED


def attach(options: Namespace) -> int:
    """Shows a job's progress until it has ended, then its report."""
    job = NamedJob(options.name)
    report = _lines(job) if options.json else _watched(job)
    print(json.dumps(report.to_dict()) if options.json else report, end="\n" if options.json else "")
    return WORKED


def _watched(job: NamedJob) -> RunReport:
    from ..progress import Progress

    watched, shown = job.watched(_LOOK), Progress()
    try:
        while True:
            shown.show(next(watched))
    except StopIteration as ended:
        report: RunReport = ended.value
        return report
    finally:
        shown.clear()


def _lines(job: NamedJob) -> RunReport:
    watched = job.watched(1.0)
    try:
        while True:
            print(json.dumps(next(watched)), flush=True)
    except StopIteration as ended:
        report: RunReport = ended.value
        return report


def stop(options: Namespace) -> int:
    """Stops a job and waits until it has ended."""
    job = NamedJob(options.name)
    job.stop(options.savepoint, now=options.now)
    job.wait()
    return _told(options, "stopped")


def snapshot(options: Namespace) -> int:
    """Asks for a snapshot."""
    NamedJob(options.name).snapshot()
    return _told(options, "asked for a snapshot")


def configure(options: Namespace) -> int:
    """Changes when snapshots are taken, given up and forgotten."""
    from ..errors import InvalidError

    changes = {key: getattr(options, key) for key in ("interval", "timeout", "retention")}
    if all(value is None for value in changes.values()):
        raise InvalidError("nothing is changed: give --interval, --timeout or --retention")
    NamedJob(options.name).configure(**changes)
    return _told(options, "configured")


def _told(options: Namespace, done: str) -> int:
    print(json.dumps({"name": options.name, "done": done}) if options.json else f"{options.name}: {done}")
    return WORKED
