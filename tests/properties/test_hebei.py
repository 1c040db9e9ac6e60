"""Joint draws on a real register of 40,487 firms, whose licence keeps it out of the project.

The tests look for it beside the project and are skipped where it is absent.
"""

import csv
import gzip
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import randcheck as rc
from randcheck import tickets
from worlds import AS_OF

REGISTER = Path(__file__).parents[3] / "shared" / "data" / "hebei-enterprises.csv.gz"
needs_register = pytest.mark.skipif(not REGISTER.exists(), reason=f"{REGISTER} is not there")

#: Items told from the words of a firm's business scope.
WORDS = {
    "food": "食品|粮|糕点|饮料|酒",
    "catering": "餐饮|餐馆|饭店|小吃",
    "special-equipment": "电梯|锅炉|压力容器|起重|特种设备|气瓶|叉车",
    "medicine": "药|医疗器械",
    "advertising": "广告",
    "metrology": "计量|衡器|加油|仪器|仪表",
    "product-quality": "制造|生产|加工",
    "pricing": "零售|物业|停车|超市|商店|住宿",
    "online-trade": "网上|互联网|电子商务|网络",
    "disclosure": "",
}
SEEDS = 50

#: A rate of its own for each item, 3 to 10 %.
ALONE = {item: f"{n}%" for item, n in zip(WORDS, (10, 9, 8, 7, 6, 5, 4.5, 4, 3.5, 3), strict=True)}


@cache
def world():
    with gzip.open(REGISTER, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tags = [
        tuple(item for item, words in WORDS.items() if re.search(words, row["business_scope"]))
        for row in rows
    ]
    dice = np.random.PCG64(7).random_raw(len(rows)).tolist()  # the register has no risk classes
    subjects = rc.SubjectRegistry.from_columns(
        {
            "id": [row["uscc"] for row in rows],
            "credit_code": [row["uscc"] for row in rows],
            "name": [row["name"] for row in rows],
            "region": [row["city"] for row in rows],
            "risk_class": ["AAAABBBBCD"[value % 10] for value in dice],
            "tags": tags,
        }
    )
    catalog = rc.ItemCatalog.from_records(
        rc.Item(item, item, "a law", applies_to=rc.Scope(tags=(item,))) for item in WORDS
    )
    return subjects, catalog


def by_class(item):
    """The item's own rate for class A, raised by class up to 10 %."""
    own = float(ALONE[item][:-1])
    factors = (1, 1.1, 1.3, 2)
    rates = {
        name: f"{min(10, round(own * by, 2))}%" for name, by in zip("ABCD", factors, strict=True)
    }
    return rc.RiskStratifiedSampler(rates=rates)


def design_of(samplers):
    subjects, catalog = world()
    task = rc.Task(id="H", items=tuple(WORDS), as_of=AS_OF, sampler=rc.JointItemSampler(samplers))
    return task.sampler.design(rc.build_frame(task, subjects=subjects, catalog=catalog))


def visits(design, seed, *, shared=True):
    """The number of distinct subjects drawn; `shared=False`: each item with tickets of its own."""
    patterns = [sorted(set(row) - {-1}) for row in design.patterns.tolist()]
    sizes, takes = [c.size for c in design.cells], [c.take for c in design.cells]
    drawn = set()
    for item in ["all"] if shared else design.items:
        purpose = tickets.purpose_seed(f"{seed:064x}", "subjects" if shared else f"item {item}")
        counts = [
            take if shared or cell.items == (item,) else 0
            for take, cell in zip(takes, design.cells, strict=True)
        ]
        found = tickets.lowest(purpose, design.ids, patterns, design.pattern_of, sizes, counts)
        drawn |= {position for lowest in found for _, position in lowest}
    return len(drawn)


@needs_register
def test_every_code_of_the_register_passes():
    assert len(world()[0]) == 40_487


@needs_register
@pytest.mark.parametrize(
    "samplers",
    [
        {item: rc.UniformSampler(rate=rate) for item, rate in ALONE.items()},
        {item: by_class(item) for item in WORDS},
    ],
    ids=["alone", "by class"],
)
def test_visits_are_within_one_percent_of_the_least_possible(samplers):
    """Where the items' rates differ; separate draws need 1.3 to 1.9 times the bound."""
    design = design_of(samplers)
    bound = float(design.visit_bound)
    mean = sum(visits(design, seed) for seed in range(SEEDS)) / SEEDS
    apart = sum(visits(design, seed, shared=False) for seed in range(5)) / 5
    print(f"bound {bound:.1f}, shared {mean:.1f} ({mean / bound:.4f}), apart {apart / bound:.2f}")
    assert bound * 0.995 <= mean <= bound * 1.01
    assert 1.3 <= apart / bound <= 1.9
    estimate, error = design.expected_visits(draws=100)
    assert abs(estimate - mean) <= 5 * error + 5


@needs_register
def test_where_rates_are_equal_the_rule_itself_gives_more():
    """Equal rates: each item's last ticket falls elsewhere by chance, so some visits split."""
    figures = {}
    for name, sampler in {
        "all 5 %": rc.UniformSampler(rate="5%"),
        "equal by class": rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "5%")),
        "class and city": rc.RiskStratifiedSampler(
            rates=dict.fromkeys("ABCD", "5%"), strata=("region",)
        ),
    }.items():
        design = design_of(dict.fromkeys(WORDS, sampler))
        mean = sum(visits(design, seed) for seed in range(10)) / 10
        figures[name] = mean / float(design.visit_bound)
    print({name: f"{100 * (value - 1):.1f} %" for name, value in figures.items()})
    assert 1.005 < figures["all 5 %"] < figures["equal by class"] < figures["class and city"] < 1.15


EQUAL = {
    "all 5 %": rc.UniformSampler(rate="5%"),
    "equal by class": rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "5%")),
    "class and city": rc.RiskStratifiedSampler(
        rates=dict.fromkeys("ABCD", "5%"), strata=("region",)
    ),
    "3 to 100 % by class": rc.RiskStratifiedSampler(
        rates={"A": "3%", "B": "5%", "C": "10%", "D": "100%"}
    ),
}


@needs_register
@pytest.mark.parametrize("rates", EQUAL)
def test_merged_cells_on_equal_rates_are_within_one_percent_of_the_bound(rates):
    """Of the bound of the items' own designs, that is, before anything was merged.

    Every item's count in each of its own cells is kept, whatever the dice, and the visits are as
    many in every draw.
    """
    subjects, catalog = world()
    samplers = dict.fromkeys(WORDS, EQUAL[rates])
    sampler = rc.JointItemSampler(samplers, merge=(tuple(WORDS),))
    task = rc.Task(id="H", items=tuple(WORDS), as_of=AS_OF, sampler=sampler)
    frame = rc.build_frame(task, subjects=subjects, catalog=catalog)
    apart, merged = rc.JointItemSampler(samplers).design(frame), sampler.design(frame)
    total = sum(cell.take for cell in merged.cells)
    assert {visits(merged, seed) for seed in range(5)} == {total} == {int(merged.visit_bound)}
    print(f"{rates}: bound {float(apart.visit_bound):.1f}, merged {total}, "
          f"{total / float(apart.visit_bound):.4f}")  # fmt: skip
    assert total <= 1.01 * apart.visit_bound
    place = np.empty(len(frame), dtype=int)
    for number, cell in enumerate(merged.cells):
        place[cell.members] = number
    sizes = np.array([cell.size for cell in merged.cells])
    takes = np.array([cell.take for cell in merged.cells])
    for cell in apart.cells:
        outside = sizes - np.bincount(place[cell.members], minlength=len(sizes))
        assert np.maximum(takes - outside, 0).sum() >= cell.take
    assert takes.min() > 0


@needs_register
@pytest.mark.long
def test_budgets_of_visits_on_the_register():
    """A guaranteed one is never exceeded in 10,000 draws; an expected one holds on average."""
    samplers = {item: by_class(item) for item in WORDS}
    subjects, catalog = world()
    for promise in ("guaranteed", "expected"):
        sampler = rc.JointItemSampler(samplers, budget=1500, promise=promise)
        task = rc.Task(id="H", items=tuple(WORDS), as_of=AS_OF, sampler=sampler)
        design = sampler.design(rc.build_frame(task, subjects=subjects, catalog=catalog))
        counts = design.simulated_visits(10_000, seed=1)
        mean = sum(counts) / len(counts)
        total = sum(cell.take for cell in design.cells)
        print(f"{promise}: Σ take {total}, mean {mean:.2f}, most {max(counts)} of 10,000 draws")
        if promise == "guaranteed":
            assert max(counts) <= total <= 1500
        else:
            assert 1490 <= mean <= 1500
