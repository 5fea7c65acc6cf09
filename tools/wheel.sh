#!/bin/bash
# A wheel in dist/: built, the image codecs grafted in, Arrow left to pyarrow's own, then tried in a fresh environment.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONPATH
rm -rf build/wheel build/wheel-venv
mkdir -p build/wheel dist

.venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/wheel .
PATH="$PWD/.venv/bin:$PATH" .venv/bin/python -m auditwheel repair --exclude 'libarrow*' --exclude 'libparquet*' --exclude libklein.so \
  --wheel-dir build/wheel/repaired build/wheel/pyklein-*.whl > build/wheel.log 2>&1 || { cat build/wheel.log; exit 1; }
wheel=$(ls build/wheel/repaired/*.whl)

bytes=$(stat -c %s "$wheel")
[ "$bytes" -lt $((30 << 20)) ] || { echo "$wheel is too big: $bytes bytes"; exit 1; }

.venv/bin/python -m venv build/wheel-venv
build/wheel-venv/bin/pip install --quiet --disable-pip-version-check "$wheel"
(cd build && wheel-venv/bin/python - << 'PROGRAM'
import pyklein as klein
assert klein.range(3).collect() == [{"id": 0}, {"id": 1}, {"id": 2}], "the wheel does not work"
klein.range(3).write_parquet("wheel-out", mode="overwrite").run()
assert klein.read_parquet("wheel-out/*.parquet").count() == 3, "the wheel does not read what it wrote"
PROGRAM
)
build/wheel-venv/bin/klein operators > /dev/null
cp "$wheel" dist/
echo "dist/$(basename "$wheel"): $bytes bytes"
