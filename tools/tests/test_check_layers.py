"""check_layers refuses what it is there to refuse."""

import check_layers
import pytest
from small_tree import TOOLS, Tree

TABLE = """
order core/base < core/data < core/op
folder operators: ..core/op
owner-cpp arrow/: core/data operators
owner nanobind/: python/bindings
"""
ALL = {"tools/layers.txt": TABLE, "core/base/a.h": "", "core/data/b.h": '#include "base/a.h"\n'}


def test_this_tree_keeps_the_order() -> None:
    assert check_layers.check(TOOLS.parent) == []


def test_an_include_down_the_order_is_allowed(tree: Tree) -> None:
    files = {"operators/x.cpp": '#include "data/b.h"\n#include <arrow/array.h>\n#include <vector>\n'}
    assert check_layers.check(tree(ALL | files)) == []


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("core/base/x.cpp", '#include "data/b.h"', "core/base may not include core/data"),
        ("core/op/x.h", '#  include "operators/y.h"', "core/op may not include operators"),
        ("core/op/x.h", '#include "op/gone.h"', "is not there"),
        ("core/op/x.cpp", "#include <arrow/array.h>", "belongs to core/data, operators"),
        ("core/data/x.h", "#include <arrow/array.h>", "belongs in .cpp files"),
        ("core/op/x.cpp", "#include <nanobind/nanobind.h>", "belongs to python/bindings"),
        ("core/op/x.cpp", "#include <zlib.h>", "nobody owns"),
        ("core/new/x.h", "", "core/new: not in tools/layers.txt"),
    ],
)
def test_a_violation_is_named(tree: Tree, file: str, text: str, why: str) -> None:
    errors = check_layers.check(tree({**ALL, "operators/y.h": "", file: text + "\n"}))
    assert len(errors) == 1
    assert why in errors[0]
    assert file.rpartition("/")[0] in errors[0]


def test_an_exemption_allows_one_include_and_must_be_needed(tree: Tree) -> None:
    exempt = TABLE + "exempt core/data/x.h arrow/array.h: a reason\n"
    files = {**ALL, "tools/layers.txt": exempt, "core/data/x.h": "#include <arrow/array.h>\n"}
    assert check_layers.check(tree(files)) == []
    assert check_layers.check(tree({"core/data/x.h": ""})) == [
        "tools/layers.txt: exemption without need: core/data/x.h arrow/array.h"
    ]


def test_an_exemption_without_a_reason_is_refused(tree: Tree) -> None:
    with pytest.raises(SystemExit, match="not understood"):
        check_layers.check(tree({"tools/layers.txt": "exempt core/data/x.h arrow/array.h\n"}))
