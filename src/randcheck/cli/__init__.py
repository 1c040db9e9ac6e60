"""The command `randcheck`.

Rules enforced here:
1. An error is said in plain words on standard error, with exit status 2; a record that does not
   verify gives exit status 1.
2. What is worth keeping goes to files; what is worth reading goes to the terminal.
3. Progress is shown on standard error, and only on a terminal.
4. Help, errors and reports come in the language that is asked for, else in the locale's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import randcheck as rc
from randcheck.cli import draws, ledgers, office
from randcheck.cli.common import progress
from randcheck.errors import RandcheckError
from randcheck.language import LANGUAGES, current, localize, option, say, told, translate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0 good, 1 does not verify, 2 an error."""
    language = current(option(arguments))
    parser = localize(_parser(), language)
    options = parser.parse_args(arguments, argparse.Namespace(language=language))
    try:
        with progress():
            status: int = options.run(options)
        return status
    except RandcheckError as error:
        message = told(error, language)
    except OSError as error:
        message = f"{error.filename}: {translate(error.strerror or '', language)}"
    print(say("{prog}: error: {message}", language).format(prog="randcheck", message=message),
          file=sys.stderr)  # fmt: skip
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="randcheck",
        description="Random inspections that nobody has to trust (双随机、一公开).",
        epilog="example: randcheck demo",
    )
    parser.add_argument("--language", choices=LANGUAGES, default=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"randcheck {rc.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    draws.add(commands)
    ledgers.add(commands)
    office.add(commands)
    return parser
