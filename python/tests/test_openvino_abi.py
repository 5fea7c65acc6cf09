"""What we declare of OpenVINO's C interface is what the headers in its wheel declare."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

OURS = Path(__file__).resolve().parents[2] / "inference" / "openvino_abi.h"
SPEC = find_spec("openvino")
pytestmark = pytest.mark.skipif(SPEC is None, reason="the wheel openvino is not installed")


def headers() -> str:
    assert SPEC is not None and SPEC.submodule_search_locations
    folder = Path(SPEC.submodule_search_locations[0]) / "include" / "openvino" / "c"
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.h")))
    return re.sub(r"//[^\n]*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def plain(declaration: str) -> str:
    """Types alone: no names of parameters, an enumeration is an int."""
    declaration = re.sub(r"\bov_\w+_e\b", "int", declaration)
    parameters = [" ".join(each.replace("*", " * ").split()) for each in declaration.split(",")]
    named = [re.sub(r" \w+$", "", each) if each not in ("...", "void", "") else each for each in parameters]
    return ", ".join(named).replace(" *", "*")


def test_each_function_has_the_parameters_that_the_header_says() -> None:
    theirs = dict(re.findall(r"OPENVINO_C_API\([^)]*\)\s*(\w+)\(([^;]*?)\);", headers()))
    ours = re.findall(r"X\([^,]+, (ov_\w+), \((.*)\)\) ?\\?", OURS.read_text())
    assert len(ours) > 50
    for name, parameters in ours:
        assert plain(parameters) == plain(theirs[name]), name


def test_each_element_has_the_number_that_the_header_says() -> None:
    body = re.search(r"typedef enum \{([^}]*DYNAMIC[^}]*)\} ov_element_type_e;", headers())
    assert body
    names = re.findall(r"(\w+)(?: = 0U)?,", body.group(1))
    ours = re.findall(r"^  ([A-Z0-9]+) = (\d+),", OURS.read_text(), flags=re.MULTILINE)
    assert ours
    for name, number in ours:
        assert names.index(name) == int(number), name
