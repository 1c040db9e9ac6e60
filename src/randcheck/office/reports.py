"""Reports of indicators: a table for a period and an area, and the year's assessment (年终考核).

Rules enforced here:
1. A report says for which period, area and day it was made, and by which choices.
2. A score is a fraction: how much of the target was reached, at most all of it, times the weight.
3. Equal scores share a rank; who has nothing to divide by has no score for it, and it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from attrs import evolve, field, frozen

from randcheck import canonical, dataframes
from randcheck.errors import ParameterError, UnknownNameError, shorten
from randcheck.language import LANGUAGES, Language, in_all, known, say
from randcheck.office.indicators import Area, Books, Measure, Question, measures
from randcheck.office.pages import Column, Sheet, by_language, page, shown

#: What people read of each indicator, and in what it is counted: a share, days, or a quotient.
NAMES: Mapping[str, tuple[str, str]] = {
    "risk-based": ("draws that use risk classes", "share"),
    "coverage": ("firms drawn", "share"),
    "published-in-time": ("results published in time", "share"),
    "followed-up": ("problems followed up", "share"),
    "joint": ("joint draws", "share"),
    "visits-saved": ("visits saved by joint ones", "share"),
    "days-to-publish": ("working days to publication", "days"),
    "revisit-agreement": ("revisits that agree", "share"),
    "workload-spread": ("most visits of one inspector ÷ mean", "quotient"),
    "problems-A": ("problems found, class A", "share"),
    "problems-B": ("problems found, class B", "share"),
    "problems-C": ("problems found, class C", "share"),
    "problems-D": ("problems found, class D", "share"),
    "problems-none": ("problems found, no class", "share"),
}


def _percent(value: Fraction) -> str:
    """A share with two decimals, rounded down, so that 79.999 % is never shown as 80 %."""
    hundredths = value.numerator * 10000 // value.denominator
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def _decimal(value: Fraction) -> str:
    hundredths = value.numerator * 100 // value.denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _shown(code: str, value: Fraction | None) -> str:
    if value is None:
        return "–"
    return _percent(value) if NAMES[code][1] == "share" else _decimal(value)


COLUMNS = (
    Column("name", "Indicator", by_language),
    Column("value", "Value"),
    Column("numerator", "Numerator"),
    Column("denominator", "Denominator"),
    Column("target", "Target"),
    Column("status", "Status", by_language),
    Column("interval", "Confidence interval"),
)


@frozen
class Report:
    """The indicators of one question."""

    asked: Question
    measures: tuple[Measure, ...] = field(repr=lambda found: f"<{len(found)}>")

    def __getitem__(self, code: str) -> Measure:
        for measure in self.measures:
            if measure.code == code:
                return measure
        raise UnknownNameError("indicator", (code,), [each.code for each in self.measures])

    def rows(self) -> list[dict[str, Any]]:
        """A row for each indicator, with what people read beside the numbers."""
        return [_row(measure) for measure in self.measures]

    def to_json(self) -> dict[str, Any]:
        """Numbers as they are, fractions and intervals as text, the rows behind them by id."""
        asked = self.asked
        return {
            "area": {"name": asked.area.name, "regions": list(asked.area.regions)},
            "as_of": asked.as_of.isoformat(),
            "choices": {
                "confidence": str(asked.choices.confidence),
                "drawn": asked.choices.drawn,
                "firms": asked.choices.firms,
                "publish": asked.choices.publish,
            },
            "measures": [
                {
                    "code": each.code,
                    "denominator": each.denominator,
                    "interval": None if each.interval is None else _interval(each),
                    "numerator": each.numerator,
                    "rows": [list(row) for row in each.rows],
                    "status": each.status,
                    "target": None if each.target is None else str(each.target),
                }
                for each in self.measures
            ],
            "period": [asked.period.first.isoformat(), asked.period.last.isoformat()],
        }

    def to_bytes(self) -> bytes:
        """The report as canonical JSON."""
        return canonical.dumps(self.to_json())

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """A row an indicator: `code`, `numerator`, `denominator`, `value` and `target` as texts,
        `status`.
        """
        columns: dict[str, list[Any]] = {
            "code": [each.code for each in self.measures],
            "numerator": [each.numerator for each in self.measures],
            "denominator": [each.denominator for each in self.measures],
            "value": [None if each.value is None else str(each.value) for each in self.measures],
            "target": [None if each.target is None else str(each.target) for each in self.measures],
            "status": [each.status for each in self.measures],
        }
        kinds = {"numerator": "int", "denominator": "int"}
        return dataframes.build(columns, {n: kinds.get(n, "text") for n in columns}, backend)

    def sheet(self) -> Sheet:
        """The report as a table for people."""
        asked, by = self.asked, self.asked.choices
        area, period = asked.area.name or in_all("everywhere"), str(asked.period)
        notes = (
            in_all("As of {day}.", day=str(asked.as_of)),
            _DRAWN[by.drawn],
            _FIRMS[by.firms],
            in_all(
                "Publication is due {days} working days after the end of the inspection.",
                days=str(by.publish),
            ),
        )
        title = in_all("{area}, {period}", area=area, period=period)
        return Sheet(title, COLUMNS, self.rows(), notes)

    def to_html(self, language: Language = "zh") -> str:
        """The report as a page of its own."""
        title = say("Indicators of random inspections", known(language))
        return page(title, [self.sheet().section(language)], language)


_DRAWN = {
    "drawn": in_all("A firm counts as drawn when it is drawn."),
    "inspected": in_all("A firm counts as drawn when its inspection has ended."),
}
_FIRMS = {
    "last": in_all("The firms are those of the last registry frozen up to the period's end."),
    "first": in_all("The firms are those of the first registry frozen in the period."),
}


def _row(measure: Measure) -> dict[str, Any]:
    status = "" if measure.target is None else measure.status
    return {
        "name": in_all(NAMES[measure.code][0]),
        "value": _shown(measure.code, measure.value),
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "target": None if measure.target is None else f"≥ {_percent(measure.target)}",
        "status": in_all(status),
        "interval": None if measure.interval is None else " – ".join(_interval(measure)),
        "mark": measure.status,
    }


def _interval(measure: Measure) -> list[str]:
    low, high = measure.interval or (0.0, 1.0)
    return [f"{low:.2%}", f"{high:.2%}"]


def report(books: Books, asked: Question) -> Report:
    """The indicators of a question, from an office's states."""
    return Report(asked, measures(books, asked))


# --- the year's assessment ---------------------------------------------------------------------


@frozen
class Score:
    """An area's score: the sum, its rank from 1, and what each indicator gave (`None`: no data)."""

    area: str
    rank: int
    total: Fraction
    parts: Mapping[str, Fraction | None]
    report: Report


@frozen
class Assessment:
    """Areas by rank, and the weights that they were ranked by."""

    weights: Mapping[str, Fraction]
    scores: tuple[Score, ...]

    def sheet(self) -> Sheet:
        """The ranking as a table for people."""
        columns = [
            Column("rank", "Rank"),
            Column("area", "Area"),
            *(Column(code, NAMES[code][0]) for code in self.weights),
            Column("total", "Total score"),
        ]
        rows = [
            {
                "rank": score.rank,
                "area": score.area,
                "total": _decimal(score.total),
                **{c: "–" if p is None else _decimal(p) for c, p in score.parts.items()},
            }
            for score in self.scores
        ]
        notes = (
            in_all(
                "Weights: {weights}.", weights={each: self._weights(each) for each in LANGUAGES}
            ),
            in_all("A dash: nothing to divide by, no score."),
        )
        return Sheet(in_all("Assessment of the year"), columns, rows, notes)

    def _weights(self, language: Language) -> str:
        told = [
            f"{say(NAMES[code][0], language)} {_decimal(weight)}"
            for code, weight in self.weights.items()
        ]
        return shown(told, language)

    def to_html(self, language: Language = "zh") -> str:
        """The ranking and each area's report, as one page."""
        sections = [self.sheet().section(known(language))]
        sections += [score.report.sheet().section(language) for score in self.scores]
        return page(self.sheet().title[language], sections, language)


def assess(
    books: Books, asked: Question, areas: Iterable[Area], weights: Mapping[str, Fraction | int]
) -> Assessment:
    """Rank areas by declared weights of indicators that have a target.

    Raises `ParameterError` for a weight below 0, or of an indicator without a target.
    """
    exact = {code: Fraction(weight) for code, weight in weights.items()}
    for code, weight in exact.items():
        if code not in asked.targets or weight < 0:
            reason = "is of no indicator with a target, or below 0"
            remedy = f"weigh some of {', '.join(asked.targets)}"
            raise ParameterError(f"weights[{code!r}]", shorten(str(weight)), reason, remedy)
    made = []
    for area in areas:
        told = report(books, evolve(asked, area=area))
        parts = {code: _part(told[code], weight) for code, weight in exact.items()}
        total = sum((part for part in parts.values() if part is not None), Fraction(0))
        made.append((area.name, total, parts, told))
    made.sort(key=lambda each: (-each[1], each[0]))
    totals = [total for _, total, _, _ in made]
    scores = tuple(
        Score(name, totals.index(total) + 1, total, parts, told)
        for name, total, parts, told in made
    )
    return Assessment(exact, scores)


def _part(measure: Measure, weight: Fraction) -> Fraction | None:
    if measure.value is None or not measure.target:
        return None
    return weight * min(Fraction(1), measure.value / measure.target)
