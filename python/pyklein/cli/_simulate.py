"""`klein simulate`: a program's flows under faults."""

from __future__ import annotations

import sys

from ..errors import Error
from ..simulation import FAULTS, SLEEP, SimulationReport, simulate
from . import FAILED, WORKED
from ._run import flows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace


def _shown(report: SimulationReport, seeds: int) -> None:
    done = len(report.outcomes)
    first = not report.outcomes[-1].held and len(report.failures) == 1
    if first or done % max(seeds // 10, 1) == 0:
        said = f"; {len(report.failures)} seeds did not hold" if report.failures else ""
        counted = f"{report.kills} kills, {sum(report.faults.values())} faults in all"
        print(f"{done} of {seeds} seeds: {counted}{said}", file=sys.stderr, flush=True)


def _again(options: Namespace, seed: int) -> str:
    words = ["klein simulate", options.program, *options.arguments, f"--seeds 1 --first-seed {seed}"]
    if options.rows != 10_000:
        words.append(f"--rows {options.rows}")
    if options.mode:
        words.append(f"--mode {options.mode}")
    if tuple(options.faults) != FAULTS:
        words.append(f"--faults {' '.join(options.faults)}")
    return " ".join(words)


def _simulated(options: Namespace) -> SimulationReport:
    flows = flows_of(options.program, options.arguments, sinks=False)
    return simulate(
        *flows,
        seeds=options.seeds,
        first_seed=options.first_seed,
        rows=options.rows,
        mode=options.mode,
        faults=options.faults,
        on_seed=None if options.json else lambda so_far: _shown(so_far, options.seeds),
    )


def run(options: Namespace) -> int:
    """Simulates; prints the report."""
    try:
        with SLEEP:  # before the program takes the function for itself
            report = _simulated(options)
    except (Error, KeyboardInterrupt):
        raise
    except Exception:  # the user's own
        import traceback

        print("klein: the flow fails undisturbed", file=sys.stderr)
        traceback.print_exc()
        return FAILED
    if options.json:
        import json

        print(json.dumps(report.to_dict()))
    else:
        print(report, end="")
        for outcome in report.failures[:1]:
            print(f"again: {_again(options, outcome.seed)}")
    return WORKED if report.held else FAILED
