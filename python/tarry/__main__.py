"""``python -m tarry`` and the command ``tarry``."""

from tarry.cli import main as main

if __name__ == "__main__":
    raise SystemExit(main())
