"""Three ways to draw that were found in published code, re-implemented, and what the audit finds.

    python examples/legacy_procedures.py

Each is a few lines of our own that do what the published systems do; firms and inspectors are made
up. The last lines audit thirty draws of randcheck in the same way.
"""

# ruff: noqa: S311  these dice are what the published systems use; a script prints

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date
from random import Random

import randcheck as rc
from randcheck.audit import Audit, PastSample, audit_history, audit_procedure, enumerate_procedure

Team = tuple[str, ...]

FIRMS = [f"firm-{number:04}" for number in range(1000)]
INSPECTORS = [f"inspector-{number:02}" for number in range(20)]
FAVOURED = frozenset(FIRMS[137:142])


def starts(size: int, count: int) -> range:
    """All starts that the fixed skip can have."""
    fewer = min(count, size - count)
    return range(size // fewer if fewer else 1)


def fixed_skip(pool: Sequence[str], count: int, start: int) -> list[str]:
    """(a) One random start, then every ⌊N/n⌋-th firm.

    Of more than half the pool it picks, in the same way, those who are left out.
    """
    fewer = min(count, len(pool) - count)
    skip = len(pool) // fewer if fewer else 1
    picked = list(pool[start::skip][:fewer])
    if fewer == count:
        return picked
    out = set(picked)
    return [name for name in pool if name not in out]


def refresh(
    pool: Sequence[str], count: int, dice: Random, favoured: Set[str] = FAVOURED
) -> list[list[str]]:
    """(b) The page "/random": each visit deletes the last draw and draws again, fairly.

    Whoever sits before it reloads until no favoured firm is on the list. Gives every attempt; the
    last is the one that is published, and the only one that the system still knows.
    """
    attempts: list[list[str]] = []
    while not attempts or favoured & {*attempts[-1]}:
        attempts.append(dice.sample(list(pool), count))
    return attempts


def round_robin(
    pool: Sequence[str],
    count: int,
    dice: Random,
    inspectors: Sequence[str] = INSPECTORS,
    team_size: int = 2,
) -> tuple[list[str], list[Team]]:
    """(c) Firms by a fair shuffle; inspectors by one random offset, then in turn.

    A pool of one inspector with a team of two sends the same person twice.
    """
    drawn = dice.sample(list(pool), count)
    place = dice.randrange(len(inspectors))
    teams = []
    for _ in drawn:
        teams.append(
            tuple(inspectors[(place + step) % len(inspectors)] for step in range(team_size))
        )
        place += team_size
    return drawn, teams


def ours(
    draws: int = 30, size: int = 400, count: int = 40, staff: int = 20
) -> tuple[list[PastSample], str]:
    """Draws of randcheck, with teams of two; each task has its own public randomness."""
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(name, f"Made-up {name}", region="990101") for name in FIRMS[:size]
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("price", "Price marking", "a made-up law")])
    inspectors = rc.InspectorRegistry.from_records(
        rc.Inspector(
            name, f"Made-up {name}", "market", certificate=name,
            certificate_expires=date(2030, 1, 1),
        )
        for name in INSPECTORS[:staff]
    )  # fmt: skip
    samples = []
    for number in range(draws):
        task = rc.Task(
            id=f"T-{number + 1}", items=("price",), as_of=date(2026, 7, 1),
            sampler=rc.UniformSampler(count=count), matcher=rc.FairMatcher(team_size=2),
        )  # fmt: skip
        draw = rc.draw(
            task, subjects=subjects, catalog=catalog, inspectors=inspectors,
            randomness=f"made-up lottery, issue {number + 1}",
        )  # fmt: skip
        samples.append(
            PastSample(
                FIRMS[:size],
                [visit.subject_id for visit in draw.visits],
                teams=[visit.team or () for visit in draw.visits],
                task=task.id,
            )
        )
    return samples, f"{draws} draws of {count} among {size} firms, teams of two among {staff}"


def audits(seed: int = 1) -> dict[str, Audit]:
    """The audit of thirty draws of each procedure, 300 of 1000 firms (a pool of one: 20)."""
    skip, page, turn, alone = (Random(seed + place) for place in range(4))

    def any_start(pool: Sequence[str], count: int) -> list[str]:
        return fixed_skip(pool, count, skip.choice(starts(len(pool), count)))

    def in_turn(pool: Sequence[str], count: int) -> tuple[list[str], list[Team]]:
        return round_robin(pool, count, turn)

    def by_one(pool: Sequence[str], count: int) -> tuple[list[str], list[Team]]:
        return round_robin(pool, count, alone, INSPECTORS[:1])

    attempts = [
        PastSample(FIRMS, drawn, task=f"T-{number}", kept=drawn is tries[-1])
        for number in range(1, 31)
        for tries in [refresh(FIRMS, 300, page)]
        for drawn in tries
    ]
    return {
        "(a) a fixed skip": audit_procedure(any_start, FIRMS, 300),
        "(b) refresh, where only the published lists are known": audit_history(
            sample for sample in attempts if sample.kept
        ),
        "(b) refresh, where every attempt is known": audit_history(attempts),
        "(c) round-robin": audit_procedure(in_turn, FIRMS, 300),
        "(c) round-robin over a pool of one": audit_procedure(by_one, FIRMS, 20),
    }


def main() -> None:
    """Print what the audit finds."""
    for size, count in ((1000, 300), (100, 60)):
        print(f"fixed skip, N = {size}, n = {count}, every start tried:")
        print(enumerate_procedure(fixed_skip, FIRMS[:size], count, starts(size, count)), end="\n\n")
    for name, audit in audits().items():
        print(name, audit, sep="\n", end="\n\n")
    samples, what = ours()
    print(f"randcheck: {what}", audit_history(samples), sep="\n")


if __name__ == "__main__":
    main()
