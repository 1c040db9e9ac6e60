"""Why a firm was drawn or not: its proof, the seeds and the record, in words for its eyes.

Rules enforced here:
1. What is said follows from a proof that holds; what was not given is said to be open.
2. A record, whole or public, must agree with the proof in task, seeds, cells and the firm's fate.
3. Of other firms nothing is told but, in a cell, the last ticket taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from attrs import field, frozen

from randcheck import canonical, tickets
from randcheck.design import Design
from randcheck.errors import RecordError, shorten
from randcheck.language import catalogue, current, finding_text
from randcheck.proofs import ProofTree, check_proof
from randcheck.record import DrawRecord
from randcheck.verify import Finding

#: How many hex digits of a ticket are told, or more where that does not keep two apart.
SHOWN = 4


@frozen
class Fate:
    """What became of a firm in one of its cells; `last_ticket` and `drawn` may be unknown."""

    cell: int
    items: tuple[str, ...]
    size: int
    take: int
    last_ticket: str | None
    drawn: bool | None


@frozen
class OwnCheck:
    """What a proof tells its firm. `ok`: it holds, and nothing that was given contradicts it.

    `fates` has an entry for each cell of the firm, and is empty for one that was not in the frame.
    """

    findings: tuple[Finding, ...]
    subject: str = ""
    fates: tuple[Fate, ...] = ()
    ticket: str | None = None

    @property
    def ok(self) -> bool:
        return not self.findings

    def words(self, language: str = "en") -> str:
        """The outcome in sentences, in English (`"en"`) or in Chinese (`"zh"`)."""
        say = partial(catalogue.say, language=current(language))
        if not self.ok:
            told = [finding_text(finding, language) for finding in self.findings]
            return "\n".join([say("This does not hold:"), *told])
        name = _plain(self.subject)
        if not self.fates:
            return say("{name}: you were not in the frame of this draw.").format(name=name)
        known = {fate.last_ticket for fate in self.fates} | {self.ticket}
        digits = _digits({each for each in known if each is not None})
        text = say("{name}: you were in the frame of this draw").format(name=name)
        if self.ticket:
            text += say("; your ticket is {ticket}….").format(ticket=self.ticket[:digits])
        else:
            text += say("; your ticket follows from the seed, which was not given.")
        return "\n".join([text, *(self._of_cell(fate, digits, say) for fate in self.fates)])

    def _of_cell(self, fate: Fate, digits: int, say: Callable[[str], str]) -> str:
        """What became of the firm in one cell."""
        text = say("For {items}: in your cell {take:,} of {size:,} were to be drawn").format(
            items=say(", ").join(map(_plain, fate.items)), size=fate.size, take=fate.take
        )
        if fate.last_ticket is not None:
            last = say(", the last of them with {ticket}…")
            text += last.format(ticket=fate.last_ticket[:digits])
            if self.ticket is not None:
                low = self.ticket <= fate.last_ticket
                text += say("; yours is not higher") if low else say("; yours is higher")
        if fate.drawn is None:
            return text + say("; whether you are among them does not follow from what was given.")
        return text + (
            say(", so you were drawn.") if fate.drawn else say(", so you were not drawn.")
        )


def own_check(
    proof: bytes,
    *,
    root: str,
    subject_id: str | None = None,
    record: DrawRecord | Mapping[str, Any] | bytes | None = None,
    subjects_seed: str | None = None,
    last_tickets: Mapping[int, str] | None = None,
) -> OwnCheck:
    """A firm's check of its proof against the root that was published; never raises.

    Findings 1 to 6 are those of `check_proof`. `record`, whole or in a public form, must agree: 7
    task, items, seeds and cells, 8 the firm's own fate. `last_tickets`, by cell, are for a firm
    that sees no whole record. Give `subject_id`, so that a neighbour's proof does not pass for it.
    """
    findings = check_proof(proof, root, subject_id)
    if findings:
        return OwnCheck(findings)
    told = canonical.loads(proof)
    subject, shown = told["subject"], {}
    try:
        if record is not None:
            shown = _shown(record)
        findings = tuple(_seed_findings(told, shown, subjects_seed))
        seed = shown.get("subjects_seed", subjects_seed)
        if findings:
            return OwnCheck(findings, subject)
        ticket = None if seed is None else tickets.ticket(seed, subject)
        mine = [visit for visit in shown.get("visits", []) if visit["subject"] == subject]
        fates = _fates(told, shown, mine, ticket, last_tickets or {})
        rows = _fate_findings(told, shown, mine, fates, ticket, last_tickets or {})
        return OwnCheck(tuple(rows), subject, fates, ticket)
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = f"{type(error).__name__}: {error}"[:200]
        return OwnCheck((Finding(7, "fatal", "record", "what can be read", text),), subject)


def _shown(record: Any) -> dict[str, Any]:
    """A record or its public form, with what both have under one name."""
    if isinstance(record, DrawRecord):
        record = record.to_json()
    shown = dict(canonical.loads(record) if isinstance(record, bytes) else record)
    if "commitment" in shown:
        bound = shown["commitment"]
        shown["commitment_sha256"] = canonical.sha256(canonical.dumps(bound))
        shown |= {"task": bound["task"]["id"], "items": bound["task"]["items"]}
    return shown


def _seed_findings(told: Any, shown: Any, given: str | None) -> Iterator[Finding]:
    if shown:
        yield from _unless(7, "task", told["task"], shown["task"])
        yield from _unless(7, "items", told["items"], shown.get("items", told["items"]))
    if "subjects_seed" in shown:
        seed = tickets.seed(shown["task"], shown["commitment_sha256"], shown["randomness"])
        yield from _unless(7, "seed", seed, shown["seed"])
        purpose = tickets.purpose_seed(seed, "subjects")
        yield from _unless(7, "subjects_seed", purpose, shown["subjects_seed"])
        yield from _unless(7, "subjects_seed", purpose, given or purpose)
    elif given is not None and not canonical.is_sha256(given):
        yield Finding(7, "fatal", "subjects_seed", "64 lower-case hex digits", shorten(given))


def _fates(told: Any, shown: Any, mine: Any, ticket: str | None, given: Any) -> tuple[Fate, ...]:
    """What became of the firm in each cell: as the record says, else by its ticket."""
    fates = []
    for cell, size, take in told.get("odds", []):
        pairs = zip(told["items"], told["line"], strict=True)
        items = tuple(item for item, number in pairs if number == cell)
        last = shown["cells"][cell]["last_ticket"] if "cells" in shown else given.get(cell)
        drawn = _by_ticket(size, take, last, ticket)
        if shown:
            drawn = any(item in visit["items"] for visit in mine for item in items)
        fates.append(Fate(cell, items, size, take, last, drawn))
    return tuple(fates)


def _by_ticket(size: int, take: int, last: str | None, ticket: str | None) -> bool | None:
    if take in (0, size):
        return take > 0
    return None if last is None or ticket is None else ticket <= last


def _fate_findings(
    told: Any, shown: Any, mine: Any, fates: Any, ticket: str | None, given: Any
) -> Iterator[Finding]:
    listed = {visit.get("ticket") for visit in shown.get("visits", [])}
    for fate in fates:
        where, last = f"cells[{fate.cell}]", fate.last_ticket
        if "cells" in shown:
            stated = shown["cells"][fate.cell]
            yield from _unless(7, where, [fate.size, fate.take], [stated["size"], stated["take"]])
        yield from _unless(7, where, given.get(fate.cell, last), last)
        if last is not None and (not fate.take or not canonical.is_sha256(last)):
            yield Finding(7, "error", where, "a ticket, or none where none is taken", shorten(last))
        elif last is not None and listed - {None} and last not in listed:
            yield Finding(8, "error", where, "the last ticket among the visits'", shorten(last))
        expected = _by_ticket(fate.size, fate.take, last, ticket)
        yield from _unless(8, where, fate.drawn if expected is None else expected, fate.drawn)
    items = [item for item in told["items"] for fate in fates if fate.drawn and item in fate.items]
    for visit in mine:
        yield from _unless(8, "items", items or ["none: not in the frame"], visit["items"])
        yield from _unless(8, "ticket", ticket, visit.get("ticket", ticket))
    yield from _unless(8, "visits", len(mine[:1]), len(mine))


def _unless(number: int, where: str, expected: Any, found: Any) -> Iterator[Finding]:
    if type(expected) is not type(found) or expected != found:
        yield Finding(number, "error", where, shorten(expected), shorten(found))


def _plain(text: str) -> str:
    """The text without what would move a terminal's cursor or begin a line of its own."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _digits(told: set[str]) -> int:
    """How many digits keep these tickets apart."""
    digits = SHOWN
    while len({ticket[:digits] for ticket in told}) < len(told):
        digits += 1
    return digits


@frozen
class Why:
    """For the office's counter: the proof to hand over, its root, and what it says."""

    root: str
    proof: bytes = field(repr=lambda proof: f"<{len(proof)} bytes>")
    check: OwnCheck

    def text(self, language: str = "en") -> str:
        """The words, and the root that they stand on."""
        root = catalogue.say("root {root}", language).format(root=self.root)
        return f"{self.check.words(language)}\n{root}"


def why(
    record: DrawRecord,
    sheet: Design | bytes,
    subject_id: str,
    *,
    nonce: str | None = None,
    allow_guessing: bool = False,
) -> Why:
    """Proof and words for one firm, from the record and its sheet; in the frame or not.

    `nonce` is the commitment's unless given. Raises `RecordError` for a sheet that is not the one
    committed, and what `ProofTree.of` raises.
    """
    digest = sheet.digest if isinstance(sheet, Design) else canonical.sha256(sheet)
    if digest != record.commitment["sheet_sha256"]:
        raise RecordError("sheet", f"has the SHA-256 {digest}, which was not committed")
    secret = record.commitment["nonce"] if nonce is None else nonce
    tree = ProofTree.of(sheet, secret, allow_guessing=allow_guessing)
    proof = tree.prove(subject_id)
    check = own_check(proof, root=tree.root, subject_id=subject_id, record=record)
    return Why(tree.root, proof, check)
