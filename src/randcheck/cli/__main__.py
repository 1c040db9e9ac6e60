"""The command as a module: `python -m randcheck.cli`.

Rules enforced here:
1. Its exit status is the command's.
"""

import sys

from randcheck.cli import main

if __name__ == "__main__":
    sys.exit(main())
