"""What every sampler must keep, ours and a stranger's.

Each check has a name, and a sampler that fails says in words what it did and where.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from randcheck import strategy, tickets
from randcheck.design import Design
from randcheck.errors import DesignError, RandcheckError
from randcheck.frame import Frame, build_frame
from randcheck.history import History
from randcheck.models import Item, PastDraw, Scope, Subject
from randcheck.plan import Task
from randcheck.rates import count_from_rate, parse_rate
from randcheck.registry import ItemCatalog, SubjectRegistry
from randcheck.samplers import Sampler, UniformSampler
from randcheck.testing.made_up import DAY, made_up_frame
from randcheck.testing.surroundings import (
    elsewhere,
    global_generators,
    later_clocks,
    no_files,
)
from randcheck.testing.values import CheckError, check_value, copied

__all__ = ["CheckError", "check_sampler", "hostile_frames"]

#: How far ahead clocks are set: the days are a prime number, so that no week or cycle hides them.
_LATER = (timedelta(days=1009), timedelta(hours=1))

#: How often a sampler that differed is asked again before its fault is named: a coin of its own
#: shows the same side so often once in half a million times.
_ROUNDS = 20


def check_sampler(
    sampler: Sampler, frames: Iterable[Frame] | None = None, *, seeds: int = 400
) -> None:
    """Raise `CheckError`, in words, unless a sampler keeps what every strategy must keep.

    The checks, by name:

    - `description`, `json`, `pickle`: it has an exact description, and is the same after both;
    - `design`: it gives a `Design`, of just the frame it was asked for, with a cell for everybody,
      whose cells are those of its sheet;
    - `memory`, `generator`, `purity`: the same frame gives the same design, whatever was asked
      before, whatever a global generator does, and on a copy of both;
    - `clock`: the same on another day; `files`: it opens no file while it designs;
    - `hash`: the same in a new process with another hash seed, time zone and locale (where the
      sampler's module can be imported there);
    - `names`: who has which odds does not depend on ids, so neither on the order of rows;
    - `count`: a public `count` or `total` is what its cells give together, a `rate` no more;
    - `totals`: the probabilities of an item add up to what its cells give;
    - `frequencies`: over `seeds` draws each cell's subjects are taken as often as it says, by a χ²
      that a right sampler fails in less than one of a million checks;
    - `hostile`: on hostile frames too it gives a design or an error of randcheck's, nothing else.

    It is asked on each of the frames, made-up ones unless given. A frame that it refuses with an
    error of randcheck's is passed over, unless all are.
    """
    given = list(frames) if frames is not None else [
        made_up_frame(size, seed=size) for size in (60, 200)
    ]  # fmt: skip
    check_value(sampler)
    refused: list[Exception] = []
    accepted: list[Frame] = []
    for frame in given:
        try:
            design = _design(sampler, frame)
        except RandcheckError as error:
            refused.append(error)
            continue
        accepted.append(frame)
        _check_design(sampler, frame, design)
        _check_purity(sampler, frame, design)
        _check_names(sampler, frame, design)
        _check_counts(sampler, frame, design)
        _check_totals(sampler, frame, design)
        _check_frequencies(sampler, design, seeds)
    if given and not accepted:
        raise CheckError("design", f"{sampler!r} refuses every frame; last: {refused[-1]}")
    _check_hash(sampler, accepted)
    for name, frame in hostile_frames().items():
        try:
            design = _design(sampler, frame)
        except RandcheckError:
            continue
        except CheckError as error:
            raise CheckError(error.check, f"on a frame of {name}: {error.words}") from error
        except Exception as error:
            kind = type(error).__name__
            words = f"{sampler!r} raised {kind} ({error}) on a frame of {name}: let it be"
            raise CheckError("hostile", f"{words} a ParameterError, or a design") from error
        _check_design(sampler, frame, design)


def hostile_frames() -> dict[str, Frame]:
    """Small frames that strategies forget: by what is special about each."""
    odd_ids = ['quote"back\\slash', "日本語", "🎲", "a b", "Z", "z", "0"]
    return {
        "one subject": _frame([Subject("s", "x", region="r", risk_class="D", risk_score=0)]),
        "one item that applies to nobody": _frame(
            [Subject(f"s{n}", "x", region="r", risk_class="A") for n in range(5)],
            items=("disclosure", "nobody"),
        ),
        "nobody": _frame([Subject("s", "x", region="r")], items=("disclosure", "nobody")).for_items(
            "nobody"
        )[0],
        "subjects without risk class, score, tags or industry": _frame(
            [Subject(f"s{n}", "x", region="r") for n in range(20)]
        ),
        "one class only, and equal scores": _frame(
            [Subject(f"s{n}", "x", region="r", risk_class="A", risk_score=7) for n in range(30)]
        ),
        "ids with quotes, blanks and other scripts": _frame(
            [Subject(name, "x", region="区", risk_class="B", risk_score=3) for name in odd_ids]
        ),
        "a region for each subject": _frame(
            [
                Subject(f"s{n:03}", "x", region=f"r{n:03}", risk_class="ABCD"[n % 4], risk_score=n)
                for n in range(120)
            ]
        ),
        "subjects that were all drawn just now": _frame(
            [Subject(f"s{n}", "x", region="r", risk_class="C", risk_score=n) for n in range(10)],
            drawn=[f"s{n}" for n in range(10)],
        ),
    }


def _frame(
    subjects: list[Subject], *, items: tuple[str, ...] = ("disclosure",), drawn: Iterable[str] = ()
) -> Frame:
    nobody = Item("nobody", "x", "a made-up law", applies_to=Scope(tags=("unheard-of",)))
    catalog = ItemCatalog.from_records([Item("disclosure", "x", "a made-up law"), nobody])
    task = Task(id="hostile", items=items, sampler=UniformSampler(count=0), as_of=DAY)
    history = History.from_records(PastDraw(name, date(2026, 6, 30), "T") for name in drawn)
    registry = SubjectRegistry.from_records(subjects)
    return build_frame(task, subjects=registry, catalog=catalog, history=history)


def _design(sampler: Sampler, frame: Frame) -> Any:
    """The design, or a refusal; cells that are no partition are no refusal."""
    try:
        return sampler.design(frame)
    except DesignError as error:
        if all(problem.column == "take" for problem in error.problems):
            raise
        raise CheckError("design", f"{sampler!r} gave cells that are no design: {error}") from error


def _check_design(sampler: Sampler, frame: Frame, design: Any) -> None:
    if type(design) is not Design:
        kind = type(design).__name__
        raise CheckError("design", f"{sampler!r} gave {kind}, not a Design, on {frame!r}")
    if list(design.ids) != list(frame.ids) or design.items != frame.items:
        words = f"{sampler!r} gave a design of something else than {frame!r}"
        raise CheckError("design", words)
    try:
        sheet = Design.from_cells(frame, design.cells).digest
    except DesignError as error:
        words = f"{sampler!r} gave cells that are no design of {frame!r}: {error}"
        raise CheckError("design", words) from error
    if sheet != design.digest:
        words = f"{sampler!r} gave a sheet that is not that of its own cells on {frame!r}"
        raise CheckError("design", words)


def _check_purity(sampler: Sampler, frame: Frame, design: Design) -> None:
    before = strategy.describe(sampler)
    with global_generators(1):
        again = sampler.design(frame).digest
        with global_generators(2):
            other = sampler.design(frame).digest
        with global_generators(1):
            same = sampler.design(frame).digest
    if strategy.describe(sampler) != before:
        raise CheckError("memory", f"{sampler!r} changed itself when it was asked")
    if again == other == same == design.digest:
        again_sampler, again_frame = copied((sampler, frame))
        if again_sampler.design(again_frame).digest != design.digest:
            words = f"a copy of {sampler!r} gave another design on a copy of {frame!r}"
            raise CheckError("purity", words)
        for ahead in _LATER:
            with later_clocks(sampler, ahead):
                if sampler.design(frame).digest != design.digest:
                    words = f"{sampler!r} gives another design on another day: it reads the clock"
                    raise CheckError("clock", words)
        with no_files(sampler):
            sampler.design(frame)
        return
    if _follows_seeds(sampler, frame):
        words = f"{sampler!r} reads a global generator: its design follows the generator's seed"
        raise CheckError("generator", words)
    fresh = {copied(sampler).design(frame).digest for _ in range(_ROUNDS)}
    words = f"{sampler!r} gave two designs for the same {frame!r}: it has a "
    if len(fresh) == 1:
        raise CheckError("memory", f"{words}memory of what was asked before")
    raise CheckError("purity", f"{words}clock or a generator of its own")


def _follows_seeds(sampler: Sampler, frame: Frame) -> bool:
    """Whether each seed has a design of its own, the same every time: that is no chance."""
    told = set()
    for _ in range(_ROUNDS):
        for seed in (1, 2):
            with global_generators(seed):
                told.add((seed, sampler.design(frame).digest))
    return len(told) == 2 == len({digest for _, digest in told})


def _check_hash(sampler: Sampler, frames: list[Frame]) -> None:
    """The same designs in processes whose hash seeds, time zones and locales differ."""
    here = [sampler.design(frame).digest for frame in frames]
    for seed, zone in (("1", "Asia/Shanghai"), ("2", "America/Lima")):
        there = elsewhere(sampler, frames, PYTHONHASHSEED=seed, TZ=zone, LC_ALL="C.UTF-8")
        if there is None:
            return
        if there != here:
            words = f"{sampler!r} gives another design in another process: it follows the order of"
            raise CheckError("hash", f"{words} a set, a hash, the time zone or the locale")


def _check_names(sampler: Sampler, frame: Frame, design: Design) -> None:
    """With other ids, in the opposite order, the same facts have the same odds."""
    names = dict(zip(frame.ids, (f"renamed-{n:08}" for n in range(len(frame), 0, -1)), strict=True))
    try:
        other = _design(sampler, frame.renamed(names))
    except RandcheckError as error:
        words = f"{sampler!r} accepts {frame!r} and refuses it under other ids: {error}"
        raise CheckError("names", words) from error
    for item in frame.items:
        for name in frame.ids[frame.eligible(item)]:
            one = design.inclusion_probability(name, item)
            two = other.inclusion_probability(names[name], item)
            if one != two:
                words = f"{sampler!r}: {name!r} has odds of {one} for {item!r}, and {two} when ids"
                raise CheckError("names", f"{words} are in another order: odds follow rows or ids")


def _check_counts(sampler: Sampler, frame: Frame, design: Design) -> None:
    """Counts that a sampler states openly are those that its cells give."""
    taken = sum(cell.take for cell in design.cells)
    for name in ("count", "total"):
        stated = getattr(sampler, name, None)
        if type(stated) is int and taken != stated:
            words = f"{sampler!r} says {name}={stated}, and its cells take {taken} on {frame!r}"
            raise CheckError("count", words)
    stated = getattr(sampler, "rate", None)
    if isinstance(stated, str | Fraction):
        wanted = count_from_rate(parse_rate(stated), len(frame))
        if taken < wanted:
            words = f"{sampler!r} says rate={stated}, which is {wanted} of {len(frame)}, and its"
            raise CheckError("count", f"{words} cells take {taken}")


def _check_totals(sampler: Sampler, frame: Frame, design: Design) -> None:
    for item in frame.items:
        applies = frame.eligible(item)
        total = sum(
            (design.inclusion_probability(name, item) for name in frame.ids[applies]), Fraction(0)
        )
        cells = {cell for name in frame.ids[applies] for cell in [design.cells_of(name)[item]]}
        expected = sum(
            (
                design.cells[cell].rate * int(applies[design.cells[cell].members].sum())
                for cell in cells
            ),
            Fraction(0),
        )
        if total != expected:
            words = f"{sampler!r}: probabilities of {item!r} add up to {total}, not {expected}"
            raise CheckError("totals", words)


def _check_frequencies(sampler: Sampler, design: Design, seeds: int) -> None:
    """χ² of how often each member of a cell is taken, against take / size."""
    from scipy.stats import chi2

    patterns = [sorted(set(row) - {-1}) for row in design.patterns.tolist()]
    sizes = [cell.size for cell in design.cells]
    takes = [cell.take for cell in design.cells]
    times = [np.zeros(len(design), dtype=np.int64) for _ in design.cells]
    for number in range(seeds):
        seed = tickets.purpose_seed(f"{number:064x}", "subjects")
        found = tickets.lowest(seed, design.ids, patterns, design.pattern_of, sizes, takes)
        for counts, drawn in zip(times, found, strict=True):
            counts[[position for _, position in drawn]] += 1
    for cell, counts in zip(design.cells, times, strict=True):
        rate = float(cell.rate)
        if not 0 < rate < 1:
            continue
        observed = counts[cell.members]
        variance = seeds * rate * (1 - rate) * cell.size / (cell.size - 1)
        statistic = float(((observed - seeds * rate) ** 2).sum() / variance)
        if chi2.sf(statistic, cell.size - 1) < 1e-7:
            raise CheckError(
                "frequencies",
                f"{sampler!r}: in cell {cell.name!r} some are taken more often or more rarely than "
                f"{cell.rate}",
            )
