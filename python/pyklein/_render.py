"""Python from the registry: a kind's row becomes a method or a function with its signature, annotations and docs.

Used when the package is made (`tools/generate_api.py`) and, for plug-ins' kinds, while it runs.
"""

from __future__ import annotations

import json
from textwrap import indent, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

# Arguments of kinds whose feature is not there yet: given, they are refused with a sentence.
_NOT_BUILT = {"infer": ("num_gpus", "concurrency"), "write_parquet": ("partition_by",)}

_TYPES = {
    "boolean": "bool",
    "int64": "int",
    "float64": "float",
    "string": "str",
    "strings": "str | Sequence[str]",
    "mapping": "Mapping[str, str]",
    "expression": "Expression",
    "expressions": "Mapping[str, Expression]",
    "function": "Callable[..., Any]",
    "predicate": "Expression | Callable[..., Any]",
    "numbers": "float | Sequence[float]",
    "any": "Any",
    "settings": "Mapping[str, Any]",
}
_PATHS = ("path", "model", "file", "folder")

HEADER = '''"""Generated from the registry: Flow's verbs and the functions of sources. Edit the kind's row, not this."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike
    from typing import Any, Literal

    from .flow import Flow

    Expression = Any  # a pyarrow.compute.Expression, or a literal
'''


def _annotation(param: Row) -> str:
    kind = param["type"]
    if param["choices"]:
        one = "Literal[" + ", ".join(json.dumps(choice) for choice in param["choices"]) + "]"
        made = f"{one} | Sequence[{one}]" if kind == "strings" else one
    elif param["name"] in _PATHS and kind == "string":
        made = "str | PathLike[str]"
    elif param["name"] in _PATHS and kind == "strings":
        made = "str | PathLike[str] | Sequence[str | PathLike[str]]"
    else:
        made = _TYPES.get(kind, "Any")
    nullable = not param["required"] and param["default"] is None and made != "Any"
    return f"{made} | None" if nullable else made


def _one(param: Row) -> str:
    text = f"{param['name']}: {_annotation(param)}"
    return text if param["required"] else f"{text} = {param['default']!r}"


def _variadic(row: Row) -> Row | None:
    found: list[Row] = [param for param in row["params"] if param["variadic"]]
    return found[0] if found else None


def _is_mapping(param: Row) -> bool:
    return param["type"] in ("mapping", "expressions")


def _not_built(row: Row) -> list[str]:
    known = {param["name"] for param in row["params"]}
    return [name for name in _NOT_BUILT.get(row["name"], ()) if name not in known]


def _signature(row: Row, first: list[str]) -> str:
    params = row["params"]
    variadic = _variadic(row)
    parts = list(first)
    parts += [
        _one(param) for param in params if not param["keyword_only"] and not param["variadic"] and param["required"]
    ]
    parts += [
        _one(param) for param in params if not param["keyword_only"] and not param["variadic"] and not param["required"]
    ]
    inputs = row.get("inputs", 1)
    if inputs == -1:
        parts.append("*others: Flow")
    elif variadic and not _is_mapping(variadic):
        parts.append(f"*{variadic['name']}: str | Sequence[str]")
    elif variadic:
        parts += [f"{variadic['name']}: {_TYPES[variadic['type']]} | None = None", "/", "*"]
    else:
        parts.append("*")
    parts += [_one(param) for param in params if param["keyword_only"] and not param["variadic"]]
    parts += [f"{name}: object = None" for name in _not_built(row)]
    if variadic and _is_mapping(variadic):
        parts += ["name: Any = None", f"**more: {'str' if variadic['type'] == 'mapping' else 'Expression'}"]
    else:
        parts.append("name: str | None = None")
    return ", ".join(parts)


def _doc(row: Row) -> str:
    lines = wrap(row["doc"], 110)
    params = [(param["name"], param["doc"]) for param in row["params"]] + [
        ("name", "The step's name: its identity in plans, metrics and reports.")
    ]
    lines += ["", "Args:"]
    for name, doc in params:
        lines += wrap(f"{name}: {doc}", 106, initial_indent="    ", subsequent_indent="        ")
    return "\n".join(lines + _example(row))


def _example(row: Row) -> list[str]:
    """The first example that shows rows, as a comment on values."""
    for example in row.get("examples", []):
        rows = example["in"] != "[]"
        shown = [f"    with     {example['params']}"] if example["params"] != "{}" else []
        shown += [f"    from     {example['in']}"] if rows else []
        if max(map(len, [*shown, example["out"]])) < 100 and not example["invariant"]:
            return [
                "",
                "Example:",
                *shown,
                f"    becomes  {example['out']}" if rows else f"    gives    {example['out']}",
            ]
    return []


def _value(param: Row) -> str:
    name = str(param["name"])
    if param["type"] == "function":
        return f"_function({name})"
    if not param["variadic"]:
        return name
    return f"{{**({name} or {{}}), **more}}" if _is_mapping(param) else f"_names({name})"


def _body(row: Row, call: str, others: str) -> list[str]:
    lines = []
    variadic = _variadic(row)
    if variadic and variadic["type"] == "expressions":  # a column may be called "name"
        lines += ["if name is not None and not isinstance(name, str):", '    more["name"], name = name, None']
    if _not_built(row):
        given = ", ".join(f"{name}={name}" for name in _not_built(row))
        lines += ["from .errors import refuse_not_built", "", f"refuse_not_built({given})"]
    params = ", ".join(f"{json.dumps(param['name'])}: {_value(param)}" for param in row["params"])
    lines.append(f"return {call}({json.dumps(row['name'])}, {{{params}}}, name{others})")
    return lines


def _function(row: Row, first: list[str], call: str) -> str:
    inputs = row.get("inputs", 1)
    extra = [f"other{i if inputs > 2 else ''}: Flow" for i in range(1, inputs)] if inputs > 1 else []
    names = ", ".join(each.split(":")[0] for each in extra)
    others = ", others" if inputs == -1 else f", ({names},)" if extra else ""
    doc = _doc(row).replace("\\", "\\\\").replace('"""', "'''")
    body = ['"""' + doc + '\n"""', *_body(row, call, others)]
    return f"def {row['name']}({_signature(row, first + extra)}) -> Flow:\n" + indent("\n".join(body), "    ") + "\n"


def method(row: Row) -> str:
    """The source text of a verb, an operator's or a sink's."""
    return _function(row, ["self"], "self.into")


def function(row: Row) -> str:
    """The source text of a source's function."""
    return _function(row, [], "_source")


_HELP = '''

def _names(given: tuple[str | Sequence[str], ...]) -> list[str]:
    """Names given one by one, or in lists."""
    names: list[str] = []
    for each in given:
        names += [each] if isinstance(each, str) else list(each)
    return names


def _function(fn: Any) -> Any:
    from ._functions import generic_function

    return generic_function(fn)


def _source(kind: str, params: dict[str, Any], name: str | None) -> Flow:
    from .flow import Flow

    return Flow.source(kind, params, name)


class Verbs:
    """What every kind of step adds to Flow."""

    __slots__ = ()

    def into(
        self, kind: str, params: dict[str, Any], name: str | None = None, others: Sequence[Flow] = ()
    ) -> Flow:
        raise NotImplementedError
'''


def module(kinds: dict[str, list[Row]], by_hand: set[str]) -> str:
    """The text of `_verbs.py`: every kind but those that are written `by_hand`."""
    verbs = [row for row in [*kinds["operators"], *kinds["sinks"]] if row["name"] not in by_hand]
    sources = [row for row in kinds["sources"] if row["name"] not in by_hand]
    text = HEADER + f"\n__all__ = {json.dumps(sorted(row['name'] for row in sources))}\n" + _HELP
    text += "".join("\n" + indent(method(row), "    ") for row in verbs)
    return text + "".join("\n\n" + function(row) for row in sources)


def _made(text: str, name: str) -> Any:
    from . import _verbs

    space = dict(vars(_verbs))
    exec("from __future__ import annotations\n" + text, space)
    return space[name]


def made_method(row: Row) -> Any:
    """A plug-in's verb, as a function of the flow."""
    return _made(method(row), row["name"])


def made_function(row: Row) -> Any:
    """A plug-in's source."""
    return _made(function(row), row["name"])
