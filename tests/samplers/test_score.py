import random
from fractions import Fraction
from itertools import combinations
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.samplers import score
from randcheck.samplers.boundaries import best_cuts
from randcheck.testing import check_sampler, made_up_catalog
from worlds import AS_OF


def frame_of(scores):
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(f"s{n:05}", "x", region="r", risk_score=each) for n, each in enumerate(scores)
    )
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=1), as_of=AS_OF)
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog())


def spread(scores, counts, cuts):
    """Σ of squared distances from the runs' means."""
    total = Fraction(0)
    for start, end in zip(cuts, [*cuts[1:], len(scores)], strict=True):
        own = list(zip(scores[start:end], counts[start:end], strict=True))
        mean = Fraction(sum(s * n for s, n in own), sum(n for _, n in own))
        total += sum(n * (s - mean) ** 2 for s, n in own)
    return total


def test_no_other_cut_is_better_and_ties_go_to_the_lower_boundary():
    dice = random.Random(1)
    for _ in range(1000):
        size = dice.randint(1, 8)
        scores = sorted(dice.sample(range(30), size))
        counts = [dice.randint(1, 5) for _ in scores]
        runs = dice.randint(1, 6)
        every = combinations(range(1, size), min(runs, size) - 1)
        best = min((spread(scores, counts, [0, *cut]), [0, *cut]) for cut in every)
        found = best_cuts(scores, counts, runs)
        assert (spread(scores, counts, found), found) == best


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=80),
    st.integers(1, 12),
    st.fractions(0, 1),
    st.fractions(0, "1/5"),
)
def test_odds_grow_with_the_score_and_everybody_has_some(scores, cells, rate, least):
    frame = frame_of(scores)
    sampler = rc.RiskScoreSampler(rate=rate, cells=cells, least=least)
    total = ceil(rate * len(scores))
    if total < len(scores) * least + min(cells, len(set(scores))):  # the minimum may be too high
        sampler = rc.RiskScoreSampler(rate=rate, cells=cells)
        least = 0
    design = sampler.design(frame)
    odds = {}
    for name, own in zip(frame.ids, scores, strict=True):
        odds.setdefault(own, set()).add(design.inclusion_probability(name))
    assert all(len(each) == 1 for each in odds.values())
    rising = [odds[own].pop() for own in sorted(odds)]
    assert rising == sorted(rising)
    assert sum(cell.take for cell in design.cells) == total
    assert len(design.cells) <= cells
    assert all(least <= each for each in rising)
    if total:
        assert all(each > 0 for each in rising)


def test_counts_follow_the_sums_of_scores():
    """Two kinds of firms, of score 1 and 4: the second are drawn four times as often."""
    design = rc.RiskScoreSampler(count=60, cells=2).design(frame_of([1] * 200 + [4] * 100))
    assert [(cell.name, cell.size, cell.take) for cell in design.cells] == [
        ("score 1", 200, 20), ("score 4", 100, 40),
    ]  # fmt: skip
    assert design.cells[1].why == "40 of 60: 100 subjects of mean score 4.0"


def test_the_highest_scores_are_taken_whole_when_their_share_is():
    design = rc.RiskScoreSampler(count=60, cells=2).design(frame_of([1] * 200 + [90] * 10))
    assert [(cell.size, cell.take) for cell in design.cells] == [(200, 50), (10, 10)]


def test_score_0_gets_what_others_leave():
    sampler = rc.RiskScoreSampler(count=15, cells=2)
    assert [c.take for c in sampler.design(frame_of([0] * 20 + [5] * 10)).cells] == [5, 10]
    few = rc.RiskScoreSampler(count=5, cells=2).design(frame_of([0] * 20 + [5] * 10))
    assert [(c.name, c.size, c.take) for c in few.cells] == [("score 0 to 5", 30, 5)]
    kept = rc.RiskScoreSampler(count=5, cells=2, least="5%").design(frame_of([0] * 20 + [5] * 10))
    assert [(c.size, c.take) for c in kept.cells] == [(20, 1), (10, 4)]
    assert [c.take for c in rc.RiskScoreSampler(count=3).design(frame_of([0] * 9)).cells] == [3]


def test_a_cell_whose_rate_falls_joins_the_one_under_it():
    runs = [score._Run(0, 1, 10, 5, take=5), score._Run(2, 3, 10, 25, take=4),
            score._Run(4, 5, 10, 45, take=3), score._Run(6, 7, 10, 65, take=9)]  # fmt: skip
    assert [(run.low, run.high, run.size, run.take) for run in score._rising(runs)] == [
        (0, 5, 30, 12), (6, 7, 10, 9),
    ]  # fmt: skip


def test_subjects_without_a_score_are_never_guessed():
    frame = frame_of([None, 3, 3, None])
    with pytest.raises(ParameterError, match="what 2 subjects without a score count as"):
        rc.RiskScoreSampler(count=2).design(frame)
    design = rc.RiskScoreSampler(count=2, unscored=3).design(frame)
    assert [(cell.size, cell.take) for cell in design.cells] == [(4, 2)]


def test_too_many_different_scores(monkeypatch):
    monkeypatch.setattr(score, "MOST_SCORES", 5)
    with pytest.raises(ParameterError, match="6 scores are more than 5 different ones"):
        rc.RiskScoreSampler(count=2).design(frame_of(range(6)))


def test_an_empty_frame_gives_an_empty_design():
    frame, _ = frame_of([1]).for_items("disclosure", among=[False])
    assert rc.RiskScoreSampler(rate="3%").design(frame).cells == ()


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"rate": "3%", "count": 3},
        {"rate": 0.03},
        {"count": 3, "cells": 0},
        {"count": 3, "cells": 2.0},
        {"count": 3, "least": 0.1},
        {"count": 3, "unscored": -1},
    ],
)
def test_bad_parameters(given_):
    with pytest.raises(ParameterError):
        rc.RiskScoreSampler(**given_)


def test_more_than_there_are():
    with pytest.raises(ParameterError, match="is 1 more than the 3 subjects"):
        rc.RiskScoreSampler(count=4).design(frame_of([1, 2, 3]))


def test_it_keeps_what_every_strategy_keeps():
    check_sampler(rc.RiskScoreSampler(rate="10%", unscored=1))
    dice = random.Random(3)
    check_sampler(rc.RiskScoreSampler(rate="20%", cells=5, least="1%"),
                  [frame_of(dice.randint(0, 1000) for _ in range(300))])  # fmt: skip
