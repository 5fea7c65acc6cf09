"""Running: reports, several sinks, Ctrl-C, progress."""

import io
import signal
import subprocess
import sys
import threading
from typing import Any

import pyarrow.parquet
import pyklein as klein
import pytest
from pyklein.progress import Progress, headline


def test_a_report_counts_rows_and_names_steps(tmp_path) -> None:
    report = klein.range(1000).map(lambda row: row, name="same").write_parquet(tmp_path / "out").run()
    assert (report.rows_in, report.rows_out, report.rows_failed) == (1000, 1000, 0)
    assert report.steps["same"].rows_out == 1000
    assert report.to_dict()["rows_out"] == 1000
    assert "1000 rows in" in str(report)
    assert pyarrow.parquet.read_table(tmp_path / "out").num_rows == 1000


def test_parquet_there_and_back(tmp_path) -> None:
    klein.from_items([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]).write_parquet(tmp_path / "t").run()
    flow = klein.read_parquet(tmp_path / "t", columns=["b"])
    assert flow.take_all() == [{"b": "x"}, {"b": "y"}]


@pytest.mark.parametrize("path", ["s3://bucket/a", "gs://bucket/a", "http://host/a.parquet", "hdfs://host/a"])
def test_remote_paths_are_refused_in_a_sentence(path: str) -> None:
    for use in (klein.read_parquet, klein.read_images, klein.range(1).write_parquet):
        with pytest.raises(klein.InvalidError, match=f"{path} is remote, and only local paths work as yet"):
            use(path)


def test_a_tilde_is_the_users_home(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    klein.range(3).write_parquet("~/out").run()
    assert klein.read_parquet("~/out/*.parquet").count() == klein.read_parquet(f"file://{tmp_path}/out").count() == 3


def test_a_damaged_page_is_told_with_step_file_and_row_group(tmp_path) -> None:
    path = tmp_path / "bad.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"n": range(10_000)}), path, row_group_size=5000, compression="zstd")
    page = pyarrow.parquet.read_metadata(path).row_group(1).column(0).data_page_offset
    damaged = bytearray(path.read_bytes())
    for at in range(page + 40, page + 400):
        damaged[at] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(klein.CorruptError, match=r"step 'numbers': .*bad\.parquet .*: row group 1: "):
        klein.read_parquet(path, name="numbers").count()


def test_several_sinks_are_one_job_and_share_what_they_can(tmp_path) -> None:
    read = klein.range(10)
    report = klein.run(read.discard(), read.limit(3).write_parquet(tmp_path / "few"))
    assert (report.rows_in, report.rows_out) == (10, 13)


def test_a_started_job_can_be_watched_and_stopped() -> None:
    job = klein.generate(rate=1000).discard().start()
    assert job.status()["state"] == "running"
    assert job.metrics()["rows_expected"] == -1
    job.stop()
    assert job.wait().stopped


def test_functions_run_while_the_program_waits() -> None:
    held = threading.Event()

    def release(row):
        held.set()
        return row

    job = klein.range(1).map(release).discard().start()
    assert held.wait(10)
    assert job.wait().rows_out == 1


def test_a_seed_repeats_a_run_whose_report_says_that_it_has_no_times() -> None:
    flow = klein.range(100).map(lambda row: row).discard()
    assert flow.run(seed=7).rows_out == flow.run(seed=7).rows_out == 100
    assert "a run with a seed has a clock of its own" in str(flow.run(seed=7))
    assert "a clock of its own" not in str(flow.run())


ENDLESS = """
import pyklein as klein

def tell(row):
    if row["id"] == 300:
        print("started", flush=True)
    return row

report = klein.generate(rate=1000).map(tell).discard().run()
print("stopped" if report.stopped else "ended", report.rows_out == report.rows_in, flush=True)
"""


def run_and_interrupt(program: str) -> str:
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "stopping: finishing what was read" in errors
    return out


def test_ctrl_c_finishes_what_was_read_and_reports() -> None:
    assert run_and_interrupt(ENDLESS) == "stopped True\n"


HELD = """
import sys, threading, pyklein as klein
held = threading.Event()
main = threading.main_thread().ident

def hold(row):
    while sys._current_frames()[main].f_code.co_name != "_wait":
        pass
    print("started", flush=True)
    held.wait()
    return row

try:
    klein.range(1).map(hold).discard().run()
except KeyboardInterrupt:
    print("left", flush=True)
held.set()
"""


def test_a_function_that_does_not_return_is_left_by_the_third_ctrl_c() -> None:
    process = subprocess.Popen([sys.executable, "-c", HELD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("stopping: finishing what was read")
    process.send_signal(signal.SIGINT)
    if process.stderr.readline().startswith("stopping now"):  # else the second one came while the first was dealt with
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("left\n", 0)


def test_an_immediate_answer_is_left_by_ctrl_c() -> None:
    program = ENDLESS.partition("report =")[0] + (
        "try: klein.generate(10**12, rate=1000).map(tell).take_all()\nexcept KeyboardInterrupt: print('left')"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "left\n"


def test_a_program_may_end_while_its_job_runs() -> None:
    program = "import pyklein as klein; job = klein.generate(rate=1e5).map(lambda row: row).discard().start()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_ends_whose_function_is_the_first_to_import_threading() -> None:
    program = (
        "import pyklein as klein\ndef fail(row):\n    import threading\n    raise ValueError('no')\n"
        "klein.range(3).map(fail).count()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "ValueError: no" in done.stderr


STATS = {
    "rows_in": 500,
    "rows_failed": 2,
    "rows_expected": 2000,
    "seconds": 5.0,
    "steps": [{"name": "decode", "busy_seconds": 2.5, "tasks": 1, "rows_out": 500}],
}


def test_progress_says_rows_rate_and_what_is_left() -> None:
    assert headline(STATS) == "500 of 2,000 (25 %) rows, 100 rows/s, 0:05, 0:15 left, 2 failed"


def test_progress_is_silent_where_output_is_piped_and_the_job_short() -> None:
    stream = io.StringIO()
    Progress(stream).show(STATS)
    assert stream.getvalue() == ""


def test_progress_redraws_itself_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    shown = Progress(stream)
    shown.show(STATS)
    shown.show(STATS)
    assert "50 % busy" in stream.getvalue()
    assert "\x1b[2F" in stream.getvalue()


def test_a_job_that_was_dropped_while_it_ran_ends_beside_the_program() -> None:
    held = threading.Event()
    job = klein.range(1).map(lambda row: held.wait() and row).discard().start()
    del job  # returns, though the function does not
    held.set()
    for _ in range(3):
        assert klein.range(1).map(lambda row: row).count() == 1


@pytest.mark.parametrize("options", [{"memory": 0}, {"memory": -1}, {"memory": "0"}, {"cores": -1}])
def test_a_job_without_memory_or_cores_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(klein.InvalidError, match="at least 1"):
        klein.range(3).discard().run(**options)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": -1}, {"batch_size": "a"}, {"batch_format": "x"}])
def test_batches_that_cannot_be_are_refused_before_the_first(options: dict[str, Any]) -> None:
    with pytest.raises(klein.InvalidError):
        klein.range(3).iter_batches(**options)
