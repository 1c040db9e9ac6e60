"""The checks for authors accept right samplers and say of wrong ones what is wrong."""

import random

import attrs
import pytest

import randcheck as rc
from randcheck import testing
from randcheck.errors import StaffingError
from randcheck.matching import FairMatcher, Odds
from randcheck.testing import check_matcher, check_sampler, made_up_frame, made_up_subjects


@attrs.frozen
class Odd:
    """A sampler whose design is given by a function of the module."""

    way: str

    def design(self, frame):
        return WAYS[self.way](frame)


def moody(frame):
    return rc.UniformSampler(count=random.randint(1, 50)).design(frame)


WAYS = {
    "moody": moody,
    "nothing": lambda frame: None,
    "another frame": lambda frame: rc.UniformSampler(count=1).design(made_up_frame(7)),
    "refuses": lambda frame: rc.UniformSampler(count=10**9).design(frame),
    "good": lambda frame: rc.UniformSampler(count=3).design(frame),
}


class Unpicklable:
    def __init__(self):
        self._way = lambda frame: frame

    def design(self, frame):
        return rc.UniformSampler(count=1).design(frame)


@attrs.define
class Forgetful:
    """Loses its parameter when it is pickled."""

    rate: str = "1%"

    def __reduce__(self):
        return Forgetful, ()

    def design(self, frame):
        return rc.UniformSampler(rate=self.rate).design(frame)


@attrs.frozen
class Inexact:
    rate: float = 0.5
    other: float = attrs.field(default=0.03)

    def design(self, frame):
        return None


def test_right_samplers_pass():
    check_sampler(Odd("good"), seeds=50)
    check_sampler(rc.UniformSampler(rate="100%"), [made_up_frame(5)], seeds=3)


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (Odd("moody"), "two designs for the same"),
        (Odd("nothing"), "gave NoneType, not a Design"),
        (Odd("another frame"), "a design of something else"),
        (Odd("refuses"), "refuses every frame"),
        (Unpicklable(), "does not pickle"),
        (Forgetful("3%"), "another after pickling"),
        (Inexact(rate=0.3), "cannot be described in a record"),
    ],
    ids=lambda value: getattr(value, "way", type(value).__name__),
)
def test_wrong_samplers_are_told_what_is_wrong(sampler, words):
    with pytest.raises(AssertionError, match=words):
        check_sampler(sampler)


def test_frequencies_that_do_not_agree(monkeypatch):
    """If the lowest tickets were always the same firms', the check would say so."""
    real = testing.tickets.purpose_seed
    monkeypatch.setattr(
        testing.tickets, "purpose_seed", lambda seed, purpose: real("00" * 32, purpose)
    )
    with pytest.raises(AssertionError, match="more often or more rarely"):
        check_sampler(rc.UniformSampler(rate="10%"), seeds=50)


def test_probabilities_that_do_not_add_up(monkeypatch):
    monkeypatch.setattr(rc.Design, "inclusion_probability", lambda self, name, item=None: 0)
    with pytest.raises(AssertionError, match="add up to"):
        check_sampler(rc.UniformSampler(rate="10%"), seeds=1)


def test_made_up_registries_are_a_function_of_the_seed():
    assert made_up_subjects(20, seed=1) == made_up_subjects(20, seed=1)
    assert made_up_subjects(20, seed=1) != made_up_subjects(20, seed=2)
    assert len(made_up_subjects(0)) == 0


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
    monkeypatch.setattr(testing, "assign", lambda odds, seed: [("a", "a")] * len(odds.visits))
    with pytest.raises(AssertionError, match="against the odds"):
        check_matcher(ByHand())
