import pickle

import pytest

import randcheck as rc
from randcheck.errors import ParameterError

SOURCE = rc.PublicSource("lottery", "the first draw after publication")


def test_naming_a_source_is_no_evidence():
    assert SOURCE.to_json() == {
        "grade": "G0",
        "kind": "lottery",
        "reference": "the first draw after publication",
    }


def test_it_is_data():
    assert rc.PublicSource.from_json(SOURCE.to_json()) == SOURCE
    assert pickle.loads(pickle.dumps(SOURCE)) == SOURCE
    assert hash(SOURCE) == hash(rc.PublicSource.from_json(SOURCE.to_json()))


@pytest.mark.parametrize("bad", [("", "x"), ("lottery", " "), (None, "x"), ("lottery", 5)])
def test_it_is_named_in_words(bad):
    with pytest.raises(ParameterError, match="name kind and reference"):
        rc.PublicSource(*bad)


@pytest.mark.parametrize("change", [{"grade": "G2"}, {"more": 1}, {"kind": None}])
def test_a_description_that_claims_more_is_refused(change):
    with pytest.raises(ParameterError):
        rc.PublicSource.from_json(SOURCE.to_json() | change)
