"""How many from each risk class: the rules as the regulations word them, and each one's share.

Rules enforced here:
1. A minimum is rounded up, a maximum down; where a class is so small that they cross, the minimum
   counts, and the class's explanation says so.
2. Who must be in is in, and the rate is owed to the others all the same, so that nobody is left
   without a chance by it. Who may not be drawn again is out. Where rules contradict each other that
   is an error that says by how much.
3. A minimum share over all classes is met by the cheapest raise: the class where a visit costs
   least comes first, among equals the one of higher risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from attrs import Factory, define, frozen

from randcheck.errors import ParameterError
from randcheck.rates import count_from_rate
from randcheck.table import Positions


@frozen(eq=False)
class Part:
    """One class within one value of the further strata.

    `always` must be in, `spent` may not be drawn (again), `free` are all others: positions in the
    frame.
    """

    name: str
    values: tuple[Any, ...]
    always: Positions
    spent: Positions
    free: Positions

    @property
    def size(self) -> int:
        return len(self.always) + len(self.spent) + len(self.free)

    @property
    def room(self) -> int:
        """How many may be drawn."""
        return len(self.always) + len(self.free)


@frozen
class Rules:
    """What one class must keep: rates from the frame's side, whole numbers from the planner's."""

    rate: Fraction
    worded: str  # where the rate comes from, in words
    most: Fraction | None = None
    floor: int = 0
    exempt: bool = False


@define
class ClassCount:
    """One risk class: how many subjects it has, how many are taken, and why, in words.

    Its count may lie from `least` to `most`.
    """

    risk_class: str
    size: int
    least: int
    most: int
    take: int
    why: list[str] = Factory(list)

    def __str__(self) -> str:
        return f"{self.risk_class}: {self.take} of {self.size}; {'; '.join(self.why)}"


def count_class(name: str, parts: Sequence[Part], rules: Rules, by_cell: bool) -> ClassCount:
    """The box of a class, and the least that its rules allow."""
    size, room = sum(part.size for part in parts), sum(part.room for part in parts)
    forced = sum(len(part.always) for part in parts)
    if rules.exempt:
        why = ["exempt, no reason is given", *[f"{forced} are always in"] * (forced > 0)]
        return ClassCount(name, size, forced, forced, forced, why)
    lowest = [forced + count_from_rate(rules.rate, size - forced)]
    if by_cell:
        lowest = least_of_cells(parts, rules.rate)
    least = sum(lowest)
    each = f"each of its {len(parts)} cells" if by_cell and len(parts) > 1 else f"{size - forced}"
    why = [f"{rules.worded} of {each}, rounded up: {least - forced}"] if rules.worded else []
    if forced:
        why.append(f"{forced} more are always in")
    if min(rules.floor, room) > least:
        least = min(rules.floor, room)
        why.append(f"raised to the floor: {least}")
    rooms = [part.room for part in parts] if by_cell else [room]
    short = max(least - room, *(low - own for low, own in zip(lowest, rooms, strict=True)))
    if short > 0:
        raise ParameterError(
            f"class {name}",
            str(least),
            f"is {short} more than may be drawn: {size - room} of {size} were drawn as often as "
            "is allowed",
            "lower the rate, or allow them to be drawn again",
        )
    most = room if rules.most is None else min(room, int(rules.most * size))
    if most < least:
        if forced > most:
            reason = f"are {forced - most} more than the maximum of {most}"
            remedy = "raise the maximum, or let fewer always be in"
            raise ParameterError(f"class {name}", f"{forced} that must be in", reason, remedy)
        why.append(f"the maximum of {most} gives way to the minimum")
        most = least
    if size > room:
        why.append(f"{size - room} were drawn as often as is allowed and have no chance")
    return ClassCount(name, size, least, most, least, why)


def least_of_cells(parts: Sequence[Part], rate: Fraction) -> list[int]:
    """The least from each cell where the rate is rounded up in each."""
    return [
        len(part.always) + count_from_rate(rate, part.size - len(part.always)) for part in parts
    ]


def raise_to(
    overall: Fraction, classes: Sequence[ClassCount], costs: Mapping[str, Fraction], limit: int
) -> None:
    """Raise counts to ⌈overall × N⌉ together, cheapest first, none beyond its maximum.

    `limit` is the most that all classes together may reach.
    """
    everybody = sum(each.size for each in classes)
    wanted = count_from_rate(overall, everybody)
    missing = wanted - sum(each.take for each in classes)
    room = min(sum(each.most for each in classes), limit)
    if missing > 0 and wanted > room:
        reason = f"of {everybody} is {wanted}, {wanted - room} more than the rules allow"
        remedy = "lower it, or raise a class's maximum"
        raise ParameterError("overall", str(overall), reason, remedy)
    order = sorted(
        range(len(classes)), key=lambda place: (costs.get(classes[place].risk_class, 1), -place)
    )
    for place in order:
        each = classes[place]
        added = max(0, min(missing, each.most - each.take))
        if added:
            each.take += added
            each.why.append(
                f"raised by {added} towards the {wanted} that {overall} of all {everybody} demand"
            )
            missing -= added
