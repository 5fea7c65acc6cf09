"""`import pyklein` is cheap: what costs milliseconds is imported when it is first used."""

import subprocess
import sys

HEAVY = [
    "pyarrow",
    "numpy",
    "pandas",
    "typing",
    "dataclasses",
    "inspect",
    "logging",
    "pathlib",
    "asyncio",
    "concurrent.futures",
    "subprocess",
    "importlib.metadata",
    "argparse",
    "ctypes",
    "warnings",
    "json",
    "difflib",
]


def python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_import_needs_no_heavy_module() -> None:
    loaded = python("import sys; old = set(sys.modules); import pyklein; print(*(set(sys.modules) - old))").split()
    assert [name for name in HEAVY if name in loaded] == []


def test_a_native_flow_needs_no_heavy_module() -> None:
    program = (
        "import sys; old = set(sys.modules); import pyklein as klein; "
        "klein.range(10).limit(3).discard().run(); print(*(set(sys.modules) - old))"
    )
    loaded = python(program).split()
    assert [name for name in HEAVY if name in loaded] == []


def test_col_is_pyarrows_field() -> None:
    program = "import pyklein as klein, pyarrow.compute; print(klein.col is pyarrow.compute.field)"
    assert python(program).strip() == "True"


def test_another_arrow_is_refused_in_one_sentence() -> None:
    program = (
        "import sys, types; fake = sys.modules['pyarrow'] = types.ModuleType('pyarrow'); fake.__version__ = '3.0.0'\n"
        "import pyklein\ntry: pyklein.Flow\nexcept ImportError as problem: print(problem)"
    )
    assert "and 3.0.0 is loaded" in python(program)
