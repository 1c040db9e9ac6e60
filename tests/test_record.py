import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck import canonical
from randcheck.errors import RecordError
from worlds import RANDOMNESS, inspectors, joint_task, world

WORLD = world(200)
DRAW = rc.draw(joint_task(), **WORLD, inspectors=inspectors(), randomness=RANDOMNESS)
RECORD = DRAW.record


def test_it_survives_bytes_json_and_pickle():
    data = RECORD.to_bytes()
    assert rc.DrawRecord.from_bytes(data) == RECORD
    assert rc.DrawRecord.from_bytes(data).to_bytes() == data
    assert rc.DrawRecord.from_json(json.loads(data)) == RECORD
    assert pickle.loads(pickle.dumps(RECORD)) == RECORD
    assert canonical.sha256(data) == RECORD.digest
    assert "visits=<" in repr(RECORD)


def test_it_has_exactly_the_protocols_keys():
    assert sorted(json.loads(RECORD.to_bytes())) == [
        "cells", "commitment", "inspectors_seed", "odds_sha256", "protocol", "randomness",
        "reserves", "seed", "subjects_seed", "visits",
    ]  # fmt: skip


def paths(value, here=()):
    yield here
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*here, key))
    elif isinstance(value, list):
        for number in range(len(value[:2])):
            yield from paths(value[number], (*here, number))


JSON = json.loads(RECORD.to_bytes())
STRICT = [p for p in paths(JSON) if p and p[0] != "commitment"]


@given(st.sampled_from(STRICT), st.sampled_from([True, 1.5, {}, {"a": 1}, [[]], [None]]))
def test_a_value_of_another_type_is_refused_and_never_converted(path, wrong):
    changed = copy.deepcopy(JSON)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = wrong
    with pytest.raises(RecordError) as caught:
        rc.DrawRecord.from_json(changed)
    assert caught.value.where


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "where the keys"),
        (b"{}", "where the keys"),
        (b"{ }", "not canonical"),
        (b"\xff", "not UTF-8"),
        (canonical.dumps(JSON | {"protocol": "randcheck/v2"}), "is unknown"),
        (canonical.dumps(JSON | {"commitment": {}}), "keys of the commitment"),
        (canonical.dumps(JSON | {"more": 1}), "where the keys"),
    ],
)
def test_bytes_that_are_no_record(data, words):
    with pytest.raises(RecordError, match=words):
        rc.DrawRecord.from_bytes(data)


def test_what_cannot_be_read_back_never_leaves():
    import attrs

    twisted = attrs.evolve(RECORD, randomness=("not", "text"))
    with pytest.raises(RecordError):
        twisted.to_bytes()
    tuples = attrs.evolve(RECORD, visits=list(RECORD.visits))
    with pytest.raises(RecordError, match="does not survive"):
        tuples.to_bytes()


def test_the_public_form_shows_no_ticket_seed_or_cell():
    public = RECORD.public()
    text = json.dumps(public)
    assert public["commitment_sha256"] == RECORD.commitment.digest
    assert public["task"] == "T-2026-07"
    names = [visit["subject"] for visit in public["visits"]]
    assert names == sorted(names)
    assert {frozenset(visit) for visit in public["visits"]} == {
        frozenset({"subject", "items", "team"})
    }
    for secret in (RECORD.seed, RECORD.subjects_seed, RECORD.visits[0].ticket, "cells", "nonce"):
        assert secret not in text


def test_the_public_form_with_seeds():
    public = RECORD.public(seeds=True)
    assert public["subjects_seed"] == RECORD.subjects_seed
    assert {visit["subject"]: visit["ticket"] for visit in public["visits"]} == {
        visit.subject: visit.ticket for visit in RECORD.visits
    }


def test_a_draw_without_teams_shows_none():
    record = rc.draw(joint_task(), **WORLD, randomness="1").record
    assert {visit["team"] for visit in record.public()["visits"]} == {None}
    assert rc.DrawRecord.from_bytes(record.to_bytes()) == record
