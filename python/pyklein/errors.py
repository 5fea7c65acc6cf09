"""What goes wrong, by whose fault it is: one class a code, all under `Error`.

An exception that the user's own function raised is raised again as it is, with its traceback and a note of its step
and row.
"""

from __future__ import annotations


class Error(Exception):
    """A failure of a flow: its sentence, and the step and row that it concerns where they are known."""

    code = "internal"

    def __init__(self, text: str, message: str = "", step: str = "", row: str = "") -> None:
        super().__init__(text)
        self.message = message or text
        self.step = step
        self.row = row


class UserError(Error):
    """The user's function failed in a way that left no exception to raise."""

    code = "user"


class InvalidError(Error):
    """An argument, a schema or a value is wrong: change the program."""

    code = "invalid"


class NotBuiltError(InvalidError):
    """The feature is planned and not there yet."""


class NotFoundError(Error):
    """A file, column or kind that was named does not exist."""

    code = "not_found"


class UnavailableError(Error):
    """A peer or service does not answer now: try again later."""

    code = "unavailable"


class IoError(Error):
    """The operating system refused a read or write."""

    code = "io"


class CorruptError(Error):
    """Bytes that should be readable are not."""

    code = "corrupt"


class ResourceError(Error):
    """Memory, disk or a limit is used up."""

    code = "resource"


class InternalError(Error):
    """Klein is wrong: a bug to report."""

    code = "internal"


class NotRunWarning(UserWarning):
    """A flow that ends in a sink was dropped without being run, so it wrote nothing."""


_CLASSES: dict[str, type[Error]] = {
    each.code: each
    for each in (
        UserError,
        InvalidError,
        NotFoundError,
        UnavailableError,
        IoError,
        CorruptError,
        ResourceError,
        InternalError,
    )
}


def of_code(code: str, text: str, message: str, step: str, row: str) -> Error:
    """The exception of a code; what the engine raises is made here."""
    return _CLASSES[code](text, message, step, row)


_NOT_BUILT = {
    "on": "flows run in this process only as yet, so on= can't be honoured; run without it",
    "concurrency": "the number of tasks can't be chosen by step yet; leave concurrency= out, or run with cores=",
    "num_cpus": "steps can't ask for cores yet; leave num_cpus= out, or run with cores=",
    "num_gpus": "steps can't ask for GPUs yet; leave num_gpus= out",
    "in_flight": "async functions are not supported yet, so in_flight= can't be honoured",
    "ordered": "async functions are not supported yet, so ordered= can't be honoured",
    "timeout": "calls can't be timed out here yet; leave timeout= out",
    "retries": "calls of functions are not repeated yet; leave retries= out",
    "latency": "models do not batch under a latency bound yet; leave latency= out",
    "partition_by": "files are not partitioned by a column yet; leave partition_by= out",
    "rate": "the rate of this source can't be chosen yet; leave rate= out",
}


def refuse_not_built(**given: object) -> None:
    """Raises for the first argument whose feature is not there yet, or that is none; None is "not given"."""
    for name, value in given.items():
        if value is None:
            continue
        if name in _NOT_BUILT:
            raise NotBuiltError(_NOT_BUILT[name])
        from ._names import nearest
        from .flow import Flow

        known = list(Flow.run.__kwdefaults__ or ())
        raise InvalidError(f"there is no option {name}={nearest(name, known) or '; there are ' + ', '.join(known)}")
