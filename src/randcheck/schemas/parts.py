"""What schemas are made of: forms of a protocol, fields of facts.

Rules enforced here:
1. One leaf, one schema: a digest looks the same wherever it stands.
2. The words that a field may hold are found by asking the field, not by a second list.
3. Where the protocol lets an object grow, the keys that this package writes are stated as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from randcheck import fields, models, replacement
from randcheck.exclusions import EXCLUSIONS
from randcheck.fields import Fact, Fault, Kind, kinds
from randcheck.office import annual, follow_up, forms, plans, registers, schemes, transfers
from randcheck.randomness.public import FORMS as TEXT_FORMS
from randcheck.verify import FORMS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
HEX: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
COUNT: Schema = {"type": "integer", "minimum": 0}
POSITIVE: Schema = {"type": "integer", "minimum": 1}
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


def row(*places: Schema) -> Schema:
    """A list of just these, in their order."""
    size = len(places)
    return {"type": "array", "minItems": size, "maxItems": size, "prefixItems": list(places)}


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
    """An object of a form such as `id:text version:count`; `?` is or null, `+` is or more keys.

    `more` are the schemas of keys that the form does not describe, or not so closely.
    """
    properties: dict[str, Schema] = {}
    for key, name in re.findall(r"(\w+):(\S+)", rule):
        leaf = name.rstrip("?")
        if key in more:
            value = more[key]
        elif isinstance(known.get(leaf), str):
            value = form(key, known[leaf], known, **_USUAL.get(leaf, dict)())
        else:
            value = LEAVES[leaf]
        properties[key] = maybe(value) if name.endswith("?") else value
    made = exactly(title, properties)
    if "+" in rule:
        made["properties"] |= {key: more[key] for key in more if key not in properties}
        made["additionalProperties"] = True
    return made


def task() -> Schema:
    """A task with its strategies, as `Task.to_json` has it."""
    made = form("Task", FORMS["task"], FORMS, **_task_facts())
    strategy = form("Strategy", FORMS["strategy"], FORMS)
    made["properties"] |= {"sampler": strategy, "matcher": maybe(strategy)}
    made["required"] = sorted([*made["required"], "sampler", "matcher"])
    return made | {"additionalProperties": False}


def _task_facts() -> dict[str, Schema]:
    """What else a task may state."""
    stated = []
    for name, kind in EXCLUSIONS.items():
        own = {each.name: POSITIVE for each in attrs.fields(kind)}
        stated.append(exactly(kind.__name__, {"name": {"const": name}} | own))
    return {
        "scope": fact(models.Scope),
        "exclusions": each({"title": "Exclusion", "anyOf": stated}),
        "lead": TEXT,
        "departments": each(TEXT, minItems=1),
    }


def _source_facts() -> dict[str, Schema]:
    """What the package's sources of randomness state, each some of it."""
    rounds = {"delay": COUNT, "period": COUNT, "starts": each(MOMENT, minItems=1)}
    return {
        "reference": TEXT,
        "form": {"enum": list(TEXT_FORMS)},
        "rounds": exactly("Rounds", rounds),
        "witnesses": by_name(HEX),
        "chain": HEX,
        "public_key": {"type": "string", "pattern": "^([0-9a-f]{2})+$"},
        "seals": by_name(HEX),
        "sources": each(OBJECT, minItems=2),
    }


#: The keys that this package writes into objects of a form that may hold more.
_USUAL: Mapping[str, Callable[[], dict[str, Schema]]] = {
    "task": _task_facts,
    "source": _source_facts,
}


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
        if kind is fields.maybe(known):
            return maybe(make())
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
    (registers.COUNTS, lambda: by_name(by_name(COUNT))),
    (kinds(annual.PlannedTask)["task"], task),
    (kinds(annual.PlannedTask)["offices"], lambda: by_name(POSITIVE)),
    (kinds(annual.AnnualPlan)["tasks"], lambda: each(fact(annual.PlannedTask))),
    (kinds(plans.Drafted)["plan"], lambda: fact(annual.AnnualPlan)),
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
