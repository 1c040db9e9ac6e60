from fractions import Fraction

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
    with pytest.raises(ParameterError, match="UniformSampler'> is no sampler"):
        rc.JointItemSampler({"food": rc.UniformSampler})
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


# --- together and merged -----------------------------------------------------------------------


def three(size=300, seed=1):
    return made_up_frame(size, seed=seed, items=("food", "price", "disclosure"))


def test_items_that_go_together_are_drawn_together():
    frame = three()
    rates = rc.RiskStratifiedSampler(rates=RATES)
    sampler = rc.JointItemSampler(
        {"food": rates, "price": rc.UniformSampler(rate="20%"), "disclosure": rates},
        together=(("disclosure", "food"),),
    )
    design = sampler.design(frame)
    alone = rates.design(frame.for_items("food", "disclosure")[0])
    shared = [cell for cell in design.cells if cell.items == ("food", "disclosure")]
    assert [(c.size, c.take) for c in shared] == [(c.size, c.take) for c in alone.cells]
    for name in frame.ids[frame.eligible("food")]:
        cells = design.cells_of(name)
        assert cells["food"] == cells["disclosure"]


def least_of_item(design, members, item):
    """The fewest of an item's subjects that a design takes, whatever the dice."""
    inside = set(members)
    return sum(
        max(0, cell.take - len(set(cell.members.tolist()) - inside))
        for cell in design.cells
        if cell.items is None or item in cell.items
    )


@given(
    st.integers(0, 10**6),
    st.integers(1, 400),
    st.one_of(
        st.fractions(0, 1).map(lambda rate: rc.UniformSampler(rate=rate)),
        st.fractions(0, "1/4").map(
            lambda rate: rc.RiskStratifiedSampler(
                rates={"A": rate, "B": 2 * rate, "C": 3 * rate, "D": 4 * rate}
            )
        ),
        st.fractions(0, "1/2").map(
            lambda rate: rc.RiskStratifiedSampler(
                rates=dict.fromkeys("ABCD", rate), strata=("region",)
            )
        ),
    ),
)
def test_merged_items_keep_every_count_of_their_own_and_everybodys_chance(seed, size, inner):
    frame = made_up_frame(size, seed=seed)
    samplers = dict.fromkeys(frame.items, inner)
    merged = rc.JointItemSampler(samplers, merge=(frame.items,)).design(frame)
    apart = rc.JointItemSampler(samplers).design(frame)
    for cell in apart.cells:
        [item] = cell.items
        assert least_of_item(merged, cell.members.tolist(), item) >= cell.take
    for name in frame.ids:
        assert len(set(merged.cells_of(name).values())) == 1
        before = max(apart.cells[cell].rate for cell in apart.cells_of(name).values())
        assert (merged.inclusion_probability(name) > 0) == (before > 0)
    assert merged.visit_bound == sum(cell.take for cell in merged.cells)


def test_only_equal_rates_can_be_merged():
    samplers = {
        "food": rc.UniformSampler(rate="10%"),
        "price": rc.UniformSampler(rate="20%"),
        "disclosure": rc.UniformSampler(rate="10%"),
    }
    with pytest.raises(ParameterError, match=r"in food/all.*come from no common rate"):
        rc.JointItemSampler(samplers, merge=(("food", "price"),)).design(three())
    merged = rc.JointItemSampler(samplers, merge=(("food", "disclosure"),)).design(three())
    assert {cell.items for cell in merged.cells} == {("food", "disclosure"), ("price",)}


# --- budgets -----------------------------------------------------------------------------------


def with_departments(size=400):
    """A frame whose items belong to two departments."""
    from randcheck.testing import made_up_subjects

    items = {"food": "market", "price": "market", "metrology": "quality", "disclosure": None}
    catalog = rc.ItemCatalog.from_records(
        rc.Item(
            item, item, "law", department=department,
            applies_to=rc.Scope() if item == "disclosure" else rc.Scope(tags=(item,)),
        )
        for item, department in items.items()
    )  # fmt: skip
    task = joint_task(items=tuple(items))
    return rc.build_frame(task, subjects=made_up_subjects(size, seed=3), catalog=catalog)


FIVE = {
    "food": rc.UniformSampler(rate="9%"),
    "price": rc.RiskStratifiedSampler(rates={"A": "2%", "B": "4%", "C": "10%", "D": "50%"}),
    "metrology": rc.UniformSampler(rate="5%"),
    "disclosure": rc.UniformSampler(rate="3%"),
}


def scaled(takes, sizes, scale):
    return [
        min(n, -(-scale.numerator * t // scale.denominator))
        for t, n in zip(takes, sizes, strict=True)
    ]


@given(st.integers(7, 900))
def test_a_guaranteed_budget_is_the_largest_uniform_scaling(budget):
    frame = with_departments()
    plain = rc.JointItemSampler(FIVE).design(frame)
    design = rc.JointItemSampler(FIVE, budget=budget).design(frame)
    takes, sizes = [c.take for c in plain.cells], [c.size for c in plain.cells]
    found = [cell.take for cell in design.cells]
    assert sum(found) <= budget
    steps = sorted(
        {Fraction(k, t) for t, n in zip(takes, sizes, strict=True) for k in range(1, n + 1)}
    )
    fitting = [step for step in steps if sum(scaled(takes, sizes, step)) <= budget]
    assert found == scaled(takes, sizes, fitting[-1] if fitting else Fraction(1, 10**9))
    assert all(cell.take for cell in design.cells)


def test_a_budget_below_one_visit_for_each_cell():
    with pytest.raises(
        ParameterError, match="budget = 6 is 1 less than one for each of the 7 cells"
    ):
        rc.JointItemSampler(FIVE, budget=6).design(with_departments())


def test_a_guaranteed_budget_is_never_exceeded_in_10000_draws():
    design = rc.JointItemSampler(FIVE, budget=60).design(with_departments())
    assert sum(cell.take for cell in design.cells) == 60
    assert max(design.simulated_visits(10_000, seed=1)) <= 60


@pytest.mark.parametrize("budget", [20, 40, 75, 150])
def test_an_expected_budget_is_kept_within_its_margin_in_10000_draws(budget):
    """The mean of 10,000 draws is below the budget, and the next step would not be by much."""
    frame = with_departments()
    design = rc.JointItemSampler(FIVE, budget=budget, promise="expected").design(frame)
    mean, error = design.expected_visits(10_000, seed=1)
    assert mean <= budget + 3 * error
    assert mean >= budget - 6
    guaranteed = rc.JointItemSampler(FIVE, budget=budget).design(frame)
    assert sum(c.take for c in design.cells) > sum(c.take for c in guaranteed.cells)


@pytest.mark.parametrize("promise", ["guaranteed", "expected"])
def test_a_budget_of_nothing(promise):
    nobody = dict.fromkeys(FIVE, rc.UniformSampler(rate="0%"))
    design = rc.JointItemSampler(nobody, budget=0, promise=promise).design(with_departments())
    assert sum(cell.take for cell in design.cells) == 0


def test_a_budget_may_raise_the_rates_until_all_are_taken():
    design = rc.JointItemSampler(FIVE, budget=10**6).design(with_departments())
    assert all(cell.take == cell.size for cell in design.cells)


@pytest.mark.parametrize("promise", ["guaranteed", "expected"])
def test_quotas_are_budgets_of_departments(promise):
    frame = with_departments()
    quotas = {"market": 20, "quality": 5}
    design = rc.JointItemSampler(FIVE, quotas=quotas, promise=promise).design(frame)
    own = {
        "market": [n for n, c in enumerate(design.cells) if c.items[0] in ("food", "price")],
        "quality": [n for n, c in enumerate(design.cells) if c.items[0] == "metrology"],
    }
    for department, quota in quotas.items():
        cells = own[department]
        if promise == "guaranteed":
            assert sum(design.cells[n].take for n in cells) <= quota
        counts = design.simulated_visits(2000, seed=2, cells=cells)
        assert sum(counts) / len(counts) <= quota + 0.2
    plain = rc.JointItemSampler(FIVE).design(frame)
    assert design.cells[-1].take == plain.cells[-1].take  # no department, no quota
    both = rc.JointItemSampler(FIVE, quotas=quotas, budget=30, promise=promise).design(frame)
    assert all(b.take <= d.take for b, d in zip(both.cells, design.cells, strict=True))
    with pytest.raises(ParameterError, match="departments here are market, quality"):
        rc.JointItemSampler(FIVE, quotas={"fire": 3}).design(frame)


def test_a_cell_of_two_departments_gets_the_least_of_their_scalings():
    frame = with_departments()
    uniform = rc.UniformSampler(rate="10%")
    samplers = {**FIVE, "food": uniform, "metrology": uniform}
    design = rc.JointItemSampler(
        samplers, together=(("food", "metrology"),), quotas={"market": 50, "quality": 9}
    ).design(frame)
    [shared] = [cell for cell in design.cells if cell.items == ("food", "metrology")]
    assert shared.take == 9


def test_a_least_rate_is_not_scaled_away():
    frame = with_departments()
    assert rc.JointItemSampler(FIVE, budget=60, least="1%").design(frame)
    with pytest.raises(ParameterError, match=r"less than the least rate of 1/20 for 'food'"):
        rc.JointItemSampler(FIVE, budget=30, least={"food": "5%"}).design(frame)


@pytest.mark.parametrize(
    "given_",
    [
        {"together": ("food", "price")},
        {"together": "food"},
        {"together": (("food",),)},
        {"together": (("food", "price"),)},
        {"merge": (("food", "unheard-of"),)},
        {"merge": (("food", "price"), ("food", "disclosure"))},
        {"budget": -1},
        {"quotas": {"market": 0.5}},
        {"promise": "hoped"},
        {"least": 0.1},
        {"least": {"food": 2}},
    ],
)
def test_bad_parameters(given_):
    with pytest.raises(ParameterError):
        rc.JointItemSampler(FIVE, **given_)


def test_what_it_adds_keeps_what_every_strategy_keeps():
    same = dict.fromkeys(FIVE, rc.UniformSampler(rate="10%"))
    check_sampler(rc.JointItemSampler(same, merge=(tuple(FIVE),), budget=30), [with_departments()])
    check_sampler(
        rc.JointItemSampler(same, together=(("food", "price"),), budget=40, promise="expected"),
        [with_departments()],
    )
