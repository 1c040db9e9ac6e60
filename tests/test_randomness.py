import hashlib
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.randomness import Combined, CommitReveal, check_source, seal
from worlds import joint_task, world

SOURCE = rc.PublicSource("lottery", "the first draw after publication")


def test_naming_a_source_is_no_evidence():
    assert SOURCE.to_json() == {
        "grade": "G0",
        "kind": "lottery",
        "reference": "the first draw after publication",
    }


SECRETS = {"bureau": "a" * 64, "chamber of commerce": "b" * 64, "商会": "秘密"}
PARTIES = CommitReveal({party: seal(party, secret) for party, secret in SECRETS.items()})
NUMBERS = rc.PublicSource("lottery", "the next", form="sorted numbers")
ALL = [SOURCE, NUMBERS, PARTIES, Combined([PARTIES, SOURCE])]


@pytest.mark.parametrize("source", ALL, ids=lambda source: type(source).__name__)
def test_it_is_data(source):
    described = json.loads(json.dumps(source.to_json()))
    assert type(source).from_json(described) == source
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(source) == hash(type(source).from_json(described))


@pytest.mark.parametrize("bad", [("", "x"), ("lottery", " "), (None, "x"), ("lottery", 5)])
def test_it_is_named_in_words(bad):
    with pytest.raises(ParameterError, match="name kind and reference"):
        rc.PublicSource(*bad)
    for kind in ("drand", "commit-reveal", "combined", "rehearsal"):
        with pytest.raises(ParameterError, match="is a source of another class"):
            rc.PublicSource(kind, "x")
    with pytest.raises(ParameterError, match="are no Rounds"):
        rc.PublicSource("lottery", "x", rounds=86400)
    with pytest.raises(ParameterError, match="form = 'sums' is not known"):
        rc.PublicSource("lottery", "x", form="sums")


@pytest.mark.parametrize("source", ALL, ids=lambda source: type(source).__name__)
@pytest.mark.parametrize("change", [{"grade": "G2"}, {"more": 1}])
def test_a_description_that_claims_more_is_refused(source, change):
    with pytest.raises(ParameterError):
        type(source).from_json(source.to_json() | change)
    for lost in ("reference", "seals", "sources", "kind"):
        described = source.to_json()
        if described.pop(lost, None) is not None:
            with pytest.raises(ParameterError):
                type(source).from_json(described)


# --- public sources ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "said", "text"),
    [
        ("text", " 05 09 + 08 ", " 05 09 + 08 "),
        ("numbers", "05, 09 and 33 + 08; issue 2026/07", "5 9 33 8 2026 7"),
        ("numbers", "000", "0"),
        ("sorted numbers", "33 05 120 9", "5 9 33 120"),
        ("hex", "0xAB cd-12", "0abcd12"),
    ],
)
def test_words_become_a_text_by_the_form(form, said, text):
    assert rc.PublicSource("lottery", "x", form=form).text(said) == text


@given(st.lists(st.integers(0, 10**6), min_size=1), st.sampled_from([" ", ",", " + ", "\n"]))
def test_two_honest_people_get_the_same_bytes(numbers, between):
    one = between.join(f"{number:03}" for number in numbers)
    two = "  ".join(str(number) for number in reversed(numbers))
    assert NUMBERS.text(one) == NUMBERS.text(two) == " ".join(map(str, sorted(numbers)))


@pytest.mark.parametrize("form", ["text", "numbers", "hex"])
@pytest.mark.parametrize("said", ["", "  ", "+", None, 5])
def test_words_without_any(form, said):
    if form == "text" and said == "+":
        return
    with pytest.raises(ParameterError, match="said"):
        rc.PublicSource("lottery", "x", form=form).text(said)


# --- commit and reveal -------------------------------------------------------------------------


def test_a_seal_is_what_the_docstring_says():
    parts = b"".join(
        len(part.encode()).to_bytes(8, "big") + part.encode()
        for part in ("randcheck/v1 reveal", "商会", "秘密")
    )
    assert PARTIES.seals["商会"] == hashlib.sha256(parts).hexdigest()


def test_the_secrets_of_all_are_the_randomness():
    text = PARTIES.text(SECRETS)
    assert json.loads(text) == SECRETS
    assert text == PARTIES.text(dict(reversed(SECRETS.items())))
    assert PARTIES.silent(text) == ()
    assert PARTIES.to_json()["grade"] == "G1"


def test_who_stays_silent_is_named_and_the_draw_goes_on():
    text = PARTIES.text(SECRETS | {"bureau": None})
    assert json.loads(text)["bureau"] is None
    assert PARTIES.silent(text) == ("bureau",)
    assert text != PARTIES.text(SECRETS)


@pytest.mark.parametrize(
    "secrets",
    [
        {},
        {"bureau": SECRETS["bureau"]},
        SECRETS | {"somebody": "x"},
        SECRETS | {"bureau": "another"},
        SECRETS | {"bureau": SECRETS["chamber of commerce"]},
        SECRETS | {"bureau": 5},
        SECRETS | {"bureau": "\ud800"},
        dict.fromkeys(SECRETS),
        "secrets",
    ],
)
def test_what_is_not_what_was_sealed(secrets):
    with pytest.raises(ParameterError, match="secrets") as caught:
        PARTIES.text(secrets)
    assert SECRETS["bureau"] not in str(caught.value)


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"bureau":null}', "\ud800"])
def test_a_text_that_does_not_follow(text):
    with pytest.raises(ParameterError):
        PARTIES.silent(text)


@pytest.mark.parametrize(
    "seals",
    [
        {},
        {"bureau": "a" * 64},
        {"bureau": "a" * 64, "": "b" * 64},
        {"bureau": "a" * 64, "other": "A" * 64},
        {"bureau": "a" * 64, "other": 5},
        {"bureau": "a" * 64, "other": "a" * 64},
        None,
    ],
)
def test_bad_seals(seals):
    with pytest.raises(ParameterError, match="seals"):
        CommitReveal(seals)


# --- combined ----------------------------------------------------------------------------------


def test_combined_sources():
    both = Combined([PARTIES, NUMBERS])
    assert both.to_json()["grade"] == "G1"
    text = both.text(SECRETS, "33 05")
    assert json.loads(text) == [PARTIES.text(SECRETS), "5 33"]
    with pytest.raises(ParameterError, match="not the words of 2 sources"):
        both.text(SECRETS)
    for bad in ([], [SOURCE], [SOURCE, "lottery"], "x", None):
        with pytest.raises(ParameterError, match="two sources or more"):
            Combined(bad)
    with pytest.raises(ParameterError):
        Combined.from_json(both.to_json() | {"sources": ["x", 5]})


@pytest.mark.parametrize("source", [PARTIES, Combined([PARTIES, NUMBERS])])
def test_a_draw_says_its_grade_and_verifies(source):
    opened = rc.commit(joint_task(), **world(), source=source, nonce="n")
    text = source.text(SECRETS) if source is PARTIES else source.text(SECRETS, "1 2")
    drawn = opened.draw(text)
    assert drawn.grade == "G1"
    report = rc.verify(drawn.record, sheet=drawn.design, commitment=opened.digest, randomness=text)
    assert report.ok
    assert rc.replay(drawn.record, **world()).ok
    said = () if source is PARTIES else ("source",)
    assert check_source(drawn.record) == ((), said, "G1")
    with pytest.raises(ParameterError, match=r"is no such randomness|are not the parties"):
        opened.draw("05 09 12")


def recorded(source, text):
    """A record whose randomness nobody checked."""

    class Careless:
        def to_json(self):
            return source.to_json()

    return rc.commit(joint_task(), **world(), source=Careless(), nonce="n").draw(text).record


def test_whether_a_randomness_could_be_of_its_source():
    good = PARTIES.text(SECRETS)
    assert check_source(recorded(PARTIES, good)) == ((), (), "G1")
    assert check_source(recorded(NUMBERS, "5 9")).ok
    assert check_source(recorded(NUMBERS, "5 9")).unchecked == ("source",)
    assert check_source(rc.commit(joint_task(), **world()).draw("x").record).unchecked == (
        "source",
    )
    both = Combined([PARTIES, NUMBERS])
    assert check_source(recorded(both, both.text(SECRETS, "9 5"))) == ((), ("source",), "G1")
    for source, text in (
        (PARTIES, "05 09"),
        (PARTIES, json.dumps(SECRETS, ensure_ascii=False)),
        (PARTIES, good.replace("a" * 64, "c" * 64)),
        (NUMBERS, "9 5"),
        (NUMBERS, "x"),
        (both, good),
        (both, json.dumps([good], separators=(",", ":"))),
        (both, json.dumps([good, 5], separators=(",", ":"), ensure_ascii=False)),
        (both, json.dumps([good, "9 5"], separators=(",", ":"), ensure_ascii=False)),
    ):
        report = check_source(recorded(source, text))
        assert [finding.number for finding in report.findings] == [5], text
