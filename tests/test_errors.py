import pickle

import pytest

from randcheck import errors
from randcheck.errors import Problem, RandcheckError

PROBLEM = Problem(3, "id", "'x'", "is odd", "mend it")
CASES = [
    errors.DataError("subjects", [PROBLEM]),
    errors.DataError("subjects", [PROBLEM] * 30),
    errors.ParameterError("rate", "0.3", "is a float", "write text"),
    errors.RateError("rate", "0.3", "is a float", "write text"),
    errors.UnknownNameError("item", ["x"], ["a", "b"], "look again"),
    errors.UnknownNameError("item", [f"x{n}" for n in range(30)], [f"k{n}" for n in range(30)]),
    errors.EmptyFrameError("T", {"status": 3}),
    errors.EmptyFrameError("T", {}),
    errors.DesignError("T", [PROBLEM, PROBLEM]),
    errors.OddsError([PROBLEM, PROBLEM]),
    errors.StaffingError(["a"], 2, 1, "no room", ["a loan of p1"]),
    errors.StaffingError([f"s{n}" for n in range(30)], 60, 1, "no room"),
    errors.CommitmentError("no"),
    errors.RecordError("visits[0]", "is odd"),
    errors.CanonicalError("no"),
    errors.MissingExtraError("polars", "polars", "to_dataframe"),
]


@pytest.mark.parametrize("error", CASES, ids=lambda error: type(error).__name__)
def test_errors_pickle_and_say_something(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error) != ""
    assert copy.code == error.code
    assert isinstance(error, RandcheckError)


def test_codes_are_unique():
    kinds = {type(error) for error in CASES}
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert len(kinds) == len([c for c in vars(errors).values() if isinstance(c, type)
                              and issubclass(c, RandcheckError)]) - 1  # fmt: skip


def test_one_problem_is_one_line_and_many_are_counted():
    assert str(CASES[0]) == "subjects: row 3, id: 'x' is odd; mend it"
    lines = str(CASES[1]).splitlines()
    assert lines[0] == "subjects: 30 problems"
    assert lines[-1] == "  … and 10 more"
    assert len(CASES[1].problems) == 30


def test_texts():
    assert str(CASES[4]) == "unknown item: 'x'; known: a, b; look again"
    assert "and 10 more" in str(CASES[5])
    assert "3 for 'status'" in str(CASES[6])
    assert "registry of subjects is" in str(CASES[7])
    assert "…" in str(CASES[11])
    assert "pip install 'randcheck[polars]'" in str(CASES[15])
    assert str(Problem(None, None, "v", "r", "m")) == "v r; m"


def test_long_values_are_shortened_in_the_middle():
    assert errors.shorten("x" * 100) == "'" + "x" * 39 + "…" + "x" * 14 + "'"
    assert errors.shorten("x") == "'x'"
