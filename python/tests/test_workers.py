"""Functions in worker processes: what they are called with, what they give, and what goes wrong."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy
import pyarrow
import pyklein as klein
import pytest
from worker_functions import Scale, double, pid_of


def test_a_function_runs_in_another_process() -> None:
    rows = klein.range(100).map(pid_of, isolation="process").take_all()
    assert [row["id"] for row in rows] == list(range(100))
    assert os.getpid() not in {row["pid"] for row in rows}


def test_rows_go_through_functions_of_all_kinds() -> None:
    flow = (
        klein.range(1000)
        .map(double, isolation="process")
        .filter(lambda row: row["n"] % 3 == 0, isolation="process")
        .flat_map(lambda row: [row, {"n": -row["n"]}], isolation="process")
    )
    expected = [sign * n for n in range(0, 2000, 2) if n % 3 == 0 for sign in (1, -1)]
    assert [row["n"] for row in flow.take_all()] == expected


def test_a_class_is_made_once_in_each_worker(tmp_path: Path) -> None:
    flow = klein.range(10_000).map_batches(
        Scale,
        fn_constructor_args=(str(tmp_path),),
        fn_constructor_kwargs={"by": 3},
        batch_size=100,
        isolation="process",
    )
    assert sum(row["n"] for row in flow.take_all()) == 3 * sum(range(10_000))
    assert 1 <= len(list(tmp_path.iterdir())) <= 2


def test_closures_travel() -> None:
    add = 5
    offset = numpy.int64(2)
    flow = klein.range(3).map(lambda row: {"n": row["id"] + add + offset}, isolation="process")
    assert flow.take_all() == [{"n": 7}, {"n": 8}, {"n": 9}]


def test_what_cannot_be_sent_is_refused_before_any_work() -> None:
    lock = threading.Lock()
    with pytest.raises(klein.InvalidError, match="can't be sent to a worker process, because its variable 'lock' is a"):
        klein.range(1).map(lambda row: {"locked": lock.locked()}, isolation="process")


def test_columns_of_every_sort_survive_both_ways() -> None:
    table = pyarrow.table(
        {
            "text": ["a", None, "c"],
            "list": [[1, 2], [], None],
            "struct": [{"x": 1}, {"x": 2}, {"x": None}],
            "dictionary": pyarrow.array(["u", "v", "u"]).dictionary_encode(),
            "tensor": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(numpy.arange(12.0).reshape(3, 2, 2)),
            "time": pyarrow.array([1, 2, None], pyarrow.timestamp("us", "UTC")),
            "none": pyarrow.nulls(3),
        }
    )
    flow = klein.from_arrow(table).map_batches(lambda same: same, batch_format="pyarrow", isolation="process")
    assert pyarrow.table(flow.to_arrow()).equals(table)


def test_large_batches_and_many_outputs_pass() -> None:
    def cut(batch):
        for part in numpy.array_split(batch["data"], 700):
            yield {"n": [len(part)], "sum": [int(part.sum())]}

    data = numpy.arange(8_000_000)
    flow = klein.from_arrow(pyarrow.table({"data": data})).map_batches(cut, isolation="process")
    rows = flow.take_all()
    assert sum(row["n"] for row in rows) == len(data)
    assert sum(row["sum"] for row in rows) == int(data.sum())


def test_results_that_are_kept_do_not_change() -> None:
    flow = klein.range(200_000).map_batches(lambda batch: {"n": batch["id"] * 7}, batch_size=1000, isolation="process")
    table = pyarrow.table(flow.to_arrow())
    assert table["n"].to_pylist() == [7 * n for n in range(200_000)]


class Strange(Exception):
    """With a number of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(f"strange {number}")
        self.number = number

    def __reduce__(self):
        return Strange, (self.number,)


def test_an_exception_comes_back_as_itself_with_its_row_and_traceback() -> None:
    def fails(row):
        if row["id"] == 7:
            raise Strange(42)
        return row

    with pytest.raises(Strange, match="strange 42") as caught:
        klein.range(10).map(fails, isolation="process").take_all()
    assert caught.value.number == 42
    notes = "\n".join(caught.value.__notes__)
    assert "in a worker process" in notes
    assert "in fails" in notes
    assert "row" in notes
    assert "7" in notes


def test_rows_that_raise_become_dead_letters() -> None:
    def fails(batch):
        if 13 in batch["id"]:
            raise ValueError("thirteen")
        return batch

    good, bad = klein.range(100).map_batches(fails, isolation="process", on_error="dead_letter").split_errors()
    assert [row["id"] for row in good.take_all()] == [n for n in range(100) if n != 13]
    letters = bad.take_all()
    assert [row["id"] for row in letters] == [13]
    assert "thirteen" in letters[0]["error"]


def test_a_constructor_that_raises_says_so() -> None:
    class Broken:
        def __init__(self):
            raise RuntimeError("no weights here")

        def __call__(self, batch):
            return batch

    with pytest.raises(RuntimeError, match="no weights here"):
        klein.range(10).map_batches(Broken, isolation="process").take_all()


def test_a_constructor_that_never_returns_ends_the_job_with_one_sentence() -> None:
    class Endless:
        def __init__(self):
            threading.Event().wait()

        def __call__(self, batch):
            return batch

    with pytest.raises(klein.UserError, match=r"had not made its function after 0\.3 s"):
        klein.range(10).map_batches(Endless, isolation="process", start_timeout=0.3).take_all()


def test_a_module_that_workers_lack_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_here.py").write_text("def same(row):\n    return row\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here  # type: ignore[import-not-found]

    flow = klein.range(1).map(only_here.same, isolation="process")
    (tmp_path / "only_here.py").unlink()
    for cached in tmp_path.glob("__pycache__/*"):
        cached.unlink()
    with pytest.raises(klein.InvalidError, match="can't import what it needs: No module named 'only_here'"):
        flow.take_all()


def test_prints_come_out_with_the_step_before_them(capfd: pytest.CaptureFixture[str]) -> None:
    def chatty(row):
        print("hello", row["id"])
        os.write(2, b"oops\n")
        return row

    klein.range(2).map(chatty, isolation="process", name="talk").take_all()
    out, err = capfd.readouterr()
    assert "(talk) hello 0\n(talk) hello 1\n" in out
    assert "(talk) oops\n" in err


def test_a_worker_has_the_environment_that_it_is_given(tmp_path: Path) -> None:
    def look(row):
        import extra_module  # type: ignore[import-not-found]

        return {"kind": os.environ["KIND"], "folder": os.getcwd(), "extra": extra_module.VALUE}

    (tmp_path / "extra_module.py").write_text("VALUE = 5\n")
    environment = {"env_vars": {"KIND": "worker"}, "working_dir": tmp_path, "py_modules": [tmp_path]}
    flow = klein.range(1).map(look, isolation="process", runtime_env=environment)
    assert flow.take_all() == [{"kind": "worker", "folder": str(tmp_path), "extra": 5}]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"isolation": "fork"}, 'isolation is "auto", "thread" or "process"'),
        ({"timeout": 1}, 'timeout= is about worker processes, and needs isolation="process"'),
        ({"isolation": "process", "max_calls": 0}, "max_calls is how many calls a worker makes"),
        ({"isolation": "process", "runtime_env": {"env_var": {}}}, "did you mean 'env_vars'"),
        ({"isolation": "process", "runtime_env": {"working_dir": "/nowhere"}}, "there is no folder '/nowhere'"),
        ({"isolation": "process", "runtime_env": {"py_executable": "/nowhere"}}, "is no program that can be run"),
        ({"isolaton": "process"}, "did you mean 'isolation'"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(klein.InvalidError, match=sentence):
        klein.range(1).map(double, **given)  # type: ignore[arg-type]


def test_a_run_with_a_seed_is_refused() -> None:
    with pytest.raises(klein.InvalidError, match="a run with a seed can't wait for them"):
        klein.range(1).map(double, isolation="process").discard().run(seed=1, progress=False)
