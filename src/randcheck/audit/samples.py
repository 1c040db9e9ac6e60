"""One past draw, as its history tells it.

Rules enforced here:
1. Ids are texts; nobody is twice in a pool or twice in what was drawn; who was drawn was in the
   pool. All that is wrong with a list of ids is one error that names the first bad id.
2. Teams, where given, are as many as the firms drawn; a team may hold a person twice, since that
   is a fault of the procedure that the audit reports, not a fault of the history.
3. Strata, where given, name a stratum for everybody in the pool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping


def _pool(values: Any) -> tuple[str, ...]:
    return _distinct(values, "pool")


def _drawn(values: Any) -> tuple[str, ...]:
    return _distinct(values, "drawn")


def _teams(values: Any) -> tuple[tuple[str, ...], ...] | None:
    if values is None:
        return None
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        remedy = "give the inspectors' ids for each firm drawn"
        raise ParameterError("teams", shorten(values), "is no list of teams", remedy)
    return tuple(texts(team, "teams") for team in values)


def _task(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise ParameterError("task", shorten(value), "is no text", "name the task, or give None")
    return value


def _kept(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParameterError("kept", shorten(value), "is no bool", "give True or False")
    return value


@frozen
class PastSample:
    """One attempt at a draw (一次抽取), kept or discarded.

    `pool` are the ids that could be drawn, in an order that was fixed before the draw (that of the
    registry); `drawn` the ids in the order in which the procedure listed them; `teams` the
    inspectors' ids for each of `drawn`, or `None`. Samples of the same `task` are attempts at one
    draw, `None` is a task of its own; `kept` says whether this attempt was published. `strata`
    gives the stratum of each id, `None` is one stratum. Raises `ParameterError` for what cannot be.
    """

    pool: tuple[str, ...] = field(converter=_pool, repr=lambda ids: f"<{len(ids)}>")
    drawn: tuple[str, ...] = field(converter=_drawn, repr=lambda ids: f"<{len(ids)}>")
    teams: tuple[tuple[str, ...], ...] | None = field(
        default=None,
        converter=_teams,
        kw_only=True,
        repr=lambda teams: "None" if teams is None else f"<{len(teams)}>",
    )
    task: str | None = field(default=None, converter=_task, kw_only=True)
    kept: bool = field(default=True, converter=_kept, kw_only=True)
    strata: Mapping[str, str] | None = field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        inside = set(self.pool)
        for name in self.drawn:
            if name not in inside:
                remedy = "give everybody who could be drawn as the pool, by the same ids"
                raise ParameterError("drawn", shorten(name), "is not in the pool", remedy)
        if self.teams is not None and len(self.teams) != len(self.drawn):
            reason = f"are {len(self.teams)} teams for {len(self.drawn)} firms"
            remedy = "give one for each firm, in the same order; an empty one where nobody goes"
            raise ParameterError("teams", shorten(self.teams), reason, remedy)
        if self.strata is not None:
            object.__setattr__(self, "strata", _strata(self.strata, self.pool))


def texts(values: Any, name: str) -> tuple[str, ...]:
    """Ids as a tuple of texts; `ParameterError` names the first that is none."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ParameterError(name, shorten(values), "is no list of ids", "give a list of texts")
    ids = tuple(values)
    for value in ids:
        if not isinstance(value, str) or not value.strip():
            remedy = "give ids as texts; a number from a spreadsheet may have lost digits"
            raise ParameterError(name, shorten(value), "is no id", remedy)
    return tuple(map(str, ids))


def _distinct(values: Any, name: str) -> tuple[str, ...]:
    ids = texts(values, name)
    if len(set(ids)) < len(ids):
        twice, times = Counter(ids).most_common(1)[0]
        reason = f"is there {times} times"
        raise ParameterError(name, shorten(twice), reason, "give each id once")
    return ids


def _strata(values: Any, pool: tuple[str, ...]) -> Mapping[str, str]:
    given = as_mapping(values, "strata")
    for name in pool:
        if name not in given:
            remedy = "name a stratum for everybody in the pool"
            raise ParameterError("strata", shorten(name), "has no stratum", remedy)
        if not isinstance(given[name], str):
            found = shorten({name: given[name]})
            raise ParameterError("strata", found, "is no text", "name strata by texts")
    return FrozenMapping({name: given[name] for name in pool})
