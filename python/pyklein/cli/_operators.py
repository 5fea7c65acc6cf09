"""`klein operators`: the steps there are."""

from __future__ import annotations

from .. import _core
from ..errors import InvalidError
from . import WORKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any


def _line(row: dict[str, Any], width: int) -> str:
    return f"  {row['name']:<{width}}  {row['doc'].partition('. ')[0].rstrip('.')}"


def _listed(kinds: dict[str, list[dict[str, Any]]]) -> str:
    width = max(len(row["name"]) for rows in kinds.values() for row in rows)
    parts = [f"{sort}:\n" + "\n".join(_line(row, width) for row in rows) for sort, rows in kinds.items()]
    return "\n\n".join(parts) + "\n\nklein operators NAME shows one, with its parameters."


def _param(param: dict[str, Any]) -> str:
    given = "must be given" if param["required"] else f"default {param['default']!r}"
    choices = f", one of {', '.join(param['choices'])}" if param["choices"] else ""
    return f"  {param['name']} ({param['type']}{choices}; {given})\n      {param['doc']}"


def _shown(row: dict[str, Any]) -> str:
    parts = [f"{row['name']}: {row['doc']}"]
    if row["params"]:
        parts.append("parameters:\n" + "\n".join(_param(param) for param in row["params"]))
    for example in row.get("examples", [])[:1]:
        rows = f"  from     {example['in']}\n" if example["in"] != "[]" else ""
        parts.append(f"example:\n  with     {example['params']}\n{rows}  becomes  {example['out']}")
    return "\n\n".join(parts)


def operators(options: Namespace) -> int:
    """Prints the list, or one row."""
    import json

    kinds: dict[str, list[dict[str, Any]]] = _core.kinds()
    rows = {row["name"]: row for each in kinds.values() for row in each}
    if options.name and options.name not in rows:
        from difflib import get_close_matches

        near = get_close_matches(options.name, rows, 1)
        raise InvalidError(f"there is no step '{options.name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    chosen: Any = rows[options.name] if options.name else kinds
    print(json.dumps(chosen) if options.json else _shown(chosen) if options.name else _listed(chosen))
    return WORKED
