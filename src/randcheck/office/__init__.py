"""The office (机关): everything before and after the draw that the rules ask for.

>>> from randcheck.ledger import Ledger
>>> from randcheck.office import Desk, lives
>>> desk = Desk(Ledger.open("sqlite://"), lives())
>>> told = {"task": "T", "temporary": True, "text": "Inspect whom the draw names."}
>>> desk.do("scheme", "T#1", "issued", told, actor="clerk").status
'issued'
>>> desk.do("scheme", "T#1", "voided", {"reason": "the wrong hall"}, actor="leader").status
'voided'
>>> desk.do("scheme", "T#1", "voided", {"reason": "again"}, actor="leader")
Traceback (most recent call last):
    ...
randcheck.office.errors.StepError: scheme T#1, voided: expected issued, found voided

Rules enforced here:
1. What an office does is a step in the life of a thing: a plan, a scheme, a draw, a case, a
   problem, a transfer, a revisit, a registry. The ledger keeps the steps; states are made of them.
2. Values and pure functions: what follows from states (deadlines, feeds, indicators, archives) asks
   no clock and keeps nothing.
3. Every number that the rules name is a parameter with that number as its default.
"""

from collections.abc import Mapping

from randcheck.office.cases import case_life
from randcheck.office.codes import STANDARD, ResultCode, ResultCodes
from randcheck.office.desk import Desk
from randcheck.office.draws import draw_life
from randcheck.office.errors import CalendarError, StepError
from randcheck.office.follow_up import problem_life
from randcheck.office.life import Life, Step, rebuild
from randcheck.office.plans import plan_life
from randcheck.office.registers import registry_life
from randcheck.office.revisits import revisit_life
from randcheck.office.schemes import scheme_life
from randcheck.office.transfers import transfer_life
from randcheck.plan import STRATEGIES

__all__ = [
    "STANDARD",
    "CalendarError",
    "Desk",
    "Life",
    "ResultCode",
    "ResultCodes",
    "Step",
    "StepError",
    "lives",
    "rebuild",
]


def lives(
    codes: ResultCodes = STANDARD, strategies: Mapping[str, type] = STRATEGIES
) -> tuple[Life, ...]:
    """The lives of everything that an office speaks of, with its result codes.

    `strategies` are those that a plan's tasks may name, ours unless given.
    """
    return (
        plan_life(strategies),
        scheme_life(),
        registry_life(),
        draw_life(),
        case_life(codes),
        problem_life(codes),
        transfer_life(),
        revisit_life(codes),
    )
