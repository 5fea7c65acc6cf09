#!/usr/bin/env python3
"""What is generated from the registry's rows: Python's verbs and stub, C++'s option structs, the page of operators.

    generate_api.py --built FOLDER --out FOLDER --docs FOLDER

FOLDER of the library holds the built `_core` module. Files are written only where they change, so that nothing is
rebuilt for nothing.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).resolve().parent.parent / "python" / "pyklein"


def loaded(name: str, path: Path) -> ModuleType:
    """A module from its file, without its package."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def written_by_hand() -> set[str]:
    """Verbs and functions that the package defines itself, which are not generated."""
    names: set[str] = set()
    for file in ("flow.py", "sources.py", "_keyed.py"):
        for node in ast.walk(ast.parse((PACKAGE / file).read_text())):
            if isinstance(node, ast.FunctionDef):
                names.add(node.name)
    return names | {"collect", "filter_rows", "interval_join"}  # what collect, filter and join do in Python


def write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def stub(core: ModuleType) -> str:
    from nanobind.stubgen import StubGen

    generator = StubGen(core)
    generator.put(core)
    return str(generator.get())


# ---- C++ ----

_CPP_TYPES = {
    "boolean": "bool",
    "int64": "std::int64_t",
    "float64": "double",
    "string": "std::string",
    "strings": "std::vector<std::string>",
    "numbers": "std::vector<double>",
    "mapping": "Value::Map",
    "settings": "Value::Map",
    "expressions": "Value::Map",
}
_CPP_HEADER = """#pragma once
// Generated from the registry: a struct of options for each kind, and the function that makes a step of it.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"

namespace klein {
"""
_CPP_WORDS = {"union"}  # a kind with such a name gets a `_`


def cpp_literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list):
        return "{" + ", ".join(cpp_literal(each) for each in value) + "}"
    return repr(value)


def cpp_member(param: dict[str, object]) -> str:
    made = _CPP_TYPES.get(str(param["type"]), "Value")
    if param["required"]:
        return f"  {made} {param['name']};"
    if param["default"] is None:
        return (
            f"  std::optional<{made}> {param['name']} = std::nullopt;"
            if made != "Value"
            else f"  Value {param['name']} = {{}};"
        )
    if made == "Value":
        return f"  Value {param['name']} = {cpp_literal(param['default'])};"
    return f"  {made} {param['name']} = {cpp_literal(param['default'])};"


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def cpp_kind(row: dict[str, object], made: str) -> str:
    params = row["params"]
    assert isinstance(params, list)
    name = str(row["name"])
    function = f"{name}_" if name in _CPP_WORDS else name
    members = "\n".join(f"  /// {param['doc']}\n{cpp_member(param)}" for param in params)
    struct = f"struct {camel(name)}Options {{\n{members}\n}};\n" if params else f"struct {camel(name)}Options {{}};\n"
    entries = ", ".join(f'{{"{param["name"]}", to_option(options.{param["name"]})}}' for param in params)
    unused = "" if params else "[[maybe_unused]] "
    fallback = "" if any(param["required"] for param in params) else " = {}"
    verb = f'Verb{{"{name}", {{{entries}}}, std::move(name)}}'
    return (
        f"\n{struct}\n/// {row['doc']}\n"
        f'inline {made} {function}({unused}const {camel(name)}Options& options{fallback}, std::string name = "") {{\n'
        f"  return {f'Program::source({verb})' if made == 'Program' else verb};\n}}\n"
    )


def cpp(kinds: dict[str, list[dict[str, object]]]) -> str:
    text = _CPP_HEADER
    for row in kinds["sources"]:
        text += cpp_kind(row, "Program")
    for row in [*kinds["operators"], *kinds["sinks"]]:
        text += cpp_kind(row, "Verb")
    return text + "\n}  // namespace klein\n"


# ---- the page ----


def page_of(row: dict[str, object]) -> str:
    params = row["params"]
    assert isinstance(params, list)
    text = f"### {row['name']}\n\n{row['doc']}\n\n"
    if params:
        text += "| parameter | type | default | |\n|---|---|---|---|\n"
    for param in params:
        default = "" if param["required"] else f"`{param['default']!r}`"
        choices = " (" + ", ".join(f"`{choice}`" for choice in param["choices"]) + ")" if param["choices"] else ""
        text += f"| `{param['name']}` | {param['type']}{choices} | {default} | {param['doc']} |\n"
    examples = row.get("examples") or []
    assert isinstance(examples, list)
    for example in examples[:1]:
        rows = f"from    {example['in']}\n" if example["in"] != "[]" else ""
        text += f"\n```\nwith    {example['params']}\n{rows}becomes {example['out']}\n```\n"
    return text + "\n"


def page(kinds: dict[str, list[dict[str, object]]]) -> str:
    text = "# Operators, sources and sinks\n\nGenerated from the registry; `klein operators NAME` prints the same.\n\n"
    for sort, rows in kinds.items():
        text += f"## {sort.capitalize()}\n\n" + "".join(page_of(row) for row in rows)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--built", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="of _verbs.py, _core.pyi and include/")
    parser.add_argument("--docs", type=Path, required=True)
    options = parser.parse_args()
    core = loaded("_core", next(options.built.glob("_core*.so")))
    render = loaded("_render", PACKAGE / "_render.py")
    kinds = json.loads(core.kinds_json())
    write(options.out / "_verbs.py", render.module(kinds, written_by_hand()))
    write(options.out / "_core.pyi", stub(core))
    write(options.out / "include" / "klein" / "options.h", cpp(kinds))
    write(options.docs / "operators.md", page(kinds))


if __name__ == "__main__":
    main()
