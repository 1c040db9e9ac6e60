"""Strategies of other distributions, found by their entry points.

Rules enforced here:
1. Installing a distribution makes its strategies known by name; nothing of it is imported until a
   planner's own task names one.
2. Ours cannot be taken over: a strategy of another distribution under one of our names is listed,
   and never used. Two distributions with one name are an error that names both.
3. A record loads nothing: verification and replay never look here.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any

from attrs import frozen

from randcheck._version import __version__
from randcheck.errors import ParameterError, UnknownNameError, shorten
from randcheck.matching import CONFLICT_RULES, MATCHERS
from randcheck.plan import STRATEGIES
from randcheck.samplers import ALLOCATIONS, SAMPLERS

#: The kinds of strategies, with the group of entry points of each.
GROUPS = {
    "sampler": "randcheck.samplers",
    "allocation": "randcheck.allocations",
    "matcher": "randcheck.matchers",
    "conflict rule": "randcheck.conflict_rules",
}


@frozen
class Installed:
    """A strategy that is installed: its name and kind, and where it comes from.

    `hidden` says that its name is one of ours, so that it is never found by it.
    """

    name: str
    kind: str
    distribution: str
    version: str
    hidden: bool = False


def installed() -> list[Installed]:
    """All strategies that are installed, ours first, then by kind, name and distribution."""
    ours = {
        "sampler": SAMPLERS,
        "allocation": ALLOCATIONS,
        "matcher": MATCHERS.keys() - CONFLICT_RULES.keys(),
        "conflict rule": CONFLICT_RULES,
    }
    own = [
        Installed(name, kind, "randcheck", __version__)
        for kind in GROUPS
        for name in sorted(ours[kind])
    ]
    found = []
    for kind, group in GROUPS.items():
        for point in metadata.entry_points(group=group):
            distribution, version = _origin(point)
            hidden = point.name in STRATEGIES
            found.append(Installed(point.name, kind, distribution, version, hidden))
    order = list(GROUPS)
    found.sort(key=lambda each: (order.index(each.kind), each.name, each.distribution))
    return own + found


def find(name: str) -> type[Any]:
    """The class of a strategy by its name: ours, or that of an installed distribution.

    Raises `UnknownNameError` for a name that nobody has, and `ParameterError` for one that several
    have or whose code cannot be loaded.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    points = [
        point
        for group in GROUPS.values()
        for point in metadata.entry_points(group=group, name=name)
    ]
    if not points:
        known = dict.fromkeys([*STRATEGIES, *(each.name for each in installed())])
        raise UnknownNameError("strategy", (name,), tuple(known))
    if len(points) > 1:
        origins = ", ".join(" ".join(_origin(point)) for point in points)
        remedy = "uninstall all but one"
        raise ParameterError("strategy", shorten(name), f"is claimed by {origins}", remedy)
    [point] = points
    try:
        found = point.load()
    except Exception as error:
        distribution, version = _origin(point)
        reason = f"of {distribution} {version} cannot be loaded: {error}"
        raise ParameterError("strategy", shorten(name), reason, "mend or remove it") from error
    if not isinstance(found, type):
        reason = f"is a {type(found).__name__} in {point.value}"
        raise ParameterError("strategy", shorten(name), reason, "point to a class")
    return found


def _origin(point: metadata.EntryPoint) -> tuple[str, str]:
    distribution = point.dist
    if distribution is None:  # an entry point that no distribution owns
        return "(not installed)", "0"
    return distribution.metadata["Name"], distribution.version
