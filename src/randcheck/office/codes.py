"""Result codes (检查结果): what an inspection of one item may have found. Data; provinces differ.

Rules enforced here:
1. There is no default result, ever: what nobody entered is nothing.
2. A code says by itself what follows from it: a problem, a follow-up, a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from randcheck.errors import DataError, Problem, UnknownNameError
from randcheck.fields import FLAG, ID, MAYBE_WORD, NAME, Fact, declare
from randcheck.office.forms import Result
from randcheck.office.life import Step, need


@frozen(kw_only=True)
class ResultCode(Fact):
    """One code: its names, whether it is a problem, what follows from it.

    `follow_up`: somebody must come back to it by a due day. `abnormal`: a ground for the list of
    abnormal operations (经营异常名录), `sanction`: for joint credit sanctions (信用联合惩戒).
    `unreached`: nothing could be inspected.
    """

    id: str = declare(ID)
    name: str = declare(NAME)
    zh: str = declare(NAME)
    problem: bool = declare(FLAG, default=False)
    follow_up: bool = declare(FLAG, default=False)
    unreached: bool = declare(FLAG, default=False)
    abnormal: str | None = declare(MAYBE_WORD, default=None)
    sanction: str | None = declare(MAYBE_WORD, default=None)


def _by_id(codes: Iterable[ResultCode]) -> tuple[ResultCode, ...]:
    given = tuple(codes)
    problems = [
        Problem(row, "id", repr(code.id), "is there already", "give each code once")
        for row, code in enumerate(given)
        if code.id in {other.id for other in given[:row]}
    ]
    if problems:
        raise DataError("result codes", problems)
    return given


@frozen
class ResultCodes:
    """A set of codes, each once."""

    codes: tuple[ResultCode, ...] = field(converter=_by_id)

    def __iter__(self) -> Iterator[ResultCode]:
        return iter(self.codes)

    def __getitem__(self, code: str) -> ResultCode:
        for each in self.codes:
            if each.id == code:
                return each
        raise UnknownNameError("result code", (code,), [each.id for each in self.codes])


def need_known(codes: ResultCodes, results: Mapping[str, Result], step: Step) -> None:
    """Raise `StepError` unless every result of a step has a code of the set."""
    known = [code.id for code in codes]
    wrong = {item: each.code for item, each in results.items() if each.code not in known}
    need(not wrong, step, f"one of the codes {', '.join(known)}", wrong)


#: The results of the national interim rules for random inspections in market supervision
#: (市场监管总局, 双随机、一公开 抽查结果公示), finer where provinces distinguish.
STANDARD = ResultCodes(
    [
        ResultCode(id="none", name="no problem found", zh="未发现问题"),
        ResultCode(
            id="not-disclosed",
            name="not disclosed as required",
            zh="未按规定公示应当公示的信息",
            problem=True,
            follow_up=True,
            abnormal="未按规定公示应当公示的信息",
        ),
        ResultCode(
            id="false-disclosure",
            name="concealed or false disclosure",
            zh="公示信息隐瞒真实情况、弄虚作假",
            problem=True,
            follow_up=True,
            abnormal="公示信息隐瞒真实情况、弄虚作假",
        ),
        ResultCode(
            id="unreachable",
            name="cannot be reached at the registered place",
            zh="通过登记的住所（经营场所）无法联系",
            problem=True,
            follow_up=True,
            unreached=True,
            abnormal="通过登记的住所（经营场所）无法联系",
        ),
        ResultCode(
            id="obstructed",
            name="does not cooperate, serious",
            zh="不配合检查情节严重",
            problem=True,
            follow_up=True,
            sanction="不配合检查情节严重",
        ),
        ResultCode(
            id="corrected",
            name="problem found and corrected on order",
            zh="发现问题已责令改正",
            problem=True,
        ),
        ResultCode(
            id="to-follow-up",
            name="problem found, to be followed up",
            zh="发现问题待后续处理",
            problem=True,
            follow_up=True,
        ),
        ResultCode(
            id="no-activity", name="no such activity", zh="未发现开展本次抽查涉及的经营活动"
        ),
        ResultCode(
            id="closed",
            name="closed or in liquidation",
            zh="已关闭停业或正在组织清算",
            unreached=True,
        ),
        ResultCode(id="deregistered", name="deregistered", zh="注销", unreached=True),
        ResultCode(id="revoked", name="revoked", zh="被吊销", unreached=True),
        ResultCode(id="moved", name="moved away", zh="迁出", unreached=True),
    ]
)
