"""The ledger's commands: check it, show its head, export it.

Rules enforced here:
1. A ledger is opened to be read; no command here writes to one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from randcheck.cli.common import add_command
from randcheck.language import report_text


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "ledger",
        None,
        "the hash-chained log of all that happened: check it, show its head, export it",
        "  randcheck ledger head sqlite:///office.sqlite       # publish this\n"
        "  randcheck ledger export sqlite:///office.sqlite ledger.jsonl\n"
        "  randcheck ledger verify ledger.jsonl --head 17:5f0c…   # a head that was kept",
    )
    steps = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    verify = steps.add_parser("verify", help="whether a ledger, or an export of one, holds")
    verify.add_argument("target", help="a database such as sqlite:///office.sqlite, or an export")
    verify.add_argument("--head", metavar="TEXT", help="a head that was kept, as `head` shows it")
    verify.set_defaults(run=_ledger_verify)
    head = steps.add_parser("head", help="the number and digest of the last event")
    head.add_argument("database")
    head.set_defaults(run=_ledger_head)
    export = steps.add_parser("export", help="all events as canonical JSON lines")
    export.add_argument("database")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_ledger_export)


def _ledger_verify(options: argparse.Namespace) -> int:
    from randcheck.ledger import Ledger, verify_export

    if "://" in options.target:
        with Ledger.open(options.target, readonly=True) as ledger:
            report = ledger.verify(options.head)
    else:
        report = verify_export(options.target, options.head)
    print(report_text(report, options.language))
    return 0 if report.ok else 1


def _ledger_head(options: argparse.Namespace) -> int:
    from randcheck.ledger import Ledger

    with Ledger.open(options.database, readonly=True) as ledger:
        print(ledger.head())
    return 0


def _ledger_export(options: argparse.Namespace) -> int:
    from randcheck.ledger import Ledger

    with Ledger.open(options.database, readonly=True) as ledger:
        print(ledger.export(options.file))
    return 0
