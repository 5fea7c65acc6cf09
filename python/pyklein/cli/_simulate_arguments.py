"""The arguments of `klein simulate`, and what its help teaches; apart from what it runs, which takes long to import."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

_FAULTS = ("kill", "store", "slow", "clock")

_ABOUT = """\
Run the flow that a program defines again and again under faults, and compare the rows that it shows.

First it runs undisturbed, twice. Then, once for each seed, on a virtual clock: it is killed at a moment that the seed
chooses and goes on at another parallelism, writes of its checkpoint fail, come late, are torn or lose their answer,
calls are slow, the clock jumps. Each time every row must be shown exactly as often as undisturbed. Nothing is written:
in place of every sink there is one in memory.
"""
_END = """\
examples:
  klein simulate app.py                                 a hundred seeds
  klein simulate app.py:counts --seeds 1000
  klein simulate app.py --seeds 1 --first-seed 17       the seed that failed, again
  klein simulate app.py --faults kill                   kills alone: which kind of fault is it?

What finds most: state that a class keeps in a plain attribute and not in a declared state, what a function keeps in a
global, and steps whose rows depend on the order in which others come.

exit codes: 0 every seed held, 1 one did not, or the flow fails by itself, 2 the flow can't be simulated
"""


def add_simulate(commands: _SubParsersAction[ArgumentParser], program: str, own: str) -> None:
    """The command's arguments."""
    from argparse import RawDescriptionHelpFormatter

    parser = commands.add_parser(
        "simulate",
        help="run a program's flow under faults",
        description=_ABOUT,
        epilog=_END,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="FILE[:NAME]", help=program)
    parser.add_argument("arguments", nargs="*", help=own)
    parser.add_argument("--seeds", type=int, default=100, metavar="N", help="how many; 100 by default")
    parser.add_argument("--first-seed", type=int, default=0, metavar="K", help="the first of them; 0 by default")
    parser.add_argument("--rows", type=int, default=10_000, metavar="N", help="where a source without an end is cut")
    parser.add_argument("--mode", choices=["batch", "stream"], help="by default what the sources ask for")
    parser.add_argument("--faults", nargs="+", choices=_FAULTS, default=_FAULTS, help="these alone; all by default")
    parser.add_argument("--json", action="store_true", help="the report as one line of JSON")
