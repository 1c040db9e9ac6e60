"""Random inspections that nobody has to trust (双随机、一公开).

>>> import randcheck as rc
>>> from datetime import date
>>> subjects = rc.SubjectRegistry.from_records(
...     {"id": f"firm-{n:03}", "name": f"Made-up firm {n}", "region": "990102",
...      "risk_class": "ABCD"[n % 4]} for n in range(200))
>>> catalog = rc.ItemCatalog.from_records([rc.Item("price", "Price marking", "Price Law")])
>>> task = rc.Task(id="T-1", items=("price",), as_of=date(2026, 7, 1),
...     sampler=rc.RiskStratifiedSampler(rates={"A": "2%", "B": "4%", "C": "10%", "D": "100%"}))
>>> opened = rc.commit(task, subjects=subjects, catalog=catalog,
...     source=rc.PublicSource("lottery", "the next draw after publication"))
>>> draw = opened.draw("05 09 12 22 31 33 + 08")
>>> [(cell.name, cell.size, cell.take) for cell in draw.design.cells]
[('A', 50, 1), ('B', 50, 2), ('C', 50, 5), ('D', 50, 50)]
>>> draw.design.inclusion_probability("firm-006")
Fraction(1, 10)
>>> print(rc.verify(draw.record.to_bytes(), sheet=draw.design.to_bytes(),
...                 commitment=opened.digest, randomness="05 09 12 22 31 33 + 08").ok)
True
"""

import logging as _logging
from importlib import import_module as _import_module
from typing import Any as _Any

from randcheck._version import __version__
from randcheck.commitment import Commitment, Rehearsal
from randcheck.coordination import merge_visits, trips
from randcheck.design import Cell, Design
from randcheck.draw import Draw, OpenDraw, Visit, commit, draw
from randcheck.errors import RandcheckError
from randcheck.exclusions import DrawnThisYear, DrawnWithin, OwnerExcluded, YearlyCap
from randcheck.frame import Frame, build_frame
from randcheck.history import History
from randcheck.matching import FairMatcher, Odds
from randcheck.models import Inspector, Item, PastDraw, Scope, Subject
from randcheck.plan import Plan, Task
from randcheck.planning import propose_joint
from randcheck.proofs import ProofTree
from randcheck.randomness import Combined, CommitReveal, Drand, PublicSource, Rounds
from randcheck.record import DrawRecord
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.replacement import Absence, Substitution, check_replacement, replace
from randcheck.replay import replay, replay_stage
from randcheck.samplers import (
    BalancedSampler,
    CompromiseAllocation,
    CycleSampler,
    EqualAllocation,
    JointItemSampler,
    MinimaxAllocation,
    NeymanAllocation,
    PowerAllocation,
    ProportionalAllocation,
    RateAllocation,
    RiskScoreSampler,
    RiskStratifiedSampler,
    Rotation,
    Strata,
    UniformSampler,
)
from randcheck.stage import OpenStage, Stage, StageRecord, commit_teams, recuse
from randcheck.verify import Finding, Report, verify
from randcheck.why import own_check

_logging.getLogger("randcheck").addHandler(_logging.NullHandler())  # silent unless asked

__all__ = [
    "Absence",
    "BalancedSampler",
    "Cell",
    "Combined",
    "CommitReveal",
    "Commitment",
    "CompromiseAllocation",
    "CycleSampler",
    "Design",
    "Drand",
    "Draw",
    "DrawRecord",
    "DrawnThisYear",
    "DrawnWithin",
    "EqualAllocation",
    "FairMatcher",
    "Finding",
    "Frame",
    "History",
    "Inspector",
    "InspectorRegistry",
    "Item",
    "ItemCatalog",
    "JointItemSampler",
    "MinimaxAllocation",
    "NeymanAllocation",
    "Odds",
    "OpenDraw",
    "OpenStage",
    "OwnerExcluded",
    "PastDraw",
    "Plan",
    "PowerAllocation",
    "ProofTree",
    "ProportionalAllocation",
    "PublicSource",
    "RandcheckError",
    "RateAllocation",
    "Rehearsal",
    "Report",
    "RiskScoreSampler",
    "RiskStratifiedSampler",
    "Rotation",
    "Rounds",
    "Scope",
    "Stage",
    "StageRecord",
    "Strata",
    "Subject",
    "SubjectRegistry",
    "Substitution",
    "Task",
    "UniformSampler",
    "Visit",
    "YearlyCap",
    "__version__",
    "build_frame",
    "check_replacement",
    "commit",
    "commit_teams",
    "draw",
    "merge_visits",
    "own_check",
    "propose_joint",
    "recuse",
    "replace",
    "replay",
    "replay_stage",
    "trips",
    "verify",
]


def __getattr__(name: str) -> _Any:
    if name in (
        "audit",
        "datasets",
        "io",
        "testing",
    ):  # edges: imported when somebody looks at them
        return _import_module(f"randcheck.{name}")
    raise AttributeError(f"module 'randcheck' has no attribute {name!r}")
