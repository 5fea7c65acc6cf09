"""The command `klein`."""

import json
import subprocess
import sys

import pytest
from pyklein.cli import FAILED, WORKED, WRONG, main

PROGRAM = """
import pyklein as klein
numbers = klein.range(5)
kept = numbers.limit(3).discard()
"""


@pytest.fixture
def program(tmp_path) -> str:
    path = tmp_path / "app.py"
    path.write_text(PROGRAM)
    return str(path)


def test_run_prints_the_report(program, capsys) -> None:
    assert main(["run", program]) == WORKED
    assert "3 out" in capsys.readouterr().out


def test_run_gives_json_to_programs(program, capsys) -> None:
    assert main(["run", f"{program}:kept", "--json"]) == WORKED
    assert json.loads(capsys.readouterr().out)["rows_out"] == 3


def test_explain_shows_a_view(program, capsys) -> None:
    assert main(["explain", program, "--view", "logical"]) == WORKED
    assert "limit" in capsys.readouterr().out


def test_operators_lists_and_shows(capsys) -> None:
    assert main(["operators"]) == WORKED
    assert "limit" in capsys.readouterr().out
    assert main(["operators", "limit"]) == WORKED
    assert "count (int64; must be given)" in capsys.readouterr().out
    assert main(["operators", "limit", "--json"]) == WORKED
    assert json.loads(capsys.readouterr().out)["name"] == "limit"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nowhere.py"], "there is no program 'nowhere.py'"),
        (["operators", "limti"], "did you mean 'limit'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, words, capsys) -> None:
    assert main(arguments) == WRONG
    assert words in capsys.readouterr().err


def test_an_unknown_flow_is_named(program, capsys) -> None:
    assert main(["run", f"{program}:other"]) == WRONG
    assert "defines no flow 'other'; it defines numbers, kept" in capsys.readouterr().err


def test_a_flow_that_fails_is_an_exit_code(tmp_path, capsys) -> None:
    path = tmp_path / "bad.py"
    path.write_text("import pyklein as klein\nbad = klein.range(1).map(lambda row: 1 / 0).discard()\n")
    assert main(["run", str(path)]) == FAILED
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_program_that_runs_its_flow_itself_is_told_where_that_belongs(program, capsys) -> None:
    with open(program, "a") as file:
        file.write("kept.run()\n")
    assert main(["explain", program]) == WRONG
    assert "put its own run() under `if __name__ == '__main__':`" in capsys.readouterr().err


def test_a_program_gets_its_own_arguments(program, capsys) -> None:
    with open(program, "w") as file:
        file.write("import sys, pyklein\nkept = pyklein.range(9).limit(int(sys.argv[1])).discard()\n")
    assert main(["run", program, "4", "--json"]) == WORKED
    assert json.loads(capsys.readouterr().out)["rows_out"] == 4


def test_a_program_that_fails_to_load_shows_its_own_lines_only(program, capsys) -> None:
    with open(program, "a") as file:
        file.write("wrong = 1 / 0\n")
    assert main(["run", program]) == WRONG
    shown = capsys.readouterr().err
    assert "wrong = 1 / 0" in shown
    assert "runpy" not in shown


def test_explain_shows_one_plan_of_all_sinks_as_they_run_together(program, capsys) -> None:
    with open(program, "a") as file:
        file.write("rest = numbers.select('id').discard()\n")
    assert main(["explain", program, "--json"]) == WORKED
    steps = json.loads(capsys.readouterr().out)["logical"]["steps"]
    assert [step["kind"] for step in steps].count("range") == 1
    assert [step["kind"] for step in steps].count("discard") == 2


def test_a_run_with_a_checkpoint_is_shown_by_inspect(program, tmp_path, capsys) -> None:
    state = str(tmp_path / "state")
    assert main(["run", program, "--checkpoint", state, "--interval", "10ms"]) == WORKED
    assert main(["run", program, "--checkpoint", state]) == WORKED
    assert "finished before" in capsys.readouterr().out
    assert main(["inspect", state, "--json"]) == WORKED
    [last] = [epoch for epoch in json.loads(capsys.readouterr().out) if not epoch["given_up"]]
    assert last["finished"] and last["committed"] and last["steps"]["range"] == "range"
    assert main(["inspect", state]) == WORKED
    assert "finished, committed" in capsys.readouterr().out
    assert main(["inspect", str(tmp_path)]) == WRONG


def test_inspect_refuses_a_damaged_manifest(program, tmp_path, capsys) -> None:
    state = tmp_path / "state"
    assert main(["run", program, "--checkpoint", str(state)]) == WORKED
    newest = max((state / "manifest").iterdir())
    newest.write_bytes(newest.read_bytes().replace(b"range", b"rangE"))
    assert main(["inspect", str(state)]) == FAILED
    assert "damaged" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    command = f"{sys.executable} -m pyklein operators --json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("{", "", 0)
