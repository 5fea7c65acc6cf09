#!/bin/bash
# Configures a preset where that was not done yet, or as its presets have changed, and builds it, or one target of it: `tools/build.sh PRESET [TARGET]`.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
log=build/$preset.log

if [ ! -e "build/$preset/build.ninja" ] || [ CMakePresets.json -nt "build/$preset/build.ninja" ]; then
  rm -f "build/$preset/CMakeCache.txt"  # of a configuration that did not end well
  cmake --preset "$preset" > "$log" 2>&1 || { cat "$log"; exit 1; }
fi
cmake --build --preset "$preset" ${2:+--target "$2"}
