"""What is generated from the registry: one row makes Python's verb, C++'s options and the page."""

import inspect
import shutil
import subprocess
from pathlib import Path

import pyarrow
import pyklein as klein
import pytest
from pyklein._keyed import KeyedFlow

ROOT = Path(__file__).parent.parent.parent
HEADERS = Path(klein.__file__).parent / "include"

PROGRAM = """
#include <klein/options.h>
int main() {
  const auto report = klein::run(klein::range({.count = 10})
                                     .then(klein::select({.columns = {"id"}}))
                                     .then(klein::limit({.count = 3}, "few"))
                                     .then(klein::write_parquet({.path = "out", .mode = "overwrite"})));
  return report.ok() ? 0 : 1;
}
"""


def test_a_verb_has_its_rows_signature_and_words() -> None:
    signature = inspect.signature(klein.Flow.limit)
    assert str(signature) == "(self, count: 'int', *, name: 'str | None' = None) -> 'Flow'"
    assert klein.Flow.limit.__doc__ is not None
    assert "count: How many rows to pass on." in klein.Flow.limit.__doc__


def test_every_kind_has_a_verb_or_a_function() -> None:
    kinds = klein.flow._core.kinds()
    private = {"collect", "filter_rows", "interval_join"}  # what `collect`, `filter` and `join` are made of
    for row in [*kinds["operators"], *kinds["sinks"]]:
        verbs = (klein.Flow, KeyedFlow)
        assert row["name"] in private or any(callable(getattr(of, row["name"], None)) for of in verbs)
    for row in kinds["sources"]:
        assert callable(getattr(klein, row["name"]))


@pytest.mark.skipif(not HEADERS.exists() or not shutil.which("g++"), reason="the generated header or g++ is not here")
def test_the_options_of_cpp_compile(tmp_path: Path) -> None:
    program = tmp_path / "program.cpp"
    program.write_text(PROGRAM)
    includes = [f"-I{folder}" for folder in (HEADERS, ROOT, ROOT / "core")] + ["-isystem", pyarrow.get_include()]
    done = subprocess.run(
        ["g++", "-std=gnu++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *includes, str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
