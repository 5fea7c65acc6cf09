"""Refuses an include against the order of the layers in tools/layers.txt: `python tools/check_layers.py [ROOT]`.

Fails on an include that the table does not allow, on a folder that is missing from it, on a third-party header outside
its owner, and on an exemption that nothing needs any more.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sources import INCLUDE, cpp_files, is_test_header, resolve


@dataclass
class Owner:
    header: str
    folders: set[str]
    sources_only: bool


@dataclass
class Table:
    order: list[str] = field(default_factory=list)
    folders: dict[str, set[str]] = field(default_factory=dict)
    owners: list[Owner] = field(default_factory=list)
    exempt: dict[tuple[str, str], str] = field(default_factory=dict)

    def expand(self, names: str) -> set[str]:
        """The folders that `A ..B` means: A, and B with all before it."""
        out: set[str] = set()
        for name in names.split():
            up_to = name.removeprefix("..")
            out.update(self.order[: self.order.index(up_to) + 1] if name != up_to else [name])
        return out

    def owner(self, header: str) -> Owner | None:
        for owner in self.owners:
            if header == owner.header or (owner.header[-1:] == "/" and header.startswith(owner.header)):
                return owner
        return None


def parse(text: str) -> Table:
    table = Table()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        word, _, rest = line.partition(" ")
        head, _, tail = (part.strip() for part in rest.partition(":"))
        if word == "order":
            table.order = [name.strip() for name in rest.split("<")]
            table.folders.update({name: set(table.order[:i]) for i, name in enumerate(table.order)})
        elif word == "folder":
            table.folders[head] = table.expand(tail)
        elif word in ("owner", "owner-cpp"):
            table.owners.append(Owner(head, table.expand(tail), word == "owner-cpp"))
        elif word == "exempt" and tail and len(head.split()) == 2:
            file, header = head.split()
            table.exempt[file, header] = tail
        else:
            raise SystemExit(f"tools/layers.txt:{number}: not understood: {line}")
    return table


def refusal(table: Table, root: Path, file: Path, header: str, quoted: bool) -> str | None:
    """Why `file` may not include `header`, or nothing."""
    folder = file.parent.relative_to(root).as_posix()
    if quoted:
        found = resolve(root, file, header)
        if found is None:
            return f'"{header}" is not there (third-party and generated headers stand in <>)'
        target = found.parent.relative_to(root).as_posix()
        allowed = target == folder or target in table.folders[folder]
        return None if allowed else f"{folder} may not include {target}"
    owner = table.owner(header)
    if owner is None:  # the standard library's headers have neither folder nor suffix
        return None if re.fullmatch(r"[a-z_0-9]+", header) else f"nobody owns the third-party header <{header}>"
    if "*" not in owner.folders and folder not in owner.folders:
        return f"<{header}> belongs to {', '.join(sorted(owner.folders))}"
    if owner.sources_only and file.suffix == ".h" and not is_test_header(file):
        return f"<{header}> belongs in .cpp files"
    return None


def check(root: Path) -> list[str]:
    table = parse((root / "tools/layers.txt").read_text())
    unused, errors, unknown = dict(table.exempt), [], set()
    for file in cpp_files(root):
        name, folder = file.relative_to(root).as_posix(), file.parent.relative_to(root).as_posix()
        if folder not in table.folders:
            unknown.add(folder)
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if include := INCLUDE.match(line):
                header = include["quoted"] or include["angled"]
                if why := refusal(table, root, file, header, bool(include["quoted"])):
                    if (name, header) in table.exempt:
                        unused.pop((name, header), None)
                    else:
                        errors.append(f"{name}:{number}: {why}")
    errors += [f"{folder}: not in tools/layers.txt" for folder in sorted(unknown)]
    return errors + [f"tools/layers.txt: exemption without need: {' '.join(key)}" for key in unused]


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    errors = check(root)
    print("\n".join(errors) if errors else "layers: every include keeps the order")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
