"""What `klein run` and the commands about running jobs take."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

PROGRAM = "a Python file, and after a colon the name of a flow in it; without a name, every flow that ends in a sink"
PROGRAMS_OWN = "the program's own, in its sys.argv; after -- where they begin with a dash"
EXIT_CODES = """\
exit codes: 0 it worked, 1 the job failed, does not answer or was given up, 2 no such job, or the command is wrong,
130 this command was stopped by Ctrl-C, and the job goes on
"""


def add_run(commands: _SubParsersAction[ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="run a program's flow",
        description="Run the flow that a program defines. Its own run() belongs under `if __name__ == '__main__':`.",
    )
    run.add_argument("program", metavar="FILE[:NAME]", help=PROGRAM)
    run.add_argument("arguments", nargs="*", help=PROGRAMS_OWN)
    run.add_argument("--cores", type=int, help="how many to use; all by default")
    run.add_argument("--memory", help='bytes in flight between steps, such as "256MB"')
    run.add_argument("--state-memory", help='of what is remembered by key, such as "1GB"; the rest is on disk')
    run.add_argument("--mode", choices=["batch", "stream"], help="by default what the sources ask for")
    run.add_argument("--seed", type=int, help="one thread, a virtual clock, every choice from this number")
    run.add_argument(
        "--checkpoint", metavar="FOLDER", help="take snapshots; the same command goes on from the last one"
    )
    _add_pace(run)
    run.add_argument("--restart", action="store_true", help="begin anew, whatever the checkpoint holds")
    run.add_argument("--name", help="others find the job by it: klein status NAME")
    run.add_argument("--detach", action="store_true", help="leave it running, with a log file; NAME is FILE's own")
    run.add_argument("--supervise", action="store_true", help="begin it again when it is killed or crashes")
    run.add_argument(
        "--attempts", type=int, default=5, help="with --supervise: crashes in a row, then it is given up; 5"
    )
    run.add_argument("--backoff", default="1s", help="with --supervise: the first wait; each is twice the last; 1s")
    run.add_argument("--no-progress", action="store_true", help="show nothing while it runs")
    run.add_argument("--json", action="store_true", help="the report as one line of JSON")


def _add_pace(command: ArgumentParser) -> None:
    command.add_argument("--interval", help='from one snapshot to the next: "30s", the default, or "500ms"')
    command.add_argument("--timeout", help="a snapshot that takes longer is given up; by default none is")
    command.add_argument("--retention", type=int, help="how many snapshots are kept; 2 by default")


def add_jobs(commands: _SubParsersAction[ArgumentParser]) -> None:
    from argparse import RawDescriptionHelpFormatter

    for command, told in (
        ("jobs", "list the jobs that run"),
        ("status", "show how a job is"),
        ("attach", "show a job's progress until it has ended"),
        ("stop", "end a job, and wait for it"),
        ("snapshot", "ask a job for a snapshot"),
        ("configure", "change when a job takes, gives up and forgets snapshots"),
    ):
        about = f"{told[0].upper()}{told[1:]}."
        added = commands.add_parser(
            command, help=told, description=about, epilog=EXIT_CODES, formatter_class=RawDescriptionHelpFormatter
        )
        if command != "jobs":
            added.add_argument("name", metavar="NAME", help="the one it was started with: start(name=), run --name")
        if command == "stop":
            added.add_argument("--savepoint", metavar="DIR", help="a new folder for what others may begin from")
            added.add_argument("--now", action="store_true", help="commit nothing")
        if command == "configure":
            _add_pace(added)
        added.add_argument("--json", action="store_true", help="as JSON")
