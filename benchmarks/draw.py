"""From ids to a selection, and from registries to a record, beside the bare hash loop.

    python benchmarks/draw.py            # prints the table and writes its part of RESULTS.md

The limit is the loop that any drawing by tickets must do: copy a SHA-256 state, update it with an
id, take the digest, over the same ids in the same run. Ours and the loop take turns; the figures
are medians, and the ratios are medians of the ratios of neighbouring runs.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date

import numpy as np
from results import machine, peak_bytes, write_part

import randcheck as rc
from randcheck import tickets
from randcheck.datasets import city

SEED = "ab" * 32
RUNS = 9
MILLION = 1_000_000

#: Shares of the risk classes, and their rates: a class at 100 % is taken whole.
CLASSES = ((0.40, 0.01), (0.48, 0.03), (0.10, 0.10), (0.02, 1.00))


def some_ids(size: int) -> list[str]:
    return [f"91130300MA{number:08d}" for number in range(size)]


def loop(ids: list[str]) -> None:
    """The limit: nothing but the hashes."""
    start = hashlib.sha256(f"{SEED}:".encode()).copy
    for name in ids:
        state = start()
        state.update(name.encode())
        state.digest()


def one_cell(ids: np.ndarray) -> Callable[[], object]:
    everybody = np.zeros(len(ids), dtype=np.int32)
    take = [len(ids) * 3 // 100]
    return lambda: tickets.lowest(SEED, ids, [[0]], everybody, [len(ids)], take)


def four_classes(ids: np.ndarray) -> Callable[[], object]:
    places = np.random.PCG64(1).random_raw(len(ids)) / 2.0**64
    shares = np.cumsum([share for share, _ in CLASSES])[:-1]
    pattern_of = np.searchsorted(shares, places).astype(np.int32)
    sizes = np.bincount(pattern_of, minlength=4).tolist()
    takes = [int(rate * size) for (_, rate), size in zip(CLASSES, sizes, strict=True)]
    patterns = [[0], [1], [2], [3]]
    return lambda: tickets.lowest(SEED, ids, patterns, pattern_of, sizes, takes)


def joint_draw(size: int) -> tuple[list[str], Callable[[], object]]:
    """Ten items by risk class, registries in memory, to commitment, sheet, visits and record."""
    place = city(subjects=size, inspectors=10, seed=1)
    key = {"A": "3%", "B": "5%", "C": "10%", "D": "30%"}
    general = {"A": "1%", "B": "3%", "C": "6%", "D": "20%"}
    samplers = {
        item.id: rc.RiskStratifiedSampler(
            rates=key if item.category == "key" else general, unclassified="B"
        )
        for item in place.catalog
    }
    task = rc.Task(
        id="benchmark",
        items=tuple(samplers),
        sampler=rc.JointItemSampler(samplers),
        as_of=date(2026, 7, 1),
        reserves=2,
    )

    def run() -> object:
        place.subjects.__dict__.pop("digest", None)  # the registry's own digest is part of the work
        opened = rc.commit(task, subjects=place.subjects, catalog=place.catalog)
        draw = opened.draw("05 09 12 22 31 33 + 08")
        return opened.to_bytes(), opened.design.to_bytes(), draw.record.to_bytes()

    return list(place.subjects.ids), run


def verification(ids: list[str]) -> Callable[[], object]:
    """The verifier over a sheet of one cell, 3 % drawn, without teams."""
    subjects = rc.SubjectRegistry.from_columns(
        {"id": ids, "name": ids, "region": ["990101"] * len(ids)}
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("price", "Price marking", "a made-up law")])
    task = rc.Task(
        id="benchmark",
        items=("price",),
        sampler=rc.UniformSampler(rate="3%"),
        as_of=date(2026, 7, 1),
    )
    draw = rc.draw(task, subjects=subjects, catalog=catalog, randomness="05 09 12 22 31 33 + 08")
    record, sheet = draw.record.to_bytes(), draw.design.to_bytes()

    def run() -> object:
        report = rc.verify(record, sheet)
        if not report.ok:
            raise RuntimeError(str(report))
        return report

    return run


def seconds(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(ids: list[str], run: Callable[[], object]) -> tuple[float, float, float]:
    """Median seconds of the loop and of ours, and the median ratio."""
    pairs = [(seconds(lambda: loop(ids)), seconds(run)) for _ in range(RUNS + 1)][1:]
    ratios = [ours / limit for limit, ours in pairs]
    return (
        statistics.median(limit for limit, _ in pairs),
        statistics.median(ours for _, ours in pairs),
        statistics.median(ratios),
    )


def memory(case: str) -> float:
    """Bytes a subject at the peak, ids included, measured in a process of its own."""
    command = [sys.executable, __file__, "--memory", case]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure_memory(case: str) -> float:
    small = np.array(some_ids(1000), dtype=object)
    (one_cell if case == "one" else four_classes)(small)()  # what is loaded once
    before = peak_bytes()
    ids = np.array(some_ids(MILLION), dtype=object)
    (one_cell if case == "one" else four_classes)(ids)()
    return (peak_bytes() - before) / MILLION


def table() -> str:
    ids = some_ids(MILLION)
    array = np.array(ids, dtype=object)
    joint_ids, joint = joint_draw(100_000)
    rows = []
    for name, given, run, most, bytes_ in (
        ("1,000,000 ids to selection, one cell, 3 %", ids, one_cell(array), 1.3, memory("one")),
        ("1,000,000 ids to selection, four classes", ids, four_classes(array), 1.5, memory("four")),
        ("100,000 subjects, ten items: registries to record", joint_ids, joint, 10.0, None),
        ("1,000,000 lines verified, 30,000 drawn", ids, verification(ids), 3.0, None),
    ):
        limit, ours, ratio = compare(given, run)
        kept = "" if bytes_ is None else f"{bytes_:.0f} (≤ 150)"
        rows.append(f"| {name} | {limit:.3f} | {ours:.3f} | {ratio:.2f} (≤ {most:g}) | {kept} |")
    return "\n".join(
        [
            "## Drawing",
            "",
            "Written by `python benchmarks/draw.py`.",
            "",
            f"{machine(('numpy', 'attrs', 'randcheck'))}; medians of {RUNS} runs.",
            "",
            "| case | bare hash loop, s | randcheck, s | ratio | bytes a subject at the peak |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "The loop copies a SHA-256 state, updates it with an id and takes the digest, over the",
            "same ids in the same run. The peak counts ids, cells and selection. The third case",
            "computes the registry's digest, builds frame, design and sheet, draws, and writes",
            "commitment, sheet and record; teams are not part of it. The fourth reads and checks",
            "record and sheet as bytes; the more are drawn, the more there is to read.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", choices=["one", "four"], help="used by the script itself")
    case = parser.parse_args().memory
    if case is not None:
        print(measure_memory(case))
        return
    text = table()
    write_part("draw", text)
    print(text)


if __name__ == "__main__":
    main()
