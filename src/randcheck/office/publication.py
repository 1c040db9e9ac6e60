"""What is made public of plan, task and result (公开): declared fields, in open formats.

Rules enforced here:
1. Only the declared fields leave the office. Risk classes, notes and tickets are not among them.
2. A result is published by the name of its code; what was corrected says so, with the old value.
3. A natural person is published under the pseudonym, without a name.
4. Only what was published at the desk is in a list of results; drafts and voided cases are not.

What must be public: State Council, 国办发〔2015〕58号 and 国发〔2019〕5号 (plan, draw and results).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from randcheck.errors import UnknownNameError
from randcheck.language import in_all
from randcheck.models import Subject
from randcheck.office.cases import Case
from randcheck.office.codes import STANDARD, ResultCodes
from randcheck.office.pages import Column, Names, Sheet, by_language, shown
from randcheck.record import DrawRecord
from randcheck.registry import ItemCatalog, SubjectRegistry

#: The fields of a plan that everybody may see.
PLAN = (
    Column("task", "Inspection task"),
    Column("items", "Items"),
    Column("basis", "Legal basis"),
    Column("month", "When"),
    Column("lead", "Lead department"),
    Column("departments", "Joint departments"),
    Column("subjects", "Subjects"),
    Column("ratio", "Ratio or number"),
)

#: The fields of a draw that everybody may see.
TASK = (
    Column("subject", "Credit code or id"),
    Column("name", "Name of the subject"),
    Column("task", "Inspection task"),
    Column("items", "Items"),
    Column("team", "Inspectors"),
    Column("commitment", "Digest of the commitment"),
)

#: The fields of a result that everybody may see.
RESULT = (
    Column("subject", "Credit code or id"),
    Column("name", "Name of the subject"),
    Column("task", "Inspection task"),
    Column("item", "Item"),
    Column("department", "Department"),
    Column("inspected", "Inspected on"),
    Column("result", "Result", by_language),
    Column("published", "Published on"),
    Column("corrected", "Corrected from",
           lambda value, language: shown([each[language] for each in value], language)),
)  # fmt: skip


def published_task(
    record: DrawRecord,
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    names: Mapping[str, str] | None = None,
) -> Sheet:
    """The list of those drawn, from the record's public form; `names` are the inspectors'.

    Raises `UnknownNameError` for a subject or an item that the registries do not have.
    """
    public = record.public()
    names = {} if names is None else names
    rows = [
        {
            "subject": visit["subject"],
            "name": _name(subjects[visit["subject"]]),
            "task": public["task"],
            "items": [catalog[item].name for item in visit["items"]],
            "team": [names.get(who, who) for who in visit["team"] or ()],
            "commitment": public["commitment_sha256"],
        }
        for visit in public["visits"]
    ]
    task = public["task"]
    return Sheet(in_all("Drawn for {task}", task=task), TASK, rows)


def _name(subject: Subject) -> str | None:
    return None if subject.kind == "natural person" else subject.name


def published_results(
    cases: Iterable[Case],
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    codes: ResultCodes = STANDARD,
    title: Names | None = None,
) -> Sheet:
    """A row for each item of each case that is published now, by subject, task and item.

    A case that is being corrected is not shown until it is published again. Raises
    `UnknownNameError` for a subject or an item that the registries do not have.
    """
    rows: list[dict[str, Any]] = []
    for case in cases:
        if case.status != "published":
            continue
        for item, result in (case.results or {}).items():
            before = [each.results[item].code for each in case.earlier]
            rows.append({
                "subject": case.drawn.subject,
                "name": _name(subjects[case.drawn.subject]),
                "task": case.drawn.task,
                "item": catalog[item].name,
                "department": case.drawn.items[item],
                "inspected": case.ended,
                "result": names_of(codes, result.code),
                "published": case.published,
                "corrected": [names_of(codes, code) for code in before if code != result.code],
            })  # fmt: skip
    rows.sort(key=lambda row: (row["subject"], row["task"], row["item"]))
    return Sheet(title or in_all("Results of inspections"), RESULT, rows)


def names_of(codes: ResultCodes, code: str) -> Names:
    """Both names of a result code; a code of an older set has its id for a name."""
    try:
        found = codes[code]
    except UnknownNameError:
        return {"en": code, "zh": code}
    return {"en": found.name, "zh": found.zh}


def published_plan(
    tasks: Iterable[Mapping[str, Any]],
    *,
    catalog: ItemCatalog,
    title: Names,
) -> Sheet:
    """The year's plan: a row for each task, from mappings with the keys of `PLAN`.

    `items` are ids; their names and legal bases come from the catalog.
    """
    rows = []
    for task in tasks:
        items = [catalog[item] for item in task["items"]]
        bases = dict.fromkeys(item.basis for item in items)
        rows.append({**task, "items": [item.name for item in items], "basis": [*bases]})
    return Sheet(title, PLAN, rows)
