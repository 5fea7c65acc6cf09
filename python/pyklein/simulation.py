"""Flows under faults: run again and again on a virtual clock, killed and gone on with, and compared row by row."""

from __future__ import annotations

from . import _core, _job
from ._options import bytes_of
from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Literal

    from .flow import Flow

    Fault = Literal["kill", "store", "slow", "clock"]

FAULTS: tuple[Fault, ...] = ("kill", "store", "slow", "clock")
_NAMED = 3  # failures that are told row by row


class SeedOutcome:
    """What became of one seed: `held`, and where it did not, `text`, which says what was lost and doubled."""

    __slots__ = ("attempts", "differences", "failure", "faults", "held", "kills", "resumed", "rows", "seed", "trace")

    def __init__(self, facts: dict[str, Any]) -> None:
        self.seed: int = facts["seed"]
        self.trace: str = facts["trace"]
        self.held: bool = facts["held"]
        self.attempts: int = facts["attempts"]
        self.kills: int = facts["kills"]
        self.resumed: bool = facts["resumed"]
        self.rows: int = facts["rows"]
        self.faults: dict[str, int] = facts["faults"]
        self.differences: list[dict[str, Any]] = facts["differences"]
        self.failure: str = facts["failure"]

    @property
    def text(self) -> str:
        """Sentences; empty where it held."""
        if self.held:
            return ""
        lines = [f"seed {self.seed}: {self.failure or 'not the rows of the undisturbed run'}"]
        for each in self.differences:
            for name, words in (
                ("lost", "lost"),
                ("doubled", "shown too often"),
                ("strange", "never there undisturbed"),
            ):
                if each[name]:
                    lines.append(f"  sink '{each['sink']}': {each[name]} rows {words}, such as")
                    lines += [f"    {row}" for row in each[f"{name}_rows"]]
        faults = ", ".join(f"{name} ({count})" for name, count in self.faults.items())
        lines.append(f"  in {self.attempts} attempts; {faults}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"SeedOutcome({self.seed}, held={self.held}, kills={self.kills}, faults={self.faults})"


class SimulationReport:
    """What all seeds did. `held`: no row was lost or doubled in any.

    `faults` counts those that fired, by kind; `undisturbed` names seeds in which none did, and which prove nothing;
    `rows` is how many were compared, `resumed` how many seeds ended in an attempt that began at a snapshot.
    """

    __slots__ = (
        "cut",
        "cut_at",
        "faults",
        "first_seed",
        "kills",
        "outcomes",
        "resumed",
        "rows",
        "rows_a_run",
        "seconds",
    )

    def __init__(self, first_seed: int, cut_at: int, rows_a_run: dict[str, int], cut: list[str]) -> None:
        self.first_seed = first_seed
        self.rows_a_run = rows_a_run
        self.cut = cut
        self.cut_at = cut_at
        self.outcomes: list[SeedOutcome] = []
        self.faults: dict[str, int] = {}
        self.kills = self.rows = self.resumed = 0
        self.seconds = 0.0

    def add(self, outcome: SeedOutcome) -> None:
        """Counts one more seed."""
        self.outcomes.append(outcome)
        self.kills += outcome.kills
        self.rows += outcome.rows
        self.resumed += outcome.resumed
        for name, count in outcome.faults.items():
            self.faults[name] = self.faults.get(name, 0) + count

    @property
    def held(self) -> bool:
        """Every seed showed the rows of the undisturbed run, each as often."""
        return not self.failures

    @property
    def failures(self) -> list[SeedOutcome]:
        """The seeds that did not."""
        return [outcome for outcome in self.outcomes if not outcome.held]

    @property
    def undisturbed(self) -> list[int]:
        """Seeds in which no fault fired before the end."""
        return [outcome.seed for outcome in self.outcomes if not outcome.faults]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the seeds that held, as values that JSON has."""
        failures = [{name: getattr(each, name) for name in each.__slots__} for each in self.failures]
        return {
            "held": self.held,
            "seeds": len(self.outcomes),
            "first_seed": self.first_seed,
            "kills": self.kills,
            "resumed": self.resumed,
            "faults": self.faults,
            "undisturbed": self.undisturbed,
            "rows": self.rows,
            "rows_a_run": self.rows_a_run,
            "cut": self.cut,
            "cut_at": self.cut_at,
            "seconds": self.seconds,
            "failures": failures,
        }

    def __str__(self) -> str:
        lines = [each.text for each in self.failures[:_NAMED]]
        if len(self.failures) > _NAMED:
            more = ", ".join(str(each.seed) for each in self.failures[_NAMED : _NAMED + 20])
            lines.append(f"and {len(self.failures) - _NAMED} more seeds: {more}")
        held = len(self.outcomes) - len(self.failures)
        lines.append(f"{held} of {len(self.outcomes)} seeds showed every row as often as undisturbed")
        lines.append(f"  {self.rows} rows compared, {self.kills} kills, {self.seconds:.1f} s")
        lines.append(f"  {self.resumed} seeds ended in an attempt that began at a snapshot")
        lines += [f"  {name}: {count}" for name, count in sorted(self.faults.items())]
        lines += [f"  '{name}' has no end: it was cut at {self.cut_at} rows" for name in self.cut]
        if self.undisturbed:
            seeds = ", ".join(map(str, self.undisturbed[:10]))
            lines.append(f"  no fault fired in {len(self.undisturbed)} seeds, which prove nothing: {seeds}")
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return f"SimulationReport(held={self.held}, seeds={len(self.outcomes)}, kills={self.kills}, rows={self.rows})"


class _Sleep:
    """While it is entered, `time.sleep` is its own; while it is `watching`, whoever sleeps is refused."""

    def __init__(self) -> None:
        self.watching = self.slept = False
        self._entered = 0

    def __enter__(self) -> _Sleep:
        import time

        if self._entered == 0:
            self._sleep = time.sleep
            time.sleep = self.sleep  # type: ignore[assignment]
        self._entered += 1
        return self

    def __exit__(self, *_: object) -> None:
        import time

        self._entered -= 1
        if self._entered == 0:
            time.sleep = self._sleep

    def sleep(self, seconds: float) -> None:
        """What functions call that sleep."""
        if not self.watching:
            return self._sleep(seconds)
        self.slept = True
        raise self.refusal()

    @staticmethod
    def refusal() -> InvalidError:
        return InvalidError(
            "a function sleeps by the machine's clock, and a simulation has a clock of its own: leave the wait out"
        )


SLEEP = _Sleep()


def _check(flows: Sequence[Flow], seeds: int, faults: Iterable[str]) -> list[_core.Flow]:
    for flow in flows:
        if not hasattr(flow, "_core"):
            raise InvalidError(f"give flows, each an argument of its own, not {flow!r}")
        flow._ran = True  # or an error says why not
    if _job._loading:
        raise InvalidError("`klein` runs the flows that a program defines; put simulate() under `if __name__ ...`")
    if not flows:
        raise InvalidError("there is nothing to simulate: give at least one flow")
    if not isinstance(seeds, int) or seeds < 1:
        raise InvalidError(f"seeds is how many there are, at least 1, not {seeds!r}")
    for fault in faults:
        if fault not in FAULTS:
            raise InvalidError(f"faults are {', '.join(FAULTS)}; there is no {fault!r}")
    return [flow._core if flow._core.is_sink else flow._core.then("discard", {}) for flow in flows]


def simulate(
    *flows: Flow,
    seeds: int = 100,
    first_seed: int = 0,
    rows: int = 10_000,
    mode: Literal["batch", "stream"] | None = None,
    faults: Iterable[Fault] = FAULTS,
    state_memory: int | str | None = None,
    on_seed: Callable[[SimulationReport], object] | None = None,
) -> SimulationReport:
    """Run flows as one job under faults, once a seed, and compare what each shows with what they show undisturbed.

    Nothing is written: in place of every sink there is one in memory that counts the rows it was made to show. A seed
    chooses when the job is killed and at which parallelism it goes on, which writes of its checkpoint fail, which calls
    are slow and when the clock jumps; the same seed does the same again. `faults` leaves kinds of them out. A source
    without an end is cut at `rows`. `on_seed` is called with the report after each seed. The flows run in `mode`, or as
    their sources ask for; with `state_memory`, as of `run`, under faults, and undisturbed with all state in memory.

    Raises InvalidError where two undisturbed runs differ, a source can't be read twice or a function sleeps; and what
    the flows raise undisturbed.
    """
    from time import monotonic

    faults = tuple(faults)
    cores = _check(flows, seeds, faults)
    begun = monotonic()
    with SLEEP:
        SLEEP.watching, SLEEP.slept = True, False
        try:
            simulation = _core.simulation(
                cores, rows, list(faults), {"mode": mode, "state_memory": bytes_of(state_memory, "state_memory")}
            )
            if SLEEP.slept:  # where on_error= has hidden it
                raise SLEEP.refusal()
            report = SimulationReport(first_seed, rows, simulation.expected, simulation.cut)
            for seed in range(first_seed, first_seed + seeds):
                report.add(SeedOutcome(simulation.run(seed)))
                report.seconds = monotonic() - begun
                if on_seed:
                    on_seed(report)
        finally:
            SLEEP.watching = False
    return report
