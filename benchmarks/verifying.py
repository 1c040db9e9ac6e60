"""How long verifying takes beside the bare hash loop over the same ids.

    python benchmarks/verifying.py        # prints the table and writes its part of RESULTS.md

One million made-up subjects, 3 % of them drawn. The loop is written in two ways: as anybody would,
and with the state of the hash after the seed copied, which saves one of two blocks and is what
`verify` does itself.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import date
from hashlib import sha256

import numpy as np
from results import machine, write_part

import randcheck as rc

SUBJECTS, RUNS, LIMIT = 1_000_000, 5, 3


def made_up() -> tuple[list[str], bytes, bytes]:
    ids = [f"91990100MA{number:08d}" for number in range(SUBJECTS)]
    throws = np.random.PCG64(1).random_raw(SUBJECTS).tolist()
    classes = ["AAAABBBBCD"[throw % 10] for throw in throws]
    regions = ["990101"] * SUBJECTS
    subjects = rc.SubjectRegistry.from_columns(
        {"id": ids, "name": ids, "region": regions, "risk_class": classes}
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("pricing", "Pricing", "made up")])
    sampler = rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "3%"))
    task = rc.Task(id="T", items=("pricing",), as_of=date(2026, 7, 1), sampler=sampler)
    drawn = rc.draw(task, subjects=subjects, catalog=catalog, randomness="made up")
    return ids, drawn.record.to_bytes(), drawn.design.to_bytes()


def plain_loop(ids: list[str], seed: str) -> None:
    for name in ids:
        sha256(f"{seed}:{name}".encode()).digest()


def copied_loop(ids: list[str], seed: str) -> None:
    start = sha256(f"{seed}:".encode()).copy
    for name in ids:
        state = start()
        state.update(name.encode())
        state.digest()


def seconds(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def main() -> None:
    ids, record, sheet = made_up()
    seed = "5f" * 32
    assert rc.verify(record, sheet).ok
    runs = [
        (
            seconds(lambda: rc.verify(record, sheet)),
            seconds(lambda: plain_loop(ids, seed)),
            seconds(lambda: copied_loop(ids, seed)),
        )
        for _ in range(RUNS)
    ]
    verify, plain, copied = (statistics.median(column) for column in zip(*runs, strict=True))
    lines = [
        "## Verifying",
        "",
        "Written by `python benchmarks/verifying.py`.",
        "",
        machine(["numpy", "randcheck"]),
        "",
        f"Medians of {RUNS} runs, processor time, {SUBJECTS:,} subjects, 3 % drawn:",
        "",
        f"| | s | `verify` takes (≤ {LIMIT}) |",
        "|---|---|---|",
        f"| `verify(record, sheet)` | {verify:.2f} | |",
        f"| bare loop: a hash of seed and id each | {plain:.2f} | {verify / plain:.2f} times |",
        f"| the same with the hash's state copied | {copied:.2f} | {verify / copied:.2f} times |",
    ]
    text = "\n".join(lines)
    print(text)
    write_part("verifying", text)


if __name__ == "__main__":
    main()
