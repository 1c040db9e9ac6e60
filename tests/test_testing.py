"""The checks for authors accept right samplers and say of wrong ones what is wrong."""

import datetime as dt
import importlib.util
import os
import random
import sys
import time
import types
from collections import Counter
from datetime import date
from fractions import Fraction

import attrs
import numpy as np
import pytest

import randcheck as rc
from randcheck import tickets
from randcheck.errors import ParameterError, StaffingError
from randcheck.matching import FairMatcher, Odds
from randcheck.testing import (
    TAGS,
    CheckError,
    check_matcher,
    check_sampler,
    made_up_frame,
    made_up_history,
    made_up_subjects,
)
from randcheck.testing import matchers as matcher_checks
from worlds import RATES, joint_task


def uniform(frame, count=3):
    return rc.UniformSampler(count=count).design(frame)


@attrs.frozen
class Right:
    """A stranger's sampler that is right, and the pattern of those that are wrong."""

    share: str = "3%"

    def design(self, frame):
        return rc.UniformSampler(rate=self.share).design(frame)


class GlobalGenerator(Right):
    def design(self, frame):
        return uniform(frame, random.randint(1, 50))


class NumpyGenerator(Right):
    def design(self, frame):
        return uniform(frame, int(np.random.randint(1, 50)))


class OwnGenerator(Right):
    def design(self, frame):
        return uniform(frame, random.Random().randint(1, 50))


class Coin(Right):
    """Its own generator has two sides, and so shows the same one often."""

    tosses = random.Random(0)

    def design(self, frame):
        return uniform(frame, self.tosses.randint(1, 2))


class Memory(Right):
    asked = 0

    def design(self, frame):
        object.__setattr__(self, "asked", self.asked + 1)
        return uniform(frame, self.asked)


class Counts:
    """Writes down how often it was asked."""

    def __init__(self):
        self.asked = 0

    def design(self, frame):
        self.asked += 1
        return uniform(frame)


class RowOrder(Right):
    """The first half of the rows has higher odds."""

    def design(self, frame):
        half = len(frame) // 2
        rows = np.arange(len(frame))
        return rc.Design.from_cells(
            frame, [rc.Cell(half // 2, rows[:half]), rc.Cell(1, rows[half:])]
        )


class FirstLetter(Right):
    """Refuses whom it does not know by his id."""

    def design(self, frame):
        if frame.ids[0].startswith("renamed"):
            raise ParameterError("ids", "renamed", "are not mine", "give others")
        return uniform(frame)


@attrs.frozen
class OffByOne:
    count: int = 9

    def design(self, frame):
        return uniform(frame, self.count - 1)


@attrs.frozen
class OffByOneInACell:
    """One less than the rate of each class demands."""

    rate: str = "10%"

    def design(self, frame):
        cells = rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", self.rate)).design(frame).cells
        cells = [attrs.evolve(cell, take=max(0, cell.take - 1)) for cell in cells]
        return rc.Design.from_cells(frame, cells)


class Forgets(Right):
    def design(self, frame):
        return rc.Design.from_cells(frame, [rc.Cell(1, np.arange(len(frame) - 1))])


class WrongSheet(Right):
    """One subject too many for its cell: a design that was not made by from_cells."""

    def design(self, frame):
        design = uniform(frame)
        [cell] = design.cells
        fewer = attrs.evolve(cell, members=cell.members[1:])
        return rc.Design(design.task_id, design.items, design.ids, (fewer,), design.patterns,
                         design.pattern_of)  # fmt: skip


class OtherCount(WrongSheet):
    """Its cells say one more than can be taken."""

    def design(self, frame):
        design = uniform(frame)
        more = attrs.evolve(design.cells[0], take=len(frame) + 1)
        return rc.Design(design.task_id, design.items, design.ids, (more,), design.patterns,
                         design.pattern_of)  # fmt: skip


class ByTheHour(Right):
    def design(self, frame):
        return uniform(frame, 1 + int(time.time() / 3600) % 40)


class ByTheDay(Right):
    cycle = 40

    def design(self, frame):
        return uniform(frame, 1 + date.today().toordinal() % self.cycle)


class ByTheMoment(ByTheDay):
    def design(self, frame):
        return uniform(frame, 1 + dt.datetime.now().toordinal() % self.cycle)


class HashOrder(Right):
    """Which class gets most follows the order of a set."""

    def design(self, frame):
        order = list({"A", "B", "C", "D"})
        rates = {name: f"{10 * (place + 1)}%" for place, name in enumerate(order)}
        return rc.RiskStratifiedSampler(rates=rates).design(frame)


class Liar(Right):
    def design(self, frame):
        class Lie(rc.Design):
            def inclusion_probability(self, subject_id, item=None):
                return Fraction(1)

        design = uniform(frame)
        return Lie(design.task_id, design.items, design.ids, design.cells, design.patterns,
                   design.pattern_of)  # fmt: skip


class Reader(Right):
    def design(self, frame):
        with open(__file__) as file:
            return uniform(frame, len(file.readline()) % 5)


class Crashes(Right):
    """Divides by what a small frame does not have."""

    def design(self, frame):
        return uniform(frame, 10 // (len(frame) // 2))


class Everywhere(Right):
    """Loses people where nothing applies to them."""

    def design(self, frame):
        return uniform(frame) if len(frame) > 1 else rc.Design.from_cells(frame, [])


class Nothing(Right):
    def design(self, frame):
        return None


class AnotherFrame(Right):
    def design(self, frame):
        return uniform(made_up_frame(7))


class Refuses(Right):
    def design(self, frame):
        return uniform(frame, 10**9)


class ByProcess(Right):
    """Follows what only this process knows."""

    def design(self, frame):
        return uniform(frame, 1 + os.getpid() % 40)


class Unpicklable:
    def __init__(self):
        self._way = lambda frame: frame

    def design(self, frame):
        return uniform(frame)


@attrs.define
class LosesItself:
    """Loses its parameter when it is pickled."""

    rate: str = "1%"

    def __reduce__(self):
        return LosesItself, ()

    def design(self, frame):
        return rc.UniformSampler(rate=self.rate).design(frame)


class CopiesDiffer:
    """A copy draws one more."""

    def __init__(self, more=0):
        self._more = more

    def __reduce__(self):
        return CopiesDiffer, (1,)

    def design(self, frame):
        return uniform(frame, 3 + self._more)


@attrs.frozen
class Inexact:
    rate: float = 0.5
    other: float = attrs.field(default=0.03)

    def design(self, frame):
        return None


@attrs.frozen
class Doubles:
    """Its parameter doubles whenever it is read."""

    count: int = attrs.field(default=0, converter=lambda count: 2 * count)

    def design(self, frame):
        return uniform(frame, self.count)


@attrs.frozen
class Picky:
    """Takes a list and refuses what JSON makes of it."""

    classes: tuple = attrs.field(default=())

    def __attrs_post_init__(self):
        if not isinstance(self.classes, tuple):
            raise TypeError("classes are no tuple")

    def design(self, frame):
        return uniform(frame)


def test_right_samplers_pass():
    check_sampler(Right(), seeds=50)
    check_sampler(rc.UniformSampler(rate="100%"), [made_up_frame(5)], seeds=3)
    check_sampler(Right(), [], seeds=3)


def test_a_sampler_of_a_notebook_passes():
    """Where its module cannot be imported in another process, that check is left out."""
    kind = type("Local", (Right,), {"__module__": "a_notebook"})
    sys.modules["a_notebook"] = module = types.ModuleType("a_notebook")
    module.Local = kind
    try:
        check_sampler(kind("5%"), [made_up_frame(30)], seeds=20)
    finally:
        del sys.modules["a_notebook"]


OURS = {
    "uniform": rc.UniformSampler(rate="3%"),
    "uniform count": rc.UniformSampler(count=7),
    "risk": rc.RiskStratifiedSampler(rates=RATES, unclassified="B", strata=("region",)),
    "risk rules": rc.RiskStratifiedSampler(
        bands={"A": ("1%", "9%"), "B": ("3%", "90%"), "C": ("10%", "90%"), "D": ("20%", "100%")},
        overall="40%", always=("metrology",), exempt=("A",), rounding="class", strata=("region",),
        at_most={"A": 1}, at_least={"D": 2}, draws_left=2, unclassified="A",
    ),
    "risk total": rc.RiskStratifiedSampler(
        total=15, unclassified="C",
        allocation=rc.NeymanAllocation.from_results({x: (90, n) for n, x in enumerate("ABCD")}),
    ),
    "risk minimax": rc.RiskStratifiedSampler(
        total=15, unclassified="C", allocation=rc.MinimaxAllocation()
    ),
    "risk power": rc.RiskStratifiedSampler(
        total=15, unclassified="C", allocation=rc.PowerAllocation("2/3")
    ),
    "risk compromise": rc.RiskStratifiedSampler(
        total=15, unclassified="C",
        allocation=rc.CompromiseAllocation(
            {"food": dict.fromkeys("ABCD", 1), "price": {"A": 1, "B": 2, "C": 3, "D": 4}}
        ),
    ),
    "risk budget": rc.RiskStratifiedSampler(
        unclassified="C",
        allocation=rc.NeymanAllocation(
            dict.fromkeys("ABCD", 1), costs={"A": 1, "B": 2, "C": 3, "D": "4.5"}, budget=40
        ),
    ),
    "score": rc.RiskScoreSampler(rate="5%", least="1%", unscored=10),
    "balanced": rc.BalancedSampler(rows="region", rates="9%", unclassified="A"),
    "balanced three": rc.BalancedSampler(
        rows="region", rates={**RATES, "unclassified": "5%"}, third="tags"
    ),
    "rotation": rc.Rotation(rc.UniformSampler(rate="10%"), months=9, chance="1/3"),
    "cycle": rc.CycleSampler(
        begins=date(2025, 6, 1), draws=8, number=3, tags=("food",),
        others=rc.RiskScoreSampler(rate="5%", unscored=0),
    ),
    "joint": joint_task().sampler,
    "joint merged": rc.JointItemSampler(
        dict.fromkeys((*TAGS, "disclosure"), rc.UniformSampler(rate="12%")),
        merge=(("food", "price"),), together=(("metrology", "disclosure"),), budget=60,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_all_of_ours_pass(name):
    check_sampler(OURS[name], seeds=200)


WRONG = [
    (GlobalGenerator(), "generator", "reads a global generator"),
    (NumpyGenerator(), "generator", "reads a global generator"),
    (OwnGenerator(), "purity", "a clock or a generator of its own"),
    (Memory(), "memory", "a memory of what was asked before"),
    (Counts(), "memory", "changed itself when it was asked"),
    (RowOrder(), "names", "odds follow rows or ids"),
    (FirstLetter(), "names", "refuses it under other ids"),
    (OffByOne(), "count", "says count=9, and its cells take 8"),
    (OffByOneInACell(), "count", "which is 6 of 60, and its cells take 4"),
    (Forgets(), "design", "are in no cell"),
    (WrongSheet(), "design", "are in no cell"),
    (OtherCount(), "design", "cannot be taken from a cell"),
    (ByTheHour(), "clock", "it reads the clock"),
    (ByTheDay(), "clock", "it reads the clock"),
    (ByTheMoment(), "clock", "it reads the clock"),
    (HashOrder(), "hash", "the order of a set"),
    (ByProcess(), "hash", "another design in another process"),
    (Liar(), "design", "gave Lie, not a Design"),
    (Reader(), "files", "while it designed"),
    (Crashes(), "hostile", "raised ZeroDivisionError .* on a frame of one subject"),
    (Everywhere(), "design", "on a frame of one subject: .* are in no cell"),
    (Nothing(), "design", "gave NoneType, not a Design"),
    (AnotherFrame(), "design", "a design of something else"),
    (Refuses(), "design", "refuses every frame"),
    (Unpicklable(), "pickle", "does not pickle"),
    (LosesItself("3%"), "pickle", "another after pickling"),
    (CopiesDiffer(), "purity", "a copy of .* gave another design"),
    (Inexact(rate=0.3), "description", "has none for a record"),
    (Doubles(2), "json", "is another after JSON"),
    (Picky(("A",)), "json", "cannot be made again"),
]


@pytest.mark.parametrize(
    ("sampler", "check", "words"), WRONG, ids=[type(each[0]).__name__ for each in WRONG]
)
def test_wrong_samplers_are_told_what_is_wrong(sampler, check, words):
    with pytest.raises(CheckError, match=words) as caught:
        check_sampler(sampler, seeds=50)
    assert caught.value.check == check
    assert str(caught.value).startswith(f"{check}: ")


def test_a_coin_is_taken_for_no_other_fault(monkeypatch):
    """Four tosses look like a seed or a memory once in a while; nobody is told so."""
    told = Counter()
    for seed in range(20):
        monkeypatch.setattr(Coin, "tosses", random.Random(seed))
        with pytest.raises(CheckError) as caught:
            check_sampler(Coin(), seeds=5)
        told[caught.value.check] += 1
    assert told["purity"] > 15
    assert told["generator"] == told["memory"] == 0


def test_a_module_in_a_folder_that_is_no_package_is_found_by_its_file(tmp_path, monkeypatch):
    """As test runners name modules that they load by their files."""
    file = tmp_path / "child.py"
    file.write_text(
        "import randcheck as rc\n"
        "class Follows:\n"
        "    name = 'follows'\n"
        "    def design(self, frame):\n"
        "        first = min({'A', 'B', 'C', 'D', 'E'}, key=hash)\n"
        "        return rc.UniformSampler(count=1 + ord(first) % 5).design(frame)\n",
        encoding="utf-8",
    )
    name = "made_up_parent.of.child"
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    for parent in ("made_up_parent", "made_up_parent.of"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    with pytest.raises(CheckError) as caught:
        check_sampler(module.Follows(), seeds=5)
    assert caught.value.check == "hash"


@pytest.mark.parametrize("kind", [ByTheDay, ByTheMoment])
@pytest.mark.parametrize("cycle", [2, 5, 7, 8, 30, 53])
def test_a_cycle_of_days_hides_no_clock(kind, cycle, monkeypatch):
    monkeypatch.setattr(kind, "cycle", cycle, raising=False)
    with pytest.raises(CheckError, match="it reads the clock"):
        check_sampler(kind(), [made_up_frame(60)], seeds=3)


def test_the_global_generators_are_left_as_they_were():
    before = random.getstate(), np.random.get_state()[1].tolist()
    check_sampler(Right(), [made_up_frame(20)], seeds=3)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())


def test_frequencies_that_do_not_agree(monkeypatch):
    """If the lowest tickets were always the same firms', the check would say so."""
    real = tickets.purpose_seed
    monkeypatch.setattr(tickets, "purpose_seed", lambda seed, purpose: real("00" * 32, purpose))
    with pytest.raises(CheckError, match="more often or more rarely"):
        check_sampler(rc.UniformSampler(rate="10%"), seeds=50)


def test_probabilities_that_do_not_add_up(monkeypatch):
    monkeypatch.setattr(rc.Design, "inclusion_probability", lambda self, name, item=None: 0)
    with pytest.raises(CheckError, match="add up to"):
        check_sampler(rc.UniformSampler(rate="10%"), seeds=1)


def test_made_up_registries_are_a_function_of_the_seed():
    assert made_up_subjects(20, seed=1) == made_up_subjects(20, seed=1)
    assert made_up_subjects(20, seed=1) != made_up_subjects(20, seed=2)
    assert len(made_up_subjects(0)) == 0
    assert made_up_history(50, seed=1) == made_up_history(50, seed=1) != made_up_history(50)


# --- matchers ------------------------------------------------------------------------------------


class ByHand:
    """A stranger's matcher that is right, and the pattern of those that are wrong."""

    bits = 10

    def odds(self, visits, inspectors):
        share, rest = divmod(2 << self.bits, len(inspectors))
        even = {name: share + (n < rest) for n, name in enumerate(inspectors.ids)}
        names = self.visits(visits)
        return Odds.of(self.bits, {name: [(2, even)] for name in names},
                       dict.fromkeys(inspectors.ids))  # fmt: skip

    def visits(self, visits):
        return visits.ids


class Moody(ByHand):
    def __init__(self):
        self._asked = 0

    def odds(self, visits, inspectors):
        self._asked += 1
        self.bits = 10 + self._asked % 2
        odds = super().odds(visits, inspectors)
        del self.bits
        return odds


class Forgetful(ByHand):
    def visits(self, visits):
        return visits.ids[1:]


class Elsewhere(ByHand):
    def visits(self, visits):
        return [*visits.ids, "somebody else"]


class Wordy(ByHand):
    def odds(self, visits, inspectors):
        return "even"


class Refusing(ByHand):
    def odds(self, visits, inspectors):
        raise StaffingError(["s"], 1, 0, "no")


def test_right_matchers_pass():
    check_matcher(FairMatcher())
    check_matcher(FairMatcher(partial=True))
    check_matcher(ByHand())
    check_matcher(ByHand(), [])


@pytest.mark.parametrize(
    ("matcher", "words"),
    [
        (Moody(), "two tables"),
        (Forgetful(), "forgot the visits"),
        (Elsewhere(), "somebody else than"),
        (Wordy(), "not Odds"),
        (Refusing(), "refuses every case"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_wrong_matchers_are_told_what_is_wrong(matcher, words):
    with pytest.raises(AssertionError, match=words):
        check_matcher(matcher)


def test_teams_against_the_odds(monkeypatch):
    monkeypatch.setattr(
        matcher_checks, "assign", lambda odds, seed: [("a", "a")] * len(odds.visits)
    )
    with pytest.raises(AssertionError, match="against the odds"):
        check_matcher(ByHand())
