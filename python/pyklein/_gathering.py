"""Aggregates of the user's own: what says them in a plan, and what gathers values group by group while it runs."""

from __future__ import annotations

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from . import _core

    Row = dict[str, Any]


class Aggregator:
    """What `klein.aggregator` makes, for `aggregate(name=...)`."""

    __slots__ = ("made", "merges", "text")

    def __init__(self, made: _core.Object, text: str, merges: bool) -> None:
        self.made = made
        self.text = text
        self.merges = merges

    def __repr__(self) -> str:
        return self.text


def aggregator(
    fn: Callable[..., Any],
    *columns: str,
    fn_constructor_args: Sequence[Any] = (),
    fn_constructor_kwargs: Mapping[str, Any] | None = None,
) -> Aggregator:
    """An aggregate of your own over these columns, for `aggregate`.

    `fn` is a class. `state = {"low": "float64"}` in its body says what it remembers of a group, and `returns =
    "float64"` the type of its result. `accumulate(self, state, *values)` takes a row's values of the columns into
    `state`, whose attributes are None at first; `result(self, state)` gives the result; `merge(self, state, other)`
    takes another group's state into one, which session windows need.
    """
    from . import _core
    from ._functions import name_of, to_schema

    lacks = [each for each in ("accumulate", "result") if not callable(getattr(fn, each, None))]
    if not isinstance(fn, type) or lacks:
        raise InvalidError(
            f"aggregator takes a class with accumulate(self, state, *values) and result(self, state), not {name_of(fn)}"
        )
    state, returns = getattr(fn, "state", None), getattr(fn, "returns", None)
    if not isinstance(state, dict) or not state or returns is None:
        raise InvalidError(
            f'{name_of(fn)} says what it remembers and gives: state = {{"low": "float64"}}, returns = "float64"'
        )
    args, kwargs = tuple(fn_constructor_args), dict(fn_constructor_kwargs or {})
    text = f"{name_of(fn)}({', '.join(columns)})"
    recipe = _Once(lambda: fn(*args, **kwargs), tuple(state))
    schemas = to_schema(state), to_schema({"result": returns})
    made = _core.aggregate_function(recipe, text, list(columns), *schemas)
    return Aggregator(made, text, callable(getattr(fn, "merge", None)))


def reducer(fn: Callable[[Row, Row], Row], keys: Sequence[str]) -> _core.Object:
    """A function of two rows, for the step `reduce`."""
    from . import _core
    from ._functions import check_callable, name_of

    check_callable(fn, "reduce")
    if isinstance(fn, type):
        raise InvalidError(f"reduce takes a function of two rows, and {name_of(fn)} is a class")
    return _core.reduce_function(lambda: Reducing(fn, keys), name_of(fn), list(keys))


class _Once:
    """Makes what gathers; the user's object is made once, for all of them."""

    def __init__(self, make: Callable[[], Any], names: tuple[str, ...]) -> None:
        self._make = make
        self._made: Any = None
        self._state = type("State", (), {"__slots__": names})

    def __call__(self) -> Gathering:
        if self._made is None:
            self._made = self._make()
        return Gathering(self._made, self._state)


class Gathering:
    """The states of a user's aggregate, group by group. A group's number may be used again after `clear`."""

    def __init__(self, made: Any, state: type) -> None:
        self._made = made
        self._state = state
        self._names: tuple[str, ...] = state.__slots__  # type: ignore[attr-defined]
        self._of: dict[int, Any] = {}
        self.place = 0  # of the row that it is at

    def _of_group(self, group: int) -> Any:
        state = self._of.get(group)
        if state is None:
            state = self._of[group] = self._new({})
        return state

    def _new(self, values: Row) -> Any:
        state = self._state()
        for name in self._names:
            setattr(state, name, values.get(name))
        return state

    def add(self, groups: list[int], *columns: list[Any]) -> None:
        """A row each: its group and its values."""
        accumulate = self._made.accumulate
        for self.place, (group, *values) in enumerate(zip(groups, *columns, strict=True)):
            accumulate(self._of_group(group), *values)

    def states(self, groups: list[int]) -> list[Row]:
        """What is remembered of groups, as a checkpoint has it."""
        found = [self._of_group(group) for group in groups]
        return [{name: getattr(state, name) for name in self._names} for state in found]

    def results(self, groups: list[int]) -> list[Row]:
        """What groups come to."""
        return [{"result": self._made.result(self._of_group(group))} for group in groups]

    def load(self, groups: list[int], rows: list[Row]) -> None:
        """Adds what `states` gave."""
        for group, row in zip(groups, rows, strict=True):
            if group not in self._of:
                self._of[group] = self._new(row)
                continue
            if not callable(getattr(self._made, "merge", None)):
                name = type(self._made).__qualname__
                raise InvalidError(f"{name} has no merge(self, state, other), and two groups have become one")
            self._made.merge(self._of[group], self._new(row))

    def clear(self, groups: list[int]) -> None:
        """These have seen nothing."""
        for group in groups:
            self._of.pop(group, None)


class Reducing:
    """The rows of groups folded into one each."""

    def __init__(self, fn: Callable[[Row, Row], Row], keys: Sequence[str]) -> None:
        self._fn = fn
        self._keys = keys
        self._of: dict[int, Row] = {}
        self.place = 0

    def _take(self, group: int, row: Row) -> None:
        held = self._of.get(group)
        made = row if held is None else self._fn(held, row)
        if not isinstance(made, dict):
            raise InvalidError(f"it gave {type(made).__name__}; it gives a row, a dict, as the two that it got")
        self._of[group] = made

    def add(self, groups: list[int], rows: list[Row]) -> None:
        """A row each: its group and itself."""
        for self.place, (group, row) in enumerate(zip(groups, rows, strict=True)):
            self._take(group, row)

    def states(self, groups: list[int]) -> list[Row]:
        """The rows of groups, as a checkpoint has them."""
        return [self._of[group] for group in groups]

    def results(self, groups: list[int]) -> list[Row]:
        """The rows of groups but for their keys, which the step adds."""
        return [{name: value for name, value in self._of[group].items() if name not in self._keys} for group in groups]

    def load(self, groups: list[int], rows: list[Row]) -> None:
        """Adds what `states` gave."""
        for group, row in zip(groups, rows, strict=True):
            self._take(group, row)

    def clear(self, groups: list[int]) -> None:
        """These have seen nothing."""
        for group in groups:
            self._of.pop(group, None)
