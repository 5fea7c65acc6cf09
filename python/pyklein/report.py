"""What a job did and where its time went."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class StepReport:
    """A step's share: rows, the time that its tasks were busy, and in `metrics` what its code counted."""

    __slots__ = (
        "batches",
        "busy_seconds",
        "cpu_seconds",
        "kind",
        "metrics",
        "name",
        "rows_failed",
        "rows_in",
        "rows_out",
        "tasks",
    )

    def __init__(self, facts: dict[str, Any]) -> None:
        self.name: str = facts["name"]
        self.kind: str = facts["kind"]
        self.rows_in: int = facts["rows_in"]
        self.rows_out: int = facts["rows_out"]
        self.rows_failed: int = facts["rows_failed"]
        self.batches: int = facts["batches"]
        self.busy_seconds: float = facts["busy_seconds"]
        self.cpu_seconds: float = facts["cpu_seconds"]
        self.tasks: int = facts["tasks"]
        self.metrics: dict[str, Any] = facts["metrics"]

    def __repr__(self) -> str:
        return f"StepReport({self.name!r}, rows_in={self.rows_in}, rows_out={self.rows_out})"


class RunReport:
    """Rows in, out and failed; seconds; the bottleneck; and `steps[name]`, the same for each step.

    `rows_out` counts what the sinks took, `rows_failed` what on_error gave up. `peak_memory` is in bytes.
    """

    __slots__ = (
        "_facts",
        "_text",
        "bottleneck",
        "cpu_seconds",
        "mode",
        "peak_memory",
        "rows_failed",
        "rows_in",
        "rows_out",
        "rows_per_second",
        "seconds",
        "steps",
        "stopped",
    )

    def __init__(self, facts: dict[str, Any], text: str) -> None:
        self._facts = facts
        self._text = text
        self.rows_in: int = facts["rows_in"]
        self.rows_out: int = facts["rows_out"]
        self.rows_failed: int = facts["rows_failed"]
        self.seconds: float = facts["seconds"]
        self.rows_per_second: float = facts["rows_per_second"]
        self.cpu_seconds: float = facts["cpu_seconds"]
        self.peak_memory: int = facts["peak_memory"]
        self.bottleneck: str = facts["bottleneck"]
        self.mode: str = facts["mode"]
        self.stopped: bool = facts["stopped"]
        self.steps = {each["name"]: StepReport(each) for each in facts["steps"]}

    def to_dict(self) -> dict[str, Any]:
        """Everything, as values that JSON has."""
        return self._facts

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"RunReport(rows_in={self.rows_in}, rows_out={self.rows_out}, seconds={self.seconds:.3f})"
