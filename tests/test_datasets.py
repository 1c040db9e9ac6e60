"""The made-up city: the same everywhere, valid throughout, and of a realistic shape.

Shares are those of one fixed seed; their bounds are at least four standard errors wide.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from itertools import combinations

import pytest

from randcheck.datasets import AS_OF, CITY_CODE, City, city
from randcheck.models import Item, Scope, Subject

FIRMS = {"enterprise": "91", "individual business": "92", "cooperative": "93"}
SIZE = 20_000


@pytest.fixture(scope="module")
def made() -> City:
    return city(subjects=SIZE, inspectors=240, seed=0)


@pytest.fixture(scope="module")
def subjects(made: City) -> list[Subject]:
    return list(made.subjects)


@pytest.fixture(scope="module")
def firms(subjects: list[Subject]) -> list[Subject]:
    return [subject for subject in subjects if subject.kind in FIRMS]


def in_scope(subject: Subject, scope: Scope) -> bool:
    """A `Scope`'s meaning, for the properties that the catalogue uses."""
    return (
        (scope.kinds is None or subject.kind in scope.kinds)
        and (scope.tags is None or not set(scope.tags).isdisjoint(subject.tags))
        and (scope.statuses is None or subject.status in scope.statuses)
    )


def organisation_check(body: str) -> str:
    """GB 11714: C9 = 11 - Σ C_i · W_i modulo 11, X for 10 and 0 for 11."""
    total = sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0123456789X0"[11 - total % 11]


def credit_check(body: str) -> str:
    """GB 32100-2015, annex A, with the weights of its table."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    rest = sum(alphabet.index(c) * w for c, w in zip(body, weights, strict=True)) % 31
    return alphabet[(31 - rest) % 31]


def test_the_checks_of_this_module_know_a_published_code() -> None:
    # a made-up number that the standard's text is often explained with: 91350100M000100Y43
    assert organisation_check("M000100Y") == "4"
    assert credit_check("91350100M000100Y4") == "3"


# --- the same everywhere -----------------------------------------------------------------------


def test_equal_arguments_make_equal_cities() -> None:
    assert city(500, 12, seed=3) == city(500, 12, seed=3)


@pytest.mark.parametrize("other", [{"seed": 4}, {"subjects": 501}, {"inspectors": 13}])
def test_other_arguments_make_another_city(other: dict[str, int]) -> None:
    arguments = {"subjects": 500, "inspectors": 12, "seed": 3}
    assert city(**arguments) != city(**arguments | other)


def test_every_part_but_the_catalog_depends_on_the_seed() -> None:
    one, two = city(500, 12, seed=3), city(500, 12, seed=4)
    assert one.catalog == two.catalog
    assert one.subjects != two.subjects
    assert one.inspectors != two.inspectors
    assert one.history != two.history


def test_a_city_is_the_same_on_every_platform_and_numpy() -> None:
    """A golden value: it changes only when somebody means to change the city."""
    made = city(1000, 20, seed=7)
    text = "\n".join(table.digest for table in (made.subjects, made.inspectors, made.history))
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN


GOLDEN = "d2f1cdd3aa1557d40d62962d139dff91e4188bfb92324fe1d81de19af01247d0"


# --- sizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 10, 24, 25, 100, 999])
@pytest.mark.parametrize("staff", [1, 2, 3, 41])
def test_small_cities_have_the_sizes_asked_for(size: int, staff: int) -> None:
    small = city(size, staff, seed=size)
    assert (len(small.subjects), len(small.inspectors)) == (size, staff)
    assert Counter(small.subjects.column("kind"))["attached object"] == size * 4 // 100


@pytest.mark.parametrize("name", ["subjects", "inspectors", "seed"])
@pytest.mark.parametrize("value", [-1, True, 2.0, "3", None, 0])
def test_bad_arguments_are_named(name: str, value: object) -> None:
    if (name, value) == ("seed", 0):
        return
    with pytest.raises(ValueError, match=f"{name} = .* give an int from"):
        city(**{"subjects": 5, "inspectors": 2, "seed": 0, name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("subjects", 10_000_001), ("inspectors", 100_000)])
def test_too_large_a_city_is_refused_before_any_work(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        city(**{name: value})


def test_a_large_seed_is_a_seed() -> None:
    assert city(10, 2, seed=2**200) != city(10, 2, seed=2**200 + 1)


# --- ids and names -----------------------------------------------------------------------------


def test_every_firm_has_a_valid_code_of_the_made_up_region(firms: list[Subject]) -> None:
    for firm in firms:
        code = firm.id
        assert firm.credit_code == code
        assert re.fullmatch(r"9[123]9901[0-9]{2}(MA[0-9A-Z]{6}|[0-9]{8})[0-9X][0-9A-Y]", code)
        assert code[:2] == FIRMS[firm.kind]
        assert code[2:8] in (firm.region, CITY_CODE)
        assert organisation_check(code[8:16]) == code[16]
        assert credit_check(code[:17]) == code[17]


@pytest.mark.parametrize("seed", range(3))
def test_ids_and_organisation_codes_are_unique(seed: int) -> None:
    ids = city(50_000, 2, seed).subjects.ids.tolist()
    assert len(set(ids)) == 50_000
    organisations = [code[8:16] for code in ids if code.startswith("9")]
    assert len(set(organisations)) == len(organisations)


def test_ids_are_plain_text_and_none_looks_like_another(made: City) -> None:
    for fact_id in [*made.subjects.ids, *made.inspectors.ids]:
        assert unicodedata.normalize("NFKC", fact_id) == fact_id == fact_id.strip()
        assert fact_id.isprintable()
    assert made.subjects.suspects == made.inspectors.suspects == ()


def test_codes_have_the_shape_of_a_register(firms: list[Subject]) -> None:
    by_city = sum(firm.id[2:8] == CITY_CODE for firm in firms) / len(firms)
    assert by_city == pytest.approx(0.15, abs=0.015)
    enterprises = [firm.id for firm in firms if firm.kind == "enterprise"]
    lettered = sum(code[8:10] == "MA" for code in enterprises) / len(enterprises)
    assert lettered == pytest.approx(0.09, abs=0.015)
    assert all(firm.id[8:10] == "MA" for firm in firms if firm.kind == "individual business")


def test_every_name_is_visibly_made_up(made: City, subjects: list[Subject]) -> None:
    for subject in subjects:
        if subject.kind == "natural person":
            assert re.fullmatch(r"p-[0-9a-f]{32}", subject.id)
            assert subject.name == f"自然人 {subject.id[:6]}…"
        else:
            assert "示例" in subject.name
    firms = [subject.name for subject in subjects if subject.kind in FIRMS]
    assert len(set(firms)) == len(firms)
    assert sum(map(len, firms)) / len(firms) == pytest.approx(16, abs=1.5)
    assert all(name.startswith("示例检查员") for name in made.inspectors.column("name"))


# --- the shape of the subjects -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "shares"),
    [
        ("risk_class", {"A": 0.40, "B": 0.48, "C": 0.08, "D": 0.02, None: 0.02}),
        ("status", {"active": 0.93, "suspended": 0.015, "revoked": 0.025, "cancelled": 0.03}),
        (
            "kind",
            {
                "enterprise": 0.59,
                "individual business": 0.35,
                "cooperative": 0.012,
                "attached object": 0.04,
                "natural person": 0.006,
                "other": 0.004,
            },
        ),
    ],
)
def test_shares(made: City, column: str, shares: dict[str | None, float]) -> None:
    counted = Counter(made.subjects.column(column))
    assert counted.keys() == shares.keys()
    for value, share in shares.items():
        bound = 4 * (share * (1 - share) / SIZE) ** 0.5 + 0.004
        assert counted[value] / SIZE == pytest.approx(share, abs=bound), value


def test_every_county_has_subjects_and_no_other_region_has(made: City) -> None:
    counted = Counter(made.subjects.column("region"))
    assert counted.keys() == set(made.regions)
    assert CITY_CODE not in made.regions
    assert all(code.startswith("9901") for code in made.regions)
    assert max(counted.values()) / SIZE == pytest.approx(0.19, abs=0.015)
    assert min(counted.values()) / SIZE == pytest.approx(0.04, abs=0.01)


def test_items_overlap_in_firms_as_in_a_real_register(firms: list[Subject]) -> None:
    items = Counter(min(1 + len(firm.tags), 5) for firm in firms)
    shape = {1: 0.33, 2: 0.44, 3: 0.16, 4: 0.05, 5: 0.02}
    assert {count: round(items[count] / len(firms), 3) for count in sorted(items)} == {
        count: pytest.approx(share, abs=0.015) for count, share in shape.items()
    }


def test_industries_go_with_the_topics(subjects: list[Subject], firms: list[Subject]) -> None:
    topics = {"C": "product-quality", "F5251": "medicine", "F521": "pricing", "H62": "catering"}
    for firm in firms:
        assert re.fullmatch(r"[A-T][0-9]{4}", firm.industry or "")
        for start, topic in topics.items():
            if (firm.industry or "").startswith(start):
                assert topic in firm.tags, firm
    for subject in subjects:
        if subject.kind in ("attached object", "natural person"):
            assert subject.industry is None


def test_attached_objects_belong_to_firms_of_their_region(
    made: City, subjects: list[Subject]
) -> None:
    owned = 0
    for subject in subjects:
        if subject.kind != "attached object":
            assert subject.owner is None
            continue
        owner = made.subjects[subject.owner or ""]
        assert owner.kind in FIRMS
        assert owner.region == subject.region
        assert owner.risk_class == subject.risk_class
        assert "special-equipment" in owner.tags
        assert re.fullmatch(rf"\w+-{subject.region}-[0-9]{{6}}", subject.id)
        owned += 1
    assert owned == SIZE * 4 // 100


def test_owners_are_in_the_region_where_no_firm_has_special_equipment() -> None:
    for seed in range(20):
        small = city(25, 2, seed)
        (attached,) = [s for s in small.subjects if s.kind == "attached object"]
        assert small.subjects[attached.owner or ""].region == attached.region


# --- the items ---------------------------------------------------------------------------------

ELIGIBLE = {
    "food": 0.105,
    "catering": 0.037,
    "special-equipment": 0.073,
    "medicine": 0.034,
    "advertising": 0.057,
    "metrology": 0.032,
    "product-quality": 0.295,
    "pricing": 0.23,
    "online-trade": 0.049,
    "disclosure": 0.884,
}


def test_each_item_applies_to_its_share_of_the_subjects(
    made: City, subjects: list[Subject]
) -> None:
    assert set(made.catalog.ids) == set(ELIGIBLE)
    for item in made.catalog:
        share = sum(in_scope(subject, item.applies_to) for subject in subjects) / SIZE
        assert share == pytest.approx(ELIGIBLE[item.id], abs=0.015), item.id


def test_special_equipment_covers_all_active_attached_objects(
    made: City, subjects: list[Subject]
) -> None:
    scope = made.catalog["special-equipment"].applies_to
    for subject in subjects:
        if subject.kind == "attached object":
            assert in_scope(subject, scope) == (subject.status == "active")


def test_items_cite_a_law_and_some_need_a_specialty(made: City) -> None:
    items: list[Item] = list(made.catalog)
    assert all(re.search("《.+(法|条例)》", item.basis) and item.department for item in items)
    assert {item.id: item.specialties for item in items if item.specialties} == {
        "food": ("food",),
        "catering": ("food",),
        "special-equipment": ("special equipment",),
        "medicine": ("medicine",),
        "metrology": ("metrology",),
    }
    key = {"food", "catering", "special-equipment", "medicine"}
    assert {item.id for item in items if item.category == "key"} == key


# --- the inspectors ----------------------------------------------------------------------------


def test_inspectors_have_the_shape_of_a_staff(made: City) -> None:
    staff = list(made.inspectors)
    assert sum(not one.regions for one in staff) == 72
    assert sum(one.certificate_expires < AS_OF for one in staff) == 6
    assert all(abs(one.certificate_expires - AS_OF) < timedelta(days=4 * 366) for one in staff)
    assert sum(bool(one.conflicts) for one in staff) == 36
    assert sum("food" in one.specialties for one in staff) / 240 == pytest.approx(0.9, abs=0.08)
    assert sum(len(one.specialties) > 3 for one in staff) == 12
    limits = {one.capacity for one in staff} - {None}
    assert limits <= set(range(60, 121))
    assert len({one.certificate for one in staff}) == 240


def test_conflicts_name_subjects_that_exist(made: City) -> None:
    known = set(made.subjects.ids)
    for one in made.inspectors:
        assert known.issuperset(one.conflicts)
        assert len(one.conflicts) <= 4


def test_local_inspectors_are_spread_by_workload(made: City) -> None:
    homes = Counter(one.department for one in made.inspectors if one.regions)
    counted = Counter(made.subjects.column("region"))
    for code, name in made.regions.items():
        expected = 168 * counted[code] / SIZE
        assert homes[f"{name}市场监督管理局"] == pytest.approx(expected, abs=4)


@pytest.mark.parametrize("staff", [2, 10, 240])
def test_a_team_of_two_can_be_found_for_every_visit(staff: int) -> None:
    made = city(2000, staff, seed=1)
    able = [one for one in made.inspectors if one.certificate_expires >= AS_OF]
    needs = {item.id: set(item.specialties) for item in made.catalog}
    visits = {(s.region, s.tags) for s in made.subjects}
    for region, tags in visits:
        need = set().union(*(needs.get(tag, set()) for tag in tags))
        local = {
            one.specialties for one in able if not one.regions or region.startswith(one.regions)
        }
        pairs = [*combinations(local, 2), *((own, own) for own in local)]
        assert any(need <= {*one, *two} for one, two in pairs), (region, tags)


# --- the history -------------------------------------------------------------------------------


def test_past_draws_are_of_firms_in_the_last_eighteen_months(made: City) -> None:
    drawn = list(made.history)
    times = Counter(draw.subject for draw in drawn)
    assert len(times) == SIZE * 95 // 100 * 5 // 100
    assert set(times.values()) == {1, 2}
    words = {"disclosure": "公示信息", "food": "食品", "pricing": "价格"}
    for draw in drawn:
        firm = made.subjects[draw.subject]
        assert firm.kind in FIRMS
        assert date(2025, 1, 1) <= draw.drawn_on < AS_OF
        month, word = draw.task.rsplit("-", 1)
        assert month == f"{draw.drawn_on:%Y-%m}"
        for item in ("food", "pricing"):
            assert word != words[item] or item in firm.tags
