"""The command `klein`.

Exit codes: 0 it worked, 1 the flow failed, 2 the command or the program is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

WORKED, FAILED, WRONG, STOPPED = 0, 1, 2, 130

_ABOUT = "Run, explain and look into dataflows of model inference."
_END = """\
examples:
  klein run app.py               run the flow that app.py defines
  klein run app.py:vectors       the one that it calls `vectors`
  klein explain app.py           how it would run: the four views
  klein operators                the steps there are
  klein operators limit          one of them, with its parameters and an example
  klein simulate app.py          does it keep every row once, whenever it is killed?
  klein inspect state/embed      the snapshots that a job's checkpoint holds
  klein run app.py --detach      leave it running; it is found by the name `app`
  klein status app               how it is: rates, its steps, its snapshots
  klein stop app                 end it

exit codes: 0 it worked, 1 the flow failed, 2 the command or the program is wrong, 130 stopped by Ctrl-C
"""


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from .. import __version__
    from ._arguments import PROGRAM, PROGRAMS_OWN, add_jobs, add_run

    parser = ArgumentParser("klein", description=_ABOUT, epilog=_END, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"klein {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_run(commands)
    explain = commands.add_parser("explain", help="show a flow's plan", description="Show how a flow would run.")
    explain.add_argument("program", metavar="FILE[:NAME]", help=PROGRAM)
    explain.add_argument("arguments", nargs="*", help=PROGRAMS_OWN)
    explain.add_argument("--view", choices=["logical", "optimized", "execution", "physical"], help="one of the four")
    explain.add_argument("--json", action="store_true", help="as JSON")

    from ._simulate_arguments import add_simulate

    add_simulate(commands, PROGRAM, PROGRAMS_OWN)
    kinds = commands.add_parser("operators", help="list the steps there are", description="List steps, or show one.")
    kinds.add_argument("name", nargs="?", help="the one to show")
    kinds.add_argument("--json", action="store_true", help="as JSON")

    inspect = commands.add_parser("inspect", help="show a checkpoint", description="Show what a checkpoint holds.")
    inspect.add_argument("checkpoint", metavar="FOLDER", help="the one that a job was given")
    inspect.add_argument("--json", action="store_true", help="as JSON")
    add_jobs(commands)
    return parser


def _dispatch(options: Namespace) -> int:
    if options.command == "run":
        from ._run import run

        return run(options)
    if options.command == "explain":
        from ._run import explain

        return explain(options)
    if options.command == "simulate":
        from ._simulate import run as simulate

        return simulate(options)
    if options.command == "inspect":
        from ._inspect import inspect

        return inspect(options)
    if options.command in ("jobs", "status", "attach", "stop", "snapshot", "configure"):
        from ._jobs import command

        return command(options)
    from ._operators import operators

    return operators(options)


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    options = _parser().parse_args(arguments)
    from ..errors import Error, InvalidError

    try:
        worked = _dispatch(options)
        sys.stdout.flush()
        return worked
    except BrokenPipeError:  # who reads has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - nothing may be written at the program's end
        return WORKED
    except InvalidError as problem:
        print(f"klein: {problem}", file=sys.stderr)
        return WRONG
    except Error as problem:
        print(f"klein: {problem}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("klein: stopped, nothing was committed", file=sys.stderr)
        return STOPPED
