"""What a ledger says about those who keep it: what was withdrawn, and what outsiders saw.

Rules enforced here:
1. Nothing is left out because it has a reason: each abandoned or repeated commitment counts.
2. A commitment counts for its task, those of its stages too, in whatever version of the plan.
3. Pure functions of events, in their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from attrs import frozen

from randcheck.errors import UnknownNameError
from randcheck.ledger.check import Head
from randcheck.ledger.events import Event


@frozen
class Withdrawn:
    """A commitment that was abandoned, or repeated by a later one, and the reason given.

    `after` is the last that was there by then: `commitment`, `randomness`, `record` or
    `confirmation`. From `randomness` on the outcome could be known to those who withdrew it.
    """

    commitment_sha256: str
    reason: str
    after: str
    sequence: int
    at: str


@frozen
class Indicator:
    """A task's counts: `commitments` in all, and among them what was withdrawn or is unfinished.

    `plan` is the plan's id or `None`; `versions` those it was committed under. `unfinished` are
    commitments without record that nobody abandoned, by digest. `silent` names, once for each time,
    the parties that had sealed a secret and did not reveal it: one more try in their name.
    """

    plan: str | None
    task: str
    versions: tuple[int, ...]
    commitments: int
    abandoned: tuple[Withdrawn, ...]
    repeated: tuple[Withdrawn, ...]
    unfinished: tuple[str, ...]
    silent: tuple[str, ...] = ()


@frozen
class Witnessed:
    """A head that an outsider saw, and that covers a commitment.

    `before_randomness` says whether the ledger knew of it before the randomness; if not, only the
    outsider can say when it was seen.
    """

    by: str
    at: str
    head: Head
    signature: str | None
    sequence: int
    before_randomness: bool


def indicators(events: Iterable[Event]) -> tuple[Indicator, ...]:
    """One for each task that has a commitment, in the order of their first ones."""
    tasks: dict[Any, dict[str, Any]] = {}
    lives: dict[str, dict[str, Any]] = {}  # by commitment: its task, and how far it came
    owners: dict[str, str] = {}  # commitment by record
    for event in events:
        kind = event.kind.removeprefix("stage ")
        if kind == "commitment":
            life = _begin(event, tasks, lives, owners)
            if event["repeats"] is not None:
                before = event["repeats"]
                told = _withdrawn(event, before, lives[before]["after"])
                life["task"]["repeated"].append(told)
        elif kind in ("randomness", "record"):
            life = lives[event["commitment_sha256"]]
            life["after"] = kind
            if kind == "randomness":
                life["task"]["silent"] += _silent(life["source"], event["text"])
            else:
                owners[event["record_sha256"]] = event["commitment_sha256"]
        elif kind == "confirmation":
            lives[owners[event["record_sha256"]]]["after"] = kind
        elif kind == "abandoned":
            life = lives[event["commitment_sha256"]]
            told = _withdrawn(event, event["commitment_sha256"], life["after"])
            life["task"]["abandoned"].append(told)
            life["ended"] = True
    return tuple(_indicator(plan, name, task) for (plan, name), task in tasks.items())


def evidence(events: Iterable[Event], commitment_sha256: str) -> tuple[Witnessed, ...]:
    """The witnesses whose head covers a commitment; `UnknownNameError` if it is not there."""
    here, drawn, found = None, False, []
    for event in events:
        kind = event.kind.removeprefix("stage ")
        if kind == "commitment" and event["commitment_sha256"] == commitment_sha256:
            here = event.sequence
        elif kind == "randomness" and event["commitment_sha256"] == commitment_sha256:
            drawn = True
        elif kind == "witness" and here is not None and event["sequence"] >= here:
            head = Head(event["sequence"], event["head"])
            told = event["by"], event.at, head, event["signature"], event.sequence
            found.append(Witnessed(*told, before_randomness=not drawn))
    if here is None:
        remedy = "give the SHA-256 of a commitment that is in the ledger"
        raise UnknownNameError("commitment", (commitment_sha256,), (), remedy)
    return tuple(found)


def _begin(event: Event, tasks: Any, lives: Any, owners: Any) -> dict[str, Any]:
    if event.kind == "commitment":
        plan = event["plan"]
        key = (plan and plan["id"], event["task"])
        empty: dict[str, Any] = {"versions": [], "abandoned": [], "repeated": [], "silent": []}
        task = tasks.setdefault(key, empty | {"lives": {}})
        if plan and plan["version"] not in task["versions"]:
            task["versions"].append(plan["version"])
    else:
        task = lives[owners[event["parent"]]]["task"]
    source = event["source"]["kind"]
    life = {"task": task, "after": "commitment", "ended": False, "source": source}
    lives[event["commitment_sha256"]] = task["lives"][event["commitment_sha256"]] = life
    return life


def _silent(source: str, text: str) -> list[str]:
    """Who did not reveal, by what the source said; nobody where it says something else."""
    if source == "combined":
        texts = _loaded(text)
        return [who for each in texts or () for who in _silent("commit-reveal", each)]
    secrets = _loaded(text) if source == "commit-reveal" else None
    given = secrets.items() if isinstance(secrets, dict) else ()
    return [party for party, secret in given if secret is None]


def _loaded(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError):  # the words of a lottery
        return None


def _withdrawn(event: Event, commitment: str, after: str) -> Withdrawn:
    return Withdrawn(commitment, event["reason"], after, event.sequence, event.at)


def _indicator(plan: str | None, name: str, task: dict[str, Any]) -> Indicator:
    return Indicator(
        plan,
        name,
        versions=tuple(task["versions"]),
        commitments=len(task["lives"]),
        abandoned=tuple(task["abandoned"]),
        repeated=tuple(task["repeated"]),
        unfinished=tuple(
            digest
            for digest, life in task["lives"].items()
            if not life["ended"] and life["after"] in ("commitment", "randomness")
        ),
        silent=tuple(task["silent"]),
    )
