"""Did the commitment come before its randomness? The grade that a record can show.

Rules enforced here:
1. A commitment only promises a grade; it counts as far as it is shown. What is not shown is G0.
2. The round of a public source follows from the time at which the ledger has the commitment.
3. Each witness that the commitment names has signed, before that round, a head of the ledger that
   covers the commitment. The witness's clock counts, not the office's.
4. Bytes in, numbered findings out:
   1. What is given can be read.  2. The ledger's export holds, and goes on from a head kept.
   3. It has the commitment, with its grade and source.  4. Its randomness and record are these.
   5. The source can have given the randomness.  6. The round is the one that follows, and had
   spoken when the ledger says so.  7. The witnesses signed in time.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from traceback import format_exception_only
from typing import Any

from attrs import frozen

from randcheck import canonical
from randcheck.errors import MissingExtraError
from randcheck.ledger import entries
from randcheck.ledger.check import Head, verify_export
from randcheck.ledger.events import Event
from randcheck.randomness import CommitReveal, Single, check_source, parts_of, source_of
from randcheck.record import DrawRecord
from randcheck.signatures import Keyring, Policy, SigningKey, check_signatures, sign
from randcheck.stage import StageRecord, read_record
from randcheck.tickets import PROTOCOL
from randcheck.verify import Finding, Report

#: The role in which a witness signs, and what it must have signed.
ROLE = "witness"
_POLICY = Policy(roles=(ROLE,), distinct=False)


def head_bytes(head: Head) -> bytes:
    """What a witness signs: a ledger's head as canonical JSON."""
    return canonical.dumps({"head": str(head), "protocol": PROTOCOL})


def witness(head: Head, key: SigningKey, *, at: str | datetime) -> bytes:
    """A witness's signature of a head, at the witness's own time.

    A witness signs what it has looked at: an export that `verify_export` finds to hold, and that
    goes on from the head it signed before.
    """
    return sign(head_bytes(head), key, role=ROLE, at=at)


@frozen
class Evidence:
    """The grade that is shown, `G0` where nothing is, and why not more.

    `attempts` is how many commitments the ledger has for the draw's task up to this one, or for the
    stage's record: above 1 somebody drew before and withdrew or repeated it (`Ledger.indicators`).
    """

    grade: str
    attempts: int
    report: Report

    def __str__(self) -> str:
        told = f"grade {self.grade} shown, attempt {self.attempts}"
        return f"{self.report}\n{told}"


class _Unshown(Exception):  # noqa: N818  caught at once: it becomes a finding
    def __init__(self, number: int, where: str, expected: str, found: object) -> None:
        super().__init__(number, where, expected, found)


def check_evidence(
    record: DrawRecord | StageRecord | bytes,
    ledger: bytes | str | os.PathLike[str],
    keyring: Keyring | bytes,
    *,
    old_head: Head | str | None = None,
) -> Evidence:
    """The grade of a record's randomness, from an export of the ledger and the witnesses' keys.

    `old_head` is a head of the ledger that was kept. Never raises for what is given; only a missing
    extra raises. That a public source really said so, its own publication shows: `source` is then
    among the report's `unchecked`.
    """
    findings: list[Finding] = []
    unchecked: list[str] = [] if old_head is not None else ["old head"]
    grade, attempts = "G0", 0
    try:
        value = read_record(record) if isinstance(record, bytes) else record
        events = _events(ledger, old_head)
        life = _life(value, events)
        attempts = _attempts(life["commitment"], events)
        told = check_source(value)
        unchecked += told.unchecked
        for finding in told.findings:
            raise _Unshown(5, finding.where, finding.expected, finding.found)
        source = source_of(value.commitment["source"])
        for part, text in parts_of(source, value.randomness) if source else ():
            try:
                grade = max(grade, _shown(part, text, life, events, keyring))
            except _Unshown as unshown:  # the other sources count all the same
                findings.append(_finding(unshown))
    except MissingExtraError:
        raise
    except _Unshown as unshown:
        findings.append(_finding(unshown))
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = format_exception_only(error)[0].strip()[:200]
        findings.append(Finding(1, "fatal", "input", "what can be read", text))
        grade = "G0"
    return Evidence(grade, attempts, Report(tuple(findings), tuple(unchecked)))


def _finding(unshown: _Unshown) -> Finding:
    number, where, expected, found = unshown.args
    return Finding(number, "error", where, str(expected)[:200], str(found)[:200])


def _events(ledger: bytes | str | os.PathLike[str], old_head: Head | str | None) -> list[Event]:
    data = ledger if isinstance(ledger, bytes) else Path(ledger).read_bytes()
    for finding in verify_export(data, old_head).findings:
        raise _Unshown(2, finding.where, finding.expected, finding.found)
    return [Event(line) for line in data.split(b"\n")[:-1]]


def _life(record: DrawRecord | StageRecord, events: list[Event]) -> dict[str, Event]:
    """The events of a record's commitment by what they are."""
    made = entries.record(record)
    digest = made.body["commitment_sha256"]
    own = [event for event in events if event.get("commitment_sha256") == digest]
    life = {event.kind.removeprefix("stage "): event for event in own}
    if "commitment" not in life:
        raise _Unshown(3, "commitment", f"commitment {digest}", "none of the ledger's")
    bound, stated = record.commitment, life["commitment"].body
    expected = {key: bound["source"][key] for key in ("grade", "kind")}
    _same(3, "source", expected, stated["source"])
    for key, due in (("task", bound["task"]["id"]), ("parent", bound["parent"])):
        _same(3, key, due, stated.get(key, due))
    if stated.get("sheet_sha256") is not None:
        _same(3, "sheet_sha256", bound["sheet_sha256"], stated["sheet_sha256"])
    for name, key, due in (
        ("randomness", "text", record.randomness),
        ("record", "record_sha256", record.digest),
    ):
        _same(4, name, due, life[name][key] if name in life else "none in the ledger")
    again = [event for event in events if event.get("repeats") == digest]
    if "abandoned" in life or (again and again[0].get("plan") == stated.get("plan")):
        reason = life.get("abandoned", *again[:1])["reason"]
        raise _Unshown(4, "record", "a draw that is in force", f"withdrawn: {reason}")
    return life


def _same(number: int, where: str, expected: object, found: object) -> None:
    if expected != found:
        raise _Unshown(number, where, str(expected), found)


def _attempts(commitment: Event, events: list[Event]) -> int:
    """How many commitments there are for the same task or parent, up to this one."""

    def whose(event: Event) -> Any:
        return event.get("parent"), event.get("task"), (event.get("plan") or {}).get("id")

    before = [event for event in events if event.sequence <= commitment.sequence]
    same = [event for event in before if event.kind == commitment.kind]
    return sum(whose(event) == whose(commitment) for event in same)


def _shown(
    part: Single, text: str, life: dict[str, Event], events: list[Event], keyring: Keyring | bytes
) -> str:
    """The grade that one source shows."""
    if isinstance(part, CommitReveal):
        return "G1"  # each party knows that the commitment came first
    if part.rounds is None or not part.witnesses:
        return "G0"
    due, spoken = part.rounds.after(life["commitment"].at), life["randomness"]
    number = part.round_number(text) or (spoken["evidence"] or {}).get("round")
    _same(6, "round", due.number, number)
    if spoken.at < due.at:
        raise _Unshown(6, "randomness", f"a time from {due.at} on, when it spoke", spoken.at)
    for name, key_id in part.witnesses.items():
        _witnessed(name, key_id, due.at, life["commitment"].sequence, events, keyring)
    return "G2"


def _witnessed(
    name: str, key_id: str, before: str, covers: int, events: list[Event], keyring: Keyring | bytes
) -> None:
    found = "none"
    for event in events:
        if event.kind != "witness" or event["sequence"] < covers or event["signature"] is None:
            continue
        data = event["signature"].encode()
        head = Head(event["sequence"], event["head"])
        report = check_signatures(head_bytes(head), [data], keyring, _POLICY)
        if not report.ok:
            found = str(report.findings[0])
            continue
        stated = canonical.loads(data)
        if stated["key_id"] == key_id and stated["signed_at"] < before:
            return
        found = f"signed at {stated['signed_at']} by key {stated['key_id']}"
    expected = f"a signature before {before}, by key {key_id}, of a head from event {covers} on"
    raise _Unshown(7, f"witness {name}", expected, found)
