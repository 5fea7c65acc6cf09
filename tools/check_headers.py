"""Every header compiles alone: `python tools/check_headers.py BUILD_FOLDER`.

Takes the compiler and its flags from the build folder's compile_commands.json; a header that passed is compiled again
only when it, or what it includes, has changed.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from sources import cpp_files
from stamps import check_all, digest

DROPPED = {"-c", "-o", "-MD", "-MT", "-MF"}


def syntax_command(entry: dict[str, str]) -> list[str]:
    """The command of one source, made to check syntax only, without the source's own names."""
    words, out = shlex.split(entry["command"]), []
    while words:
        word = words.pop(0)
        if word in DROPPED:
            if word not in ("-c", "-MD"):
                words.pop(0)
        elif word != entry["file"] and not word.endswith("ccache"):
            out.append(word)
    return [*out, "-fsyntax-only", "-x", "c++"]


def commands(build: Path, root: Path) -> dict[str, list[str]]:
    """A command for every folder that has a source; a header takes that of its own."""
    entries = json.loads((build / "compile_commands.json").read_text())
    in_tree = [entry for entry in entries if Path(entry["file"]).is_relative_to(root)]
    return {Path(entry["file"]).parent.relative_to(root).as_posix(): syntax_command(entry) for entry in in_tree}


def check(root: Path, build: Path) -> list[str]:
    by_folder = commands(build, root)
    fallback = by_folder["core/base"]

    def command(header: Path) -> list[str]:
        return by_folder.get(header.parent.relative_to(root).as_posix(), fallback)

    def compile_alone(header: Path) -> str:
        alone = f'#include "{header}"\n'
        ran = subprocess.run([*command(header), "-"], input=alone, capture_output=True, text=True, cwd=build)
        return "" if ran.returncode == 0 else f"{header.relative_to(root)} does not compile alone:\n{ran.stderr}"

    headers = [file for file in cpp_files(root) if file.suffix == ".h"]
    return check_all(
        headers, lambda header: digest(root, header, *command(header)), compile_alone, build / "stamps/headers"
    )


def main() -> int:
    errors = check(Path(__file__).parent.parent.resolve(), Path(sys.argv[1]).resolve())
    print("\n".join(errors) if errors else "headers: every one compiles alone")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
