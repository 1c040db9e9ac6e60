"""From a history or a procedure to an audit: parameters, determinism, what is printed."""

import pickle
from fractions import Fraction
from random import Random

import pytest

from randcheck.audit import PastSample, audit_history, audit_procedure
from randcheck.errors import ParameterError

POOL = [f"firm-{number:02}" for number in range(50)]


def fair(seed=0, draws=8):
    dice = Random(seed)
    return [PastSample(POOL, dice.sample(POOL, 10)) for _ in range(draws)]


@pytest.mark.parametrize(
    ("samples", "given", "name"),
    [
        ([], {}, "samples"),
        (None, {}, "samples"),
        (PastSample(POOL, []), {}, "samples"),
        ([POOL], {}, "samples"),
        ([PastSample(POOL, [], kept=False)], {}, "samples"),
        (fair(), {"level": "0%"}, "level"),
        (fair(), {"level": 1}, "level"),
        (fair(), {"level": Fraction(1)}, "level"),
        (fair(), {"level": 0.05}, "level"),
        (fair(), {"simulations": 198}, "simulations"),
        (fair(), {"simulations": 200.0}, "simulations"),
        (fair(), {"level": "1%", "simulations": 998}, "simulations"),
        (fair(), {"seed": -1}, "seed"),
        (fair(), {"seed": "0"}, "seed"),
    ],
)
def test_bad_parameters_are_named(samples, given, name):
    with pytest.raises(ParameterError) as caught:
        audit_history(samples, **given)
    assert caught.value.name == name
    assert caught.value.remedy


def test_the_remedy_for_too_few_simulations_is_enough():
    with pytest.raises(ParameterError, match="give 999 or more"):
        audit_history(fair(), level="1%", simulations=5)
    assert audit_history(fair(), level="1%", simulations=999).level == Fraction(1, 100)


def test_an_audit_is_a_function_of_its_input():
    one, two = (audit_history(fair(), seed=5) for _ in range(2))
    assert one == two
    assert pickle.loads(pickle.dumps(one)) == one
    other = audit_history(fair(), seed=6)
    assert [test.statistic for test in one.tests] == [test.statistic for test in other.tests]
    assert one != other


def test_an_audit_reads_as_a_table():
    audit = audit_history([PastSample(POOL, POOL[:10])] * 6)
    assert not audit.ok
    lines = str(audit).splitlines()
    assert lines[0].startswith("6 draws, 6 attempts: 6 of 6 tests found something")
    assert sum(line.startswith("! ") for line in lines) == len(audit.findings) == 6
    assert "guilt" not in str(audit)
    quiet = str(audit_history(fair()))
    assert "nothing found" in quiet
    assert "firm-" not in quiet  # nobody is named where nothing is found
    with pytest.raises(KeyError):
        audit["horoscope"]


def test_a_procedure_is_asked_with_pool_and_count():
    asked = []

    def procedure(pool, count):
        asked.append((pool, count))
        return dice.sample(pool, count), [["i"]] * count

    dice = Random(1)
    audit = audit_procedure(procedure, iter(POOL), 10, draws=7)
    assert asked == [(tuple(POOL), 10)] * 7
    assert audit.draws == 7
    assert audit["person twice"].p_value == 1
    assert not audit.indicators


def test_two_ids_are_no_list_with_teams():
    dice = Random(2)
    audit = audit_procedure(lambda pool, count: tuple(dice.sample(pool, 2)), POOL, 2, draws=5)
    assert "person twice" not in {test.name for test in audit.tests}


def test_strata_hold_for_every_draw_of_a_procedure():
    dice = Random(3)
    strata = {name: "AB"[place < 10] for place, name in enumerate(POOL)}

    def risky(pool, count):
        return dice.sample(pool[:10], 8) + dice.sample(pool[10:], 4)

    assert not audit_procedure(risky, POOL, 12).ok
    assert audit_procedure(risky, POOL, 12, strata=strata).ok


def test_another_number_of_firms_is_noted():
    dice = Random(4)
    audit = audit_procedure(lambda pool, count: dice.sample(pool, count - 1), POOL, 10, draws=5)
    assert audit.indicators == ("5 of 5 draws gave another number than 10, such as 9",)


@pytest.mark.parametrize(
    ("procedure", "given", "name"),
    [
        (lambda pool, count: ["stranger"], {}, "drawn"),
        (lambda pool, count: [pool[0], pool[0]], {}, "drawn"),
        (lambda pool, count: None, {}, "drawn"),
        (lambda pool, count: (pool[:2], [["i"]]), {}, "teams"),
        (lambda pool, count: pool[:2], {"draws": 0}, "draws"),
        (lambda pool, count: pool[:2], {"count": -1}, "count"),
        (lambda pool, count: pool[:2], {"pool": "abc"}, "pool"),
        (lambda pool, count: pool[:2], {"strata": {"firm-00": "A"}}, "strata"),
    ],
)
def test_a_procedure_that_cannot_be_meant_is_named(procedure, given, name):
    arguments = {"pool": POOL, "count": 2, **given}
    with pytest.raises(ParameterError) as caught:
        audit_procedure(procedure, arguments.pop("pool"), arguments.pop("count"), **arguments)
    assert caught.value.name == name
