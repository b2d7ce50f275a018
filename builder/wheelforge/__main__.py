"""`python -m wheelforge`: the same as the `wheelforge` command."""

import sys

from wheelforge.cli import main

if __name__ == "__main__":
    sys.exit(main())
