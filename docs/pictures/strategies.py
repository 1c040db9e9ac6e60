"""The pictures of docs/strategies.md, each made from real designs and seeds.

pip install matplotlib
python docs/pictures/strategies.py
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import matplotlib as mpl
import numpy as np

import randcheck as rc
from randcheck import tickets
from randcheck.testing import made_up_catalog

mpl.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen

HERE = Path(__file__).parent
DAY = date(2026, 7, 1)
GREY, BLUE, RED, GREEN, AMBER = "#d9d9d9", "#2b6cb0", "#c53030", "#2f855a", "#d69e2e"
CLASS_COLORS = dict(zip("ABCD", (GREEN, BLUE, AMBER, RED), strict=True))

plt.rcParams.update(
    {
        "figure.dpi": 110,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "savefig.bbox": "tight",
        "svg.hashsalt": "randcheck",
    }
)


def world(size: int, **columns: object) -> rc.SubjectRegistry:
    rows = [
        {
            "id": f"firm-{n:04}",
            "name": f"Made-up firm {n}",
            "region": "990101",
            **{name: values[n] for name, values in columns.items()},  # type: ignore[index]
        }
        for n in range(size)
    ]
    return rc.SubjectRegistry.from_records(rows)


def frame_of(
    subjects: rc.SubjectRegistry, *, history: rc.History | None = None, day: date = DAY
) -> rc.Frame:
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=0), as_of=day)
    past = rc.History.from_records([]) if history is None else history
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog(), history=past)


def drawn(design: rc.Design, seed: int) -> set[int]:
    """Positions of those drawn under a seed."""
    patterns = [sorted(set(row) - {-1}) for row in design.patterns.tolist()]
    sizes, takes = [c.size for c in design.cells], [c.take for c in design.cells]
    purpose = tickets.purpose_seed(f"{seed:064x}", "subjects")
    found = tickets.lowest(purpose, design.ids, patterns, design.pattern_of, sizes, takes)
    return {position for lowest in found for _, position in lowest}


def save(name: str) -> None:
    plt.savefig(HERE / f"{name}.png")
    plt.close()


def dice(seed: int, size: int) -> np.ndarray:
    return np.random.PCG64(seed).random_raw(size) / 2.0**64


def dots(axis: plt.Axes, colors: list[str], chosen: set[int], width: int) -> None:
    """Everybody as a dot in rows of `width`; those drawn are large."""
    for place, color in enumerate(colors):
        x, y = place % width, -(place // width)
        big = place in chosen
        axis.scatter(x, y, s=34 if big else 9, color=color if big else GREY,
                     edgecolor="black" if big else "none", linewidth=0.6)  # fmt: skip
    axis.set_aspect("equal")
    axis.axis("off")


def uniform() -> None:
    design = rc.UniformSampler(rate="5%").design(frame_of(world(400)))
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.6))
    for axis, seed in zip(axes, (1, 2), strict=True):
        dots(axis, [BLUE] * 400, drawn(design, seed), 27)
        axis.set_title(f"seed {seed}: 20 of 400, each with odds of 1/20")
    save("uniform")


def risk() -> None:
    classes = "".join(letter * n for letter, n in zip("ABCD", (180, 160, 48, 12), strict=True))
    frame = frame_of(world(400, risk_class=classes))
    rates = {"A": "2%", "B": "5%", "C": "15%", "D": "100%"}
    design = rc.RiskStratifiedSampler(rates=rates).design(frame)
    _, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.6), width_ratios=(1.3, 1))
    dots(left, [CLASS_COLORS[letter] for letter in classes], drawn(design, 1), 27)
    left.set_title("each class is a draw of its own")
    for place, cell in enumerate(design.cells):
        right.barh(place, float(cell.rate), color=CLASS_COLORS[cell.name])
        right.text(float(cell.rate) + 0.02, place, f"{cell.take} of {cell.size}", va="center")
    right.set_yticks(range(4), [cell.name for cell in design.cells])
    right.invert_yaxis()
    right.set_xlim(0, 1.4)
    right.set_xticks([0, 0.5, 1])
    right.set_xlabel("odds")
    save("risk")


def score() -> None:
    values = np.floor(1000 * dice(3, 2000) ** 3).astype(int)
    frame = frame_of(world(2000, risk_score=values.tolist()))
    design = rc.RiskScoreSampler(rate="5%", cells=8, least="1%").design(frame)
    _, axis = plt.subplots(figsize=(7.5, 2.8))
    ordered = np.sort(values)
    ideal = 100 * ordered / ordered.sum()
    axis.plot(ordered, 100 * ideal, color=GREY, linewidth=4, label="in proportion to the score")
    for place, cell in enumerate(design.cells):
        own = values[cell.members]
        axis.plot([own.min(), own.max()], [100 * float(cell.rate)] * 2, color=BLUE, linewidth=2,
                  label="cells: exact odds" if place == 0 else None)  # fmt: skip
        axis.text((own.min() + own.max()) / 2, 100 * float(cell.rate) + 0.9,
                  f"{cell.take}/{cell.size}", ha="center", fontsize=7)  # fmt: skip
    axis.set_xlabel("risk score")
    axis.set_ylabel("odds, %")
    axis.legend(frameon=False)
    save("score")


def joint() -> None:
    """Who is visited, by ticket: three items of different rates, with shared and own tickets."""
    size, rates = 300, {"food": 0.03, "price": 0.06, "disclosure": 0.10}
    shared = dice(5, size)
    own = {item: dice(6 + place, size) for place, item in enumerate(rates)}
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.6), sharey=True)
    for axis, each, title in (
        (axes[0], dict.fromkeys(rates, shared), "one ticket for all items"),
        (axes[1], own, "tickets of its own for each item"),
    ):
        visited: Counter[int] = Counter()
        for row, (item, rate) in enumerate(rates.items()):
            chosen = np.argsort(each[item])[: round(rate * size)]
            visited.update(chosen.tolist())
            axis.scatter(shared[chosen], [row] * len(chosen), s=14, color=(RED, AMBER, BLUE)[row])
        axis.set_title(f"{title}: {len(visited)} visits")
        axis.set_xlabel("a firm's shared ticket")
        axis.set_yticks(range(3), [f"{item}, {rate:.0%}" for item, rate in rates.items()])
        axis.set_ylim(-0.7, 2.7)
        axis.set_xlim(-0.01, 0.2 if each["food"] is shared else 1)
    save("joint")


def balanced() -> None:
    regions = [f"region {1 + int(8 * value**1.6)}" for value in dice(8, 600)]
    classes = ["AAAABBBBCD"[int(10 * value)] for value in dice(9, 600)]
    frame = frame_of(world(600, region=regions, risk_class=classes))
    rates = {"A": "3%", "B": "6%", "C": "12%", "D": "30%"}
    designs = {
        "by class alone": rc.RiskStratifiedSampler(rates=rates).design(frame),
        "balanced": rc.BalancedSampler(rows="region", rates=rates).design(frame),
    }
    names = sorted(set(regions))
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.8), sharey=True)
    for axis, (title, design) in zip(axes, designs.items(), strict=True):
        expected = Counter[str]()
        for name, region in zip(
            design.ids, [regions[int(x[-4:])] for x in design.ids], strict=True
        ):
            expected[region] += float(design.inclusion_probability(name))  # type: ignore[assignment]
        times = [Counter(regions[place] for place in drawn(design, seed)) for seed in range(200)]
        spread = [[each[name] for each in times] for name in names]
        axis.boxplot(spread, positions=range(len(names)), widths=0.6, whis=(0, 100),
                     medianprops={"color": RED})  # fmt: skip
        axis.scatter(range(len(names)), [expected[name] for name in names], color=BLUE, s=12,
                     zorder=3)  # fmt: skip
        axis.set_title(title)
        axis.set_xticks(range(len(names)), [name.split()[1] for name in names])
        axis.set_xlabel("region (dot: expected)")
    axes[0].set_ylabel("firms drawn, 200 draws")
    save("balanced")


def over_years(sampler_of: object, subjects: rc.SubjectRegistry, years: int) -> np.ndarray:
    """Who is drawn in which year: a mask of shape (subjects, years)."""
    past: list[rc.PastDraw] = []
    mask = np.zeros((len(subjects), years), dtype=bool)
    for year in range(years):
        day = date(2026 + year, 7, 1)
        frame = frame_of(subjects, history=rc.History.from_records(past), day=day)
        design = sampler_of(year).design(frame)  # type: ignore[operator]
        for place in drawn(design, 40 + year):
            mask[place, year] = True
            past.append(rc.PastDraw(design.ids[place], day, f"T-{year}"))
    return mask


def raster(axis: plt.Axes, mask: np.ndarray, title: str, ticks: list[str]) -> None:
    order = np.lexsort(mask.T[::-1])[::-1]
    axis.imshow(mask[order].T, aspect="auto", cmap=mpl.colors.ListedColormap([GREY, BLUE]),
                interpolation="nearest")  # fmt: skip
    axis.set_yticks(range(len(ticks)), ticks)
    axis.set_xticks([])
    axis.set_xlabel(f"{len(mask)} firms")
    axis.set_title(title)


def rotation() -> None:
    subjects = world(60)
    inner = rc.UniformSampler(rate="20%")
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.2), sharey=True)
    years = [str(2026 + year) for year in range(6)]
    plain = over_years(lambda _: inner, subjects, 6)
    rested = over_years(lambda _: rc.Rotation(inner, months=30), subjects, 6)
    raster(axes[0], plain, f"20 % a year: 0 to {plain.sum(axis=1).max()} visits", years)
    low, high = rested.sum(axis=1).min(), rested.sum(axis=1).max()
    raster(axes[1], rested, f"the same, 30 months of rest: {low} to {high} visits", years)
    save("rotation")


def cycle() -> None:
    subjects = world(60)
    _, axis = plt.subplots(figsize=(7.5, 2.2))
    mask = over_years(
        lambda number: rc.CycleSampler(begins=date(2026, 1, 1), draws=4, number=number + 1),
        subjects, 4,
    )  # fmt: skip
    raster(axis, mask, "each firm once, in a batch that is drawn by lot",
           [f"draw {n}: odds {Fraction(1, 5 - n)}" for n in range(1, 5)])  # fmt: skip
    save("cycle")


def allocation() -> None:
    sizes, deviations = [4000, 2500, 800, 100], {"A": 1, "B": 2, "C": 4, "D": 5}
    strata = rc.Strata.of("ABCD", sizes)
    neyman = rc.NeymanAllocation(deviations)
    rules = {
        "proportional": rc.ProportionalAllocation(),
        "equal": rc.EqualAllocation(),
        "power ½": rc.PowerAllocation(),
        "Neyman": neyman,
        "minimax": rc.MinimaxAllocation(deviations),
        "compromise": rc.CompromiseAllocation(
            {"food": deviations, "price": {"A": 4, "B": 2, "C": 1, "D": 1}}
        ),
    }
    _, axis = plt.subplots(figsize=(7.5, 2.8))
    for place, (name, rule) in enumerate(rules.items()):
        left = 0
        for letter, count in zip("ABCD", rule.allocate(strata, 300).counts, strict=True):
            axis.barh(place, count, left=left, color=CLASS_COLORS[letter])
            axis.text(left + count / 2, place, str(count), ha="center", va="center",
                      color="white", fontsize=8)  # fmt: skip
            left += count
        axis.text(-4, place, name, ha="right", va="center")
    axis.invert_yaxis()
    axis.axis("off")
    axis.set_title("300 visits over 4,000 A, 2,500 B, 800 C and 100 D; deviations 1, 2, 4, 5")
    save("allocation")


def budget() -> None:
    """Visits of a joint design by its budget: guaranteed and expected."""
    from randcheck.testing import made_up_frame

    frame = made_up_frame(1200, seed=3)
    samplers = {
        "food": rc.UniformSampler(rate="9%"),
        "price": rc.RiskStratifiedSampler(rates={"A": "2%", "B": "4%", "C": "10%", "D": "50%"}),
        "metrology": rc.UniformSampler(rate="5%"),
        "disclosure": rc.UniformSampler(rate="3%"),
    }
    _, axis = plt.subplots(figsize=(7.5, 2.6))
    for promise, color in (("guaranteed", BLUE), ("expected", RED)):
        sampler = rc.JointItemSampler(samplers, budget=100, promise=promise)
        design = sampler.design(frame)
        counts = design.simulated_visits(2000, seed=1)
        total = sum(cell.take for cell in design.cells)
        told = f"{promise}: {total} places, mean {np.mean(counts):.1f} visits"
        axis.hist(counts, bins=range(60, 121), color=color, alpha=0.7, label=told)
    axis.axvline(100, color="black", linewidth=1)
    axis.text(100.4, axis.get_ylim()[1] * 1.02, "budget of 100")
    axis.set_xlabel("visits in each of 2,000 draws")
    axis.set_yticks([])
    axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.42, 1.0))
    save("budget")


def main() -> None:
    for picture in (uniform, risk, score, joint, budget, balanced, rotation, cycle, allocation):
        picture()
        print(picture.__name__)


if __name__ == "__main__":
    main()
