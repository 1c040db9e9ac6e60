"""The office's commands: templates, imports, reports.

Rules enforced here:
1. An import that finds something wrong writes its answer and gives exit status 1.
2. A report is made of a ledger, or of an export that holds, and of nothing else.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from randcheck.cli.common import add_command
from randcheck.errors import DataError, Problem
from randcheck.io import write_csv
from randcheck.language import told


def add(commands: Any) -> None:
    """The commands `template`, `import` and `report`."""
    _add_template(commands)
    _add_import(commands)
    _add_report(commands)


# --- templates and imports ---------------------------------------------------------------------


def _add_template(commands: Any) -> None:
    parser = add_command(
        commands,
        "template",
        _template,
        "a workbook to fill in: Chinese headers, drop-down lists, notes, an example row",
        "  randcheck template subjects subjects.xlsx",
    )
    parser.add_argument("kind", help="subjects, persons, objects, inspectors or items")
    parser.add_argument("file", type=Path)


def _template(options: argparse.Namespace) -> int:
    from randcheck.io.templates import write_template

    write_template(options.kind, options.file, language=options.language)
    print(options.file)
    return 0


def _add_import(commands: Any) -> None:
    parser = add_command(
        commands,
        "import",
        _import,
        "a registry from a workbook or CSV file, or all that is wrong with it at once",
        "  randcheck import filled-in.xlsx --as subjects --out subjects.csv\n"
        "  randcheck import filled-in.xlsx --as subjects --answer marked.xlsx",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--as", dest="kind", required=True, metavar="KIND",
                        help="subjects, persons, objects, inspectors or items")  # fmt: skip
    parser.add_argument("--sheet", metavar="NAME", help="one sheet of several")
    parser.add_argument("--key", type=Path, metavar="FILE", help="of pseudonyms, for persons")
    parser.add_argument("--out", type=Path, metavar="CSV", help="write the registry")
    parser.add_argument("--answer", type=Path, metavar="FILE",
                        help="write a copy with the bad cells marked and explained")  # fmt: skip


def _import(options: argparse.Namespace) -> int:
    from randcheck.io.importing import import_file

    key = options.key.read_bytes() if options.key else None
    answer = import_file(options.file, options.kind, sheet=options.sheet, key=key)
    if answer.registry is None:
        print(told(DataError(str(answer.path), answer.problems), options.language))
        if options.answer:
            answer.write_answer(options.answer, options.language)
        return 1
    print(told(answer, options.language))
    if options.out:
        write_csv(options.out, answer.registry)
    return 0


# --- reports -----------------------------------------------------------------------------------


def _add_report(commands: Any) -> None:
    parser = add_command(
        commands,
        "report",
        _report,
        "the office's indicators of a period, from its ledger",
        "  randcheck report sqlite:///office.sqlite --year 2026\n"
        "  randcheck report ledger.jsonl --year 2026 --month 3 --region 990102 --html march.html",
    )
    parser.add_argument("ledger", help="a database such as sqlite:///office.sqlite, or an export")
    parser.add_argument("--year", type=int, required=True)
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--quarter", type=int, choices=(1, 2, 3, 4))
    part.add_argument("--month", type=int, choices=range(1, 13), metavar="1..12")
    parser.add_argument("--region", action="append", default=[], metavar="PREFIX")
    parser.add_argument("--name", default=None, help="of the area, for the title")
    parser.add_argument("--as-of", type=date.fromisoformat, metavar="DAY",
                        help="when it is made (otherwise today)")  # fmt: skip
    parser.add_argument("--html", type=Path, metavar="FILE")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")


def _report(options: argparse.Namespace) -> int:
    from randcheck.office import lives, rebuild
    from randcheck.office.calendar import ChineseCalendar
    from randcheck.office.indicators import Area, Books, Period, Question
    from randcheck.office.reports import report

    year: int = options.year
    language: Any = options.language
    period = (
        Period.month(year, options.month)
        if options.month
        else Period.quarter(year, options.quarter)
        if options.quarter
        else Period.year(year)
    )
    name = options.name or ", ".join(options.region)
    states = rebuild(_events(options.ledger), lives())
    asked = Question(
        period=period,
        calendar=ChineseCalendar(),
        as_of=options.as_of or date.today(),
        area=Area(name, options.region),
    )
    made = report(Books.of(states), asked)
    for cells in made.sheet().texts(language):
        print("  ".join(cells).rstrip())
    for path, data in (
        (options.html, made.to_html(language).encode()),
        (options.csv, made.sheet().to_csv(language)),
        (options.json, made.to_bytes()),
    ):
        if path is not None:
            path.write_bytes(data)
    return 0


def _events(target: str) -> Iterator[Any]:
    from randcheck.ledger import Event, Ledger, verify_export

    if "://" in target:
        with Ledger.open(target, readonly=True) as ledger:
            yield from ledger.events()
        return
    data = Path(target).read_bytes()
    for finding in verify_export(data).findings:
        problem = Problem(None, finding.where, finding.found, "does not hold", finding.expected)
        raise DataError(target, [problem])
    yield from map(Event, data.split(b"\n")[:-1])
