"""Refuses what has grown too big to read: `python tools/check_sizes.py [ROOT]`.

Lines of a header, source, binding or Python file; lines of a function; virtuals of an interface. What may be bigger
stands in tools/sizes.txt, a line each: `FILE: why` for a file, `FILE NAME: why` for a function or class in it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources import files

FUNCTION, VIRTUALS = 40, 6
COMMENTS_AND_TEXT = re.compile(
    r'R"(?P<mark>[^(\s]*)\((?:.|\n)*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*(?:.|\n)*?\*/'
)
CLASS = re.compile(r"\b(?:class|struct|union)\s+(?:KLEIN_\w+\(.*?\)\s+)?(\w+)[^();]*$")
NAMED = re.compile(r"([\w:~]+(?:\s*operator\s*\S+?)?|operator\s*\S+?)\s*\(")


@dataclass(frozen=True)
class Finding:
    file: str
    name: str  # of the function or class; empty for the file
    line: int
    what: str


def limit_of_file(name: str) -> int:
    if name.startswith("python/bindings/"):
        return 150
    return 200 if name.endswith(".h") else 400


def bare(text: str) -> str:
    """C++ without comments, texts and preprocessor lines, each line where it was."""
    text = COMMENTS_AND_TEXT.sub(lambda match: " " + "\n" * match[0].count("\n"), text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: "\n" * match[0].count("\n"), text, flags=re.MULTILINE)


@dataclass
class Block:
    kind: str  # "outer": a namespace or a table; "class"; "function"; "inner": what stands in a function
    name: str
    line: int
    virtuals: int = 0


def opened(head: str, inside: str, line: int) -> Block:
    """What the brace after `head` opens, within a block of kind `inside`."""
    if inside in ("function", "inner"):
        return Block("inner", "", line)
    if found := CLASS.search(head):
        return Block("class", found[1], line)
    if test := re.search(r"\bTEST(?:_[FP])?\((\w+),\s*(\w+)\)", head):
        return Block("function", f"{test[1]}.{test[2]}", line)
    named = NAMED.search(head)
    if named and not re.search(r"\b(?:namespace|extern|enum)\b[^()]*$|=\s*$", head.split("(")[0]):
        first = len(head) - len(head.lstrip())
        return Block("function", named[1], line - head[first:].count("\n"))
    return Block("outer", "", line)


def cpp_blocks(text: str) -> Iterator[tuple[Block, int]]:
    """Every function and class with its last line."""
    stack, head, line = [Block("outer", "", 0)], "", 1
    for token in re.split(r"([{};\n])", bare(text)):
        line += token == "\n"
        if token not in ("{", "}", ";"):
            head += token
            continue
        if token != "}" and stack[-1].kind == "class":
            stack[-1].virtuals += bool(re.search(r"\bvirtual\b(?![^(]*~)", head))
        if token == "{":
            stack.append(opened(head, stack[-1].kind, line))
        elif token == "}" and len(stack) > 1:
            block = stack.pop()
            if block.name:
                yield block, line
        head = ""


def cpp_findings(name: str, text: str) -> Iterator[Finding]:
    for block, last in cpp_blocks(text):
        lines = last - block.line + 1
        if block.kind == "function" and lines > FUNCTION:
            yield Finding(name, block.name, block.line, f"{lines} lines, a function has at most {FUNCTION}")
        if block.kind == "class" and block.virtuals > VIRTUALS:
            yield Finding(
                name, block.name, block.line, f"{block.virtuals} virtuals, an interface has at most {VIRTUALS}"
            )


def python_findings(name: str, text: str) -> Iterator[Finding]:
    """Of a Python function the body counts: its typed signature and its docstring are what callers read."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lines = node.end_lineno - body[0].lineno + 1
            if lines > FUNCTION:
                yield Finding(name, node.name, node.lineno, f"{lines} lines, a function has at most {FUNCTION}")


def findings(root: Path) -> Iterator[Finding]:
    for file in files(root, ".h", ".cpp", ".py"):
        name, text = file.relative_to(root).as_posix(), file.read_text()
        if text.startswith("# Generated") or name == "python/pyklein/_verbs.py":
            continue
        lines, limit = text.count("\n"), limit_of_file(name)
        if lines > limit:
            yield Finding(name, "", 1, f"{lines} lines, such a file has at most {limit}")
        yield from (python_findings if name.endswith(".py") else cpp_findings)(name, text)


def exemptions(text: str) -> set[tuple[str, str]]:
    out = set()
    for number, line in enumerate(text.splitlines(), 1):
        head, _, why = (part.strip() for part in f"{line.partition('#')[0]} ".partition(": "))
        if head and not why:
            raise SystemExit(f"tools/sizes.txt:{number}: an exemption needs its reason")
        if head:
            file, _, name = head.partition(" ")
            out.add((file, name.strip()))
    return out


def check(root: Path) -> list[str]:
    listed = root / "tools/sizes.txt"
    exempt = exemptions(listed.read_text()) if listed.exists() else set()
    found = list(findings(root))
    errors = [f"{f.file}:{f.line}: {f.name or 'file'}: {f.what}" for f in found if (f.file, f.name) not in exempt]
    unused = exempt - {(f.file, f.name) for f in found}
    return errors + [f"tools/sizes.txt: exemption without need: {' '.join(key).strip()}" for key in sorted(unused)]


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    errors = check(root)
    print("\n".join(errors) if errors else "sizes: everything is small enough to read")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
