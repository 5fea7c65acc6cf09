"""Worker processes that die, hang or leak: rows are neither lost nor doubled, and one bad row harms no other."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyklein as klein
import pytest
from worker_functions import Poison, pid_of

FATAL: list[tuple[str, dict[str, Any]]] = [
    ("kill", {}),
    ("segfault", {}),
    ("exit", {}),
    ("hang", {"timeout": "1s"}),
    ("memory", {"memory": "120MB"}),
]


@pytest.mark.parametrize(("how", "limits"), FATAL)
def test_a_worker_that_dies_once_loses_and_doubles_nothing(how: str, limits: dict[str, Any], tmp_path: Path) -> None:
    flow = klein.range(1000).map(
        Poison,
        fn_constructor_args=(how, [500]),
        fn_constructor_kwargs={"once": str(tmp_path / "struck")},
        batch_size=50,
        isolation="process",
        **limits,
    )
    assert [row["id"] for row in flow.take_all()] == list(range(1000))
    assert (tmp_path / "struck").exists()


@pytest.mark.parametrize(("how", "limits"), [*FATAL, ("raise", {})])
def test_rows_that_always_kill_are_found_and_the_others_pass(how: str, limits: dict[str, Any]) -> None:
    poisons = [3]
    good, bad = (
        klein.range(16)
        .map(
            Poison,
            fn_constructor_args=(how, poisons),
            batch_size=4,
            isolation="process",
            on_error="dead_letter",
            **limits,
        )
        .split_errors()
    )
    letters = bad.take_all()
    assert sorted(row["id"] for row in letters) == poisons
    assert [row["id"] for row in good.take_all()] == [n for n in range(16) if n not in poisons]


def test_a_row_that_kills_ends_the_job_with_its_row_and_how_it_died() -> None:
    flow = klein.range(64).map(Poison, fn_constructor_args=("segfault", [13]), isolation="process", name="model")
    with pytest.raises(klein.UserError) as caught:
        flow.take_all()
    assert "signal 11" in str(caught.value)
    assert "Segmentation fault" in str(caught.value)
    assert "string_at" in str(caught.value)  # the dump says where
    assert caught.value.step == "model"
    assert caught.value.row.endswith("13")


def test_a_function_that_kills_at_every_row_ends_the_job() -> None:
    flow = klein.range(1000).map(
        Poison, fn_constructor_args=("exit", range(1000)), isolation="process", on_error="skip"
    )
    with pytest.raises(klein.UserError, match=r"it is the function.*exit status 3"):
        flow.take_all()


def test_a_worker_that_cannot_start_ends_the_job() -> None:
    class Dies:
        def __init__(self):
            os._exit(9)

        def __call__(self, row):
            return row

    with pytest.raises(klein.UserError, match=r"can't be started, the last of 3 times.*exit status 9"):
        klein.range(10).map(Dies, isolation="process").take_all()


def test_workers_are_replaced_after_so_many_calls() -> None:
    flow = klein.range(100).map(pid_of, batch_size=10, max_calls=3, isolation="process")
    rows = flow.take_all()
    assert [row["id"] for row in rows] == list(range(100))
    assert max(Counter(row["pid"] for row in rows).values()) <= 30
    assert len({row["pid"] for row in rows}) >= 4


def test_a_function_that_forks_harms_nobody() -> None:
    def forks(row):
        if row["id"] % 10 == 0:
            os.fork()
        return row

    rows = klein.range(100).map(forks, batch_size=10, isolation="process").take_all()
    assert [row["id"] for row in rows] == list(range(100))


def test_workers_end_with_the_job_that_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "job.py"
    program.write_text(
        "import os, sys, threading\n"
        "import pyklein as klein\n"
        "def wait(row):\n"
        "    print(os.getpid(), flush=True)\n"
        "    threading.Event().wait()\n"
        "klein.range(1).map(wait, isolation='process').take_all()\n"
    )
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        end = os.pidfd_open(int(job.stdout.readline().split()[-1]))
        job.send_signal(signal.SIGKILL)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    assert poll.poll(10_000), "the worker goes on without its job"
    os.close(end)
