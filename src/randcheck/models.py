"""The facts: what may be inspected, who may be inspected, who inspects.

Rules enforced here:
1. A fact is frozen and cleaned when it is made; its equality, hash and repr are its data.
2. A risk class (企业信用风险分类) may be unknown; it is never guessed.
3. An attached object (附属客体) names its owner; nobody owns himself.
4. A subject that gives a unified social credit code claims it, and only then is it checked.
5. A natural person is never stored under a citizen's identity number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from attrs import frozen

from randcheck.errors import DataError, shorten
from randcheck.fields import (
    ADDRESS,
    COUNT,
    CREDIT_CODE,
    DATED_IDS,
    DAY,
    ID,
    MAYBE_WORD,
    NAME,
    OWNER,
    PERIODS,
    SCORE,
    SOME,
    WORD,
    WORDS,
    Fact,
    Fault,
    FrozenMapping,
    Kind,
    choice,
    declare,
    maybe,
    some_of,
)
from randcheck.ids import looks_like_identity_number

#: What a subject (检查对象) may be: 企业, 个体工商户, 农民专业合作社, 自然人, 附属客体, 其他.
SUBJECT_KINDS = (
    "enterprise",
    "individual business",
    "cooperative",
    "natural person",
    "attached object",
    "other",
)

#: Credit risk: low, general, higher, high (企业信用风险分类 A、B、C、D 类).
RISK_CLASSES = ("A", "B", "C", "D")

#: 一般检查事项, 重点检查事项.
CATEGORIES = ("general", "key")

#: 执法检查人员, 专家.
ROLES = ("inspector", "expert")


@frozen(kw_only=True)
class Scope(Fact):
    """A set of subjects by their properties (抽查范围). `None` means any.

    A subject is in scope when each property that is not `None` holds: its region or industry
    begins with one of those given, one of its tags is among `tags`, and so on. `statuses` is
    `("active",)` unless said otherwise.
    """

    regions: tuple[str, ...] | None = declare(SOME, default=None)
    kinds: tuple[str, ...] | None = declare(some_of(*SUBJECT_KINDS), default=None)
    industries: tuple[str, ...] | None = declare(SOME, default=None)
    tags: tuple[str, ...] | None = declare(SOME, default=None)
    risk_classes: tuple[str, ...] | None = declare(some_of(*RISK_CLASSES), default=None)
    ids: tuple[str, ...] | None = declare(SOME, default=None)
    statuses: tuple[str, ...] | None = declare(SOME, default=("active",))


def _clean_scope(value: Any) -> Scope:
    if not isinstance(value, Scope):
        raise Fault(f"is not a Scope but {type(value).__name__}", "give a randcheck.Scope")
    return value


def _scope_to_json(scope: Scope) -> dict[str, Any]:
    return scope.to_json()


def _parse_scope(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    try:
        return Scope.from_json(value)
    except DataError as error:
        problem = error.problems[0]
        raise Fault(f"has a bad {problem.column}: it {problem.reason}", problem.remedy) from None


SCOPE = Kind(_clean_scope, plain=_scope_to_json, parse=_parse_scope, column="json")


@frozen
class Item(Fact):
    """What may be inspected (抽查事项): its legal basis, and whom it applies to.

    `specialties` are those that a team needs for it: each must be held by somebody in the team.
    `category` is `"general"` (一般) or `"key"` (重点).
    """

    id: str = declare(ID)
    name: str = declare(NAME)
    basis: str = declare(WORD)
    category: str = declare(Kind(choice(*CATEGORIES)), default="general", kw_only=True)
    applies_to: Scope = declare(SCOPE, factory=Scope, kw_only=True)
    specialties: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    department: str | None = declare(MAYBE_WORD, default=None, kw_only=True)


@frozen
class Subject(Fact):
    """Who or what may be inspected (检查对象).

    `region` and `industry` (GB/T 4754) are codes or words; scopes match them by prefix.
    `risk_class` is A to D, or `None` where it is not known. `owner` is the id of the subject that
    an attached object belongs to. `credit_code` is the unified social credit code that the subject
    claims, often equal to its id; it is checked by GB 32100-2015. `street` is where it is, more
    exactly than its region (街道), `address` the place itself. `risk_score` is a score of credit
    risk, a whole number from 0 that is higher for more risk, where the office keeps one.
    """

    id: str = declare(ID)
    name: str = declare(NAME)
    kind: str = declare(Kind(choice(*SUBJECT_KINDS)), default="enterprise", kw_only=True)
    region: str = declare(WORD, kw_only=True)
    industry: str | None = declare(MAYBE_WORD, default=None, kw_only=True)
    tags: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    risk_class: str | None = declare(maybe(Kind(choice(*RISK_CLASSES))), default=None, kw_only=True)
    status: str = declare(WORD, default="active", kw_only=True)
    owner: str | None = declare(OWNER, default=None, kw_only=True)
    credit_code: str | None = declare(CREDIT_CODE, default=None, kw_only=True)
    street: str | None = declare(MAYBE_WORD, default=None, kw_only=True)
    address: str | None = declare(ADDRESS, default=None, kw_only=True)
    risk_score: int | None = declare(SCORE, default=None, kw_only=True)

    def contradictions(self) -> Iterator[tuple[str, str, str, str]]:
        return subject_contradictions(self.id, self.kind, self.owner)


def subject_contradictions(
    subject_id: str, kind: str, owner: str | None
) -> Iterator[tuple[str, str, str, str]]:
    """What cannot be true of one subject, as `(column, value, reason, remedy)`."""
    if kind == "attached object" and owner is None:
        yield "owner", "nothing", "is missing for an attached object", "give its owner's id"
    if owner is not None and owner == subject_id:
        yield "owner", shorten(owner), "is the subject itself", "give the id of its owner, or None"
    if kind == "natural person" and looks_like_identity_number(subject_id):
        yield (
            "id",
            "(not shown)",
            "looks like a citizen's identity number",
            "store natural persons under keyed pseudonyms",
        )


@frozen
class Inspector(Fact):
    """Who may inspect (执法检查人员).

    `regions` are prefixes of the regions where the inspector may work, `()` for everywhere.
    `certificate` is the number of the law-enforcement certificate, valid up to and including
    `certificate_expires`. `capacity` is the most visits of one draw, `None` for no limit.
    `conflicts` are ids of subjects that this person must not inspect.

    `qualifications` say what the person may do beyond that, such as lead a team; `trainings` were
    completed. `leave` holds the first and last day of each absence, both included. `assigned` are
    prefixes of regions that the person is lent to (跨区域调派). `role` is `"inspector"` or
    `"expert"` (专家).

    What conflicts of interest (回避) are found by: `kin` are ids of subjects run by relatives,
    `interests` those in which the person has a financial interest, `employers` those where the
    person had a job, each with its last day (a day to come means that the job goes on), `street`
    is where the person lives.
    """

    id: str = declare(ID)
    name: str = declare(NAME)
    department: str = declare(WORD)
    regions: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    specialties: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    certificate: str = declare(NAME, kw_only=True)
    certificate_expires: date = declare(DAY, kw_only=True)
    capacity: int | None = declare(COUNT, default=None, kw_only=True)
    conflicts: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    qualifications: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    trainings: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    leave: tuple[tuple[date, date], ...] = declare(PERIODS, default=(), kw_only=True)
    assigned: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    role: str = declare(Kind(choice(*ROLES)), default="inspector", kw_only=True)
    kin: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    interests: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
    employers: Mapping[str, date] = declare(DATED_IDS, default=FrozenMapping({}), kw_only=True)
    street: str | None = declare(MAYBE_WORD, default=None, kw_only=True)


@frozen
class PastDraw(Fact):
    """One earlier draw of one subject: who, when, and by which task.

    `team` are the ids of the inspectors who went, `()` where that is not known.
    """

    subject: str = declare(ID)
    drawn_on: date = declare(DAY)
    task: str = declare(WORD)
    team: tuple[str, ...] = declare(WORDS, default=(), kw_only=True)
