"""The schema of each document, by name.

Rules enforced here:
1. Protocol objects follow `verify.FORMS` and the ledger's `KINDS`; steps follow the office's lives.
2. The rows of records, sheets and tables, which those name as lists, are written out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from randcheck import models
from randcheck.errors import UnknownNameError
from randcheck.ledger import check
from randcheck.office import lives
from randcheck.office.annual import AnnualPlan
from randcheck.office.indicators import DRAWN, FIRMS
from randcheck.replacement import Absence
from randcheck.schemas.parts import (
    COUNT,
    DAY,
    HEX,
    LEAVES,
    MOMENT,
    POSITIVE,
    TEXT,
    Schema,
    by_name,
    each,
    exactly,
    fact,
    form,
    maybe,
    row,
    task,
)
from randcheck.signatures import PublicKey
from randcheck.verify import FORMS

#: Where the schemas stand, as their `$id` says.
BASE = "https://randcheck.example/schemas/v1"

_TEAM = maybe(each(TEXT, minItems=2, uniqueItems=True))
_CELL = exactly("Cell", {"size": COUNT, "take": COUNT, "last_ticket": maybe(HEX)})
_VISIT = exactly(
    "Visit",
    {
        "subject": TEXT,
        "ticket": HEX,
        "items": LEAVES["texts"],
        "cells": each(COUNT, minItems=1),
        "team": _TEAM,
    },
)
_RESERVE = exactly("Reserve", {"cell": COUNT, "subject": TEXT, "ticket": HEX})
_STAFFED = exactly("Team", {"subject": TEXT, "team": each(TEXT, minItems=2, uniqueItems=True)})
_BYTES: Schema = {"type": "string", "contentEncoding": "base64"}


def _record() -> Schema:
    lists = {"cells": each(_CELL), "visits": each(_VISIT), "reserves": each(_RESERVE)}
    return form("Record", FORMS["visits"], FORMS, **lists)


def _public(*, seeds: bool) -> Schema:
    visit: dict[str, Schema] = {"subject": TEXT, "items": LEAVES["texts"], "team": _TEAM}
    visit |= {"ticket": HEX} if seeds else {}
    public: dict[str, Schema] = {
        "protocol": LEAVES["v1"],
        "task": TEXT,
        "commitment_sha256": HEX,
        "visits": each(exactly("PublicVisit", visit)),
    }
    if seeds:
        public |= {"randomness": TEXT, "seed": HEX, "subjects_seed": HEX}
        public["inspectors_seed"] = maybe(HEX)
    return exactly("PublicRecordWithSeeds" if seeds else "PublicRecord", public)


def _line() -> Schema:
    return {"title": "SheetLine", **row(TEXT, each(maybe(COUNT), minItems=1))}


def _odds_line() -> Schema:
    slot = row(COUNT, each(COUNT, minItems=1), each(COUNT, minItems=1))
    return {"title": "OddsLine", **row(TEXT, each(slot, minItems=1))}


def _successor() -> Schema:
    place: dict[str, Schema] = {"cell": COUNT, "item": TEXT, "for": TEXT}
    passed = exactly("Passed", {"subject": TEXT, "why": TEXT})
    substitute = place | {
        "passed": each(passed),
        "subject": TEXT,
        "ticket": HEX,
        "visited": {"type": "boolean"},
    }
    visited = exactly("VisitedItem", place | {"for": maybe(TEXT)})
    visit = {"items": each(visited, minItems=1), "subject": TEXT, "team": _TEAM, "ticket": HEX}
    return exactly(
        "Successor",
        {
            "absences": each(fact(Absence), minItems=1),
            "among": POSITIVE,
            "parent": HEX,
            "protocol": LEAVES["v1"],
            "record": HEX,
            "substitutes": each(exactly("Substitute", substitute)),
            "unreplaced": each(exactly("Unreplaced", place | {"reason": TEXT, "reserves": COUNT})),
            "visits": each(exactly("StandingVisit", visit)),
        },
    )


def _proof() -> Schema:
    both: dict[str, Schema] = {
        "items": each(TEXT),
        "protocol": LEAVES["v1"],
        "size": COUNT,
        "subject": TEXT,
        "task": TEXT,
    }
    member = exactly(
        "Membership",
        both
        | {
            "beside": _BYTES,
            "keys": _BYTES,
            "line": each(maybe(COUNT)),
            "odds": each(each(COUNT, minItems=3, maxItems=3)),
            "path": _BYTES,
            "position": COUNT,
            "salt": _BYTES,
        },
    )
    page = {"contents": _BYTES, "keys": _BYTES, "number": COUNT, "path": _BYTES}
    absent = exactly("Absence", both | {"pages": each(exactly("Page", page))})
    return {"title": "Proof", "anyOf": [member, absent]}


def _event(kind: str) -> Schema:
    known: Mapping[str, Any] = check.FORMS
    body = form("Body", check.KINDS[kind], known)
    title = "".join(word.capitalize() for word in kind.split())
    event = form(f"{title}Event", check.FORMS["event"], known, body=body)
    event["properties"]["kind"] = {"const": kind}
    return event


def _signature() -> Schema:
    return exactly(
        "Signature",
        {
            "algorithm": TEXT,
            "key_id": HEX,
            "protocol": LEAVES["v1"],
            "role": TEXT,
            "signature": {"type": "string", "pattern": "^([0-9a-f]{2})+$"},
            "signed_at": MOMENT,
            "subject_sha256": HEX,
        },
    )


def _keyring() -> Schema:
    return exactly("Keyring", {"keys": by_name(fact(PublicKey)), "protocol": LEAVES["v1"]})


def _plan() -> Schema:
    year: Schema = {"type": "integer", "minimum": 1, "maximum": 9999}
    return exactly("Plan", {"id": TEXT, "year": year, "authority": TEXT, "tasks": each(task())})


def _report() -> Schema:
    choices: dict[str, Schema] = {
        "confidence": TEXT,
        "drawn": {"enum": list(DRAWN)},
        "firms": {"enum": list(FIRMS)},
        "publish": COUNT,
    }
    measure = exactly(
        "Measure",
        {
            "code": TEXT,
            "denominator": COUNT,
            "interval": maybe(each(TEXT, minItems=2, maxItems=2)),
            "numerator": COUNT,
            "rows": each(row(TEXT, TEXT, COUNT, COUNT)),
            "status": {"enum": ["met", "missed", "no data", "no target"]},
            "target": maybe(TEXT),
        },
    )
    return exactly(
        "Report",
        {
            "area": exactly("Area", {"name": {"type": "string"}, "regions": each(TEXT)}),
            "as_of": DAY,
            "choices": exactly("Choices", choices),
            "measures": each(measure),
            "period": each(DAY, minItems=2, maxItems=2),
        },
    )


def _archive() -> Schema:
    file = exactly("File", {"bytes": COUNT, "sha256": HEX})
    return exactly(
        "ArchiveManifest",
        {
            "files": by_name(file),
            "kind": {"const": "archive"},
            "ledger_head": {"type": "string", "pattern": "^(-1|0|[1-9][0-9]*):[0-9a-f]{64}$"},
            "protocol": LEAVES["v1"],
            "record_sha256": HEX,
            "task": TEXT,
        },
    )


def _made() -> dict[str, Callable[[], Schema]]:
    made: dict[str, Callable[[], Schema]] = {
        "subject": lambda: fact(models.Subject),
        "item": lambda: fact(models.Item),
        "inspector": lambda: fact(models.Inspector),
        "past-draw": lambda: fact(models.PastDraw),
        "scope": lambda: fact(models.Scope),
        "task": task,
        "plan": _plan,
        "annual-plan": lambda: fact(AnnualPlan),
        "commitment": lambda: form("Commitment", FORMS["promise"], FORMS),
        "record": _record,
        "public-record": lambda: _public(seeds=False),
        "public-record-with-seeds": lambda: _public(seeds=True),
        "sheet-header": lambda: form("SheetHeader", FORMS["sheet"], FORMS),
        "sheet-line": _line,
        "odds-header": lambda: form("OddsHeader", FORMS["odds"], FORMS),
        "odds-line": _odds_line,
        "stage-commitment": lambda: form("StageCommitment", FORMS["step"], FORMS),
        "stage-record": lambda: form(
            "StageRecord", FORMS["teams"], FORMS, teams=each(_STAFFED, minItems=1)
        ),
        "successor": _successor,
        "proof": _proof,
        "signature": _signature,
        "keyring": _keyring,
        "report": _report,
        "archive-manifest": _archive,
    }
    for kind in check.KINDS:
        made[f"event-{kind.replace(' ', '-')}"] = partial(_event, kind)
    for life in lives():
        for what, (model, _) in life.rules.items():
            title = f"{life.about.capitalize()}{what.capitalize()}"
            made[f"step-{life.about}-{what}"] = partial(fact, model, title)
    return made


_MADE = _made()


def names() -> tuple[str, ...]:
    """The names of all schemas."""
    return tuple(_MADE)


def schema(name: str) -> Schema:
    """The JSON Schema of a document; `UnknownNameError` for another name."""
    if name not in _MADE:
        raise UnknownNameError("schema", (name,), names())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{BASE}/{name}.json"}
    return head | _MADE[name]()
