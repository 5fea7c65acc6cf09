"""clang-tidy over every source of this tree, warnings as errors: `python tools/check_tidy.py BUILD_FOLDER`.

The build folder is one that Clang was configured for; thread-safety analysis is among its flags. A source that passed
is read again only when it, or what it includes, has changed.
"""

import json
import subprocess
import sys
from pathlib import Path

from stamps import check_all, digest


def check(root: Path, build: Path) -> list[str]:
    rules = (root / ".clang-tidy").read_text()
    entries = json.loads((build / "compile_commands.json").read_text())
    commands = {Path(entry["file"]): entry["command"] for entry in entries}
    sources = [file for file in commands if file.is_relative_to(root) and not file.is_relative_to(build)]

    def tidy(source: Path) -> str:
        ran = subprocess.run(
            ["clang-tidy-14", "-p", build, "--quiet", "--warnings-as-errors=*", source], capture_output=True, text=True
        )
        return "" if ran.returncode == 0 else ran.stdout

    return check_all(sources, lambda source: digest(root, source, commands[source], rules), tidy, build / "stamps/tidy")


def main() -> int:
    errors = check(Path(__file__).parent.parent.resolve(), Path(sys.argv[1]).resolve())
    print("\n".join(errors) if errors else "clang-tidy: nothing to say")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
