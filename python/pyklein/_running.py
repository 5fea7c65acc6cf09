"""How a flow runs: to its end, as a job that goes on, or not at all, as a plan to look at."""

from __future__ import annotations

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from os import PathLike
    from typing import Literal

    from ._job import Job
    from .flow import Flow
    from .report import RunReport

    Time = float | str | timedelta


class Runs:
    """What runs a flow, as methods of Flow."""

    __slots__ = ()

    def run(
        self,
        *,
        progress: bool = True,
        cores: int | None = None,
        memory: int | str | None = None,
        state_memory: int | str | None = None,
        mode: Literal["batch", "stream"] | None = None,
        seed: int | None = None,
        checkpoint: str | PathLike[str] | None = None,
        interval: Time | None = None,
        timeout: Time | None = None,
        retention: int | None = None,
        restart: bool = False,
        name: str | None = None,
        on: object = None,
    ) -> RunReport:
        """Run this flow, which ends in a sink, to its end; what it did, as a report.

        Ctrl-C finishes what was read and gives the report; a second one stops at once and commits nothing. `cores` are
        those to use (all), `memory` the bytes in flight between steps ("256MB"). With `state_memory` ("1GB") no more
        than that of what your code remembers by key is in memory, and the rest on disk, below TMPDIR. `seed` runs it on
        one thread under a virtual clock, every choice made from the seed. With `checkpoint`, a folder, a snapshot is
        taken each `interval` ("30s"), and on Ctrl-C; the same call goes on from the last one, `restart=True` begins
        anew. One that takes longer than `timeout` is given up, and the last `retention` (2) are kept. With `name`,
        other processes find the job while it runs: `klein.job(name)`, `klein status NAME`.
        """
        started = self.start(
            cores=cores,
            memory=memory,
            state_memory=state_memory,
            mode=mode,
            seed=seed,
            checkpoint=checkpoint,
            interval=interval,
            timeout=timeout,
            retention=retention,
            restart=restart,
            name=name,
            on=on,
        )
        return started.wait(progress=progress)

    def start(
        self,
        *,
        cores: int | None = None,
        memory: int | str | None = None,
        state_memory: int | str | None = None,
        mode: Literal["batch", "stream"] | None = None,
        seed: int | None = None,
        checkpoint: str | PathLike[str] | None = None,
        interval: Time | None = None,
        timeout: Time | None = None,
        retention: int | None = None,
        restart: bool = False,
        from_savepoint: str | PathLike[str] | None = None,
        name: str | None = None,
        on: object = None,
    ) -> Job:
        """Begin to run this flow, which ends in a sink, and go on: the job can be waited for and stopped.

        The options are those of `run`. With `from_savepoint`, a folder that `Job.stop(savepoint=)` left, a checkpoint
        that is new begins there.
        """
        from ._job import start
        from .flow import Flow

        given = {key: value for key, value in locals().items() if key not in ("self", "start", "Flow")}
        assert isinstance(self, Flow)
        return start(self, **given)

    def explain(
        self,
        view: Literal["logical", "optimized", "execution", "physical"] | None = None,
        format: Literal["text", "json"] = "text",
    ) -> str:
        """The plan as it is written, optimised, run and placed: one view, or all four."""
        if view not in (None, "logical", "optimized", "execution", "physical"):
            raise InvalidError(f"view is logical, optimized, execution or physical, not {view!r}")
        if format not in ("text", "json"):
            raise InvalidError(f"format is text or json, not {format!r}")
        from .flow import Flow

        assert isinstance(self, Flow)
        return explained([self], view, format)


def explained(flows: Sequence[Flow], view: str | None, format: str) -> str:
    """The views of one job of these flows."""
    from . import _core

    ends = [flow._core if flow._core.is_sink else flow._core.then("discard", {}) for flow in flows]
    text: str = _core.explain(ends, {}, view or "", format == "json")
    return text
