"""`python -m pyklein` is the command `klein`."""

from .cli import main

raise SystemExit(main())
