"""A ledger with an event of every kind, and how to chain events anew."""

import hashlib
import json
from datetime import UTC, datetime

from randcheck.ledger import Ledger

SOURCE = {"grade": "G0", "kind": "lottery"}
NOW = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


def hex_of(name):
    return hashlib.sha256(name.encode()).hexdigest()


def dumps(event):
    """Canonical, for keys in ASCII."""
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def plan(version=1, reason=None):
    return "plan", {"id": "P", "version": version, "sha256": hex_of("plan"), "reason": reason}


def commitment(name, task="T", version=1, repeats=None, reason=None, **more):
    body = {
        "commitment_sha256": hex_of(name),
        "plan": None if version is None else {"id": "P", "version": version},
        "reason": reason,
        "repeats": repeats and hex_of(repeats),
        "root": None,
        "sheet_sha256": hex_of("sheet"),
        "source": SOURCE,
        "task": task,
    }
    return "commitment", body | more


def stage(name, parent, repeats=None, reason=None):
    body = {
        "commitment_sha256": hex_of(name),
        "parent": hex_of(parent),
        "reason": reason,
        "repeats": repeats and hex_of(repeats),
        "source": SOURCE,
    }
    return "stage commitment", body


def randomness(name, step="", evidence=None):
    body = {"commitment_sha256": hex_of(name), "evidence": evidence, "text": "05 09 + 08"}
    return f"{step}randomness", body


def record(name, made, step=""):
    body = {"commitment_sha256": hex_of(name), "record_sha256": hex_of(made)}
    return f"{step}record", body


def confirmation(made):
    return "confirmation", {"by": ["a", "乙"], "record_sha256": hex_of(made)}


def substitution(parent, successor):
    return "substitution", {"parent": hex_of(parent), "successor_sha256": hex_of(successor)}


def abandoned(name, reason="the lottery was cancelled"):
    return "abandoned", {"commitment_sha256": hex_of(name), "reason": reason}


def witness(head, by="notary", signature=None):
    body = {"by": by, "head": head.digest, "sequence": head.sequence, "signature": signature}
    return "witness", body


def said(what, after=None, thing="visit-1"):
    body = {"about": "case", "after": after, "data": {"by": what}, "id": thing, "what": what}
    return "office", body


def lively(url="sqlite://", **more):
    """An open ledger in which everything has happened."""
    ledger = Ledger.open(url, clock=lambda: NOW, **more)

    def add(event):
        return ledger.append(*event, actor="office")

    for each in (
        plan(),
        commitment("c0"),
        abandoned("c0"),
        plan(2, "one task more 乙😀"),
        commitment("c1", version=2, repeats="c0", reason="the lottery was cancelled"),
    ):
        add(each)
    add(witness(ledger.head(), signature="signed"))
    for each in (
        randomness("c1", evidence={"url": "https://example.org/draw", "numbers": [5, None, True]}),
        record("c1", "r1"),
        confirmation("r1"),
        stage("s1", "r1"),
        abandoned("s1"),
        stage("s2", "r1", repeats="s1", reason="again"),
        randomness("s2", "stage "),
        record("s2", "sr2", "stage "),
        confirmation("sr2"),
        stage("s3", "sr2"),
        substitution("r1", "x1"),
        substitution("x1", "x2"),
        commitment("c2", version=2, repeats="c1", reason="by order of a court"),
        commitment("d0", task="U", version=None),
        randomness("d0"),
    ):
        add(each)
    add(witness(ledger.head(), by="the paper"))
    return ledger


def events_of(export):
    return [json.loads(line) for line in export.splitlines()]


def chained(events):
    """The export of events with their sequences and previous digests made right."""
    out, previous = [], "0" * 64
    for sequence, event in enumerate(events):
        line = dumps(event | {"sequence": sequence, "previous": previous})
        previous = hashlib.sha256(line).hexdigest()
        out.append(line + b"\n")
    return b"".join(out)
