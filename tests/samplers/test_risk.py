from collections import Counter
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.testing import check_sampler, made_up_catalog, made_up_frame, made_up_subjects
from worlds import AS_OF, RATES

FRAME = made_up_frame(300, seed=2)
SIZES = Counter(FRAME.column("risk_class"))


def cells(sampler, frame=FRAME):
    return {cell.name: (cell.size, cell.take) for cell in sampler.design(frame).cells}


@given(st.fixed_dictionaries(dict.fromkeys("ABCD", st.fractions(0, 1))))
def test_each_class_takes_its_rate_rounded_up(rates):
    expected = {name: (SIZES[name], ceil(rates[name] * SIZES[name])) for name in "ABCD"}
    assert cells(rc.RiskStratifiedSampler(rates=rates)) == expected


def test_a_class_at_100_percent_is_taken_whole():
    size, take = cells(rc.RiskStratifiedSampler(rates=RATES))["D"]
    assert size == take > 0


@given(st.integers(4, 300), st.integers(0, 3))
def test_a_total_is_met_and_so_are_floors(total, floor):
    if total < 4 * floor:
        return
    found = cells(rc.RiskStratifiedSampler(total=total, floor=floor))
    assert sum(take for _, take in found.values()) == total
    assert all(take >= min(floor, size) for size, take in found.values())


@given(st.integers(0, 400))
def test_a_floor_is_met_or_the_class_is_taken_whole(floor):
    found = cells(rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "1%"), floor={"D": floor}))
    size, take = found["D"]
    assert take == max(min(floor, size), ceil(Fraction(size, 100)))
    assert found["A"] == (SIZES["A"], ceil(Fraction(SIZES["A"], 100)))


def test_a_floor_counts_over_all_strata_of_a_class():
    sampler = rc.RiskStratifiedSampler(
        rates=dict.fromkeys("ABCD", "0%"), floor={"D": 7}, strata=("region",)
    )
    found = cells(sampler)
    assert sum(take for name, (_, take) in found.items() if name.startswith("D/")) == 7
    assert all(take == 0 for name, (_, take) in found.items() if not name.startswith("D/"))


def test_neyman_within_a_total():
    rule = rc.NeymanAllocation({"A": "0.1", "B": "0.2", "C": "0.4", "D": "0.5"})
    found = cells(rc.RiskStratifiedSampler(total=40, allocation=rule))
    assert sum(take for _, take in found.values()) == 40


def test_further_strata_are_cells_of_their_own():
    sampler = rc.RiskStratifiedSampler(rates=RATES, strata=("region", "tags"))
    found = sampler.design(FRAME).cells
    keys = set(zip(*(FRAME.column(name) for name in ("risk_class", "region", "tags")), strict=True))
    assert len(found) == len(keys)
    for cell in found:
        assert cell.take == ceil(Fraction(RATES_EXACT[cell.name[0]]) * cell.size)
        assert len({tuple(FRAME.column(n)[k] for n in ("risk_class", "region", "tags"))
                    for k in cell.members}) == 1  # fmt: skip


RATES_EXACT = {"A": Fraction(1, 100), "B": Fraction(3, 100), "C": Fraction(1, 10), "D": Fraction(1)}


def unclassified_frame():
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(
            f"s{n}", "x", region="r", industry=None, risk_class="AB"[n % 2] if n > 9 else None
        )
        for n in range(50)
    )
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=1), as_of=AS_OF)
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog())


def test_what_the_unclassified_count_as_is_never_guessed():
    frame = unclassified_frame()
    with pytest.raises(ParameterError, match="10 subjects without a risk class"):
        rc.RiskStratifiedSampler(rates=RATES).design(frame)
    with pytest.raises(ParameterError, match="10 subjects without a risk class"):
        rc.RiskStratifiedSampler(total=5).design(frame)
    counted = cells(rc.RiskStratifiedSampler(rates=RATES, unclassified="B"), frame)
    assert counted == {"A": (20, 1), "B": (30, 1)}
    apart = cells(rc.RiskStratifiedSampler(rates={**RATES, "unclassified": "50%"}), frame)
    assert apart["unclassified"] == (10, 5)
    total = cells(rc.RiskStratifiedSampler(total=5, unclassified="unclassified"), frame)
    assert sum(take for _, take in total.values()) == 5
    strata = rc.RiskStratifiedSampler(rates=RATES, unclassified="A", strata=("industry",))
    assert cells(strata, frame)["A/unknown"] == (30, 1)


def test_a_class_without_a_rate():
    with pytest.raises(ParameterError, match="has no rate for"):
        rc.RiskStratifiedSampler(rates={"A": "1%"}).design(FRAME)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"rates": RATES, "total": 5},
        {"rates": {"E": "1%"}},
        {"rates": "3%"},
        {"rates": {1: "3%"}},
        {"rates": {"A": 0.01}},
        {"total": -1},
        {"rates": RATES, "floor": -1},
        {"rates": RATES, "floor": {"E": 1}},
        {"rates": RATES, "unclassified": "E"},
        {"rates": RATES, "strata": ("owner",)},
    ],
)
def test_bad_parameters(given_):
    with pytest.raises(ParameterError):
        rc.RiskStratifiedSampler(**given_)


def test_one_stratum_may_be_given_as_text():
    assert rc.RiskStratifiedSampler(rates=RATES, strata="region").strata == ("region",)


def test_it_keeps_what_every_strategy_keeps():
    check_sampler(rc.RiskStratifiedSampler(rates=RATES, strata=("region",)), seeds=200)
    check_sampler(rc.RiskStratifiedSampler(total=20, floor=1), seeds=200)


# --- the rules of the regulations --------------------------------------------------------------


def frame_of(classes, *, tags=None, history=None, items=("disclosure",), regions=None, day=AS_OF):
    """A frame of one subject for each letter, in order; `history`: position → days of draws."""
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(
            f"s{n:04}",
            "x",
            region=regions[n] if regions else "r",
            tags=(tags or {}).get(n, ()),
            risk_class=letter,
        )
        for n, letter in enumerate(classes)
    )
    past = rc.History.from_records(
        rc.PastDraw(f"s{n:04}", drawn, f"T-{drawn}")
        for n, days in (history or {}).items()
        for drawn in days
    )
    catalog = rc.ItemCatalog.from_records(
        [
            rc.Item("disclosure", "x", "law"),
            rc.Item("key", "x", "law", category="key", applies_to=rc.Scope(tags=("key",))),
        ]
    )
    task = rc.Task(id="T", items=items, sampler=rc.UniformSampler(count=1), as_of=day)
    return rc.build_frame(task, subjects=subjects, catalog=catalog, history=past)


MIXED = "A" * 500 + "B" * 300 + "C" * 150 + "D" * 50


MIXED_FRAME = frame_of(MIXED)


def takes(sampler, frame):
    return {each.risk_class: each.take for each in sampler.explain(frame)}


def test_a_band_gives_its_least_and_is_never_left():
    bands = {"A": ("1%", "2%"), "B": ("3%", "5%"), "C": ("10%", "20%"), "D": ("50%", "100%")}
    frame = frame_of(MIXED)
    assert takes(rc.RiskStratifiedSampler(bands=bands), frame) == {"A": 5, "B": 9, "C": 15, "D": 25}
    most = takes(rc.RiskStratifiedSampler(bands=bands, total=105), frame)
    assert most == {"A": 10, "B": 15, "C": 30, "D": 50}
    with pytest.raises(ParameterError, match="1 more than the maximums of 105"):
        rc.RiskStratifiedSampler(bands=bands, total=106).design(frame)
    with pytest.raises(ParameterError, match="3 less than the floors of 54"):
        rc.RiskStratifiedSampler(bands=bands, total=51).design(frame)


@given(st.integers(54, 105), st.sampled_from(["proportional", "neyman"]))
def test_a_total_within_bands_is_met(total, rule):
    bands = {"A": ("1%", "2%"), "B": ("3%", "5%"), "C": ("10%", "20%"), "D": ("50%", "100%")}
    allocation = {
        "proportional": rc.ProportionalAllocation(),
        "neyman": rc.NeymanAllocation({"A": 1, "B": 2, "C": 3, "D": 4}),
    }[rule]
    sampler = rc.RiskStratifiedSampler(bands=bands, total=total, allocation=allocation)
    found = sampler.explain(MIXED_FRAME)
    assert all(each.least <= each.take <= each.most for each in found)
    assert sum(each.take for each in found) == total


def test_the_minimum_comes_before_a_maximum_that_rounding_crosses():
    [a] = rc.RiskStratifiedSampler(bands={"A": ("1%", "3%")}).explain(frame_of("A" * 20))
    assert a.take == 1
    assert "gives way to the minimum" in str(a)


def test_at_least_three_percent_in_each_class():
    sampler = rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "1%"), least="3%")
    assert takes(sampler, frame_of(MIXED)) == {"A": 15, "B": 9, "C": 5, "D": 2}
    assert takes(rc.RiskStratifiedSampler(least="3%"), frame_of(MIXED))["A"] == 15


def test_an_overall_share_is_met_by_the_cheapest_raise():
    """Riskier classes first where all cost the same; else the cheaper ones; never beyond a band."""
    bands = {"A": ("1%", "2%"), "B": ("3%", "5%"), "C": ("10%", "20%"), "D": ("50%", "100%")}
    frame = frame_of(MIXED)
    equal = rc.RiskStratifiedSampler(bands=bands, overall="9%")
    assert takes(equal, frame) == {"A": 5, "B": 9, "C": 26, "D": 50}
    costs = {"A": 1, "B": 2, "C": 9, "D": "9.5"}
    cheap = rc.RiskStratifiedSampler(bands=bands, overall="9%", costs=costs)
    assert takes(cheap, frame) == {"A": 10, "B": 15, "C": 30, "D": 35}
    with pytest.raises(ParameterError, match="5 more than the rules allow"):
        rc.RiskStratifiedSampler(bands=bands, overall="11%").design(frame)


@given(
    st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 9), min_size=4),
    st.integers(0, 100),
)
def test_no_other_raise_is_cheaper(costs, percent):
    rates = {"A": "1%", "B": "2%", "C": "5%", "D": "20%"}
    frame = frame_of("A" * 9 + "B" * 7 + "C" * 5 + "D" * 3)
    sampler = rc.RiskStratifiedSampler(rates=rates, overall=Fraction(percent, 100), costs=costs)
    found = sampler.explain(frame)
    needed = max(sum(each.least for each in found), ceil(Fraction(percent * 24, 100)))
    assert sum(each.take for each in found) == needed
    spent = sum(each.take * costs[each.risk_class] for each in found)
    least = sorted(c for e in found for c in [costs[e.risk_class]] * (e.most - e.least))
    start = sum(each.least for each in found)
    assert spent == sum(e.least * costs[e.risk_class] for e in found) + sum(least[: needed - start])


def test_key_units_are_always_in_and_the_rate_holds_among_the_others():
    frame = frame_of("A" * 100, tags=dict.fromkeys(range(7), ("key unit",)))
    sampler = rc.RiskStratifiedSampler(rates={"A": "10%"}, always=("key unit",))
    design = sampler.design(frame)
    assert [(cell.name, cell.size, cell.take) for cell in design.cells] == [
        ("A", 93, 10), ("A/always", 7, 7),
    ]  # fmt: skip
    assert design.inclusion_probability("s0003") == 1
    few = rc.RiskStratifiedSampler(rates={"A": "1%"}, always="key unit")
    assert takes(few, frame) == {"A": 8}  # and nobody else is left without a chance
    with pytest.raises(ParameterError, match="7 that must be in are 2 more than the maximum of 5"):
        rc.RiskStratifiedSampler(bands={"A": ("1%", "5%")}, always=("key unit",)).design(frame)


def test_class_a_is_exempt_unless_a_reason_is_given():
    frame = frame_of(MIXED, tags={0: ("key unit",)})
    given_ = {"rates": RATES, "exempt": ("A",), "least": "3%"}
    exempt = rc.RiskStratifiedSampler(**given_)
    assert takes(exempt, frame)["A"] == 0
    assert "exempt, no reason is given" in str(exempt.explain(frame)[0])
    reasoned = rc.RiskStratifiedSampler(**given_, reasons={"A": "complaints in spring"})
    assert takes(reasoned, frame)["A"] == 15
    assert takes(rc.RiskStratifiedSampler(**given_, always=("key unit",)), frame)["A"] == 1


def test_at_most_once_a_year():
    """Who was drawn this year has no chance; the class's count comes from the others."""
    history = {n: (AS_OF.replace(month=2),) for n in range(30)}
    history |= {n: (AS_OF.replace(year=AS_OF.year - 1),) for n in range(30, 60)}
    frame = frame_of("A" * 100, history=history)
    sampler = rc.RiskStratifiedSampler(rates={"A": "10%"}, at_most={"A": 1})
    assert [(c.name, c.size, c.take) for c in sampler.design(frame).cells] == [
        ("A", 70, 10), ("A/spent", 30, 0),
    ]  # fmt: skip
    greedy = rc.RiskStratifiedSampler(rates={"A": "75%"}, at_most={"A": 1})
    with pytest.raises(ParameterError, match="5 more than may be drawn: 30 of 100 were drawn"):
        greedy.design(frame)
    cellwise = rc.RiskStratifiedSampler(rates={"A": "80%"}, at_most={"A": 1}, strata="region")
    lopsided = frame_of("A" * 100, history=history, regions=["r"] * 30 + ["s"] * 70)
    with pytest.raises(ParameterError, match="more than may be drawn"):
        cellwise.design(lopsided)


def test_at_least_twice_a_year(caplog):
    """Whoever could not reach it any more without being drawn now is in now."""
    day = AS_OF.replace(month=2)
    frame = frame_of("D" * 10, history={0: (day, day.replace(day=2)), 1: (day,), 2: (day,)})
    given_ = {"rates": {"D": "0%"}, "at_least": {"D": 2}}

    def sure(draws_left):
        sampler = rc.RiskStratifiedSampler(**given_, draws_left=draws_left)
        design = sampler.design(frame)
        return [name for name in design.ids if design.inclusion_probability(name) == 1]

    assert sure(3) == []
    assert sure(2) == [f"s{n:04}" for n in range(3, 10)]
    caplog.clear()
    assert sure(1) == [f"s{n:04}" for n in range(1, 10)]
    assert "7 subjects can not reach their frequency" in caplog.text


def test_frequencies_look_at_the_history():
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=1), as_of=AS_OF)
    frame = rc.build_frame(task, subjects=made_up_subjects(20), catalog=made_up_catalog())
    with pytest.raises(ParameterError, match="history"):
        rc.RiskStratifiedSampler(rates=RATES, at_most={"A": 1}).design(frame)


def test_general_items_are_capped_and_key_items_are_not():
    frame = frame_of(
        "A" * 100 + "D" * 20,
        tags=dict.fromkeys(range(90, 120), ("key",)),
        items=("disclosure", "key"),
    )
    rates = {"A": "3%", "D": "100%"}
    with pytest.raises(ParameterError, match="of 120 is 6, and the rules ask for 17 more"):
        rc.RiskStratifiedSampler(rates=rates, general_cap="5%").design(frame)
    design = rc.RiskStratifiedSampler(rates=rates, general_cap="20%").design(frame)
    assert [(cell.name, cell.items, cell.size, cell.take) for cell in design.cells] == [
        ("general/A", ("disclosure",), 100, 3), ("general/D", ("disclosure",), 20, 20),
        ("key/A", ("key",), 10, 1), ("key/D", ("key",), 20, 20),
    ]  # fmt: skip
    assert len(rc.RiskStratifiedSampler(rates=rates).design(frame).cells) == 2
    alone = rc.RiskStratifiedSampler(rates=rates, general_cap="5%")
    joint = rc.JointItemSampler({"disclosure": rc.UniformSampler(rate="5%"), "key": alone})
    assert sum(cell.take for cell in joint.design(frame).cells) == 6 + 21
    raised = rc.RiskStratifiedSampler(least="1%", overall="6%", general_cap="5%")
    with pytest.raises(ParameterError, match="2 more than the rules allow"):
        raised.design(frame)


def test_rounding_once_a_class_keeps_the_total_and_everybodys_chance():
    """In 40 regions a rate rounded up in each asks for far more than the class's own minimum."""
    regions = [f"r{n * n % 41:02}" for n in range(500)]
    frame = frame_of("A" * 500, regions=regions)
    cellwise = rc.RiskStratifiedSampler(rates={"A": "3%"}, strata=("region",))
    once = rc.RiskStratifiedSampler(rates={"A": "3%"}, strata=("region",), rounding="class")
    assert takes(cellwise, frame)["A"] == len(set(regions))
    design = once.design(frame)
    assert sum(cell.take for cell in design.cells) == 15
    assert all(design.inclusion_probability(name) > 0 for name in design.ids)
    for cell in design.cells:
        assert abs(cell.take - Fraction(15 * cell.size, 500)) < 1


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.fractions("1/100", "1/2"))
def test_cells_too_small_for_a_unit_are_joined_by_the_stated_rule(sizes, rate):
    frame = frame_of(
        "B" * sum(sizes), regions=[f"r{n:02}" for n, size in enumerate(sizes) for _ in range(size)]
    )
    sampler = rc.RiskStratifiedSampler(rates={"B": rate}, strata=("region",), rounding="class")
    design = sampler.design(frame)
    taken = sum(cell.take for cell in design.cells)
    assert taken == ceil(rate * sum(sizes))
    assert all(cell.take >= 1 for cell in design.cells)
    assert sum(len(cell.name.split("+")) for cell in design.cells) == len(sizes)


def test_a_total_below_the_number_of_cells_leaves_nobody_without_a_chance():
    frame = frame_of("B" * 40, regions=[f"r{n % 8}" for n in range(40)])
    design = rc.RiskStratifiedSampler(total=3, strata=("region",)).design(frame)
    assert sum(cell.take for cell in design.cells) == 3
    assert all(cell.take for cell in design.cells)


def test_a_budget_in_place_of_a_total():
    rule = rc.NeymanAllocation(
        dict.fromkeys("ABCD", 1), costs={"A": 1, "B": 1, "C": 2, "D": 5}, budget=90
    )
    sampler = rc.RiskStratifiedSampler(allocation=rule)
    found = takes(sampler, frame_of(MIXED))
    assert sum(n * rule.costs[name] for name, n in found.items()) <= 90
    assert all(cell.take for cell in sampler.design(frame_of(MIXED)).cells)


class Wrong:
    """An allocation that gives one too few."""

    def allocate(self, strata, total):
        from randcheck.samplers import Allocated

        return Allocated([*strata.minimums.tolist()[:-1], total - 1])


def test_anybodys_allocation_keeps_the_box():
    with pytest.raises(ParameterError, match="outside the box or not the total"):
        rc.RiskStratifiedSampler(total=9, allocation=Wrong()).design(FRAME)


def test_every_class_says_why_this_many():
    frame = frame_of(MIXED, tags={0: ("key unit",)}, history={1: (AS_OF,)})
    sampler = rc.RiskStratifiedSampler(
        rates={"A": "1%", "B": "3%", "C": "10%", "D": "100%"},
        floor={"C": 20},
        overall="10%",
        always=("key unit",),
        at_most={"A": 1},
    )
    told = [str(each) for each in sampler.explain(frame)]
    assert told[0] == (
        "A: 6 of 500; the rate of 1/100 of 499, rounded up: 5; 1 more are always in; "
        "1 were drawn as often as is allowed and have no chance"
    )
    assert told[2] == (
        "C: 35 of 150; the rate of 1/10 of 150, rounded up: 15; raised to the floor: 20; "
        "raised by 15 towards the 100 that 1/10 of all 1000 demand"
    )
    why = sampler.design(frame).to_dataframe().set_index("name")["why"]
    assert why["C"].startswith("C: the rate of 1/10 of 150")


@pytest.mark.parametrize(
    "given_",
    [
        {"bands": {"A": ("3%", "1%")}},
        {"bands": {"A": "3%"}},
        {"bands": {"E": ("1%", "3%")}},
        {"rates": RATES, "rounding": "up"},
        {"rates": RATES, "exempt": ("E",)},
        {"rates": RATES, "exempt": 3},
        {"rates": RATES, "reasons": {"A": " "}},
        {"rates": RATES, "costs": {"E": 1}},
        {"rates": RATES, "costs": {"A": 0.5}},
        {"rates": RATES, "at_most": {"A": -1}},
        {"rates": RATES, "at_least": {"A": 2}},
        {"rates": RATES, "at_least": {"A": 2}, "draws_left": 0},
        {"rates": RATES, "draws_left": 2},
        {"rates": RATES, "least": 0.03},
        {"rates": RATES, "always": (3,)},
        {"rates": RATES, "allocation": rc.NeymanAllocation({"A": 1})},
    ],
)
def test_bad_rules(given_):
    with pytest.raises(ParameterError):
        rc.RiskStratifiedSampler(**given_)
