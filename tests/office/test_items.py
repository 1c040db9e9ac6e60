"""An office's list follows from the lists above and its own changes; nothing falls out of it."""

import json
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DataError, RateError
from randcheck.office.items import (
    Adjustment,
    CapCheck,
    Claim,
    ClaimStatus,
    Drop,
    ItemList,
    OfficeItems,
    OwnChange,
    Retention,
    cap_of,
    check_caps,
    difference,
    stated_rates,
)

START = date(2026, 1, 1)
NAMES = ("fire", "food", "pricing")


def day(number):
    return START + timedelta(days=number)


def item(name, basis="示例法 第一条", **more):
    return rc.Item(name, f"示例 {name}", basis, **more)


def published(version, items, on, office="省局", level="province"):
    return ItemList(level, office, version, items, "the yearly revision", day(on))


def on(number, reason="as the county works"):
    return {"day": day(number), "by": "clerk", "reason": reason}


def claim(name, number, version=1, office="省局"):
    return Claim(item=name, office=office, version=version, **on(number))


FIRST = published(1, [item("food", category="key"), item("pricing")], 0)
SECOND = published(
    2, [item("food", "示例法 第二条", category="key"), item("pricing"), item("fire")], 10
)
THIRD = published(3, [item("food", "示例法 第二条", category="key"), item("fire")], 20)
ABOVE = (FIRST, SECOND, THIRD)


def county(*changes, above=ABOVE):
    return OfficeItems("county", "甲子区局", above, changes)


# --- properties --------------------------------------------------------------------------------


@st.composite
def stories(draw):
    """Versions of a list above and claims, each on some day."""
    versions = draw(st.lists(st.sets(st.sampled_from(NAMES), min_size=1), min_size=1, max_size=4))
    above = [
        published(
            number, [item(name, f"示例法 第{draw(st.integers(1, 2))}条") for name in names], 0
        )
        for number, names in enumerate(versions, 1)
    ]
    days = sorted(draw(st.lists(st.integers(0, 30), min_size=len(above), max_size=len(above))))
    above = [ItemList(v.level, v.office, v.version, v.items, v.reason, day(at))
             for v, at in zip(above, days, strict=True)]  # fmt: skip
    changes = []
    for at in sorted(draw(st.lists(st.integers(0, 30), max_size=8))):
        known = [each for each in above if each.day <= day(at)]
        if known:
            chosen = draw(st.sampled_from(known))
            changes.append(claim(draw(st.sampled_from(list(chosen.items.ids))), at, chosen.version))
    return tuple(above), tuple(changes)


@given(stories(), st.integers(0, 40))
def test_no_claim_is_lost_whatever_comes_from_above(story, at):
    above, changes = story
    office = county(*changes, above=above)
    last = {each.item: each for each in changes if each.day <= day(at)}
    newest = [each for each in above if each.day <= day(at)][-1:]
    statuses = {each.item: each for each in office.statuses(day(at))}
    assert sorted(statuses) == sorted(last) == [*office.as_of(day(at), undecided=True).ids]
    for name, made in last.items():
        claimed = above[made.version - 1].items[name]
        assert office.as_of(day(at), undecided=True)[name] == claimed
        if name not in newest[0].items:
            assert statuses[name].outcome == "withdrawn above"
        else:
            same = newest[0].items[name] == claimed
            assert statuses[name].outcome == ("kept" if same else "changed above")
    if any(each.outcome == "withdrawn above" for each in statuses.values()):
        with pytest.raises(DataError):
            office.as_of(day(at))
    else:
        assert office.as_of(day(at)) == office.as_of(day(at), undecided=True)
    offered = {name for each in newest for name in each.items.ids}
    assert {name for _, name in office.unclaimed(day(at))} == offered - last.keys()


@given(stories(), st.integers(0, 30))
def test_what_comes_later_changes_no_day_before(story, at):
    above, changes = story
    office = county(*changes, above=above)
    early = county(
        *(each for each in changes if each.day <= day(at)),
        above=tuple(each for each in above if each.day <= day(at)),
    )
    assert early.statuses(day(at)) == office.statuses(day(at))
    assert early.as_of(day(at), undecided=True) == office.as_of(day(at), undecided=True)
    assert early.version(day(40)) == office.version(day(at))


@given(stories())
def test_all_that_is_stated_comes_back_from_json(story):
    above, changes = story
    for each in (*above, *changes):
        assert type(each).from_json(json.loads(json.dumps(each.to_json()))) == each


# --- a story -----------------------------------------------------------------------------------


def test_what_becomes_of_claims():
    office = county(claim("food", 1), claim("pricing", 2))
    outcomes = [[s.outcome for s in office.statuses(day(n))] for n in (0, 1, 9, 10, 20)]
    assert outcomes == [
        [], ["kept"], ["kept", "kept"], ["changed above", "kept"],
        ["changed above", "withdrawn above"],
    ]  # fmt: skip
    assert office.statuses(day(10))[0] == ClaimStatus(
        "food", "省局", 1, 2, "changed above", ("basis",)
    )
    assert office.as_of(day(19))["food"].basis == "示例法 第一条"  # until it claims again
    assert office.unclaimed(day(10)) == (("省局", "fire"),)
    assert office.as_of(day(19)).ids.tolist() == ["food", "pricing"]
    with pytest.raises(DataError, match=r"'pricing' is withdrawn by 省局; drop it, or retain it"):
        office.as_of(day(20))
    dropped = office.changed(Drop(item="pricing", **on(21)), claim("food", 21, 3))
    assert dropped.as_of(day(21))["food"].basis == "示例法 第二条"
    assert dropped.as_of(day(21)).ids.tolist() == ["food"]
    with pytest.raises(DataError):
        dropped.as_of(day(20))  # that day it was not decided
    retained = office.changed(Retention(item="pricing", basis="示例条例 第九条", **on(21)))
    assert retained.statuses(day(21))[1].outcome == "retained"
    assert retained.as_of(day(21))["pricing"].basis == "示例条例 第九条"


def test_a_retention_ends_when_the_item_comes_back():
    back = published(4, [item("pricing", "示例法 第八条")], 30)
    gone = published(5, [item("fire")], 40)
    office = county(
        claim("pricing", 2),
        Retention(item="pricing", basis="示例条例 第九条", **on(21)),
        above=(*ABOVE, back, gone),
    )
    outcomes = [office.statuses(day(n))[0].outcome for n in (21, 30, 40)]
    assert outcomes == ["retained", "changed above", "withdrawn above"]
    again = office.changed(claim("pricing", 41, 4))
    assert again.as_of(day(41), undecided=True)["pricing"].basis == "示例法 第八条"


def test_adjustments_stay_over_a_new_claim():
    near = rc.Scope(regions=("990102",))
    adjusted = Adjustment(
        item="food", applies_to=near, department="食品科", specialties=("food",), **on(3)
    )
    office = county(claim("food", 1), adjusted, claim("food", 11, 2))
    assert office.as_of(day(2))["food"].applies_to == rc.Scope()
    assert office.as_of(day(3))["food"] == item(
        "food", category="key", applies_to=near, department="食品科", specialties=("food",)
    )
    assert office.as_of(day(11))["food"].basis == "示例法 第二条"
    assert office.as_of(day(11))["food"].applies_to == near
    anew = office.changed(Drop(item="food", **on(12)), claim("food", 13, 2))
    assert anew.as_of(day(13))["food"].applies_to == rc.Scope()
    none = Adjustment(item="food", specialties=(), category="general", **on(14))
    assert anew.changed(none).as_of(day(14))["food"].category == "general"
    assert Adjustment.from_json(adjusted.to_json()) == adjusted


def test_a_readable_difference():
    change = Adjustment(item="food", department="食品科", **on(12, "a new section"))
    office = county(
        claim("food", 1), claim("pricing", 2), claim("fire", 11, 2), claim("food", 12, 2), change
    ).changed(Drop(item="pricing", **on(20)))
    assert str(office.difference(day(2), day(20))) == "\n".join(
        [
            "+ fire: 示例 fire (general, 示例法 第一条)",
            "- pricing: 示例 pricing",
            "~ food, basis: 示例法 第一条 → 示例法 第二条",
            "~ food, department: none → 食品科",
            "  2026-01-12 Claim fire by clerk: as the county works",
            "  2026-01-13 Claim food by clerk: as the county works",
            "  2026-01-13 Adjustment food by clerk: a new section",
            "  2026-01-21 Drop pricing by clerk: as the county works",
        ]
    )
    assert str(difference(FIRST.items, FIRST.items)) == "no difference"
    wide = rc.ItemCatalog.from_records([item("food", applies_to=rc.Scope(tags=("a", "b")))])
    told = str(difference(rc.ItemCatalog.from_records([item("food")]), wide))
    assert told == "~ food, applies_to: all active subjects → tags: a, b"


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["无", "暂无", " 无。", "None", "n/a", "—", "……", "待定"])
def test_an_item_without_a_legal_basis_is_refused(basis):
    with pytest.raises(DataError, match="says that there is no legal basis"):
        published(1, [item("food", basis)], 0)
    with pytest.raises(DataError, match="says that there is no legal basis"):
        Retention(item="food", basis=basis, **on(1))
    with pytest.raises(DataError, match="says that there is no legal basis"):
        Adjustment(item="food", basis=basis, **on(1))


def test_all_items_without_a_basis_at_once():
    with pytest.raises(DataError) as error:
        published(1, [item("food", "无"), item("fire"), item("pricing", "-")], 0)
    assert [each.column for each in error.value.problems] == ["items", "items"]
    with pytest.raises(DataError, match="basis"):
        published(1, [{"id": "food", "name": "示例", "basis": ""}], 0)
    with pytest.raises(DataError, match="3 problems"):
        ItemList("state", "省局", 0, [], " ", START)


def test_lists_that_do_not_follow_each_other():
    for above in (
        (FIRST, FIRST),
        (FIRST, THIRD),
        (FIRST, published(2, [], -1)),
        (published(1, [], 0, level="county"),),
    ):
        with pytest.raises(DataError):
            county(above=above)
    with pytest.raises(DataError, match="is no level"):
        OfficeItems("town", "x", ())
    city = published(1, [item("food")], 0, office="市局", level="city")
    assert county(above=(FIRST, city)).unclaimed(day(0))[0] == ("市局", "food")
    with pytest.raises(DataError, match="is not above city"):
        OfficeItems("city", "x", (city,))


def test_changes_that_cannot_be_made_are_named_all_at_once():
    city = published(1, [item("food")], 0, office="市局", level="city")
    wrong = [
        (claim("water", 1), "is not in that version"),
        (claim("food", 1, 9), "is of no list above on that day"),
        (claim("fire", 2, 2), "is of no list above on that day"),
        (Drop(item="food", **on(2)), "is not in the office's list then"),
        (claim("food", 3), None),
        (claim("food", 4, office="市局"), "drop the item first"),
        (Retention(item="food", basis="示例条例", **on(5)), "is kept"),
        (Adjustment(item="fire", department="x", **on(5)), "claim it first"),
        (OwnChange(item="food", **on(5)), "is changed by a OwnChange"),
        (Drop(item="food", **on(4)), "is before 2026-01-06"),
    ]
    with pytest.raises(DataError) as error:
        county(*(change for change, _ in wrong), above=(*ABOVE, city))
    rows = [each.row for each in error.value.problems]
    assert rows == [row for row, (_, reason) in enumerate(wrong) if reason]
    for problem in error.value.problems:
        assert wrong[problem.row][1] in str(problem)
    with pytest.raises(DataError, match="is not adjusted"):
        Adjustment(item="food", **on(1))


# --- caps --------------------------------------------------------------------------------------

CATALOG = rc.ItemCatalog.from_records([item("food", category="key"), item("pricing"), item("fire")])


def task(sampler, *items, name="T"):
    return rc.Task(id=name, items=items, sampler=sampler, as_of=START)


def by_class(low, high, **more):
    rates = {"A": low, "B": low, "C": high, "D": high}
    return rc.RiskStratifiedSampler(rates=rates, unclassified="B", **more)


@given(st.fractions(0, 1), st.fractions(0, 1))
def test_a_task_breaks_a_cap_when_its_rate_is_higher(rate, cap):
    assert cap_of(CATALOG["food"], cap) is None
    assert cap_of(CATALOG["pricing"], cap) == cap
    (check,) = check_caps([task(rc.UniformSampler(rate=rate), "food", "pricing")], CATALOG, cap)
    assert check == CapCheck("T", "pricing", cap, rate, rate)
    assert check.status == ("broken" if rate > cap else "kept")


@pytest.mark.parametrize(
    ("sampler", "status"),
    [
        (by_class("1%", "5%"), "kept"),
        (by_class("1%", "6%"), "unknown"),
        (by_class("6%", "7%"), "broken"),
        (by_class("1%", "6%", general_cap="5%"), "kept"),
        (by_class("1%", "5%", overall="3%"), "unknown"),
        (by_class("6%", "7%", exempt=("A",)), "unknown"),
        (rc.RiskStratifiedSampler(total=7), "unknown"),
        (rc.UniformSampler(count=7), "unknown"),
    ],
)
def test_what_a_sampler_states(sampler, status):
    (check,) = check_caps([task(sampler, "pricing")], CATALOG, "5%")
    assert check.status == status


def test_what_is_known_of_a_task_counts_more():
    tasks = [task(rc.UniformSampler(count=7), "food", "pricing", "fire", name=n) for n in "TS"]
    known = {("T", "pricing"): Fraction(1, 10), ("S", "fire"): "5%"}
    checks = check_caps(tasks, CATALOG, "5%", ratios=known)
    assert [(each.task, each.item, each.status) for each in checks] == [
        ("T", "pricing", "broken"),
        ("T", "fire", "unknown"),
        ("S", "pricing", "unknown"),
        ("S", "fire", "kept"),
    ]
    assert stated_rates(object()) == (None, None)
    with pytest.raises(RateError):
        check_caps(tasks, CATALOG, 0.05)
