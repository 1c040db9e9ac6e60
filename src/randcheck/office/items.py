"""The list of items (随机抽查事项清单): lists of the levels above, what an office claims (认领).

Rules enforced here:
1. An item without a legal basis is refused, also one whose basis says that there is none.
2. An office's list on a day follows from the versions of the lists above and the office's own
   changes, each with its reason, and from nothing else.
3. A claim holds an item as the claimed version has it, until the office claims a later version.
   What is changed above is listed; what is withdrawn above must be dropped, or retained on a basis
   of the office's own, before there is a list again.
4. A general item (一般检查事项) has a capped ratio, a key item (重点检查事项) none. A task whose
   rates are not known is said to be unknown; nothing is assumed.

Kinds of items and caps: 国发〔2019〕5号, which leaves the cap to each place, so it has no default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import evolve, field, frozen

from randcheck.errors import DataError, Problem, shorten
from randcheck.fields import (
    DAY,
    ID,
    MAYBE_WORD,
    NAME,
    WORD,
    WORDS,
    Fact,
    Fault,
    Kind,
    choice,
    declare,
    kinds,
    maybe,
)
from randcheck.models import CATEGORIES, SCOPE, Item, Scope
from randcheck.office.forms import LEVELS, VERSION
from randcheck.plan import Task
from randcheck.rates import Rate, parse_rate
from randcheck.registry import ItemCatalog
from randcheck.samplers import RiskStratifiedSampler, UniformSampler
from randcheck.strategy import parameters

#: What stands in the column of the legal basis where there is none.
NO_BASIS = frozenset({"无", "暂无", "没有", "待定", "未定", "none", "no", "nil", "n/a", "tbd"})


def _clean_basis(value: Any) -> str:
    basis: str = WORD.clean(value)
    if basis.strip(" .。").lower() in NO_BASIS or not any(char.isalnum() for char in basis):
        raise Fault("says that there is no legal basis", "name law and article, or leave it out")
    return basis


BASIS = Kind(_clean_basis)


def _as_catalog(items: Any) -> ItemCatalog:
    return items if isinstance(items, ItemCatalog) else ItemCatalog.from_records(items)


#: A list of items; what is wrong with its rows is a `DataError` of its own.
CATALOG = Kind(
    _as_catalog,
    plain=lambda items: [item.to_json() for item in items],
    parse=lambda items: [Item.from_json(item) for item in items],
    column="json",
)


@frozen
class ItemList(Fact):
    """A version of the list that an office of some level published on a day, and why."""

    level: str = declare(Kind(choice(*LEVELS)))
    office: str = declare(ID)
    version: int = declare(VERSION)
    items: ItemCatalog = declare(CATALOG)
    reason: str = declare(NAME)
    day: date = declare(DAY)

    def contradictions(self) -> Iterator[tuple[str, str, str, str]]:
        """Items without a legal basis."""
        for item in self.items:
            try:
                BASIS.clean(item.basis)
            except Fault as fault:
                yield "items", f"the basis {item.basis!r} of {item.id}", fault.reason, fault.remedy


# --- what an office does with them -------------------------------------------------------------


@frozen(kw_only=True)
class OwnChange(Fact):
    """What an office does with one item: on which day, by whom, why."""

    item: str = declare(ID)
    day: date = declare(DAY)
    by: str = declare(WORD)
    reason: str = declare(NAME)


@frozen(kw_only=True)
class Claim(OwnChange):
    """It claims (认领) the item from a version of a list, or goes over to that version.

    What was adjusted stays adjusted.
    """

    office: str = declare(ID)
    version: int = declare(VERSION)


@frozen(kw_only=True)
class Adjustment(OwnChange):
    """It adjusts the item; `None` leaves a property as it is."""

    applies_to: Scope | None = declare(maybe(SCOPE), default=None)
    department: str | None = declare(MAYBE_WORD, default=None)
    specialties: tuple[str, ...] | None = declare(maybe(WORDS), default=None)
    basis: str | None = declare(maybe(BASIS), default=None)
    category: str | None = declare(maybe(Kind(choice(*CATEGORIES))), default=None)

    @property
    def values(self) -> dict[str, Any]:
        """The properties that it gives, with their values."""
        given = {name: getattr(self, name) for name in _ADJUSTABLE}
        return {name: value for name, value in given.items() if value is not None}

    def contradictions(self) -> Iterator[tuple[str, str, str, str]]:
        """An adjustment of nothing."""
        if not self.values:
            yield "item", repr(self.item), "is not adjusted", f"give {', '.join(_ADJUSTABLE)}"


_ADJUSTABLE = ("applies_to", "department", "specialties", "basis", "category")


@frozen(kw_only=True)
class Retention(OwnChange):
    """It retains an item that was withdrawn above, on a legal basis of its own."""

    basis: str = declare(BASIS)


@frozen(kw_only=True)
class Drop(OwnChange):
    """It drops the item from its list."""


@frozen
class _Held:
    """An item that an office holds; `retained` is the version above since which it is."""

    claim: Claim
    upper: Item
    adjusted: Mapping[str, Any]
    retained: int | None = None

    @property
    def item(self) -> Item:
        return evolve(self.upper, **self.adjusted)


@frozen
class ClaimStatus:
    """What became of a claim on a day.

    `outcome` is `"kept"`, `"changed above"`, `"withdrawn above"` (which must be decided), or
    `"retained"`. `fields` are what the newest version above has otherwise than the claimed one.
    """

    item: str
    office: str
    claimed: int
    newest: int
    outcome: str
    fields: tuple[str, ...] = ()


def _as_tuple(given: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(given)


@frozen
class OfficeItems:
    """An office's list of items as a function of the lists above and of its own changes.

    `above` are all versions of the lists that it claims from, `changes` its own, by day. Raises
    `DataError` with everything that does not fit.
    """

    level: str
    office: str
    above: tuple[ItemList, ...] = field(converter=_as_tuple)
    changes: tuple[OwnChange, ...] = field(default=(), converter=_as_tuple)

    def __attrs_post_init__(self) -> None:
        if not (problems := [*_wrong_lists(self.level, self.above)]):
            _replay(self.above, self.changes, problems)
        if problems:
            raise DataError(f"items of {self.office}", problems)

    def changed(self, *changes: OwnChange) -> OfficeItems:
        """With further changes, of no earlier day than the last."""
        return evolve(self, changes=(*self.changes, *changes))

    def version(self, day: date) -> int:
        """The number of the office's own list on a day: how many changes there were."""
        return sum(change.day <= day for change in self.changes)

    def as_of(self, day: date, *, undecided: bool = False) -> ItemCatalog:
        """The list on a day; `DataError` with all items that were withdrawn above and about which
        nothing was decided. `undecided` keeps them in the list, as they were claimed.
        """
        gone = [each for each in self.statuses(day) if each.outcome == "withdrawn above"]
        if gone and not undecided:
            remedy = "drop it, or retain it on a basis of your own"
            problems = [
                Problem(None, "item", repr(each.item), f"is withdrawn by {each.office}", remedy)
                for each in gone
            ]
            raise DataError(f"items of {self.office} on {day}", problems)
        return ItemCatalog.from_records(held.item for held in self._held(day).values())

    def statuses(self, day: date) -> tuple[ClaimStatus, ...]:
        """What became of each claim, by item."""
        held = self._held(day)
        return tuple(_status(held[item], self.above, day) for item in sorted(held))

    def unclaimed(self, day: date) -> tuple[tuple[str, str], ...]:
        """Items of the newest lists above that the office does not hold: list's office and item."""
        held, offices = self._held(day), sorted({each.office for each in self.above})
        newest = (each for office in offices for each in _versions(self.above, office, day)[-1:])
        return tuple(
            (each.office, item) for each in newest for item in each.items.ids if item not in held
        )

    def difference(self, first: date, last: date) -> Difference:
        """What changed between two days, with the reasons; undecided items are still there."""
        before, after = (self.as_of(day, undecided=True) for day in (first, last))
        reasons = tuple(
            f"{change.day} {type(change).__name__} {change.item} by {change.by}: {change.reason}"
            for change in self.changes
            if first < change.day <= last
        )
        return evolve(difference(before, after), reasons=reasons)

    def _held(self, day: date) -> dict[str, _Held]:
        return _replay(self.above, [each for each in self.changes if each.day <= day], [])


def _wrong_lists(level: str, above: Sequence[ItemList]) -> Iterator[Problem]:
    if level not in LEVELS:
        remedy = f"one of {', '.join(LEVELS)}"
        yield Problem(None, "level", shorten(level), "is no level", remedy)
        return
    last: dict[str, ItemList] = {}
    for row, each in enumerate(above):
        before = last.get(each.office)
        if LEVELS.index(each.level) >= LEVELS.index(level):
            reason, remedy = f"is not above {level}", "claim from the levels above alone"
            yield Problem(row, "above", f"{each.level} of {each.office}", reason, remedy)
        if before is not None and (each.version != before.version + 1 or each.day < before.day):
            found = f"version {each.version} of {each.office} on {each.day}"
            reason = f"does not come next after version {before.version} of {before.day}"
            yield Problem(row, "above", found, reason, "give all versions in their order")
        last[each.office] = each


def _versions(above: Iterable[ItemList], office: str, day: date) -> list[ItemList]:
    """All versions of an office's list up to a day."""
    return [each for each in above if each.office == office and each.day <= day]


def _replay(
    above: Sequence[ItemList], changes: Iterable[OwnChange], problems: list[Problem]
) -> dict[str, _Held]:
    """What an office holds after its changes; what cannot be done goes to `problems`."""
    held: dict[str, _Held] = {}
    last = date.min
    for row, change in enumerate(changes):
        late = ("day", f"is before {last}", "give changes by day") if change.day < last else None
        last = max(last, change.day)
        if fault := late or _follow(held, above, change):
            column, reason, remedy = fault
            found = f"{type(change).__name__} {change.item!r} of {change.day}"
            problems.append(Problem(row, column, found, reason, remedy))
    return held


def _follow(
    held: dict[str, _Held], above: Sequence[ItemList], change: OwnChange
) -> tuple[str, str, str] | None:
    """Take one change, or say which property of it is wrong, why, and what would be right."""
    own = held.get(change.item)
    if isinstance(change, Claim):
        return _claim(held, above, change)
    if own is None:
        return "item", "is not in the office's list then", "claim it first"
    if isinstance(change, Adjustment):
        held[change.item] = evolve(own, adjusted={**own.adjusted, **change.values})
    elif isinstance(change, Retention):
        newest = _status(own, above, change.day)
        if newest.outcome != "withdrawn above":
            return "item", f"is {newest.outcome}", "adjust or drop it, nothing is to be retained"
        adjusted = {**own.adjusted, "basis": change.basis}
        held[change.item] = evolve(own, adjusted=adjusted, retained=newest.newest)
    elif isinstance(change, Drop):
        del held[change.item]
    else:
        return "item", f"is changed by a {type(change).__name__}", "give Claim, Adjustment, …"
    return None


def _claim(
    held: dict[str, _Held], above: Sequence[ItemList], claim: Claim
) -> tuple[str, str, str] | None:
    before = held.get(claim.item)
    if before is not None and before.claim.office != claim.office:
        return "office", f"is another list than {before.claim.office}'s", "drop the item first"
    for each in above:
        if (each.office, each.version) == (claim.office, claim.version) and each.day <= claim.day:
            if claim.item not in each.items:
                return "item", "is not in that version", f"items: {', '.join(each.items.ids)}"
            held[claim.item] = _Held(claim, each.items[claim.item], _kept(before))
            return None
    known = [f"{each.office} {each.version}" for each in above if each.day <= claim.day]
    return "version", "is of no list above on that day", f"one of {', '.join(known)}"


def _kept(before: _Held | None) -> Mapping[str, Any]:
    """What a new claim leaves adjusted: all but the basis of an item that was retained."""
    adjusted = {} if before is None else before.adjusted
    retained = before is not None and before.retained is not None
    return {name: adjusted[name] for name in adjusted if not (retained and name == "basis")}


def _status(held: _Held, above: Sequence[ItemList], day: date) -> ClaimStatus:
    office, item = held.claim.office, held.upper.id
    versions = _versions(above, office, day)
    newest = versions[-1]
    fields: tuple[str, ...] = ()
    if item not in newest.items:
        since = [each for each in versions if each.version >= (held.retained or newest.version + 1)]
        stays = bool(since) and not any(item in each.items for each in since)
        outcome = "retained" if stays else "withdrawn above"
    else:
        other = newest.items[item]
        fields = tuple(name for name, *_ in _changed(held.upper, other))
        outcome = "changed above" if fields else "kept"
    return ClaimStatus(item, office, held.claim.version, newest.version, outcome, fields)


# --- differences -------------------------------------------------------------------------------


@frozen
class Difference:
    """What one list has otherwise than another. Its text is for people.

    `changed` holds item, property, value before and value after.
    """

    added: tuple[Item, ...]
    removed: tuple[Item, ...]
    changed: tuple[tuple[str, str, Any, Any], ...]
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"+ {item.id}: {item.name} ({item.category}, {item.basis})" for item in self.added]
        lines += [f"- {item.id}: {item.name}" for item in self.removed]
        lines += [
            f"~ {item}, {name}: {_told(before)} → {_told(after)}"
            for item, name, before, after in self.changed
        ]
        return "\n".join([*(lines or ["no difference"]), *(f"  {each}" for each in self.reasons)])


def difference(before: ItemCatalog, after: ItemCatalog) -> Difference:
    """What the second list has otherwise than the first, by item."""
    return Difference(
        tuple(item for item in after if item.id not in before),
        tuple(item for item in before if item.id not in after),
        tuple(
            (item.id, *change)
            for item in after
            if item.id in before
            for change in _changed(before[item.id], item)
        ),
    )


def _changed(before: Item, after: Item) -> Iterator[tuple[str, Any, Any]]:
    for name in kinds(Item):
        if getattr(before, name) != getattr(after, name):
            yield name, getattr(before, name), getattr(after, name)


def _told(value: Any) -> str:
    if isinstance(value, Scope):
        given = [f"{name}: {_told(each)}" for name, each in value.to_json().items()]
        return "; ".join(given) or "all active subjects"
    if isinstance(value, tuple | list):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)


# --- caps --------------------------------------------------------------------------------------


def cap_of(item: Item, cap: Fraction) -> Fraction | None:
    """The highest ratio at which an item may be drawn: the office's cap, none for key items."""
    return cap if item.category == "general" else None


@frozen
class CapCheck:
    """Whether a task keeps the cap of a general item; `None` where a bound is not known."""

    task: str
    item: str
    cap: Fraction
    least: Fraction | None
    most: Fraction | None

    @property
    def status(self) -> str:
        """`"broken"`, `"kept"`, or `"unknown"` where what is known does not tell."""
        if self.least is not None and self.least > self.cap:
            return "broken"
        return "kept" if self.most is not None and self.most <= self.cap else "unknown"


def check_caps(
    tasks: Iterable[Task],
    catalog: ItemCatalog,
    cap: Rate,
    *,
    ratios: Mapping[tuple[str, str], Rate] | None = None,
) -> tuple[CapCheck, ...]:
    """A check for each task and each general item of it, in the order of the plan.

    `ratios` are those known for task and item, as a design on the registries gives them. Elsewhere
    the sampler's own rates count, as far as it states them and before they are rounded up.
    """
    highest, known, checks = parse_rate(cap, "cap"), ratios or {}, list[CapCheck]()
    for task in tasks:
        for item in task.items:
            limit = cap_of(catalog[item], highest)
            if limit is not None:
                exact = known.get((task.id, item))
                bounds = stated_rates(task.sampler) if exact is None else (parse_rate(exact),) * 2
                checks.append(CapCheck(task.id, item, limit, *bounds))
    return tuple(checks)


#: What may be said beside rates without changing them, of a sampler by risk.
_HARMLESS = {"rates", "unclassified", "strata", "rounding", "general_cap"}


def stated_rates(sampler: Any) -> tuple[Fraction | None, Fraction | None]:
    """The least and the highest rate that a sampler states; `None` where it states none."""
    if isinstance(sampler, UniformSampler):
        return sampler.rate, sampler.rate
    if isinstance(sampler, RiskStratifiedSampler):
        plain = sampler.rates is not None and {*parameters(sampler)} <= _HARMLESS
        rates = [*(sampler.rates or {}).values()] if plain else []
        given = (max(rates, default=None), sampler.general_cap)
        limits = [each for each in given if each is not None]
        return min(rates, default=None), min(limits, default=None)
    return None, None
