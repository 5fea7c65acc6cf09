"""What users of other engines look for, and what it is called here."""

from __future__ import annotations

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ELSEWHERE = {
    "add_column": "with_column()",
    "drop_columns": "drop()",
    "groupby": "group_by()",
    "materialize": "to_arrow() or collect()",
    "random_shuffle": "",
    "rename_columns": "rename()",
    "repartition": "",
    "select_columns": "select()",
    "sort": "",
    "take_batch": "limit() and to_arrow()",
}


def step_name(name: object) -> str:
    """The name that the user gave a step; none is empty."""
    if name is None or isinstance(name, str):
        return name or ""
    raise InvalidError(f"name= is what the step is to be called, a string, not {name!r}")


def nearest(name: str, known: Iterable[str]) -> str:
    """What a verb that is not there may have meant."""
    from difflib import get_close_matches

    if name in _ELSEWHERE:
        return f"; it is called {_ELSEWHERE[name]}" if _ELSEWHERE[name] else "; it is not built yet"
    near = get_close_matches(name, [each for each in known if not each.startswith("_")], 1)
    return f"; did you mean '{near[0]}'?" if near else ""
