"""Import of registries from the files that offices have: xlsx and csv, all errors at once.

Rules enforced here:
1. A registry comes out only when nothing is wrong; otherwise all problems do, with their cells.
2. Blank rows are left out and counted; a template's example row is refused.
3. An identity number becomes a pseudonym before anything is kept, and is in no error or answer.
4. The file is read as columns, a chunk of rows at a time; no second copy of it is held.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from randcheck.errors import DataError, ParameterError
from randcheck.io.archive import Limits
from randcheck.io.building import build
from randcheck.io.findings import Finding, Findings, UnusableError, letters
from randcheck.io.reading import ReadTable
from randcheck.io.sheets import SHEETS, SheetKind
from randcheck.io.sources import open_source
from randcheck.language import Language
from randcheck.pseudonyms import Pseudonymizer
from randcheck.registry import Registry, SubjectRegistry


@frozen(kw_only=True)
class ImportAnswer:
    """What an import says of a file: the registry, or `None` and all that is wrong.

    `problems` are in the order of the sheet; `counts` says how many of each code; `remarks` are
    no problems. `rows` were read, `blank_rows` left out. `digest` is the registry's.
    """

    path: Path
    kind: str
    registry: Registry[Any] | None = None
    problems: tuple[Finding, ...] = ()
    rows: int = 0
    blank_rows: int = 0
    remarks: tuple[str, ...] = ()
    sheet: str | None = None
    file_sha256: str = ""
    limits: Limits = field(factory=Limits, repr=False)

    @property
    def digest(self) -> str | None:
        return None if self.registry is None else self.registry.digest

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(sorted(Counter(problem.code for problem in self.problems).items()))

    def required(self) -> Registry[Any]:
        """The registry; `DataError` with all problems if there is none."""
        if self.registry is None:
            raise DataError(str(self.path), self.problems)
        return self.registry

    def write_answer(self, path: str | Path, language: Language = "zh") -> None:
        """A copy of the file with its bad cells marked and explained, as .xlsx or .csv.

        Raises `DataError` if the file is another one by now. Needs the extra `xlsx` for a workbook.
        """
        from randcheck.io.answers import write_answer

        write_answer(self, Path(path), language)

    def __str__(self) -> str:
        if self.registry is not None:
            told = [f"{self.path}: {len(self.registry)} {self.kind}, digest {self.digest}"]
            return "\n".join([*told, *(f"  {remark}" for remark in self.remarks)])
        return str(DataError(str(self.path), self.problems))


def import_file(
    path: str | Path,
    kind: str,
    *,
    sheet: str | None = None,
    key: bytes | None = None,
    keep_names: bool = False,
    owners: SubjectRegistry | None = None,
    limits: Limits | None = None,
) -> ImportAnswer:
    """Read a table of a kind (`subjects`, `persons`, `objects`, `inspectors` or `items`).

    `sheet` names one sheet of several. `key` is the office's for pseudonyms: `persons` need it.
    `owners` is the registry in which each owner named must be. Nothing wrong in the file raises:
    it is in the answer. Raises `ParameterError` for a kind that is none or a missing key.
    """
    path, told, limits = Path(path), _kind(kind), limits or Limits()
    office = _office(told, key)
    findings = Findings(limits.problems)
    size = path.stat().st_size
    table = ReadTable(told, findings)
    registry, digest = None, ""
    try:
        if size > limits.file_bytes:
            raise findings.stop("file-too-large", f"{size} bytes", limit=limits.file_bytes)
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        source = open_source(path, data, sheet, limits, findings)
        del data
        table.read(source, limits)
        del source
        registry = build(table, office, keep_names, owners)
    except UnusableError:
        pass
    return ImportAnswer(
        path=path,
        kind=kind,
        registry=None if findings.all else registry,
        problems=tuple(sorted(findings.all, key=_place)),
        rows=len(table.numbers),
        blank_rows=table.blank_rows,
        remarks=_remarks(table),
        sheet=table.sheet,
        file_sha256=digest,
        limits=limits,
    )


def read_table(path: str | Path, kind: str, **options: Any) -> Registry[Any]:
    """The registry in a file, as `import_file` reads it; `DataError` with all that is wrong."""
    return import_file(path, kind, **options).required()


def _kind(kind: str) -> SheetKind:
    if kind not in SHEETS:
        raise ParameterError("kind", repr(kind), "is unknown", f"one of: {', '.join(SHEETS)}")
    return SHEETS[kind]


def _office(kind: SheetKind, key: bytes | None) -> Pseudonymizer | None:
    if not kind.private:
        return None
    if key is None:
        remedy = "give the office's key; persons are kept under pseudonyms alone"
        raise ParameterError("key", "None", "is missing", remedy)
    return Pseudonymizer(key)


def _place(found: Finding) -> tuple[int, int, str]:
    """The order of a sheet: what concerns the whole file, then row by row."""
    row = found.row or 0
    name = (found.cell or "").rstrip("0123456789") if row else ""
    return row, len(name), name


def _remarks(table: ReadTable) -> tuple[str, ...]:
    """What is no problem and yet worth a word."""
    told = []
    if table.blank_rows:
        told.append(f"{table.blank_rows} blank rows were left out")
    for place, cells in table.cells.items():
        if cells.text_dates and table.sheet is not None:
            name = f"column {letters(place)} ({cells.column.header})"
            told.append(f"{name}: {cells.text_dates} dates are texts, read as YYYY-MM-DD")
    return tuple(told)
