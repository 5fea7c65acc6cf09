"""Windows and aggregates, as plans write them."""

from __future__ import annotations

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta

    Duration = str | timedelta


def tumbling(size: Duration, offset: Duration | None = None) -> str:
    """Windows of `size`, one after the other: from 1970 on, and `offset`."""
    return f"tumbling({_list(size, offset)})"


def sliding(size: Duration, slide: Duration, offset: Duration | None = None) -> str:
    """Windows of `size`, one each `slide`: a row is in several."""
    return f"sliding({_list(size, slide, offset)})"


def session(gap: Duration) -> str:
    """A window as long as rows of a key come within `gap` of each other."""
    return f"session({_list(gap)})"


def count(column: str = "") -> str:
    """How many rows, or how many values of a column that are not null."""
    return f"count({column})"


def sum(column: str) -> str:
    """The sum of a column's numbers; of integers in 64 bits."""
    return f"sum({column})"


def min(column: str) -> str:
    """The lowest value of a column."""
    return f"min({column})"


def max(column: str) -> str:
    """The highest value of a column."""
    return f"max({column})"


def mean(column: str) -> str:
    """The mean of a column's numbers."""
    return f"mean({column})"


def first(column: str) -> str:
    """The value of the first row by time, then by the source's order."""
    return f"first({column})"


def last(column: str) -> str:
    """The value of the last row by time, then by the source's order."""
    return f"last({column})"


def variance(column: str, *, ddof: int = 0) -> str:
    """The variance of a column's numbers: their squares from the mean, by their count less `ddof`."""
    return f"variance({column}, {ddof})" if ddof else f"variance({column})"


def stddev(column: str, *, ddof: int = 0) -> str:
    """The standard deviation of a column's numbers, the root of their `variance`."""
    return f"stddev({column}, {ddof})" if ddof else f"stddev({column})"


def any(column: str) -> str:
    """Whether a value of a column of truths is true."""
    return f"any({column})"


def all(column: str) -> str:
    """Whether each value of a column of truths is true."""
    return f"all({column})"


def count_distinct(column: str) -> str:
    """How many different values a column has, null left out. Each is kept until its window is over."""
    return f"count_distinct({column})"


def approximate_quantile(column: str, share: float) -> str:
    """The number below which this share of a column's numbers is, from 0 to 1; to a hundredth of it."""
    return f"approximate_quantile({column}, {share!r})"


def _list(*durations: Duration | None) -> str:
    return ", ".join(duration(each) for each in durations if each is not None)


def duration(given: Duration) -> str:
    from datetime import timedelta

    if isinstance(given, timedelta):
        return f"{given // timedelta(microseconds=1)}us"
    if isinstance(given, str):
        return given
    raise InvalidError(f'a duration is a time like "10s" or "500ms", or a timedelta, not {given!r}')
