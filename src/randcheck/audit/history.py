"""From a history, or from a procedure, to an audit.

Rules enforced here:
1. Firms and teams are judged by what was kept; discarded attempts speak about redraws alone.
2. There are enough simulations for any one test to be found after the correction.
3. The same history, level, number of simulations and seed give the same audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from attrs import evolve

from randcheck.audit import draws as firms
from randcheck.audit import teams, times
from randcheck.audit.report import Audit, judge, name_some
from randcheck.audit.samples import PastSample
from randcheck.errors import ParameterError, shorten
from randcheck.rates import Rate, parse_count, parse_rate

#: How many tests there are at most that Holm's correction counts.
MOST_TESTS = 10

LEVEL = Fraction(5, 100)


def audit_history(
    samples: Iterable[PastSample],
    *,
    level: Rate = LEVEL,
    simulations: int = 999,
    seed: int = 0,
) -> Audit:
    """How fair a history of draws looks: samples in the order in which they were drawn.

    `level` is the chance that a fair history has any finding, `simulations` the number of fair
    copies, drawn by PCG64 from `seed`. Raises `ParameterError` for a history without a kept sample
    and for fewer simulations than a finding at the level needs.
    """
    history = _history(samples)
    share = parse_rate(level, "level")
    if not 0 < share < 1:
        raise ParameterError("level", shorten(level), "finds all or nothing", "give such as '5%'")
    if parse_count(simulations, "simulations") + 1 < MOST_TESTS / share:
        reason, least = "is too few to find anything", -int(-MOST_TESTS // share) - 1
        raise ParameterError("simulations", shorten(simulations), reason, f"give {least} or more")
    parse_count(seed, "seed")
    kept = [sample for sample in history if sample.kept]
    world = firms.World.of(kept)
    questions = [
        *firms.ask(world, simulations, _rng(seed, 0)),
        *teams.ask(kept, simulations, _rng(seed, 1)),
        *times.ask(history, simulations, _rng(seed, 2)),
    ]
    return Audit(
        tests=judge(questions, share),
        indicators=tuple(_indicators(history, world)),
        level=share,
        draws=len(kept),
        attempts=len(history),
        simulations=simulations,
        seed=seed,
    )


def audit_procedure(
    procedure: Callable[[tuple[str, ...], int], Any],
    pool: Iterable[str],
    count: int,
    *,
    draws: int = 30,
    strata: Mapping[str, str] | None = None,
    level: Rate = LEVEL,
    simulations: int = 999,
    seed: int = 0,
) -> Audit:
    """The audit of `draws` results of `procedure(pool, count)`, which brings its own randomness.

    It gives the ids drawn, or a pair of those and their teams. What is no list of ids of the pool
    raises `ParameterError`, as `PastSample` does; another number of firms than `count` is noted.
    """
    ids = PastSample(pool, ()).pool
    parse_count(count, "count")
    if parse_count(draws, "draws") < 1:
        raise ParameterError("draws", shorten(draws), "is no draw", "give 30, or more")
    samples = []
    for _ in range(draws):
        drawn, assigned = split(procedure(ids, count))
        samples.append(PastSample(ids, drawn, teams=assigned, strata=strata))
    audit = audit_history(samples, level=level, simulations=simulations, seed=seed)
    other = [len(sample.drawn) for sample in samples if len(sample.drawn) != count]
    if other:
        text = f"{len(other)} of {draws} draws gave another number than {count}, such as {other[0]}"
        audit = evolve(audit, indicators=(*audit.indicators, text))
    return audit


def split(result: Any) -> tuple[Any, Any]:
    """What a procedure gave, as the ids and their teams (or `None`)."""
    pair = isinstance(result, tuple) and len(result) == 2
    if pair and not any(isinstance(part, str) for part in result):
        return result[0], result[1]
    return result, None


def _history(samples: Any) -> Sequence[PastSample]:
    if isinstance(samples, PastSample) or not isinstance(samples, Iterable):
        remedy = "give a list of PastSample, in the order in which they were drawn"
        raise ParameterError("samples", shorten(samples), "is no history", remedy)
    history = list(samples)
    for sample in history:
        if not isinstance(sample, PastSample):
            remedy = "give a PastSample for each draw"
            raise ParameterError("samples", shorten(sample), "is no PastSample", remedy)
    if not any(sample.kept for sample in history):
        remedy = "give the samples that were published, marked kept"
        raise ParameterError("samples", shorten(history), "holds none that was kept", remedy)
    return history


def _rng(seed: int, part: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, part])))


def _indicators(history: Sequence[PastSample], world: firms.World) -> Iterable[str]:
    if world.reacts:
        yield (
            "firms leave the pool after they were drawn, as by a rule that spares them: draws are "
            f"not compared with each other ({', '.join(firms.BETWEEN)} are not asked)"
        )
    again = [task for task in times.by_task(history) if len(task) > 1]
    if again:
        named = name_some(f"{task[0].task} ({len(task)} attempts)" for task in again)
        yield f"tasks drawn more than once, which needs a reason: {len(again)}; {named}"
    several = [str(task[0].task) for task in again if sum(each.kept for each in task) > 1]
    if several:
        yield f"more than one attempt was kept for {name_some(several)}"
    nobody = sum(not sample.drawn for sample in history)
    if nobody:
        yield f"attempts that drew nobody: {nobody}"
