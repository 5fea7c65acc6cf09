"""check_headers refuses a header that leans on what stands before it, and asks again only when something changed."""

import json
from pathlib import Path

import check_headers
from small_tree import Tree


def build_of(root: Path) -> Path:
    build = root / "build"
    build.mkdir(exist_ok=True)
    source = str(root / "core/base/a.cpp")
    command = f"/usr/bin/ccache g++ -I{root}/core -std=c++20 -MD -MT a.o -MF a.o.d -o a.o -c {source}"
    (build / "compile_commands.json").write_text(json.dumps([{"file": source, "command": command}]))
    return build


def test_a_header_that_does_not_include_what_it_needs_is_named(tree: Tree) -> None:
    root = tree(
        {
            "core/base/good.h": "#pragma once\n#include <string>\ninline std::string name;\n",
            "core/base/bad.h": "#pragma once\ninline std::string name;\n",
        }
    )
    errors = check_headers.check(root, build_of(root))
    assert len(errors) == 1
    assert errors[0].startswith("core/base/bad.h does not compile alone")


def test_a_header_is_asked_again_when_what_it_includes_has_changed(tree: Tree) -> None:
    root = tree(
        {"core/base/a.h": '#include "base/b.h"\ninline B b;\n', "core/base/b.h": "#pragma once\nstruct B {};\n"}
    )
    assert check_headers.check(root, build_of(root)) == []
    tree({"core/base/b.h": "#pragma once\nstruct C {};\n"})
    assert len(check_headers.check(root, build_of(root))) == 1
