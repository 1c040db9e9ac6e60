from datetime import date
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest

import randcheck as rc
from randcheck import canonical, strategy
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.matching.conflicts import (
    CONFLICT_RULES,
    DEFAULT_RULES,
    FormerEmployer,
    NamedExclusion,
)
from randcheck.plan import STRATEGIES
from worlds import RATES, joint_task

OURS = [
    rc.UniformSampler(rate="3%"),
    rc.UniformSampler(count=5),
    rc.RiskStratifiedSampler(rates=RATES, floor={"A": 2}, unclassified="B", strata=("region",)),
    rc.RiskStratifiedSampler(total=9, allocation=rc.NeymanAllocation({"A": "0.5"}), floor=1),
    joint_task().sampler,
    rc.FairMatcher(team_size=3),
]


@pytest.mark.parametrize("value", OURS, ids=lambda value: type(value).__name__)
def test_ours_are_rebuilt_from_their_description(value):
    described = strategy.describe(value)
    assert described["distribution"] == "randcheck"
    assert described["version"] == rc.__version__
    assert strategy.rebuild(described, STRATEGIES) == value


def test_rates_are_fractions_in_lowest_terms():
    described = strategy.describe(rc.RiskStratifiedSampler(rates={"A": "2%", "D": "100%"}))
    assert described["parameters"] == {"rates": {"A": "1/50", "D": "1"}}


@attrs.frozen
class Odd:
    value: object = None

    def design(self, frame):
        return None


class Plain:
    version = "7"

    def __init__(self, **values):
        self.__dict__ |= values


def test_strangers_are_described_by_their_public_attributes():
    described = strategy.describe(Plain(rate=Decimal("0.50"), day=date(2026, 7, 1), _secret=1))
    assert described["parameters"] == {"rate": "1/2", "day": "2026-07-01"}
    assert described["name"] == "Plain"
    assert (described["distribution"], described["version"]) == (strategy.NOT_INSTALLED, "7")
    assert (
        strategy.describe(object.__new__(type("Slots", (), {"__slots__": ()})))["parameters"] == {}
    )


def test_a_stranger_of_an_installed_distribution():
    import hypothesis

    kind = type("Elsewhere", (), {"__module__": "hypothesis.x"})
    described = strategy.describe(kind())
    assert (described["distribution"], described["version"]) == (
        "hypothesis",
        hypothesis.__version__,
    )


@pytest.mark.parametrize("good", [None, True, 3, "x", Fraction(1, 3), (1, "a"), [None], {"a": 1}])
def test_parameters_with_an_exact_form(good):
    assert strategy.parameters(Odd(good)) == ({} if good is None else {"value": _as_json(good)})


def _as_json(value):
    if isinstance(value, Fraction):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def test_a_strategy_within_a_strategy():
    assert strategy.parameters(Odd(Odd(5)))["value"]["parameters"] == {"value": 5}


def test_strategies_in_a_list_are_rebuilt_as_a_tuple():
    rules = (*DEFAULT_RULES, FormerEmployer(years=5), NamedExclusion("p", "s", "letter 7"))
    known = {"Odd": Odd} | CONFLICT_RULES
    for value in (Odd(rules), Odd({"rules": rules}), Odd((Odd(rules), 5))):
        described = strategy.describe(value)
        assert canonical.loads(canonical.dumps(described)) == described
        assert strategy.rebuild(described, known) == value
    for plain in ([], [1, "a"], [{"a": 1}], [[1], [2]]):
        again = strategy.rebuild(strategy.describe(Odd(plain)), known)
        assert again.value == plain
        assert type(again.value) is list


def test_an_unknown_strategy_in_a_list():
    described = strategy.describe(Odd((DEFAULT_RULES[0],)))
    with pytest.raises(UnknownNameError, match="declared-relation"):
        strategy.rebuild(described, {"Odd": Odd})


def test_a_strangers_rule_in_a_list_is_described():
    rule = type("Rule", (Plain,), {"name": "mine", "bars": lambda self, visits, inspectors: ()})
    [described] = strategy.parameters(Odd((rule(depth=2),)))["value"]
    assert (described["name"], described["parameters"]) == ("mine", {"depth": 2})


@pytest.mark.parametrize("bad", [0.3, object(), {1.5}, b"x", [0.1]])
def test_parameters_without_an_exact_form(bad):
    with pytest.raises(ParameterError, match="value"):
        strategy.parameters(Odd(bad))


def test_unknown_names_and_parameters():
    described = {"name": "odd", "distribution": "d", "version": "1", "parameters": {}}
    with pytest.raises(UnknownNameError, match="odd"):
        strategy.rebuild(described, STRATEGIES)
    with pytest.raises(ParameterError, match="parameters are count, rate"):
        strategy.create(rc.UniformSampler, {"rates": "3%"}, STRATEGIES)
    with pytest.raises(ParameterError, match="it takes none"):
        strategy.create(rc.ProportionalAllocation, {"x": 1}, STRATEGIES)
