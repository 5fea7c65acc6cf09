"""Jobs with a name, found from other processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyklein as klein
import pytest
from pyklein import _named, _registry

SECONDS = 60  # until a test gives up

# It ends when it is stopped, or when its standard input does.
PROGRAM = """
import os, sys, threading
import pyklein as klein

folder = sys.argv[1]

def fails(row):
    if os.path.exists(folder + "/broken"):
        raise RuntimeError("the disk is full")
    return row

flow = klein.generate(rate=200).map(fails, name="check").discard(name="nowhere")
job = flow.start(name="vectors", checkpoint=folder + "/state", interval="20ms", cores=2)
print("started", flush=True)
try:
    print(job.wait().stopped, klein.jobs(), flush=True)
except RuntimeError as problem:
    print(problem, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KLEIN_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def owner(home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, str(home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "started\n"
    yield process
    process.kill()
    process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "pyklein", *arguments]
    return subprocess.run(run, capture_output=True, text=True, timeout=SECONDS)


def until(name: str, wanted: Any) -> dict[str, Any]:
    """The job's own state once it is so; the tests' time-out is that of the whole run."""
    job = klein.job(name)
    while True:
        status = job.status()
        if wanted(status):
            return status


def test_another_process_finds_a_job_and_stops_it(owner: subprocess.Popen[str], home: Path) -> None:
    assert klein.jobs() == ["vectors"]
    assert stat.S_IMODE(os.stat(home / "jobs/vectors.socket").st_mode) == 0o600
    assert klein.job("vectors").status()["state"] == "running"
    assert json.loads(command("jobs", "--json").stdout) == [{"name": "vectors", "pid": owner.pid}]
    assert command("stop", "vectors").stdout == "vectors: stopped\n"
    assert said(owner) == "True []"  # once wait has returned the name is free
    assert klein.jobs() == []


def test_a_status_is_the_same_dict_everywhere_and_its_shares_sum_to_one(owner: subprocess.Popen[str]) -> None:
    status = until("vectors", lambda status: status["snapshots"]["sealed"] > 1)
    assert (status["name"], status["pid"], status["mode"], status["failure"]) == ("vectors", owner.pid, "stream", None)
    for step in status["steps"]:
        assert step["busy"] + step["idle"] + step["back_pressured"] == pytest.approx(1)
        assert step["watermark"] is None and step["watermark_delay"] is None
    last = status["snapshots"]["last"]
    assert last["epoch"] > 0 and last["age_seconds"] >= 0 and last["seconds"] > 0
    assert json.loads(command("status", "vectors", "--json").stdout).keys() == status.keys()
    shown = command("status", "vectors").stdout
    assert "vectors: running for 0:0" in shown and f"in process {owner.pid}, stream" in shown
    assert "step " in shown and "back-pressured" in shown and "last snapshot: epoch" in shown
    here = klein.range(5).discard().start()
    here.wait()
    assert here.status().keys() == status.keys()


def test_a_status_tells_which_step_holds_back_which() -> None:
    held = threading.Event()

    def hold(row: dict[str, Any], ctx: Any) -> dict[str, Any]:
        held.wait()
        return row

    slow = klein.range(10_000_000, name="numbers").key_by("id").process(hold, schema={"id": "int64"}, name="slow")
    job = slow.discard().start(name="held", memory="1MB", cores=2)
    numbers, holder = until("held", lambda status: status["steps"][0]["back_pressured"] > 0.6)["steps"][:2]
    assert (numbers["name"], holder["name"]) == ("numbers", "slow")
    assert numbers["busy"] < 0.4 and holder["busy"] > 0.3 and holder["back_pressured"] < 0.1
    held.set()
    job.stop(now=True)
    job.wait()


def test_a_status_tells_how_late_the_watermarks_are() -> None:
    def late(row: dict[str, Any]) -> dict[str, Any]:
        return {"at": int(time.time() * 1000) - 3_600_000}

    timed = klein.generate(rate=500).map(late, name="late").with_event_time("at", name="timed")
    job = timed.discard().start(name="timed", cores=1)
    source, mapped, stamped = until("timed", lambda status: status["steps"][0]["watermark"])["steps"][:3]
    assert 3_600 <= source["watermark_delay"] < 3_600 + SECONDS  # a source's is that of what is behind it
    assert stamped["watermark"] >= source["watermark"]
    assert mapped["watermark"] is None and mapped["watermark_delay"] is None
    assert "1:00:0" in command("status", "timed").stdout
    job.stop()
    job.wait()


def test_a_name_is_of_one_running_job(owner: subprocess.Popen[str]) -> None:
    with pytest.raises(klein.InvalidError, match=f"a job 'vectors' already runs, in process {owner.pid}"):
        klein.range(5).discard().start(name="vectors")


def test_a_killed_job_leaves_its_name_to_others(owner: subprocess.Popen[str]) -> None:
    job = klein.job("vectors")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with pytest.raises(klein.InvalidError, match="has ended"):
        job.status()
    assert klein.jobs() == []
    for _ in range(2):
        klein.range(5).discard().start(name="vectors").wait()


def test_a_job_that_does_not_run_is_not_found(owner: subprocess.Popen[str]) -> None:
    found = command("status", "vector")
    assert (found.returncode, found.stderr) == (2, "klein: no job 'vector' runs; those that do: vectors\n")
    with pytest.raises(klein.InvalidError, match=r"no job .*jobs. runs"):
        klein.job("../jobs")


def test_who_waits_hears_how_a_job_ended(owner: subprocess.Popen[str], home: Path) -> None:
    attached = subprocess.Popen(
        [sys.executable, "-m", "pyklein", "attach", "vectors", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert attached.stdout and "rows_in" in json.loads(attached.stdout.readline())  # it sees the job's progress
    waiting = klein.job("vectors")
    (home / "broken").touch()
    with pytest.raises(klein.Error, match="the disk is full"):
        waiting.wait()
    assert b"the disk is full" in attached.communicate(timeout=SECONDS)[1]
    assert attached.returncode == 1
    assert said(owner) == "the disk is full"


def test_an_attached_command_that_is_interrupted_leaves_the_job_alone(owner: subprocess.Popen[str]) -> None:
    attached = subprocess.Popen(
        [sys.executable, "-m", "pyklein", "attach", "vectors", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert attached.stdout and attached.stdout.readline()
    attached.send_signal(signal.SIGINT)
    assert attached.communicate(timeout=SECONDS)[1] == b"klein: stopped looking; 'vectors' is left alone\n"
    assert attached.returncode == 130
    assert klein.job("vectors").status()["state"] == "running"


def test_a_savepoint_is_whole_when_the_stop_returns(owner: subprocess.Popen[str], home: Path) -> None:
    assert command("stop", "vectors", "--savepoint", str(home / "saved")).returncode == 0
    assert said(owner) == "True []"
    flow = klein.generate(rate=200).map(lambda row: row, name="check").discard(name="nowhere")
    job = flow.start(checkpoint=home / "other", from_savepoint=home / "saved")
    job.stop()
    assert job.wait().to_dict()["resumed_from"] > 0


def test_a_halted_process_keeps_nobody_waiting(owner: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_named, "PATIENCE", 0.2)
    job = klein.job("vectors")
    owner.send_signal(signal.SIGSTOP)
    with pytest.raises(klein.UnavailableError, match="does not answer: the process is halted"):
        job._ask("status", _named.PATIENCE)
    owner.send_signal(signal.SIGCONT)
    assert job.status()["state"] == "running"


def test_a_forked_child_keeps_no_caller_waiting(home: Path) -> None:
    program = """
import os, sys
import pyklein as klein
job = klein.generate(rate=50).discard().start(name="forks")
if os.fork() == 0:
    sys.stdin.readline()  # it lives on
    os._exit(0)
print("started", flush=True)
job.wait()
"""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert said(process) == "started"
        job = klein.job("forks")
        process.send_signal(signal.SIGKILL)
        process.wait(SECONDS)
        with pytest.raises(klein.Error, match="has ended"):
            job.wait()


def test_snapshots_are_configured_while_the_job_runs(owner: subprocess.Popen[str], home: Path) -> None:
    done = command("configure", "vectors", "--interval", "10ms", "--timeout", "1min", "--retention", "4")
    assert (done.returncode, done.stdout) == (0, "vectors: configured\n")
    snapshots = until("vectors", lambda status: status["snapshots"]["sealed"] > 8)["snapshots"]
    assert (snapshots["interval"], snapshots["timeout"], snapshots["retention"]) == (0.01, 60.0, 4)
    klein.job("vectors").stop()
    assert said(owner) == "True []"
    epochs = json.loads(command("inspect", str(home / "state"), "--json").stdout)
    assert len([epoch for epoch in epochs if not epoch["given_up"]]) == 4


def test_a_job_without_a_checkpoint_refuses_what_is_about_snapshots() -> None:
    job = klein.generate(rate=50).discard().start(name="plain")
    other = klein.job("plain")
    for refused in (other.snapshot, lambda: other.configure(interval="1s")):
        with pytest.raises(klein.InvalidError, match="checkpoint"):
            refused()
    with pytest.raises(klein.InvalidError, match="retention is how many snapshots"):
        job.configure(retention=0)
    job.stop()
    assert job.wait().stopped


@pytest.mark.filterwarnings("ignore::pyklein.errors.NotRunWarning")
@pytest.mark.parametrize("name", ["", "a/b", "../up", "x" * 41, "-n", 5])
def test_a_name_that_could_not_be_a_file_is_refused(name: Any) -> None:
    with pytest.raises(klein.InvalidError, match="name is up to 40 letters"):
        klein.range(5).discard().start(name=name)


def test_a_job_that_could_not_start_leaves_its_name() -> None:
    for _ in range(2):
        with pytest.raises(klein.InvalidError, match="mode is"):
            klein.range(5).discard().start(name="wrong", mode="both")  # type: ignore[arg-type]
    assert klein.jobs() == []


def test_a_job_that_is_dropped_is_over_for_who_waits() -> None:
    job = klein.generate(rate=50).discard().start(name="dropped")
    other = klein.job("dropped")
    del job
    with pytest.raises(klein.Error, match=r"was given up by its owner|has ended"):
        other.wait()


def test_a_job_without_a_name_has_no_thread_and_no_socket() -> None:
    program = """
import sys
import pyklein as klein
klein.range(5).discard().run()
print([name for name in ("socket", "pyklein._serving", "pyklein._registry") if name in sys.modules])
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


APP = "import pyklein as klein\nrows = klein.generate(rate=50).discard()\n"


def test_a_detached_run_is_found_by_its_files_name(home: Path) -> None:
    (home / "app.py").write_text(APP)
    begun = command("run", str(home / "app.py"), "--detach", "--json")
    facts = json.loads(begun.stdout)
    assert facts["name"] == "app" and klein.job("app").pid == facts["pid"]
    assert os.getsid(facts["pid"]) == facts["pid"]
    second = command("run", str(home / "app.py"), "--detach")
    assert second.returncode == 2 and "a job 'app' already runs" in second.stderr
    assert command("stop", "app").returncode == 0
    while "rows" not in Path(facts["log"]).read_text():  # its report
        pass


def test_a_detached_run_that_can_not_begin_says_so(home: Path) -> None:
    (home / "app.py").write_text("import pyklein\nwrong = 1 / 0\n")
    begun = command("run", str(home / "app.py"), "--detach", "--name", "other")
    assert begun.returncode == 2 and "can't be loaded" in begun.stderr
    assert klein.jobs() == []


SUPERVISED = """
import os, signal, sys, time
import pyklein as klein

folder = os.path.dirname(__file__)

def dies(row):
    lives = len(os.listdir(folder + "/lives"))
    if row["id"] == 500 * lives and lives < 4:  # somewhere else in each life
        while not os.listdir(folder + "/state/manifest"):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)
    if row["id"] % 100 == 0:
        time.sleep(0.01)
    return row

os.close(os.open(f"{folder}/lives/{os.getpid()}", os.O_CREAT | os.O_EXCL))
rows = klein.range(4000).map(dies).write_parquet(folder + "/out")
"""


def supervised(home: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (home / "app.py").write_text(program)
    (home / "lives").mkdir()
    checkpoint = ("--checkpoint", str(home / "state"), "--interval", "5ms", "--cores", "1")
    return command("run", str(home / "app.py"), "--supervise", "--backoff", "1ms", *checkpoint, *arguments)


def test_a_supervised_run_that_is_killed_goes_on_and_writes_every_row_once(home: Path) -> None:
    done = supervised(home, SUPERVISED, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was killed by SIGKILL; in ") == 3
    assert json.loads(done.stdout)["resumed_from"] > 0
    assert len(list((home / "lives").iterdir())) == 4
    assert sorted(row["id"] for row in klein.read_parquet(home / "out").take_all()) == list(range(4000))


def test_a_supervised_run_that_fails_by_itself_is_not_begun_again(home: Path) -> None:
    failing = SUPERVISED.replace("lives = len", "1 / 0; lives = len")
    done = supervised(home, failing)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr
    assert len(list((home / "lives").iterdir())) == 1


def test_a_supervised_run_that_crashes_again_and_again_is_given_up(home: Path) -> None:
    done = supervised(home, "import os\n" + SUPERVISED + "os.abort()\n", "--attempts", "3")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "klein: the run was killed by SIGABRT, 3 times in a row: given up"
    assert len(list((home / "lives").iterdir())) == 3


def test_a_detached_and_supervised_run_is_stopped_by_its_name(home: Path) -> None:
    (home / "app.py").write_text(APP)
    facts = json.loads(
        command("run", str(home / "app.py"), "--detach", "--supervise", "--backoff=1ms", "--json").stdout
    )
    first = klein.job("app")
    assert first.pid != facts["pid"]
    os.kill(first.pid, signal.SIGKILL)
    while (_registry.entry_of("app") or {"pid": first.pid})["pid"] == first.pid:  # the next one has the name
        pass
    klein.job("app").stop()
    while _registry._began(facts["pid"]) is not None:  # who looked after it ends with it
        pass
    assert klein.jobs() == []
