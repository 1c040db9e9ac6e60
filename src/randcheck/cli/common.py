"""What all commands share: how one is added, and the line that shows progress.

Rules enforced here:
1. Every command has an example, and says everything in the language that `--language` names.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from randcheck.language import LANGUAGES, lines

log = logging.getLogger("randcheck")


def add_command(commands: Any, name: str, run: Any, help_: str, example: str) -> Any:
    parser = commands.add_parser(
        name,
        help=help_,
        description=f"{help_[0].upper()}{help_[1:]}.",
        epilog=f"examples:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--language", choices=LANGUAGES, default=argparse.SUPPRESS)
    parser.set_defaults(run=run)
    return parser


def tell(options: argparse.Namespace, text: str, file: TextIO | None = None) -> None:
    """Print a text in the language that was asked for."""
    print(lines(text, options.language), file=file)


class _Progress(logging.Handler):
    """The core's log as a single line that rewrites itself."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.start = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        seconds = time.monotonic() - self.start
        sys.stderr.write(f"\r\033[K{seconds:5.1f} s  {record.getMessage()}")
        sys.stderr.flush()


@contextmanager
def progress() -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    handler, level = _Progress(), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        sys.stderr.write("\r\033[K")
