"""The command `klein`.

Exit codes: 0 it worked, 1 the flow failed, 2 the command or the program is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction

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

exit codes: 0 it worked, 1 the flow failed, 2 the command or the program is wrong, 130 stopped by Ctrl-C
"""


_PROGRAM = "a Python file, and after a colon the name of a flow in it; without a name, every flow that ends in a sink"
_OWN = "the program's own, in its sys.argv; after -- where they begin with a dash"


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from .. import __version__

    parser = ArgumentParser("klein", description=_ABOUT, epilog=_END, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"klein {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_run(commands)
    explain = commands.add_parser("explain", help="show a flow's plan", description="Show how a flow would run.")
    explain.add_argument("program", metavar="FILE[:NAME]", help=_PROGRAM)
    explain.add_argument("arguments", nargs="*", help=_OWN)
    explain.add_argument("--view", choices=["logical", "optimized", "execution", "physical"], help="one of the four")
    explain.add_argument("--json", action="store_true", help="as JSON")

    from ._arguments import add_simulate

    add_simulate(commands, _PROGRAM, _OWN)
    kinds = commands.add_parser("operators", help="list the steps there are", description="List steps, or show one.")
    kinds.add_argument("name", nargs="?", help="the one to show")
    kinds.add_argument("--json", action="store_true", help="as JSON")

    inspect = commands.add_parser("inspect", help="show a checkpoint", description="Show what a checkpoint holds.")
    inspect.add_argument("checkpoint", metavar="FOLDER", help="the one that a job was given")
    inspect.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _add_run(commands: _SubParsersAction[ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="run a program's flow",
        description="Run the flow that a program defines. Its own run() belongs under `if __name__ == '__main__':`.",
    )
    run.add_argument("program", metavar="FILE[:NAME]", help=_PROGRAM)
    run.add_argument("arguments", nargs="*", help=_OWN)
    run.add_argument("--cores", type=int, help="how many to use; all by default")
    run.add_argument("--memory", help='bytes in flight between steps, such as "256MB"')
    run.add_argument("--mode", choices=["batch", "stream"], help="by default what the sources ask for")
    run.add_argument("--seed", type=int, help="one thread, a virtual clock, every choice from this number")
    run.add_argument(
        "--checkpoint", metavar="FOLDER", help="take snapshots; the same command goes on from the last one"
    )
    run.add_argument("--interval", help='from one snapshot to the next: "30s", the default, or "500ms"')
    run.add_argument("--restart", action="store_true", help="begin anew, whatever the checkpoint holds")
    run.add_argument("--no-progress", action="store_true", help="show nothing while it runs")
    run.add_argument("--json", action="store_true", help="the report as one line of JSON")


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
