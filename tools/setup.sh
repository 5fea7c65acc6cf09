#!/bin/bash
# Everything that a build needs: Debian's packages (installed as root, else named) and .venv with pinned versions.
# Costs nothing when it is all there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages() {
  command -v dpkg-query > /dev/null || return 0  # not Debian: CMake says what it misses
  local missing=()
  while read -r package; do
    dpkg-query -Wf '${Status}' "$package" 2> /dev/null | grep -q ' installed$' || missing+=("$package")
  done < packages.apt
  [ ${#missing[@]} = 0 ] && return 0
  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    echo "Packages are missing. Type this, then make again:"
    echo "  sudo apt-get update && sudo $install"
    exit 1
  fi
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive $install
}

environment() {
  local python ready
  ready=".venv/ready-$(sha256sum requirements-dev.txt | cut -c1-16)"
  [ -e "$ready" ] && return 0
  # The interpreter itself, not a shim before it.
  python=$(python3 -c 'import sys; sys.exit("Klein needs Python 3.11 or newer") if sys.version_info < (3, 11) else print(sys.executable)')
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
  touch "$ready"
}

# Python runs from this tree: nothing is installed again after a build.
launcher() {
  [ -L .venv ] && return 0  # another tree's environment
  local root packages
  root=$PWD
  packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo "$root/python" > "$packages/pyklein.pth"
  printf '#!%s\nimport sys\n\nfrom pyklein.cli import main\n\nsys.exit(main())\n' "$root/.venv/bin/python" > .venv/bin/klein
  chmod +x .venv/bin/klein
}

packages
environment
launcher
mkdir -p build
