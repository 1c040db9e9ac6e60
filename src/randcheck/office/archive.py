"""The archive (归档) of a draw: one sealed file, and a check that lists what is missing.

Rules enforced here:
1. One zip file, stored and not packed, in one order and with one time: the same contents are the
   same bytes on every machine, and a file that is not exactly these bytes is refused.
2. The seal is the SHA-256 of `manifest.json`, which names the SHA-256 of every other file.
3. What can be derived is derived again: frame, teams, forms and follow-up are those of the record
   and of the ledger's events that belong to it, and nothing else.
4. Reading stays in memory, within limits, and never writes a file.
5. Checking never raises for what is given, and whatever is missing or does not match is a finding.

The checks, by the number of their findings:
 1. What is given can be read, within limits.  2. The file is written in the archive's one form.
 3. Exactly the files that the manifest names, each with its SHA-256.  4. The seal is the one given.
 5. The record follows from its sheet and odds, stages from the records before them.
 6. The events are whole lives of this draw's things; documents are what they give.
 7. Nothing that a finished draw must have is missing (see `completeness`).
 8. The steps keep the rules.  9. The signatures hold.
10. The ledger's export has these events and no others of this draw.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from traceback import format_exception_only
from typing import Any

from attrs import frozen

from randcheck import canonical
from randcheck.design import Design
from randcheck.errors import MissingExtraError, ParameterError, RandcheckError, shorten
from randcheck.ids import id_fault
from randcheck.io.archive import Archive as Zip
from randcheck.io.archive import BrokenError, Limits, UnsafeError
from randcheck.ledger.check import EMPTY, Head, verify_export
from randcheck.ledger.events import Event
from randcheck.matching import Odds
from randcheck.office.codes import STANDARD, ResultCode, ResultCodes
from randcheck.office.completeness import completeness
from randcheck.office.dossier import Things, last, related, things_of
from randcheck.office.errors import StepError
from randcheck.office.life import Life, rebuild
from randcheck.record import DrawRecord
from randcheck.signatures import Keyring, Policy, check_signatures
from randcheck.tickets import PROTOCOL
from randcheck.verify import Finding, Report, verify

#: What an archive may have at most.
MOST_BYTES, MOST_FILES, MOST_FINDINGS = 2**31 - 1, 5_000, 1_000

MANIFEST = "manifest.json"

#: Things of the ledger and the document that holds them, a line each.
DOCUMENTS = {
    "draw": "draw.jsonl",
    "plan": "plan.jsonl",
    "scheme": "scheme.jsonl",
    "case": "cases.jsonl",
    "problem": "problems.jsonl",
    "transfer": "transfers.jsonl",
    "revisit": "revisits.jsonl",
}

#: What is taken as it is given; the other documents follow from these.
GIVEN = ("codes.json", "events.jsonl", "odds.jsonl", "record.json", "sheet.jsonl")
_FOLDERS = ("files/", "publication/", "signatures/")
_POLICY_CHECKS = (11, 12)


@frozen(repr=False)
class Archive:
    """A sealed archive: its bytes, and those of its manifest."""

    data: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        """The seal: the SHA-256 of the manifest. Publish it, sign the manifest, or both."""
        return canonical.sha256(self.manifest)

    def to_bytes(self) -> bytes:
        """The zip file."""
        return self.data

    def __repr__(self) -> str:
        return f"Archive({self.digest!r}, <{len(self.data)} bytes>)"


# --- building ----------------------------------------------------------------------------------


def build_archive(
    record: DrawRecord | bytes,
    sheet: Design | bytes,
    events: Iterable[Event],
    *,
    odds: Odds | bytes | None = None,
    codes: ResultCodes = STANDARD,
    publication: Mapping[str, bytes] | None = None,
    files: Iterable[bytes] = (),
    signatures: Mapping[str, Iterable[bytes]] | None = None,
) -> Archive:
    """The archive of a draw.

    `events` are all of the ledger's, `ledger.events()`; those of this draw are kept, with the
    head of all. `publication` are proofs of publication by name: a page, a gazette, a receipt.
    `files` are documents that steps name by their SHA-256 (annexes of the scheme, documents of
    transfers), and records and odds of stages, and successors. `signatures` are detached ones by
    the name of the file in the archive that they sign, such as `record.json`.

    What is missing is no error here: `check_archive` lists it. Raises `ParameterError` for a record
    that does not follow from its sheet and odds, and for a name that cannot be one.
    """
    value = record if isinstance(record, DrawRecord) else DrawRecord.from_bytes(record)
    parts = {"record.json": value.to_bytes(), "sheet.jsonl": _bytes(sheet, "sheet")}
    if odds is not None:
        parts["odds.jsonl"] = _bytes(odds, "odds")
    report = verify(value, parts["sheet.jsonl"], odds=parts.get("odds.jsonl"))
    if not report.ok:
        remedy = "give the sheet and the odds of this record"
        raise ParameterError("record", value.digest, f"is refused: {report.findings[0]}", remedy)
    every = list(events)
    own = related(every, value)
    parts["codes.json"] = canonical.dumps([code.to_json() for code in codes])
    parts["events.jsonl"] = b"".join(event.data + b"\n" for event in own)
    parts |= _derived(value, parts["sheet.jsonl"], things_of(own))
    parts |= {f"files/{canonical.sha256(data)}": data for data in files}
    for name, data in (publication or {}).items():
        if fault := _name_fault(name):
            raise ParameterError("publication", shorten(name), *fault)
        parts[f"publication/{name}"] = _bytes(data, "publication")
    for target, given in (signatures or {}).items():
        if target not in parts:
            remedy = f"sign one of {', '.join(sorted(parts))}"
            raise ParameterError("signatures", shorten(target), "is no file of it", remedy)
        for number, data in enumerate(sorted(given)):
            parts[f"signatures/{target}/{number:03}.json"] = data
    manifest = _manifest(parts, value, str(every[-1].head if every else EMPTY))
    return Archive(_pack({MANIFEST: manifest, **parts}), manifest)


def _bytes(value: Any, name: str) -> bytes:
    data = value.to_bytes() if hasattr(value, "to_bytes") else value
    if not isinstance(data, bytes):
        raise ParameterError(name, shorten(value), "is not bytes", "give its bytes")
    return data


def _name_fault(name: object) -> tuple[str, str] | None:
    """What keeps a text from being the name of a file, on any machine."""
    if fault := id_fault(name):
        return fault
    text = str(name)
    if any(char in '/\\:*?"<>|' for char in text) or text.startswith("."):
        return "is no plain name of a file", 'leave out / \\ : * ? " < > | and a leading dot'
    return ("is too long", "use 60 characters") if len(text.encode()) > 200 else None


def _pack(parts: Mapping[str, bytes]) -> bytes:
    """The one way to write these files: the manifest, the rest by name; stored, as of 1980."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts, key=lambda name: (name != MANIFEST, name.encode())):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, parts[name])
    return target.getvalue()


def _manifest(parts: Mapping[str, bytes], record: DrawRecord, head: str) -> bytes:
    files = {name: {"bytes": len(data), "sha256": canonical.sha256(data)}
             for name, data in parts.items() if name != MANIFEST}  # fmt: skip
    stated = {"files": files, "kind": "archive", "ledger_head": head, "protocol": PROTOCOL}
    task = record.commitment["task"]["id"]
    return canonical.dumps(stated | {"record_sha256": record.digest, "task": task})


def _derived(record: DrawRecord, sheet: bytes, things: Things) -> dict[str, bytes]:
    """The documents that follow from the record, its sheet and the events."""
    bound = record.commitment.to_json()
    frame = {
        "cells": [{"size": cell.size, "take": cell.take} for cell in record.cells],
        "excluded": bound["excluded"],
        "inputs": bound["inputs"],
        "sheet_sha256": bound["sheet_sha256"],
        "subjects": sheet.count(b"\n") - 1,
    }
    drawn = {visit.subject: visit.team for visit in record.visits}
    teams = []
    for name, steps in things["case"].items():
        subject = name.partition("/")[2]
        assigned, inspected = last(steps, "assigned"), last(steps, "inspected")
        teams.append({
            "case": name,
            "drawn": list(drawn.get(subject) or ()),
            "assigned": None if assigned is None else assigned["data"].get("team"),
            "went": None if inspected is None else inspected["data"].get("by"),
        })  # fmt: skip
    documents = {"frame.json": canonical.dumps(frame), "teams.json": canonical.dumps(teams)}
    for about, name in DOCUMENTS.items():
        lines = [{"about": about, "id": each, "steps": steps}
                 for each, steps in things[about].items()]  # fmt: skip
        documents[name] = b"".join(canonical.dumps(line) + b"\n" for line in lines)
    return documents


# --- checking ----------------------------------------------------------------------------------


class _Refused(Exception):  # noqa: N818  caught at once: it becomes a finding
    def __init__(self, number: int, where: str, expected: str, found: object) -> None:
        super().__init__(number, where, expected, found)


#: A finding's number, where, what belongs there, and what is there.
_Told = tuple[int, str, str, object]


def check_archive(
    archive: Archive | bytes | str | os.PathLike[str],
    keyring: Keyring | bytes | None = None,
    policy: Policy | None = None,
    *,
    digest: str | None = None,
    at: str | datetime | None = None,
    ledger: bytes | str | os.PathLike[str] | None = None,
    lives: Iterable[Life] | None = None,
) -> Report:
    """Whether an archive is complete, whole and signed; never raises for what is given.

    `digest` is the seal as it was published; `keyring` and `policy` are for signatures that were
    there at the moment `at`; `ledger` is an export; `lives` are the rules of the steps. What is not
    given stands among the report's `unchecked`. Only a missing extra raises.
    """
    given = {"seal": digest, "signatures": keyring, "ledger": ledger, "rules of steps": lives}
    unchecked = [name for name, value in given.items() if value is None]
    unchecked += ["moment"] if keyring is not None and at is None else []
    findings, grade = list[Finding](), ""
    try:
        data = _data(archive)
        parts = _read(data)
        record = _record(parts)
        grade = str(record.commitment["source"]["grade"])
        signers = keyring, policy or Policy(), at
        for told in _all_checks(data, parts, record, digest, ledger, lives, signers):
            findings.append(_finding("error", *told))
            if len(findings) == MOST_FINDINGS:
                raise _Refused(1, "archive", f"fewer than {MOST_FINDINGS} findings", "more")
    except MissingExtraError:
        raise
    except _Refused as refused:
        findings.append(_finding("fatal", *refused.args))
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = format_exception_only(error)[0].strip()
        findings.append(_finding("fatal", 1, "archive", "what can be read", text))
    return Report(tuple(findings), tuple(unchecked), grade)


def _all_checks(
    data: bytes,
    parts: Mapping[str, bytes],
    record: DrawRecord,
    digest: str | None,
    ledger: bytes | str | os.PathLike[str] | None,
    lives: Iterable[Life] | None,
    signers: tuple[Keyring | bytes | None, Policy, str | datetime | None],
) -> Iterator[_Told]:
    """All checks, in their order but for signatures, which ask for nothing of the others."""
    yield from _sealed(data, parts, record, digest)
    yield from _signed(parts, *signers)
    *lines, rest = parts.get("events.jsonl", b"").split(b"\n")
    if rest:
        raise _Refused(6, "events.jsonl", "a line end at its end", shorten(rest))
    events = [Event(line) for line in lines]
    yield from _checked(parts, record, events)
    if lives is not None:
        try:
            rebuild(events, lives)
        except StepError as error:
            yield 8, f"{error.about} {error.id}, {error.what}", error.expected, error.found
    yield from _in_ledger(parts, record, events, ledger)


def _finding(severity: str, number: int, where: str, expected: str, found: object) -> Finding:
    return Finding(number, severity, where[:200], expected[:200], str(found)[:200])


def _data(archive: Archive | bytes | str | os.PathLike[str]) -> bytes:
    data = archive.data if isinstance(archive, Archive) else archive
    if not isinstance(data, bytes):
        with Path(data).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _Refused(1, "archive", f"{MOST_BYTES} bytes at most", "more")
    return data


def _read(data: bytes) -> dict[str, bytes]:
    """The files of a stored zip: together they are never larger than the zip itself."""
    try:
        opened = Zip(data, Limits(unpacked_bytes=len(data), ratio=1, entries=MOST_FILES))
        return {name: opened.read(name, len(data)) for name in opened.names}
    except (UnsafeError, BrokenError) as error:
        raise _Refused(1, "archive", "a whole zip file within limits", error) from None


def _record(parts: Mapping[str, bytes]) -> DrawRecord:
    for name in ("record.json", MANIFEST):
        if name not in parts:
            raise _Refused(3, name, "a file of this name", "none")
    try:
        return DrawRecord.from_bytes(parts["record.json"])
    except RandcheckError as error:
        raise _Refused(5, "record.json", "a record", error) from None


def _sealed(
    data: bytes, parts: Mapping[str, bytes], record: DrawRecord, digest: str | None
) -> Iterator[_Told]:
    if _pack(parts) != data:
        yield 2, "archive", "the one form of these files", "other times, order, sizes or additions"
    for name in sorted(parts):
        if not _is_known(name):
            yield 3, name, "a name that an archive has", name
    stated = canonical.loads(parts[MANIFEST])
    due = canonical.loads(_manifest(parts, record, stated["ledger_head"]))
    listed, there = stated["files"], due["files"]
    for name in sorted({*listed} | {*there}):
        if listed.get(name) != there.get(name):
            told = "not in the manifest" if name not in listed else there.get(name, "no such file")
            yield 3, name, str(listed.get(name, "no such file")), told
    rest = {key: value for key, value in stated.items() if key != "files"}
    if rest != {key: value for key, value in due.items() if key != "files"}:
        yield 3, MANIFEST, "the keys and values of this record", shorten(rest, 200)
    seal = canonical.sha256(parts[MANIFEST])
    if digest is not None and digest != seal:
        yield 4, "seal", str(digest), seal


def _is_known(name: str) -> bool:
    if name in (MANIFEST, "frame.json", "teams.json", *GIVEN, *DOCUMENTS.values()):
        return True
    folder, _, rest = name.partition("/")
    if folder == "files":
        return canonical.is_sha256(rest)
    if folder == "signatures":
        target, _, number = rest.rpartition("/")
        return number[3:] == ".json" and number[:3].isdecimal() and not target.startswith(folder)
    return folder == "publication" and _name_fault(rest) is None


def _checked(
    parts: Mapping[str, bytes], record: DrawRecord, events: list[Event]
) -> Iterator[_Told]:
    """Record, events, documents, completeness."""
    for name in GIVEN:
        if name not in parts and not (name == "odds.jsonl" and record.odds_sha256 is None):
            yield 7, name, "a file of this name", "none"
    sheet = parts.get("sheet.jsonl", b"")
    for finding in verify(record, sheet, odds=parts.get("odds.jsonl")).findings:
        yield 5, f"record.json, {finding.where}", finding.expected, finding.found
    yield from _whole(events, record)
    things = things_of(events)
    for name, due in _derived(record, sheet, things).items():
        if parts.get(name) != due:
            found = "none" if name not in parts else "another text"
            yield 6, name, "what record and events give", found
    documents = {name.partition("/")[2]: data for name, data in parts.items()
                 if name.startswith("files/")}  # fmt: skip
    for name, data in documents.items():
        if canonical.sha256(data) != name:
            yield 3, f"files/{name}", name, canonical.sha256(data)
    yield from _stages(events, record, documents)
    read = canonical.loads(parts.get("codes.json", b"[]"))
    codes = ResultCodes([ResultCode.from_json(code) for code in read])
    folders = {name.rpartition("/")[0] for name in parts}
    for where, expected, found in completeness(record, events, things, codes, documents.keys()):
        yield 7, where, expected, found
    if last(things["draw"].get(record.digest, []), "voided") is None:
        for folder, what in (
            ("publication", "a proof of publication"),
            ("signatures/record.json", "a signature of the record"),
        ):
            if folder not in folders:
                yield 7, folder, what, "none"


def _whole(events: list[Event], record: DrawRecord) -> Iterator[_Told]:
    """The events ascend, belong to the draw, and leave none out of a thing's life."""
    sequence, said = -1, dict[tuple[str, str], int]()
    for event in events:
        if event.sequence <= sequence:
            yield 6, f"event {event.sequence}", f"a sequence above {sequence}", event.sequence
        sequence = event.sequence
        if event.kind == "office":
            key = event["about"], event["id"]
            if event["after"] != said.get(key):
                yield 6, f"event {sequence}, after", f"{said.get(key)}", event["after"]
            said[key] = sequence
    strangers = {event.digest for event in events} - {e.digest for e in related(events, record)}
    for event in events:
        if event.digest in strangers:
            yield 6, f"event {event.sequence}", "an event of this draw", event.kind


def _stages(
    events: list[Event], record: DrawRecord, documents: Mapping[str, bytes]
) -> Iterator[_Told]:
    """Each stage's record follows from the one before; a record that is not there is missing."""
    parents = {event["commitment_sha256"]: event["parent"]
               for event in events if event.kind == "stage commitment"}  # fmt: skip
    records = {record.digest: record.to_bytes(), **documents}
    for event in events:
        if event.kind != "stage record":
            continue
        name, parent = event["record_sha256"], parents.get(event["commitment_sha256"])
        if name in records and parent in records:
            stated = canonical.loads(records[name])
            wanted = stated["commitment"]["odds_sha256"]
            if wanted not in documents:
                yield 7, f"files/{wanted}", f"the odds of the stage {name}", "none"
            odds = documents.get(wanted)
            for finding in verify(records[name], records[parent], odds=odds).findings:
                yield 5, f"files/{name}, {finding.where}", finding.expected, finding.found


def _signed(
    parts: Mapping[str, bytes],
    keyring: Keyring | bytes | None,
    policy: Policy,
    at: str | datetime | None,
) -> Iterator[_Told]:
    """The record is signed as the policy says; what else is signed is signed well."""
    targets: dict[str, list[bytes]] = {"record.json": []}
    for name in sorted(parts):
        if name.startswith("signatures/"):
            target = name.partition("/")[2].rpartition("/")[0]
            targets.setdefault(target, []).append(parts[name])
    for target, given in targets.items():
        if target not in parts:
            yield 9, f"signatures/{target}", "a file that they sign", "none"
        elif keyring is not None:
            report = check_signatures(parts[target], given, keyring, policy, at)
            for finding in report.findings:
                if target == "record.json" or finding.number not in _POLICY_CHECKS:
                    where = f"signatures/{target}, {finding.where} [{finding.number}]"
                    yield 9, where, finding.expected, finding.found


def _in_ledger(
    parts: Mapping[str, bytes],
    record: DrawRecord,
    events: list[Event],
    ledger: bytes | str | os.PathLike[str] | None,
) -> Iterator[_Told]:
    """The head covers the events; the export reaches it and has these of the draw, no others."""
    stated = canonical.loads(parts[MANIFEST])["ledger_head"]
    head, newest = Head.parse(stated), events[-1].head if events else EMPTY
    if newest.sequence > head.sequence or (newest.sequence == head.sequence and newest != head):
        yield 6, "ledger_head", f"a head that covers event {newest.sequence}", stated
    if ledger is None:
        return
    data = ledger if isinstance(ledger, bytes) else Path(ledger).read_bytes()
    report = verify_export(data, stated)
    for finding in report.findings:
        yield 10, finding.where, finding.expected, finding.found
    if not report.ok:
        return
    sealed = [Event(line) for line in data.split(b"\n")[: head.sequence + 1]]
    due = {event.sequence: event.digest for event in related(sealed, record)}
    here = {event.sequence: event.digest for event in events}
    for sequence in sorted(due.keys() | here.keys()):
        if due.get(sequence) != here.get(sequence):
            expected = due.get(sequence, "no event of this draw")
            yield 10, f"event {sequence}", expected, here.get(sequence, "none")
