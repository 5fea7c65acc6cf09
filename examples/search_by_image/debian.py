"""Gives the folder of a Debian package's files: where it is installed, else downloaded and unpacked; no root needed.

One rule: nothing is installed, and what is downloaded lies below the folder that the caller names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


class PackageUnavailable(Exception):
    """A package could not be had; the message says what to do."""


def package_folder(package: str, folder: str, scratch: Path) -> Path:
    """Return where `folder` (as "usr/share/...") of `package` can be read, below / or below `scratch`."""
    installed = Path("/") / folder
    if installed.is_dir():
        return installed
    unpacked = scratch / package
    if not (unpacked / folder).is_dir():
        _unpack(_download(package, scratch), unpacked)
    return unpacked / folder


def _download(package: str, scratch: Path) -> Path:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise PackageUnavailable(_advice(package, "apt-get and dpkg-deb are not on this machine"))
    scratch.mkdir(parents=True, exist_ok=True)
    failure = _apt_get(["download", package], scratch)
    if failure and os.geteuid() == 0 and not _apt_get(["update"], scratch):
        failure = _apt_get(["download", package], scratch)
    if failure:
        raise PackageUnavailable(_advice(package, f"apt-get download failed: {failure}"))
    return next(scratch.glob(f"{package}_*.deb"))


def _apt_get(arguments: list[str], folder: Path) -> str:
    """Run apt-get in `folder`; return the last line of its complaint, empty where all went well."""
    done = subprocess.run(["apt-get", "-q", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else (lines or [f"exit status {done.returncode}"])[-1]


def _unpack(archive: Path, target: Path) -> None:
    subprocess.run(["dpkg-deb", "-x", str(archive), str(target)], check=True)
    archive.unlink()


def _advice(package: str, reason: str) -> str:
    return (
        f"the photos of the Debian package {package} cannot be had: {reason}. "
        f"Run `sudo apt-get update && sudo apt-get install {package}` and start again, "
        "or search pictures of your own: python examples/search_by_image --photos DIR --query FILE"
    )
