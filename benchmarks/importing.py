"""A registry of a city as a workbook and as CSV: from the file to the registry's digest.

    python benchmarks/importing.py       # prints the table and writes its part of RESULTS.md

Each case runs in a process of its own; the peak is that of the whole process. The reader alone is
python-calamine: the workbook opened, and every row taken as a list.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from results import machine, peak_bytes, write_part

SIZE = 250_000
RUNS = 3

#: Seconds and megabytes (10^6 bytes) that the first case must stay below.
MOST_SECONDS, MOST_MEGABYTES = 20, 600


def write_files(folder: Path) -> None:
    """The subjects of a made-up city, as a workbook, as CSV in two encodings, and with faults."""
    xlsxwriter: Any = importlib.import_module("xlsxwriter")  # it ships no type hints

    from randcheck.datasets import city
    from randcheck.io import write_csv

    subjects = city(subjects=SIZE, inspectors=10, seed=1).subjects
    write_csv(folder / "utf-8.csv", subjects)
    text = (folder / "utf-8.csv").read_text(encoding="utf-8-sig")
    (folder / "gb18030.csv").write_bytes(text.encode("gb18030"))
    lines = [line.split(",") for line in text.splitlines()]
    for name, spoil in (("good.xlsx", False), ("faults.xlsx", True)):
        with xlsxwriter.Workbook(folder / name, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("检查对象")
            for row, cells in enumerate(lines):
                for place, cell in enumerate(cells):
                    if cell:
                        bad = spoil and place == 3 and row % 10 == 1
                        sheet.write_string(row, place, f"{cell} " if bad else cell)


def reader_alone(folder: Path) -> str:
    import python_calamine

    with (folder / "good.xlsx").open("rb") as file:
        sheet = python_calamine.CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
        return f"{sum(1 for _ in sheet.iter_rows()) - 1:,} rows"


def imported(name: str) -> Callable[[Path], str]:
    def run(folder: Path) -> str:
        from randcheck.io import import_file

        answer = import_file(folder / name, "subjects")
        if answer.digest is None:
            return f"{len(answer.problems):,} problems"
        return f"{answer.rows:,} rows, digest {answer.digest[:8]}"

    return run


def answered(folder: Path) -> str:
    from randcheck.io import import_file

    answer = import_file(folder / "faults.xlsx", "subjects")
    answer.write_answer(folder / "answer.xlsx")
    return f"{len(answer.problems):,} problems, marked and listed"


CASES: dict[str, Callable[[Path], str]] = {
    "xlsx: the reader alone": reader_alone,
    "xlsx: imported, with digest": imported("good.xlsx"),
    "csv in UTF-8: imported, with digest": imported("utf-8.csv"),
    "csv in GB18030: imported, with digest": imported("gb18030.csv"),
    "xlsx with a fault in every tenth row": imported("faults.xlsx"),
    "the same, and its answer written": answered,
}


def measured(name: str, folder: Path) -> tuple[float, float, float, str]:
    """Seconds, those of the processor, megabytes and what came out, of the median process."""
    runs = []
    for _ in range(RUNS):
        command = [sys.executable, __file__, "--case", name, "--folder", str(folder)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds, busy, peak, told = out.strip().split("\t")
        runs.append((float(seconds), float(busy), int(peak) / 1e6, told))
    return sorted(runs)[RUNS // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES, help="run one case and print its figures")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.case:
        start = time.perf_counter()
        told = CASES[options.case](options.folder)
        seconds, busy = time.perf_counter() - start, time.process_time()
        print(seconds, busy, peak_bytes(), told, sep="\t")
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        lines = [
            "## Import",
            "",
            "Written by `python benchmarks/importing.py`.",
            "",
            f"{machine(['numpy', 'python-calamine', 'xlsxwriter', 'randcheck'])}; {SIZE:,} "
            f"subjects of a made-up city, 13 columns; medians of {RUNS} processes each.",
            "",
            "| case | s | of the processor, s | peak MB of the process | result |",
            "|---|---|---|---|---|",
        ]
        for case in CASES:
            seconds, busy, peak, told = measured(case, folder)
            limits = case.startswith("xlsx: imported")
            shown = f"{seconds:.1f}" + (f" (≤ {MOST_SECONDS})" if limits else "")
            memory = f"{peak:.0f}" + (f" (≤ {MOST_MEGABYTES})" if limits else "")
            lines.append(f"| {case} | {shown} | {busy:.1f} | {memory} | {told} |")
    lines += [
        "",
        "Seconds count imports of packages, the check of the archive, the scan of the sheet's",
        "structure (formulas, hidden rows, merged cells), every cell's check, the registry and its",
        "digest. Most of the time over the reader alone is the scan, which sees every element.",
        "Other work on the machine lengthens seconds, not those of the processor.",
    ]
    print("\n".join(lines))
    write_part("importing", "\n".join(lines))


if __name__ == "__main__":
    main()
