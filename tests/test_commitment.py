import pickle

import pytest

import randcheck as rc
from randcheck import canonical
from randcheck.errors import CommitmentError
from worlds import joint_task, world

COMMITMENT = rc.commit(joint_task(), **world(50)).commitment


def test_it_is_its_bytes():
    assert rc.Commitment.from_bytes(COMMITMENT.to_bytes()) == COMMITMENT
    assert rc.Commitment.from_json(COMMITMENT.to_json()) == COMMITMENT
    assert pickle.loads(pickle.dumps(COMMITMENT)) == COMMITMENT
    assert hash(pickle.loads(pickle.dumps(COMMITMENT))) == hash(COMMITMENT)
    assert COMMITMENT.digest == canonical.sha256(COMMITMENT.to_bytes())
    assert COMMITMENT.digest in repr(COMMITMENT)


def test_it_has_exactly_the_protocols_keys():
    assert sorted(COMMITMENT.to_json()) == [
        "excluded", "inputs", "matcher", "nonce", "parent", "protocol", "sampler", "sheet_sha256",
        "source", "task",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not canonical JSON"),
        (b"[]", "keys of the commitment are"),
        (b'{"a":1}', "keys of the commitment are"),
        (canonical.dumps(COMMITMENT.to_json() | {"protocol": "x"}), "unknown protocol"),
    ],
)
def test_bytes_that_are_no_commitment(data, words):
    with pytest.raises(CommitmentError, match=words):
        rc.Commitment.from_bytes(data)


def test_an_object_without_canonical_form():
    with pytest.raises(CommitmentError, match="no canonical form"):
        rc.Commitment.from_json(COMMITMENT.to_json() | {"nonce": 1.5})


def test_a_rehearsal_says_so():
    assert COMMITMENT["source"] == {"grade": "G0", "kind": "rehearsal"}
    assert rc.Rehearsal.from_json(COMMITMENT["source"]) == rc.Rehearsal()
    with pytest.raises(CommitmentError):
        rc.Rehearsal.from_json({"grade": "G2"})
