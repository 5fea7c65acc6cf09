"""What each built library is linked to: `python tools/check_links.py FILE...`.

The Parquet library exports a whole libcrypto and simdjson; linked beside the real ones it takes their place without a
word. So no library holds both, and libklein needs nothing beyond Arrow, the image codecs and the C++ runtime.
"""

import re
import subprocess
import sys
from pathlib import Path

CLASHES = {
    "libparquet": {"libssl", "libcrypto", "libsimdjson"},
    "libarrow_dataset": {"libssl", "libcrypto", "libsimdjson"},
}
RUNTIME = {"libc", "libstdc++", "libm", "libgcc_s", "libpthread", "libdl", "ld-linux-x86-64", "ld-linux-aarch64"}
ALLOWED = {
    "libklein": {"libarrow", "libarrow_compute", "libjpeg", "libturbojpeg", "libpng16", "libwebp"} | RUNTIME,
    "klein_parquet": {"libklein", "libarrow", "libarrow_compute", "libparquet"} | RUNTIME,
    "klein_rocksdb": {"libklein", "libarrow", "librocksdb"} | RUNTIME,
    "klein_kafka": {"libklein", "libarrow", "librdkafka"} | RUNTIME,
}


def complaints(name: str, needed: set[str]) -> list[str]:
    """What is wrong about a library `name` that needs these others; all without suffix."""
    out = []
    for library, enemies in CLASHES.items():
        if library in needed and needed & enemies:
            out.append(f"{name} needs {library} together with {', '.join(sorted(needed & enemies))}")
    if name in ALLOWED and needed - ALLOWED[name]:
        out.append(f"{name} needs {', '.join(sorted(needed - ALLOWED[name]))}, which it must not")
    return out


def stem(file: str) -> str:
    return re.sub(r"\.so(\.\d+)*$", "", file)


def needed_by(file: Path) -> set[str]:
    listing = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, check=True).stdout
    return {stem(name) for name in re.findall(r"\(NEEDED\).*\[(.+?)\]", listing)}


def main(files: list[str]) -> int:
    errors = [error for file in files for error in complaints(stem(Path(file).name), needed_by(Path(file)))]
    print("\n".join(errors) if errors else f"links: {len(files)} files need only what they may")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
