import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DesignError, ParameterError
from randcheck.testing import check_sampler, made_up_catalog, made_up_frame
from worlds import RATES, joint_task

inner = st.one_of(
    st.fractions(0, 1).map(lambda rate: rc.UniformSampler(rate=rate)),
    st.integers(0, 5).map(lambda count: rc.UniformSampler(count=count)),
    st.fixed_dictionaries(dict.fromkeys("ABCD", st.fractions(0, 1))).map(
        lambda rates: rc.RiskStratifiedSampler(rates=rates, strata=("region",))
    ),
    st.integers(0, 20).map(lambda total: rc.RiskStratifiedSampler(total=total)),
)


@given(st.lists(inner, min_size=4, max_size=4), st.integers(0, 5))
def test_each_item_gets_exactly_its_own_samplers_design(samplers, seed):
    frame = made_up_frame(150, seed=seed)
    joint = rc.JointItemSampler(dict(zip(frame.items, samplers, strict=True))).design(frame)
    for item, sampler in zip(frame.items, samplers, strict=True):
        own = sampler.design(frame.for_items(item)[0])
        mine = [cell for cell in joint.cells if cell.items == (item,)]
        assert [(c.size, c.take) for c in mine] == [(c.size, c.take) for c in own.cells]
        assert [list(joint.ids[c.members]) for c in mine] == [
            list(own.ids[c.members]) for c in own.cells
        ]
        for name in own.ids:
            assert joint.inclusion_probability(name, item) == own.inclusion_probability(name)


def test_the_order_in_which_samplers_are_given_changes_nothing():
    frame = made_up_frame(100)
    given_ = {item: rc.UniformSampler(rate=f"{n + 1}%") for n, item in enumerate(frame.items)}
    backwards = dict(reversed(given_.items()))
    assert rc.JointItemSampler(given_) == rc.JointItemSampler(backwards)
    one = rc.JointItemSampler(given_).design(frame)
    assert one.digest == rc.JointItemSampler(backwards).design(frame).digest


def test_items_and_samplers_must_agree():
    frame = made_up_frame(50)
    with pytest.raises(ParameterError, match="are not the task's items"):
        rc.JointItemSampler({"food": rc.UniformSampler(rate="3%")}).design(frame)


def test_what_is_no_sampler_is_refused():
    with pytest.raises(ParameterError, match="is no sampler"):
        rc.JointItemSampler({"food": "3%"})
    with pytest.raises(ParameterError, match="is no mapping"):
        rc.JointItemSampler([rc.UniformSampler(rate="3%")])


def test_it_keeps_what_every_strategy_keeps():
    check_sampler(joint_task().sampler, [made_up_frame(200)], seeds=200)


def test_it_is_its_data():
    one = rc.JointItemSampler({"food": rc.RiskStratifiedSampler(rates=RATES)})
    two = rc.JointItemSampler({"food": rc.RiskStratifiedSampler(rates=RATES)})
    assert one == two
    assert hash(one) == hash(two)


def test_an_item_that_applies_to_nobody():
    """A rate of nobody is nobody; a positive count from nobody is an error."""
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(f"s{n}", "x", region="r") for n in range(9)
    )
    task = joint_task(items=("food", "disclosure"))
    frame = rc.build_frame(task, subjects=subjects, catalog=made_up_catalog())
    third = rc.UniformSampler(rate="1/3")
    design = rc.JointItemSampler({"food": third, "disclosure": third}).design(frame)
    assert [(cell.size, cell.take) for cell in design.cells] == [(0, 0), (9, 3)]
    with pytest.raises(DesignError, match="an empty cell"):
        rc.JointItemSampler({"food": rc.UniformSampler(count=1), "disclosure": third}).design(frame)
