"""Kinds that plug-ins register while the program runs: their verbs are made when they are first asked for."""

from __future__ import annotations

from . import _core, _verbs
from .flow import Flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def verb_of(name: str) -> Any:
    """The method of a kind that was registered after this package was made, or None."""
    kinds = _core.kinds()
    for row in [*kinds["operators"], *kinds["sinks"]]:
        if row["name"] == name:
            from ._render import made_method

            setattr(Flow, name, made_method(row))
            return getattr(Flow, name)
    return None


def source_function(name: str) -> Any:
    """The function of a source, generated with the package or, for a plug-in's kind, now."""
    if name in _verbs.__all__:
        return getattr(_verbs, name)
    for row in _core.kinds()["sources"]:
        if row["name"] == name:
            from ._render import made_function

            return made_function(row)
    raise AttributeError(f"module 'pyklein' has no attribute '{name}'")
