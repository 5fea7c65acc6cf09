#!/usr/bin/env python3
"""Compare inference/ort_abi.h with a public onnxruntime_c_api.h: slots, parameter types, enumerators.

An excerpt of the oldest one that is supported is in tools/tests; the whole header of each version is in the npm
package com.github.asus4.onnxruntime and in the Go module github.com/yalue/onnxruntime_go.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OURS = Path(__file__).resolve().parent.parent / "inference" / "ort_abi.h"
Function = tuple[str, tuple[str, ...]]  # result, parameter types


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def braced(text: str, opening: str) -> str:
    """The text between the braces that `opening` begins."""
    start = text.index("{", text.index(opening)) + 1
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    raise ValueError(f"unbalanced braces after {opening!r}")


def split_parameters(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def parameter_type(parameter: str, enums: set[str]) -> str:
    """`_In_ const OrtEnv* env` -> `const OrtEnv*`; an enumeration is an int, a path a char string."""
    parameter = re.sub(r"\b_\w+_(\([^)]*\))?", " ", parameter)
    parameter = re.sub(r"\benum\b", " ", parameter).replace("ORTCHAR_T", "char")
    parameter = " ".join(re.sub(r"\b\w+\s*$", "", parameter.strip()).split())
    for enum in enums:
        parameter = re.sub(rf"\b{enum}\b", "int", parameter)
    return parameter.replace(" *", "*")


def signature(result: str, parameters: str, enums: set[str]) -> Function:
    types = tuple(parameter_type(each, enums) for each in split_parameters(parameters))
    return ("int" if result in enums else result), types


def public_function(entry: str, enums: set[str]) -> tuple[str, Function]:
    """Name and signature of one member of the header's OrtApi."""
    if found := re.match(r"ORT_CLASS_RELEASE\((\w+)\)", entry):
        return f"Release{found[1]}", ("void", (f"Ort{found[1]}*",))
    if found := re.match(r"ORT_API2_STATUS\((\w+)\s*,?(.*)\)", entry):
        return found[1], signature("OrtStatus*", found[2], enums)
    if found := re.match(r"ORT_API_T\((.+?),\s*(\w+)\s*,?(.*)\)", entry):
        return found[2], signature(found[1], found[3], enums)
    if found := re.match(r"(.+?)\s*\(ORT_API_CALL\s*\*\s*(\w+)\)\s*\((.*?)\)", entry):
        return found[2], signature(found[1], found[3], enums)
    raise ValueError(f"a member of OrtApi that this tool can't read: {entry}")


def enumerators(text: str) -> tuple[set[str], dict[str, int]]:
    names, values = set(), {}
    for name, body in re.findall(r"enum (\w+)\s*(?::\s*\w+\s*)?\{(.*?)\}", text, flags=re.DOTALL):
        names.add(name)
        following = 0
        for entry in filter(None, (" ".join(each.split()) for each in body.split(","))):
            key, _, value = entry.partition("=")
            if re.fullmatch(r"\s*-?\w+\s*", value) and value.strip().lstrip("-").isdigit():
                following = int(value)
            values[key.strip()] = following
            following += 1
    return names, values


def read_public(header: str) -> tuple[list[tuple[str, Function]], dict[str, int]]:
    text = without_comments(header)
    enums, values = enumerators(text)
    entries = [" ".join(entry.split()) for entry in braced(text, "struct OrtApi {").split(";")]
    return [public_function(entry, enums) for entry in entries if entry], values


def read_ours(header: str) -> tuple[list[tuple[int, str, Function]], dict[str, int]]:
    text = without_comments(header)
    functions = [
        (int(slot), name, signature(result, parameters, set()))
        for slot, result, name, parameters in re.findall(r"X\((\d+), (.+?), (\w+), \((.*)\)\)", text)
    ]
    if len(functions) != len(re.findall(r"^ *X\(", text, flags=re.MULTILINE)):
        raise ValueError("ort_abi.h has a declaration that this tool can't read")
    return functions, enumerators(text)[1]


def differences(public_header: str, our_header: str) -> list[str]:
    public, public_values = read_public(public_header)
    ours, our_values = read_ours(our_header)
    found = [] if ours else ["ort_abi.h: no function found"]
    for slot, name, function in ours:
        theirs = public[slot] if slot < len(public) else ("nothing", ("", ()))
        if theirs[0] != name:
            found.append(f"slot {slot} is {theirs[0]}, ort_abi.h says {name}")
        elif theirs[1] != function:
            found.append(f"slot {slot}, {name}: {theirs[1]}, ort_abi.h says {function}")
    for name, value in our_values.items():
        if public_values.get(name) != value:
            found.append(f"{name} is {public_values.get(name)}, ort_abi.h says {value}")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: check_ort_abi.py ONNXRUNTIME_C_API_H", file=sys.stderr)
        return 2
    found = differences(Path(arguments[0]).read_text(), OURS.read_text())
    for line in found:
        print(line)
    print(f"{len(read_ours(OURS.read_text())[0])} functions compared, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
