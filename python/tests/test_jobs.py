"""Jobs with a name, found from other processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyklein as klein
import pytest

PROGRAM = """
import pyklein as klein
job = klein.generate(rate=50).discard().start(name="vectors")
print("started", flush=True)
print(job.wait().stopped, flush=True)
"""


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    monkeypatch.setenv("KLEIN_HOME", str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "started\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pyklein", *arguments], capture_output=True, text=True)


def test_another_process_finds_a_job_and_stops_it(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    assert klein.jobs() == ["vectors"]
    assert stat.S_IMODE(os.stat(tmp_path / "jobs/vectors.socket").st_mode) == 0o600
    assert klein.job_named("vectors").metrics()["state"] == "running"
    assert json.loads(command("status", "vectors", "--json").stdout)["pid"] == owner.pid
    assert command("stop", "vectors").stdout == "vectors: stopped\n"
    assert owner.stdout and owner.stdout.readline() == "True\n"
    assert klein.jobs() == []


def test_a_name_is_of_one_running_job(owner: subprocess.Popen[str]) -> None:
    with pytest.raises(klein.InvalidError, match=f"a job 'vectors' already runs, in process {owner.pid}"):
        klein.range(5).discard().start(name="vectors")


def test_a_killed_job_leaves_its_name_to_others(owner: subprocess.Popen[str]) -> None:
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert klein.jobs() == []
    klein.range(5).discard().start(name="vectors").wait()


def test_a_job_that_does_not_run_is_not_found(owner: subprocess.Popen[str]) -> None:
    found = command("status", "vector")
    assert (found.returncode, found.stderr) == (2, "klein: no job 'vector' runs; those that do: vectors\n")
    with pytest.raises(klein.Error, match="checkpoint"):
        klein.job_named("vectors").snapshot()
