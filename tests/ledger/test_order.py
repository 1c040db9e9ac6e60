"""The order of a draw's life, against a model that looks at all events again each time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.cases import (
    abandoned,
    commitment,
    confirmation,
    dumps,
    hex_of,
    lively,
    plan,
    randomness,
    record,
    stage,
    substitution,
    witness,
)
from randcheck.ledger import Head, LedgerOrderError, check


class Model:
    """What may come next, by looking through the whole past."""

    def __init__(self):
        self.past = []

    def of(self, *kinds, **values):
        return [
            body
            for kind, body in self.past
            if kind in kinds and all(body.get(key) == value for key, value in values.items())
        ]

    def commitments(self, **values):
        return self.of("commitment", "stage commitment", **values)

    def records(self, **values):
        return self.of("record", "stage record", **values)

    def in_force(self, digest):
        [mine] = self.commitments(commitment_sha256=digest)
        if self.of("abandoned", commitment_sha256=digest):
            return False
        later = self.commitments(repeats=digest)
        if any(each.get("plan") == mine.get("plan") for each in later):
            return False
        return "parent" not in mine or self.record_in_force(mine["parent"])

    def record_in_force(self, digest):
        found = self.records(record_sha256=digest)
        return bool(found) and self.in_force(found[0]["commitment_sha256"])

    def confirmed(self, digest):
        return self.record_in_force(digest) and self.of("confirmation", record_sha256=digest)

    def allows(self, kind, body):
        return bool(getattr(self, kind.replace(" ", "_"))(body))

    def plan(self, body):
        before = len(self.of("plan", id=body["id"]))
        return body["version"] == before + 1 and (body["reason"] is None) == (before == 0)

    def cites_well(self, body, earlier):
        if self.commitments(commitment_sha256=body["commitment_sha256"]):
            return False
        if not earlier:
            return body["repeats"] is body["reason"] is None
        last = earlier[-1]["commitment_sha256"]
        ended = self.of("abandoned", commitment_sha256=last) or self.records(commitment_sha256=last)
        return ended and body["repeats"] == last and body["reason"] is not None

    def commitment(self, body):
        named = body["plan"] and body["plan"]["id"]
        if named and len(self.of("plan", id=named)) != body["plan"]["version"]:
            return False
        same = self.of("commitment", task=body["task"])
        return self.cites_well(
            body, [each for each in same if (each["plan"] and each["plan"]["id"]) == named]
        )

    def stage_commitment(self, body):
        earlier = self.of("stage commitment", parent=body["parent"])
        return self.confirmed(body["parent"]) and self.cites_well(body, earlier)

    def randomness(self, body, step=""):
        mine = body["commitment_sha256"]
        there = self.of(f"{step}commitment", commitment_sha256=mine)
        told = self.of(f"{step}randomness", commitment_sha256=mine)
        return there and self.in_force(mine) and not told

    def stage_randomness(self, body):
        return self.randomness(body, "stage ")

    def record(self, body, step=""):
        mine = body["commitment_sha256"]
        return (
            self.of(f"{step}commitment", commitment_sha256=mine)
            and self.in_force(mine)
            and self.of(f"{step}randomness", commitment_sha256=mine)
            and not self.records(commitment_sha256=mine)
            and not self.records(record_sha256=body["record_sha256"])
        )

    def stage_record(self, body):
        return self.record(body, "stage ")

    def confirmation(self, body):
        mine = body["record_sha256"]
        return self.record_in_force(mine) and not self.of("confirmation", record_sha256=mine)

    def substitution(self, body):
        if self.of("substitution", parent=body["parent"]):
            return False
        if self.of("substitution", successor_sha256=body["successor_sha256"]):
            return False
        base = body["parent"]
        while before := self.of("substitution", successor_sha256=base):
            base = before[0]["parent"]
        return self.of("record", record_sha256=base) and self.confirmed(base)

    def abandoned(self, body):
        mine = body["commitment_sha256"]
        [*there] = self.commitments(commitment_sha256=mine)
        later = self.commitments(repeats=mine)
        return (
            there
            and not self.of("abandoned", commitment_sha256=mine)
            and not any(each.get("plan") == there[0].get("plan") for each in later)
        )


NAMES = [f"c{n}" for n in range(5)]
MADE = [f"r{n}" for n in range(3)]


def candidates():
    """Everything that anybody might try, among a few names."""
    yield from (plan(n, why) for n in (1, 2, 3) for why in (None, "why"))
    for name in NAMES:
        for before, why in ((None, None), (None, "why"), ("c0", None)):
            yield commitment(name, repeats=before, reason=why)
            yield stage(name, "r0", before, why)
        for before in (None, *NAMES):
            why = before and "why"
            yield from (commitment(name, "T", n, before, why) for n in (None, 1, 2))
            yield from (stage(name, parent, before, why) for parent in MADE)
        for step in ("", "stage "):
            yield randomness(name, step)
            yield from (record(name, made, step) for made in MADE)
        yield abandoned(name)
    yield commitment("c4", "U")
    yield from map(confirmation, MADE)
    yield from (substitution(old, new) for old in [*MADE, "x0", "x1"] for new in ("x0", "x1"))


EVERYTHING = list(candidates())


def event_after(chain, kind, body):
    return {
        "actor": "office",
        "at": "2026-07-01T09:30:00Z",
        "body": body,
        "kind": kind,
        "previous": chain.head.digest,
        "protocol": "randcheck/v1",
        "sequence": chain.head.sequence + 1,
    }


def takes(chain, kind, body):
    event = event_after(chain, kind, body)
    try:
        check.follow(event, chain.head, chain.at, chain.known)
    except check.RefusedError as refused:
        if refused.number != 7:
            raise
        return False
    return True


def walk(choices, every=1):
    chain, model, seen = check.Chain(), Model(), set()
    for step, (which, entry) in enumerate(choices):
        allowed = {}
        for index, (kind, body) in enumerate(EVERYTHING):
            if index % every == step % every or model.allows(kind, body):
                fits = model.allows(kind, body)
                assert takes(chain, kind, body) == fits, (kind, body)
                if fits:
                    allowed.setdefault(kind, []).append((kind, body))
        seen |= allowed.keys()
        kinds = sorted(allowed, key=lambda kind: (kind in ("plan", "abandoned"), kind))
        several = allowed[kinds[which % len(kinds)]]
        kind, body = several[entry % len(several)]
        chain.add(dumps(event_after(chain, kind, body)))
        model.past.append((kind, body))
        if not any(model.allows(*each) for each in EVERYTHING):
            break
    return seen


CHOICES = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))


@settings(max_examples=60)
@given(st.lists(CHOICES, min_size=8, max_size=24))
def test_the_order_is_that_of_the_model(choices):
    walk(choices, every=7)


@pytest.mark.long
@settings(max_examples=1000)
@given(st.lists(CHOICES, min_size=8, max_size=40))
def test_the_order_is_that_of_the_model_in_many_walks(choices):
    walk(choices)


def test_a_walk_meets_every_kind():
    names = ("plan", "commitment", "randomness", "record", "confirmation", "stage commitment")
    names += ("stage randomness", "stage record", "substitution", "abandoned")
    walked = {name for seed in range(40) for name in walk(random_choices(seed), every=50)}
    assert walked == set(names)


def random_choices(seed):
    import random

    dice = random.Random(seed)
    return [(dice.randrange(10**6), dice.randrange(10**6)) for _ in range(24)]


# --- what an error says ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def ledger():
    with lively() as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("event", "expected", "found"),
    [
        (plan(4, "why"), "version 3, the plan's next", "4"),
        (plan(3), "a reason from version 2 on", "null"),
        (commitment("new", version=1), "in its last version (2)", '"version":1'),
        (commitment("new", version=3), "in its last version (2)", '"version":3'),
        (
            commitment("n", plan={"id": "Q", "version": 1}),
            "in its last version (none is)",
            '"id":"Q"',
        ),
        (commitment("c1", "V", 2), "a commitment of its own", "one in event 4 before"),
        (commitment("new", version=2), "was drawn or abandoned", "it is open"),
        (commitment("new", "U", None), "was drawn or abandoned", "it is open"),
        (commitment("new", "V", 2, "c1", "why"), "null", hex_of("c1")),
        (commitment("new", "V", 2, None, "why"), "a reason where another one is repeated", "why"),
        (randomness("nothing"), "a commitment of a draw that is there", hex_of("nothing")),
        (randomness("s3"), "a commitment of a draw that is there", hex_of("s3")),
        (randomness("d0", "stage "), "a commitment of a stage", hex_of("d0")),
        (randomness("d0"), "one for a commitment", "one in event 20 before"),
        (randomness("c0"), "what is in force", "the commitment of event 1 was abandoned"),
        (randomness("s3", "stage "), "in force", "the commitment of event 4 was repeated"),
        (record("c2", "new"), "its randomness first", "none"),
        (record("d0", "r1"), "a record of its own", "one in event 7 before"),
        (record("c1", "new"), "in force", "the commitment of event 4 was repeated"),
        (confirmation("nothing"), "a record that is there", hex_of("nothing")),
        (substitution("x2", "x3"), "in force", "the commitment of event 4 was repeated"),
        (abandoned("nothing"), "a commitment that is there", hex_of("nothing")),
        (abandoned("c0"), "a commitment in force", "one abandoned before"),
        (abandoned("c1"), "a commitment in force", "one repeated before"),
        (witness(Head(22, hex_of("x"))), "an event before this one", "22"),
        (witness(Head(0, hex_of("x"))), "as event 0 has it", hex_of("x")),
    ],
)
def test_the_error_names_what_is_missing_or_there_twice(ledger, event, expected, found):
    before = ledger.head()
    with pytest.raises(LedgerOrderError) as told:
        ledger.append(*event, actor="office")
    assert expected in told.value.expected
    assert found in told.value.found
    assert str(told.value).startswith(f"{event[0]}, body") or told.value.where == "randomness"
    assert ledger.head() == before


def test_confirmed_and_recorded_once():
    with lively() as ledger:
        for event in (record("d0", "rd"), confirmation("rd"), substitution("rd", "y1")):
            ledger.append(*event, actor="office")
        for event, found in (
            (record("d0", "more"), f"{hex_of('rd')} too"),
            (confirmation("rd"), "one in event 23 before"),
            (substitution("rd", "y2"), "one in event 24 before"),
            (substitution("y1", "x1"), "one in event 16 before"),
            (commitment("new", "U", None, "c1", "why"), hex_of("c1")),
            (commitment("new", "U", None, "d0"), "null"),
        ):
            with pytest.raises(LedgerOrderError) as told:
                ledger.append(*event, actor="office")
            assert found in told.value.found
        stages = stage("e1", "rd"), randomness("e1", "stage "), record("e1", "er", "stage ")
        for event in stages:
            ledger.append(*event, actor="office")
        with pytest.raises(LedgerOrderError, match="a record that is confirmed"):
            ledger.append(*stage("e2", "er"), actor="office")
        ledger.append(*confirmation("er"), actor="office")
        with pytest.raises(LedgerOrderError, match="a draw's record, or a successor of it"):
            ledger.append(*substitution("er", "y3"), actor="office")
        seen = witness(ledger.head())
        ledger.append(*seen, actor="office")
        with pytest.raises(LedgerOrderError, match="a witness of its own"):
            ledger.append(*seen, actor="office")


def test_a_draw_of_an_earlier_version_stays_in_force():
    with lively() as ledger:
        for event in (
            plan(3, "more firms"),
            commitment("v3", task="V", version=3),
            randomness("v3"),
            record("v3", "rv3"),
            confirmation("rv3"),
            plan(4, "still more"),
        ):
            ledger.append(*event, actor="office")
        with pytest.raises(LedgerOrderError, match=hex_of("v3")):
            ledger.append(*commitment("v4", task="V", version=4), actor="office")
        again = commitment("v4", "V", 4, "v3", "the new version takes more")
        ledger.append(*again, actor="office")
        ledger.append(*stage("sv3", "rv3"), actor="office")
        assert ledger.verify().ok
