"""`klein jobs`, `status`, `stop` and `snapshot`: the jobs with a name that other processes run."""

from __future__ import annotations

import json
import sys

from .._named import NamedJob, names
from ..progress import busy_lines, headline
from . import WORKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace


def jobs(options: Namespace) -> int:
    """Lists the jobs that run."""
    found = names()
    if options.json:
        print(json.dumps(found))
    elif found:
        print("\n".join(found))
    else:
        print("no job with a name runs", file=sys.stderr)
    return WORKED


def status(options: Namespace) -> int:
    """Shows how far a job is."""
    stats = NamedJob(options.name).metrics()
    if options.json:
        print(json.dumps(stats))
    else:
        print("\n".join([f"{options.name}: {stats['state']} in process {stats['pid']}", headline(stats)]))
        print("\n".join(busy_lines(stats)))
    return WORKED


def stop(options: Namespace) -> int:
    """Stops a job and waits until it has ended."""
    job = NamedJob(options.name)
    job.stop(options.savepoint)
    job.wait()
    return _told(options, "stopped")


def snapshot(options: Namespace) -> int:
    """Asks for a snapshot."""
    NamedJob(options.name).snapshot()
    return _told(options, "asked for a snapshot")


def _told(options: Namespace, done: str) -> int:
    print(json.dumps({"name": options.name, "done": done}) if options.json else f"{options.name}: {done}")
    return WORKED
