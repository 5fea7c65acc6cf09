"""check_ort_abi finds our declarations in the published header, and names what has changed; the installed runtime has
what they rest on."""

import ctypes
from importlib import import_module, metadata
from pathlib import Path

import pytest
from check_ort_abi import OURS, differences, main, read_ours
from small_tree import TOOLS, Tree

HEADER = TOOLS / "tests/onnxruntime_c_api_24.txt"


def test_the_declarations_are_those_of_the_published_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(HEADER)]) == 0
    assert capsys.readouterr().out == f"{len(read_ours(OURS.read_text())[0])} functions compared, 0 differences\n"


@pytest.mark.parametrize(
    ("ours", "changed", "why"),
    [
        ("X(50, OrtStatus*, IsTensor,", "X(51, OrtStatus*, IsTensor,", "slot 51 is GetTensorMutableData"),
        ("IsTensor, (const OrtValue* value, int* out)", "IsTensor, (OrtValue* value, int* out)", "slot 50, IsTensor"),
        ("IsTensor, (const OrtValue* value, int* out)", "IsTensor, (const OrtValue* value)", "slot 50, IsTensor"),
        ("X(95, void, ReleaseSession,", "X(95, OrtStatus*, ReleaseSession,", "slot 95, ReleaseSession"),
        ("ORT_NO_SUCHFILE = 3", "ORT_NO_SUCHFILE = 4", "ORT_NO_SUCHFILE is 3, ort_abi.h says 4"),
        ("DATA_TYPE_BFLOAT16 = 16", "DATA_TYPE_BFLOAT16 = 15", "BFLOAT16 is 16, ort_abi.h says 15"),
    ],
)
def test_a_declaration_that_is_not_the_headers_is_named(ours: str, changed: str, why: str) -> None:
    text = OURS.read_text()
    assert text.count(ours) == 1
    found = differences(HEADER.read_text(), text.replace(ours, changed))
    assert found
    assert why in found[0]


def test_a_member_put_in_between_moves_all_that_follow(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    header = HEADER.read_text().replace(
        "ORT_API2_STATUS(IsTensor,", "ORT_API2_STATUS(New);\n  ORT_API2_STATUS(IsTensor,"
    )
    assert main([str(tree({"header.h": header}) / "header.h")]) == 1
    assert "slot 50 is New, ort_abi.h says IsTensor" in capsys.readouterr().out


def test_declarations_that_are_not_read_are_no_agreement() -> None:
    assert differences(HEADER.read_text(), "#pragma once\n") == ["ort_abi.h: no function found"]
    with pytest.raises(ValueError, match="can't read"):
        differences(HEADER.read_text(), OURS.read_text().replace("X(50, OrtStatus*, ", "X(fifty, OrtStatus*, "))


class ApiBase(ctypes.Structure):
    _fields_ = (
        ("get_api", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)),
        ("get_version_string", ctypes.CFUNCTYPE(ctypes.c_char_p)),
    )


def test_the_installed_runtime_gives_the_interface_that_is_asked_for_with_a_function_in_every_slot() -> None:
    folder = Path(import_module("onnxruntime").__path__[0]) / "capi"
    library = ctypes.CDLL(str(next(folder.glob("libonnxruntime.so.*"))))
    library.OrtGetApiBase.restype = ctypes.POINTER(ApiBase)
    base = library.OrtGetApiBase().contents
    assert base.get_version_string().decode() == metadata.version("onnxruntime")

    oldest = int(OURS.read_text().partition("oldest_api = ")[2].partition(";")[0])
    slots = [slot for slot, _, _ in read_ours(OURS.read_text())[0]]
    table = (ctypes.c_void_p * (max(slots) + 1)).from_address(base.get_api(oldest))
    assert all(table[slot] for slot in slots)
    assert len({table[slot] for slot in slots}) == len(slots)
