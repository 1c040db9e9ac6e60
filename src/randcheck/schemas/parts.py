"""What schemas are made of: forms of a protocol, fields of facts.

Rules enforced here:
1. One leaf, one schema: a digest looks the same wherever it stands.
2. The words that a field may hold are found by asking the field, not by a second list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from randcheck import fields, models, replacement
from randcheck.fields import Fact, Fault, Kind, kinds
from randcheck.office import follow_up, forms, schemes, transfers

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
HEX: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
COUNT: Schema = {"type": "integer", "minimum": 0}
DAY: Schema = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
MOMENT: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
}
OBJECT: Schema = {"type": "object"}


def each(items: Schema, **more: Any) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items, **more}


def by_name(values: Schema) -> Schema:
    """An object with any keys and such values."""
    return {"type": "object", "additionalProperties": values}


def maybe(value: Schema) -> Schema:
    """The same, or null."""
    if "type" in value and isinstance(value["type"], str) and "enum" not in value:
        return {**value, "type": [value["type"], "null"]}
    return {"anyOf": [value, {"type": "null"}]}


def exactly(title: str, properties: Mapping[str, Schema], **more: Any) -> Schema:
    """An object with exactly these keys."""
    return {
        "title": title,
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
        **more,
    }


#: The leaves of the forms by which `verify` and the ledger's check read objects.
LEAVES: Mapping[str, Schema] = {
    "bits": {"type": "integer", "minimum": 1, "maximum": 30},
    "cells": each(each(COUNT, minItems=2, maxItems=2)),
    "count": COUNT,
    "counts": by_name(COUNT),
    "date": DAY,
    "grade": {"enum": ["G0", "G1", "G2"]},
    "hex": HEX,
    "ids": each(TEXT, uniqueItems=True),
    "kind": {"enum": ["teams", "recusal"]},
    "limits": each(maybe(COUNT)),
    "list": {"type": "array"},
    "mark": {"enum": ["G0", "G1", "G2"]},
    "object": OBJECT,
    "string": {"type": "string"},
    "text": TEXT,
    "texts": each(TEXT, minItems=1, uniqueItems=True),
    "time": MOMENT,
    "v1": {"const": "randcheck/v1"},
}


def form(title: str, rule: str, known: Mapping[str, Any], **more: Schema) -> Schema:
    """An object of a form such as `id:text version:count`; `?` is or null, `+` is or more keys."""
    properties: dict[str, Schema] = {}
    for key, name in re.findall(r"(\w+):(\S+)", rule):
        leaf = name.rstrip("?")
        if key in more:
            value = more[key]
        elif isinstance(known.get(leaf), str):
            value = form(key, known[leaf], known)
        else:
            value = LEAVES[leaf]
        properties[key] = maybe(value) if name.endswith("?") else value
    made = exactly(title, properties)
    return made | {"additionalProperties": True} if "+" in rule else made


# --- facts -------------------------------------------------------------------------------------

#: Words that some field may be one of. Which ones, the field is asked.
_WORDS: tuple[tuple[str, ...], ...] = (
    models.SUBJECT_KINDS, models.RISK_CLASSES, models.CATEGORIES, models.ROLES,
    replacement.REASONS, follow_up.OUTCOMES, transfers.KINDS, forms.LEVELS,
)  # fmt: skip
_PLAIN: Mapping[str, Schema] = {
    "text": {"type": "string"},
    "texts": each(TEXT, uniqueItems=True),
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "date": DAY,
    "json": {},
}


def fact(model: type[Fact], title: str | None = None) -> Schema:
    """The JSON of a fact: fields with a default may be left out."""
    described: Any = model
    own: tuple[attrs.Attribute[Any], ...] = attrs.fields(described)
    required = [each.name for each in own if each.default is attrs.NOTHING]
    properties = {name: _field(kind) for name, kind in kinds(model).items()}
    made = exactly(title or model.__name__, properties)
    made["required"] = sorted(required)
    return made


def _field(kind: Kind) -> Schema:
    for known, make in _SPECIAL:
        if kind is known:
            return make()
    words = _words(kind)
    column = "texts" if kind.plain is list else kind.column
    base: Schema = {"enum": list(words)} if words else dict(_PLAIN[column])
    if not base:
        return base
    return maybe(base) if _holds(kind, None) else base


#: Fields whose JSON is neither a text nor a number: the field, and what makes its schema.
_SPECIAL: tuple[tuple[Kind, Callable[[], Schema]], ...] = (
    (models.SCOPE, lambda: fact(models.Scope)),
    (fields.PERIODS, lambda: each(each(DAY, minItems=2, maxItems=2))),
    (fields.DATED_IDS, lambda: by_name(DAY)),
    (forms.MOMENT, lambda: MOMENT),
    (forms.DIGEST, lambda: HEX),
    (forms.BY_ITEM, lambda: by_name(maybe(TEXT))),
    (forms.RESULTS, lambda: by_name(fact(forms.Result))),
    (schemes.FILES, lambda: by_name(HEX)),
    (transfers.DOCUMENTS, lambda: by_name(HEX)),
    (kinds(replacement.Absence)["evidence"], lambda: by_name(maybe(HEX))),
)


def _words(kind: Kind) -> tuple[str, ...]:
    if _holds(kind, "no such word"):
        return ()
    return next((words for words in _WORDS if all(_holds(kind, word) for word in words)), ())


def _holds(kind: Kind, value: object) -> bool:
    try:
        kind.clean(value)
    except (Fault, ValueError, TypeError):
        return False
    return True
