"""What a finished draw must have, said of its record and of the steps in the ledger.

Rules enforced here:
1. The ledger has the draw's commitment, its randomness and its record, and nobody withdrew or
   repeated it.
2. The draw is recorded; its plan's version was published, or it is a temporary task that says so;
   its scheme was issued, is not voided, and its annexes are there.
3. Each visit is a case; each case is published after all steps before, with a result for each
   item, or voided with its reason.
4. Each problem to follow up is closed; one that was transferred has its transfer; each transfer is
   answered or refused, each notification at the least received; their documents are there.
5. Each revisit that was drawn was made. Records of stages and successors are there, with odds.
6. Of a draw that was voided each case is voided, unless it was published before; nothing else is
   asked of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from randcheck.ledger.events import Event
from randcheck.office.cases import case_id
from randcheck.office.codes import ResultCodes
from randcheck.office.dossier import Steps, Things, last
from randcheck.record import DrawRecord

#: Where something is missing, what belongs there, and what is there.
Missing = tuple[str, str, str]


def _status(steps: Steps) -> str:
    return str(steps[-1]["what"]) if steps else "none"


def completeness(
    record: DrawRecord,
    events: Sequence[Event],
    things: Things,
    codes: ResultCodes,
    documents: Collection[str],
) -> Iterator[Missing]:
    """All that is missing, by the rules; `documents` are the SHA-256 of those that are there."""
    draw = things["draw"].get(record.digest, [])
    if last(draw, "voided") is not None:
        for name, steps in things["case"].items():
            if _status(steps) not in ("published", "voided"):
                yield f"case {name}", "voided, as its draw is, or published", _status(steps)
        return
    yield from _in_force(record, events, documents)
    yield from _prepared(record, draw, things, documents)
    yield from _cases(record, things, events)
    yield from _followed(things, codes)
    yield from _transfers(things, documents)
    for name, steps in things["revisit"].items():
        if _status(steps) != "found":
            yield f"revisit {name}", "found", _status(steps)


def _in_force(
    record: DrawRecord, events: Sequence[Event], documents: Collection[str]
) -> Iterator[Missing]:
    own, digests = record.commitment.digest, dict[str, str]()
    for event in events:
        if event.kind != "office" and event.get("commitment_sha256") == own:
            digests[event.kind] = event.digest
        if event.kind in ("stage record", "substitution"):
            key = "record_sha256" if event.kind == "stage record" else "successor_sha256"
            if event[key] not in documents:
                yield f"files/{event[key]}", f"the {event.kind} of event {event.sequence}", "none"
    for kind in ("commitment", "randomness", "record"):
        if kind not in digests:
            yield "events.jsonl", f"the {kind} of this draw", "none"
    for event in events:
        withdrawn = event.kind == "abandoned" and event["commitment_sha256"] == own
        if withdrawn or (event.kind == "commitment" and event["repeats"] == own):
            yield f"event {event.sequence}", "a draw in force", f"{event.kind}: {event['reason']}"


def _prepared(
    record: DrawRecord, draw: Steps, things: Things, documents: Collection[str]
) -> Iterator[Missing]:
    recorded = last(draw, "recorded")
    if recorded is None:
        yield f"draw {record.digest}", "recorded", "none"
        return
    data = recorded["data"]
    bound = record.commitment.to_json()
    for key, due in (
        ("task", bound["task"]["id"]),
        ("visits", len(record.visits)),
        ("grade", bound["source"]["grade"]),
    ):
        if data.get(key) != due:
            yield f"draw {record.digest}, {key}", str(due), str(data.get(key))
    scheme = things["scheme"].get(str(data.get("scheme")), [])
    issued = last(scheme, "issued")
    if issued is None or _status(scheme) == "voided":
        yield f"scheme {data.get('scheme')}", "issued and in force", _status(scheme)
    else:
        for name, digest in sorted(issued["data"].get("annexes", {}).items()):
            if digest not in documents:
                yield f"files/{digest}", f"the scheme's annex {name}", "none"
    if data.get("plan") is None:
        if issued is not None and issued["data"].get("temporary") is not True:
            yield "plan", "a plan, or a scheme of a temporary task", "neither"
    elif not _published(things["plan"].get(str(data["plan"]), []), data.get("version")):
        yield f"plan {data['plan']}", f"version {data.get('version')} published", "none"


def _published(plan: Steps, version: Any) -> bool:
    """Whether a version was drafted, approved and published, before another was drafted."""
    taken = set[str]()
    for step in plan:
        if step["what"] == "drafted":
            taken = {"drafted"} if step["data"].get("version") == version else set()
        taken |= {step["what"]} if taken else set()
        if taken >= {"drafted", "approved", "published"}:
            return True
    return False


#: The steps of a case that is published; a correction is entered anew.
_PATH = ("drawn", "confirmed", "inspected", "entered", "reviewed", "approved", "published")


def _cases(record: DrawRecord, things: Things, events: Sequence[Event]) -> Iterator[Missing]:
    due = {case_id(record.digest, visit.subject): visit for visit in record.visits}
    for name in sorted(due.keys() - things["case"].keys()):
        yield f"case {name}", "a case for this visit", "none"
    replaced = any(event.kind == "substitution" for event in events)
    for name, steps in things["case"].items():
        if name not in due and not replaced:
            yield f"case {name}", "a visit of the record", "none"
        if _status(steps) not in ("published", "voided"):
            yield f"case {name}", "published, or voided", _status(steps)
        elif _status(steps) == "published":
            for what in _PATH:
                if last(steps, what) is None:
                    yield f"case {name}", what, "never"
            entered = last(steps, "entered", "corrected")
            items = sorted({} if entered is None else entered["data"].get("results", {}))
            if items != sorted(steps[0]["data"].get("items", {})):
                yield f"case {name}", "a result for each item", str(items)
        if name in due and steps[0]["data"].get("team", []) != list(due[name].team or ()):
            team = steps[0]["data"].get("team", [])
            yield f"case {name}, team", str(list(due[name].team or ())), str(team)


def _followed(things: Things, codes: ResultCodes) -> Iterator[Missing]:
    needed = {code.id for code in codes if code.follow_up}
    problems = things["problem"]
    for name, steps in things["case"].items():
        entered = last(steps, "entered", "corrected")
        if _status(steps) == "published" and entered is not None:
            for item, result in sorted(entered["data"]["results"].items()):
                if result["code"] in needed and f"{name}/{item}" not in problems:
                    yield f"problem {name}/{item}", f"a follow-up of {result['code']}", "none"
    sent = [step["data"] for steps in things["transfer"].values() for step in steps[:1]]
    for name, steps in problems.items():
        closed, opened = last(steps, "closed"), steps[0]["data"]
        if closed is None:
            yield f"problem {name}", "closed", _status(steps)
        elif closed["data"].get("outcome") == "transferred" and not any(
            each.get("case") == opened.get("case") and each.get("kind") == "transfer"
            and each.get("item") in (None, opened.get("item"))
            for each in sent
        ):  # fmt: skip
            yield f"problem {name}", "its transfer", "none"


def _transfers(things: Things, documents: Collection[str]) -> Iterator[Missing]:
    for name, steps in things["transfer"].items():
        data = steps[0]["data"]
        told = data.get("kind") == "notification"
        ends = ("answered", "refused", *(["received"] if told else []))
        if last(steps, *ends) is None:
            yield f"transfer {name}", " or ".join(ends), _status(steps)
        for title, digest in sorted(data.get("documents", {}).items()):
            if digest not in documents:
                yield f"files/{digest}", f"the document {title} of transfer {name}", "none"
