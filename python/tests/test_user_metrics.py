"""What the code of a step counts for its user, and where it is shown."""

from __future__ import annotations

import pyklein as klein
import pytest
from pyklein.cli import _status

ROWS = [{"k": i % 5, "x": i} for i in range(1000)]


class Counted:
    def on_row(self, row: dict, ctx: klein.Context) -> dict:
        ctx.metrics.counter("rows").add()
        ctx.metrics.counter("sum").add(row["x"])
        ctx.metrics.gauge("highest").set(row["x"])
        ctx.metrics.histogram("sizes").observe(row["x"])
        return row


def counted() -> klein.Flow:
    return klein.from_items(ROWS).key_by("k").process(Counted, name="counted").discard()


@pytest.mark.parametrize("cores", [1, 3])
def test_counters_gauges_and_histograms_of_all_tasks_are_in_the_report(cores: int) -> None:
    report = counted().run(cores=cores, progress=False)
    told = report.steps["counted"].metrics
    assert told["rows"] == 1000
    assert told["sum"] == sum(range(1000))
    assert told["highest"] == 999.0
    sizes = told["sizes"]
    assert (sizes["count"], sizes["min"], sizes["max"], sizes["mean"]) == (1000, 0.0, 999.0, 499.5)
    assert sizes["p50"] == pytest.approx(499, rel=0.0101)
    assert sizes["p99"] == pytest.approx(989, rel=0.0101)
    assert '"rows":1000' in str(report)
    assert all(step.metrics == {} for name, step in report.steps.items() if name != "counted")


def test_they_are_in_the_metrics_and_the_status_of_a_job_that_runs() -> None:
    job = klein.generate(rate=2000, seed=1).key_by("id").process(count_ids, name="ids").discard().start()
    while not step_of(job.metrics()).get("ids"):
        pass
    status = job.status()
    job.stop()
    job.wait()
    assert step_of(status)["ids"] > 0
    (line,) = _status._metrics(status["steps"])
    assert line.startswith("ids counts ids ")


def count_ids(row: dict, ctx: klein.Context) -> None:
    ctx.metrics.counter("ids").add()


def step_of(told: dict) -> dict:
    return next(step["metrics"] for step in told["steps"] if step["name"] == "ids")


def test_the_status_says_them_in_words() -> None:
    sizes = {"count": 2000, "mean": 1.5, "min": 0.0, "max": 3.0, "p50": 1.0, "p90": 2.0, "p99": 3.0}
    step = {"name": "s", "metrics": {"n": 12000, "open": 2.5, "sizes": sizes, "none": {"count": 0}}}
    assert _status._metrics([step, {"name": "t", "metrics": {}}]) == [
        "s counts n 12,000, open 2.5, sizes (2,000: mean 1.5, p50 1, p99 3), none (none)"
    ]


def test_timers_count_too() -> None:
    class Rings:
        def on_row(self, row: dict, ctx: klein.Context) -> None:
            ctx.timers.at(row["x"])

        def on_timer(self, time: int, ctx: klein.Context) -> None:
            ctx.metrics.counter("rang").add()

    flow = klein.from_items(ROWS[:10]).with_event_time("x").key_by("k").process(Rings, name="rings", schema={"k": int})
    assert flow.discard().run(progress=False).steps["rings"].metrics == {"rang": 10}


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (lambda m: (m.counter("n").add(), m.gauge("n").set(1.0)), "the metric 'n' is a counter, not a gauge"),
        (lambda m: (m.histogram("n").observe(1), m.counter("n").add()), "the metric 'n' is a histogram, not a counter"),
        (lambda m: m.counter("n").add("much"), "incompatible function arguments"),
    ],
)
def test_what_can_t_be_is_said(count: object, message: str) -> None:
    def counts(row: dict, ctx: klein.Context) -> None:
        count(ctx.metrics)  # type: ignore[operator]

    with pytest.raises((klein.Error, TypeError), match=message):
        klein.from_items(ROWS).key_by("k").process(counts).take_all()
