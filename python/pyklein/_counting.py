"""What the user's code by key counts: `ctx.metrics`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _core


class Metric:
    """A number of `ctx.metrics`; keep it, or ask for it by its name again."""

    __slots__ = ("_name", "_to")

    def __init__(self, to: Metrics, name: str) -> None:
        self._to = to
        self._name = name


class Counter(Metric):
    """What adds up, over all tasks of the step."""

    __slots__ = ()

    def add(self, count: int = 1) -> None:
        self._to.made.count(self._name, count)


class Gauge(Metric):
    """What goes up and down: the last value; of several tasks the highest."""

    __slots__ = ()

    def set(self, value: float) -> None:
        self._to.made.set(self._name, value)


class Histogram(Metric):
    """Many values, of which count, mean, extremes and quantiles are shown, the latter to a hundredth."""

    __slots__ = ()

    def observe(self, value: float) -> None:
        self._to.made.observe(self._name, value)


class Metrics:
    """`ctx.metrics`: what your code counts, in `job.metrics()`, `job.status()` and the report, step by step.

    It begins anew where a job goes on from a snapshot.
    """

    made: _core.UserMetrics

    def counter(self, name: str) -> Counter:
        return Counter(self, name)

    def gauge(self, name: str) -> Gauge:
        return Gauge(self, name)

    def histogram(self, name: str) -> Histogram:
        return Histogram(self, name)
