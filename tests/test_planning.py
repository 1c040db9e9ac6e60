from fractions import Fraction

import pytest

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.planning import propose_joint
from randcheck.testing import made_up_frame
from worlds import AS_OF, RATES


def task(name, *items, rate="10%", day=AS_OF, **more):
    return rc.Task(id=name, items=items, sampler=rc.UniformSampler(rate=rate), as_of=day, **more)


FRAME = made_up_frame(400, seed=5)


def naive(groups):
    """The least expected visits of groups of tasks, subject by subject."""
    total = Fraction(0)
    for group in groups:
        highest = dict.fromkeys(FRAME.ids, Fraction(0))
        for each in group:
            part, _ = FRAME.for_items(*each.items, among=FRAME.within(each.scope))
            design = each.sampler.design(part)
            for name in part.ids:
                highest[name] = max(highest[name], design.visit_bounds(name)[0])
        total += sum(highest.values())
    return total


def test_what_is_saved_follows_from_the_odds():
    tasks = [
        task("F", "food"),
        task("P", "price", rate="20%"),
        task("M", "metrology", rate="5%", scope=rc.Scope(regions=("990101", "990102"))),
        rc.Task(id="D", items=("disclosure",), as_of=AS_OF,
                sampler=rc.RiskStratifiedSampler(rates=RATES)),
    ]  # fmt: skip
    proposal = propose_joint(FRAME, tasks)
    assert proposal.separate == naive([[each] for each in tasks])
    assert proposal.least == naive([tasks])
    assert proposal.groups == (("F", "P", "M", "D"),)
    assert proposal.joint == proposal.least
    assert proposal.share == 1
    for one, two, saved in proposal.saved_by_pair:
        first, second = (next(each for each in tasks if each.id == name) for name in (one, two))
        assert saved == naive([[first], [second]]) - naive([[first, second]])
    assert len(proposal.saved_by_pair) == 6
    assert str(proposal).startswith("F + P + M + D\n")


def test_the_overlap_of_items_is_a_table():
    proposal = propose_joint(FRAME, [task("F", "food")])
    food, price = FRAME.eligible("food"), FRAME.eligible("price")
    row = proposal.to_dataframe().iloc[0].to_dict()
    both = int((food & price).sum())
    assert row == {
        "item": "food", "other": "price", "subjects": food.sum(), "others": price.sum(),
        "both": both, "share": str(Fraction(both, int(min(food.sum(), price.sum())))),
    }  # fmt: skip
    assert len(proposal.overlaps) == 6
    assert rc.planning.Overlap(("a", "b"), 0, 3, 0).share == 0


def test_tasks_far_apart_in_time_or_without_gain_stay_apart():
    months = [AS_OF.replace(month=month) for month in (3, 4, 9)]
    tasks = [task(f"T{n}", "food", day=day) for n, day in enumerate(months)]
    proposal = propose_joint(FRAME, tasks, days=31)
    assert proposal.groups == (("T0", "T1"), ("T2",))
    assert proposal.share == Fraction(1, 2)
    assert proposal.saved == proposal.saved_by_pair[0][2]
    assert propose_joint(FRAME, tasks, at_least=10**6).groups == (("T0",), ("T1",), ("T2",))
    lonely = propose_joint(FRAME, tasks[:1])
    assert (lonely.groups, lonely.saved, lonely.share) == ((("T0",),), 0, 1)
    nobody = [task("A", "food", rate="0%"), task("B", "food", rate="0%")]
    assert propose_joint(FRAME, nobody, at_least=0).groups == (("A",), ("B",))


def test_bad_tasks():
    with pytest.raises(ParameterError, match="are none, or one twice"):
        propose_joint(FRAME, [])
    with pytest.raises(ParameterError, match="are none, or one twice"):
        propose_joint(FRAME, [task("F", "food"), task("F", "price")])
    with pytest.raises(ParameterError, match="items that the frame lacks: unheard-of"):
        propose_joint(FRAME, [task("F", "unheard-of")])
