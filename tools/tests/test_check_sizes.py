"""check_sizes refuses what it is there to refuse, and understands C++ well enough to count."""

import check_sizes
import pytest
from small_tree import TOOLS, Tree

CLASS = "class Store {{\n public:\n  virtual ~Store() = default;\n{}}};\n"


def function(lines: int) -> str:
    return "int f(int x) {\n" + "  if (x) { x += '{'; }  // }\n" * (lines - 2) + "}\n"


def test_this_tree_is_small_enough() -> None:
    assert check_sizes.check(TOOLS.parent) == []


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("core/a.h", "\n" * 201, "a.h:1: file: 201 lines"),
        ("core/a.cpp", "\n" * 401, "a.cpp:1: file: 401 lines"),
        ("python/bindings/a.cpp", "\n" * 151, "a.cpp:1: file: 151 lines"),
        ("python/pyklein/a.py", "\n" * 401, "a.py:1: file: 401 lines"),
        ("core/a.cpp", "namespace {\n" + function(41) + "}\n", "a.cpp:2: f: 41 lines"),
        ("core/a.cpp", "int A::f(int x)\n    const {\n" + "g();\n" * 39 + "}\n", "a.cpp:1: A::f: 42 lines"),
        ("core/a.cpp", "TEST(Store, keeps_what_is_put) {\n" + "g();\n" * 40 + "}\n", "Store.keeps_what_is_put: 42"),
        ("core/a.h", CLASS.format("  virtual int f(Value v = {}) { return 0; }\n" * 7), "a.h:1: Store: 7 virtuals"),
        ("python/pyklein/a.py", "def f():\n" + "    g()\n" * 41, "a.py:1: f: 41 lines"),
    ],
)
def test_what_is_too_big_is_named(tree: Tree, file: str, text: str, why: str) -> None:
    errors = check_sizes.check(tree({file: text}))
    assert len(errors) == 1
    assert why in errors[0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("core/a.h", "\n" * 200),
        ("core/a.cpp", function(40)),
        ("core/a.cpp", 'const auto text = R"(\n' + "{\n" * 50 + ')";\n'),
        ("core/a.cpp", "namespace klein {\n" + function(20) * 5 + "}\n"),
        ("core/a.cpp", "const std::map<int, int> table = {\n" + "  {1, 2},\n" * 50 + "};\n"),
        ("core/a.h", CLASS.format("  virtual int f() = 0;\n" * 6 + "  int g() override;\n" * 9)),
    ],
)
def test_what_is_small_enough_passes(tree: Tree, file: str, text: str) -> None:
    assert check_sizes.check(tree({file: text})) == []


def test_an_exemption_must_be_needed(tree: Tree) -> None:
    exempt = {"tools/sizes.txt": "core/a.cpp f: a reason\n"}
    assert check_sizes.check(tree({**exempt, "core/a.cpp": function(41)})) == []
    assert check_sizes.check(tree({"core/a.cpp": function(40)})) == [
        "tools/sizes.txt: exemption without need: core/a.cpp f"
    ]


def test_an_exemption_without_a_reason_is_refused(tree: Tree) -> None:
    with pytest.raises(SystemExit, match="needs its reason"):
        check_sizes.check(tree({"tools/sizes.txt": "core/a.cpp f:\n"}))
