"""Each rule bars exactly the pairs that its definition names, and every reason is kept."""

from datetime import date, timedelta

import attrs
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import randcheck as rc
from randcheck import strategy
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.exclusions import months_before
from randcheck.matching.conflicts import (
    CONFLICT_RULES,
    DEFAULT_RULES,
    Barred,
    DeclaredRelation,
    FinancialInterest,
    FormerEmployer,
    Kinship,
    NamedExclusion,
    OwnerRelation,
    Rotation,
    SameStreet,
    barred,
)
from randcheck.matching.visits import Need, Visits, owners_of

AS_OF = date(2024, 2, 29)
SUBJECTS = [f"s{number}" for number in range(6)]
PEOPLE = [f"p{number}" for number in range(5)]
STREETS = [None, "east", "west"]

# --- random worlds -----------------------------------------------------------------------------

near = st.one_of(
    st.dates(date(2020, 1, 1), date(2027, 1, 1)),
    st.sampled_from([0, 1, 12, 36]).flatmap(
        lambda months: st.sampled_from((-1, 0, 1)).map(
            lambda days: months_before(AS_OF, months) + timedelta(days)
        )
    ),
)
some_subjects = st.lists(st.sampled_from(SUBJECTS), max_size=2)
owners = st.dictionaries(st.sampled_from(SUBJECTS), st.sampled_from(SUBJECTS), max_size=6)


@st.composite
def inspector(draw, name):
    return rc.Inspector(
        name,
        "made up",
        "d",
        certificate="c",
        certificate_expires=date(2030, 1, 1),
        conflicts=draw(some_subjects),
        kin=draw(some_subjects),
        interests=draw(some_subjects),
        employers=draw(st.dictionaries(st.sampled_from(SUBJECTS), near, max_size=2)),
        street=draw(st.sampled_from(STREETS)),
    )


@st.composite
def world(draw):
    people = [draw(inspector(name)) for name in draw(st.sets(st.sampled_from(PEOPLE)))]
    owner = draw(owners)
    needs = [
        Need(
            rc.Subject(name, "made up", region="r", street=draw(st.sampled_from(STREETS))),
            owners=owners_of(name, owner),
        )
        for name in draw(st.sets(st.sampled_from(SUBJECTS)))
    ]
    past = [
        rc.PastDraw(subject, day, task, team=team)
        for (subject, day, task), team in draw(
            st.dictionaries(
                st.tuples(st.sampled_from(SUBJECTS), near, st.sampled_from("TU")),
                st.lists(st.sampled_from([*PEOPLE, "retired"]), max_size=2),
                max_size=8,
            )
        ).items()
    ]
    return people, needs, past


def built(people, needs, past):
    visits = Visits(needs, AS_OF, rc.History.from_records(past))
    return visits, rc.InspectorRegistry.from_records(people)


# --- the definitions, word for word ------------------------------------------------------------


def years_later(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def declared(need, person, past):
    return need.subject.id in person.conflicts


def through_owner(need, person, past):
    return bool(set(need.owners) & {*person.conflicts, *person.kin, *person.interests})


def related(need, person, past):
    return need.subject.id in person.kin


def invested(need, person, past):
    return need.subject.id in person.interests


def employed(years):
    return lambda need, person, past: any(
        years_later(ended, years) > AS_OF or ended >= AS_OF
        for employer, ended in person.employers.items()
        if employer in (need.subject.id, *need.owners)
    )


def went_last(need, person, past):
    known = [one for one in past if one.subject == need.subject.id and one.team]
    last = max((one.drawn_on for one in known), default=None)
    return any(person.id in one.team for one in known if one.drawn_on == last)


def went_within(months):
    return lambda need, person, past: any(
        one.subject == need.subject.id
        and person.id in one.team
        and one.drawn_on > months_before(AS_OF, months)
        for one in past
    )


def neighbours(need, person, past):
    return person.street is not None and need.subject.street == person.street


DEFINITIONS = [
    (DeclaredRelation(), declared),
    (OwnerRelation(), through_owner),
    (Kinship(), related),
    (FormerEmployer(), employed(3)),
    (FormerEmployer(years=1), employed(1)),
    (FinancialInterest(), invested),
    (Rotation(), went_last),
    (Rotation(months=12), went_within(12)),
    (Rotation(months=1), went_within(1)),
    (SameStreet(), neighbours),
]


def naive(definition, visits, inspectors, past):
    return {
        (row, position)
        for row, need in enumerate(visits)
        for position, person in enumerate(inspectors)
        if definition(need, person, past)
    }


def pairs_of(rule, visits, inspectors):
    rows, people = rule.bars(visits, inspectors)
    assert rows.dtype == people.dtype == np.int64
    return set(zip(rows.tolist(), people.tolist(), strict=True))


# --- properties --------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "definition"), DEFINITIONS, ids=lambda value: repr(value)[:30])
@given(given_world=world())
@example(given_world=([], [], []))
def test_a_rule_bars_what_its_definition_says(rule, definition, given_world):
    visits, inspectors = built(*given_world)
    found = pairs_of(rule, visits, inspectors)
    assert found == naive(definition, visits, inspectors, given_world[2])


CHOSEN = [DEFINITIONS[place] for place in (0, 1, 2, 3, 5, 6, 9)]


@given(world(), st.permutations(CHOSEN))
def test_all_reasons_of_a_pair_are_kept_in_the_order_of_rules(given_world, chosen):
    visits, inspectors = built(*given_world)
    found = barred([rule for rule, _ in chosen], visits, inspectors)
    bars = [(rule.name, naive(d, visits, inspectors, given_world[2])) for rule, d in chosen]
    every = sorted(set().union(*(pairs for _, pairs in bars)))
    assert list(zip(found.visits.tolist(), found.inspectors.tolist(), strict=True)) == every
    assert len(found) == len(every)
    for row in range(len(visits)):
        own = slice(found.starts[row], found.starts[row + 1])
        assert found.inspectors[own].tolist() == [person for visit, person in every if visit == row]
        expected = {name: sum(pair[0] == row for pair in pairs) for name, pairs in bars}
        assert found.counts(row) == {name: count for name, count in expected.items() if count}
        for person in range(len(inspectors)):
            reasons = tuple(name for name, pairs in bars if (row, person) in pairs)
            assert found.reasons(row, person) == reasons
    assert len(found.starts) == len(visits) + 1


@given(world(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(given_world, random):
    rules = [rule for rule, _ in CHOSEN]
    once = barred(rules, *built(*given_world))
    shuffled = [random.sample(rows, len(rows)) for rows in given_world]
    again = barred(rules, *built(*shuffled))
    for one, other in zip(attrs.astuple(once), attrs.astuple(again), strict=True):
        assert repr(one) == repr(other)


# --- single cases ------------------------------------------------------------------------------


def person(name="p", **changes):
    given_ = {"certificate": "c", "certificate_expires": date(2030, 1, 1)}
    return rc.Inspector(name, "made up", "d", **(given_ | changes))


def need(name="s", **changes):
    return Need(rc.Subject(name, "made up", region="r"), **changes)


def registry(*people):
    return rc.InspectorRegistry.from_records(people)


@pytest.mark.parametrize(
    ("ended", "as_of", "barred_then"),
    [
        (date(2021, 7, 1), date(2024, 6, 30), True),
        (date(2021, 7, 1), date(2024, 7, 1), False),
        (date(2020, 2, 29), date(2023, 2, 27), True),
        (date(2020, 2, 29), date(2023, 2, 28), False),
        (date(2030, 1, 1), date(2024, 7, 1), True),
        (date(9999, 12, 31), date(2024, 7, 1), True),
    ],
)
def test_when_a_former_employer_is_no_reason_any_more(ended, as_of, barred_then):
    inspectors = registry(person(employers={"s": ended}))
    assert len(barred([FormerEmployer()], Visits([need()], as_of), inspectors)) == barred_then


def test_an_owner_bars_all_that_it_owns():
    needs = [need("s"), need("lift", owners=("s",)), need("part", owners=("lift", "s"))]
    visits = Visits(needs, AS_OF)
    inspectors = registry(person(conflicts=("s",), employers={"s": AS_OF}))
    found = barred(DEFAULT_RULES, visits, inspectors)
    reasons = {name: found.reasons(row, 0) for row, name in enumerate(visits.ids)}
    assert reasons == {
        "s": ("declared-relation", "former-employer"),
        "lift": ("owner-relation", "former-employer"),
        "part": ("owner-relation", "former-employer"),
    }


def test_named_exclusions():
    visits = Visits([need("s"), need("t")], AS_OF)
    inspectors = registry(person("p"), person("q"))
    rules = [
        NamedExclusion("q", "s", "letter 7"),
        NamedExclusion("q", "s", "letter 8"),
        NamedExclusion("p", "t", "letter 9"),
        NamedExclusion("p", "elsewhere", "letter 10"),
    ]
    found = barred(rules, visits, inspectors)
    assert (found.visits.tolist(), found.inspectors.tolist()) == ([0, 1], [1, 0])
    assert found.reasons(0, 1) == ("named-exclusion",)
    assert found.counts(1) == {"named-exclusion": 1}
    with pytest.raises(UnknownNameError, match="nobody"):
        barred([NamedExclusion("nobody", "s", "letter 7")], visits, inspectors)


def test_rotation_needs_a_history():
    with pytest.raises(ParameterError, match="history = None cannot answer the rule 'rotation'"):
        barred([Rotation()], Visits([need()], AS_OF), registry(person()))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: FormerEmployer(years=0), "FormerEmployer.years"),
        (lambda: FormerEmployer(years=1.5), "FormerEmployer.years"),
        (lambda: FormerEmployer(years=True), "FormerEmployer.years"),
        (lambda: Rotation(months=0), "Rotation.months"),
        (lambda: NamedExclusion("p", "s", " "), "NamedExclusion.evidence"),
        (lambda: NamedExclusion(5, "s", "x"), "NamedExclusion.inspector"),
    ],
)
def test_bad_parameters(make, name):
    with pytest.raises(ParameterError) as caught:
        make()
    assert caught.value.name == name


OURS = [*(rule for rule, _ in DEFINITIONS), NamedExclusion("p", "s", "letter 7")]


@pytest.mark.parametrize("rule", OURS, ids=repr)
def test_our_rules_are_data(rule):
    assert strategy.rebuild(strategy.describe(rule), CONFLICT_RULES) == rule
    assert type(rule) is CONFLICT_RULES[rule.name]
    assert hash(rule) == hash(attrs.evolve(rule))


# --- strangers ---------------------------------------------------------------------------------


class Stranger:
    name = "same-initial"

    def __init__(self, pairs=None):
        self.pairs = pairs

    def bars(self, visits, inspectors):
        if self.pairs is not None:
            return self.pairs
        initials = np.array([name[0] for name in inspectors.ids])
        rows, people = np.nonzero(np.array([name[0] for name in visits.ids])[:, None] == initials)
        return rows, people


VISITS = Visits([need("a1"), need("b1")], AS_OF)
INSPECTORS = registry(person("a2"), person("b2"), person("c2", kin=("a1",)))


def test_a_rule_of_ones_own():
    found = barred([Stranger(), *DEFAULT_RULES], VISITS, INSPECTORS)
    assert (found.visits.tolist(), found.inspectors.tolist()) == ([0, 0, 1], [0, 2, 1])
    assert [found.reasons(0, person) for person in range(3)] == [
        ("same-initial",),
        (),
        ("kinship",),
    ]
    assert repr(found) == "<Barred of 3 pairs>"


@pytest.mark.parametrize(
    "pairs", [([], []), (np.array([0, 0]), np.array([1, 1])), [[0], (1,)], np.array([[0], [1]])]
)
def test_forms_of_pairs_that_are_fine(pairs):
    found = barred([Stranger(pairs)], VISITS, INSPECTORS)
    assert found.inspectors.tolist() == ([1] if len(pairs[0]) else [])
    assert found.visits.dtype == found.inspectors.dtype == found.starts.dtype == np.int64


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (([2], [0]), "hold a position that none of the 2 visits has"),
        (([-1], [0]), "hold a position that none of the 2 visits has"),
        (([0], [3]), "hold a position that none of the 3 inspectors has"),
        (([0], [-1]), "hold a position that none of the 3 inspectors has"),
        ((np.array([2**64 - 1], dtype=np.uint64), [0]), "hold a position"),
        (([0, 1], [0]), "have different lengths"),
        (([0.0], [0]), "are no positions of visits"),
        (([0], [True]), "are no positions of inspectors"),
        (([0], ["0"]), "are no positions of inspectors"),
        (([[0]], [0]), "are no positions of visits"),
        ((0, 0), "are no positions of visits"),
        ((), "are no two arrays"),
        (5, "are no two arrays"),
        (([[0], [0, 1]], [0]), "are no two arrays"),
    ],
)
def test_pairs_that_are_none(pairs, reason):
    with pytest.raises(ParameterError, match="'same-initial'") as caught:
        barred([Stranger(pairs)], VISITS, INSPECTORS)
    assert reason in caught.value.reason


class Nameless:
    def bars(self, visits, inspectors):
        return [], []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([Nameless()], "Nameless.* is no rule"),
        ([Kinship], "Kinship.* is no rule"),
        ([type("Empty", (Nameless,), {"name": ""})()], "Empty.* is no rule"),
        ([type("Odd", (Nameless,), {"name": 5})()], "Odd.* is no rule"),
        ([type("NoMethod", (), {"name": "x"})()], "NoMethod.* is no rule"),
        ([Kinship(), Kinship()], "'kinship', which another"),
        ([FormerEmployer(), FormerEmployer(years=5)], "'former-employer', which another"),
        ([Kinship(), type("Other", (Nameless,), {"name": "kinship"})()], "'kinship', which"),
        ([NamedExclusion("a2", "a1", "x")] * 2, "'named-exclusion', which another"),
    ],
)
def test_rules_that_are_none_or_share_a_name(rules, words):
    with pytest.raises(ParameterError, match=words):
        barred(rules, VISITS, INSPECTORS)


def test_positions_that_do_not_exist():
    found = barred(DEFAULT_RULES, VISITS, INSPECTORS)
    for ask in (
        lambda: found.reasons(2, 0),
        lambda: found.reasons(0, 3),
        lambda: found.reasons(0, -1),
        lambda: found.counts(2),
    ):
        with pytest.raises(ParameterError, match="is no position"):
            ask()


def test_nothing_to_bar():
    for visits, inspectors in ((Visits([], AS_OF), INSPECTORS), (VISITS, registry())):
        found = barred(DEFAULT_RULES, visits, inspectors)
        assert isinstance(found, Barred)
        assert len(found) == 0
        assert found.starts.tolist() == [0] * (len(visits) + 1)
    assert len(barred([], VISITS, INSPECTORS)) == 0


def test_what_is_found_cannot_be_changed():
    found = barred(DEFAULT_RULES, VISITS, INSPECTORS)
    for array in (found.visits, found.inspectors, found.starts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
