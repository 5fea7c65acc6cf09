"""Starts the example: python examples/search_by_image --help"""

try:
    from example import run_example
except ModuleNotFoundError as error:
    raise SystemExit(
        f"the example needs the Python package {error.name}: run `make setup` and start it with .venv/bin/python, "
        "or `pip install 'pyklein[examples]'`"
    ) from None

run_example()
