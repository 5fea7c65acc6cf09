"""`klein run --detach`: the same command in a session of its own, its output in a log file."""

from __future__ import annotations

import os
import sys

from . import FAILED, WORKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

_READY = "KLEIN_READY"  # the pipe on which the left one says that its job has begun


def again(options: Namespace, *more: str) -> list[str]:
    """The command of these options, but for how it is looked after."""
    valued = ("cores", "memory", "state_memory", "mode", "seed", "checkpoint", "interval", "timeout", "retention")
    command = [sys.executable, "-P", "-m", "pyklein", "run"]
    for option in valued:
        if getattr(options, option) is not None:
            command.append(f"--{option.replace('_', '-')}={getattr(options, option)}")
    flags = {"--json": options.json, "--no-progress": options.no_progress}
    command += [flag for flag, given in flags.items() if given]
    return [*command, *more, "--", options.program, *options.arguments]


def own_name(options: Namespace) -> str:
    """What is given, or else what the program's file is called."""
    import re

    if options.name is not None:
        return str(options.name)
    stem = os.path.splitext(os.path.basename(options.program.partition(":")[0]))[0]
    return re.sub(r"[^A-Za-z0-9_.-]", "-", stem).lstrip("_.-")[:40] or "job"


def _log(name: str) -> str:
    from time import strftime

    from .._registry import home

    folder = os.path.join(home(), "logs")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    safe = "".join(letter if letter.isalnum() or letter in "_.-" else "-" for letter in name)
    return os.path.join(folder, f"{safe[:40]}-{strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log")


def detach(options: Namespace) -> int:
    """Leaves the command running; says where once its job has begun, or how it failed to."""
    import json
    import subprocess

    name = own_name(options)
    path = _log(name)
    flags = ["--restart"] if options.restart else []
    if options.supervise:
        flags += ["--supervise", f"--attempts={options.attempts}", f"--backoff={options.backoff}"]
    hear, say = os.pipe()
    with open(path, "wb") as log:
        process = subprocess.Popen(
            again(options, f"--name={name}", *flags),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[say],
            env={**os.environ, _READY: str(say)},
            start_new_session=True,
        )
    os.close(say)
    try:
        with os.fdopen(hear, "rb") as ready:
            begun = ready.read(1)
    except KeyboardInterrupt:
        process.terminate()
        raise
    if not begun:
        with open(path, errors="replace") as log:
            sys.stderr.write(log.read())
        return process.wait() or FAILED
    facts = {"name": name, "pid": process.pid, "log": path}
    print(json.dumps(facts) if options.json else f"{name}: runs in process {process.pid}, its output is in {path}")
    return WORKED


def tell_started() -> None:
    """To whoever left this running: the job has begun."""
    if _READY in os.environ:
        os.write(int(os.environ[_READY]), b"1")
        forget_ready()


def forget_ready() -> None:
    """Whoever was started from here has said it, or will."""
    given = os.environ.pop(_READY, None)
    if given is not None:
        os.close(int(given))
