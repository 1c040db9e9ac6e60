"""What strategies are given, read once: the converters of their parameters.

Rules enforced here:
1. A parameter that cannot be meant is an error that names it, the value and what would be right.
2. What is read is exact: rates as fractions, counts as whole numbers, mappings that nobody changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.models import RISK_CLASSES
from randcheck.rates import parse_count, parse_rate

#: The class of those who have none and are not counted as another.
UNCLASSIFIED = "unclassified"

#: The risk classes that a parameter may name.
CLASSES = (*RISK_CLASSES, UNCLASSIFIED)

#: What a draw may be stratified by, beside the class.
STRATA = ("region", "kind", "industry", "status", "tags")


def check_classes(name: str, given: Any) -> None:
    """`ParameterError` unless a mapping's keys are risk classes."""
    for key in as_mapping(given, name):
        if key not in CLASSES:
            raise ParameterError(
                name, shorten(key), "is no risk class", f"classes are {', '.join(CLASSES)}"
            )


def _by_class(value: Any, name: str, parse: Any) -> FrozenMapping:
    """A mapping from classes, each value parsed under its own name."""
    check_classes(name, value)
    return FrozenMapping({key: parse(each, f"{name}[{key!r}]") for key, each in value.items()})


# --- exact numbers -----------------------------------------------------------------------------


def exact_number(value: Any) -> Fraction | None:
    """An int, `Fraction`, `Decimal` or text as a fraction; `None` for anything else."""
    if type(value) is int or isinstance(value, Fraction):
        return Fraction(value)
    if isinstance(value, str | Decimal) and len(str(value)) <= 100:
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    return None


def exact_numbers(value: Any, name: str) -> FrozenMapping:
    """A mapping whose values are exact numbers from 0; `ParameterError` otherwise."""
    numbers = {}
    for key, number in as_mapping(value, name).items():
        exact = exact_number(number)
        if exact is None or exact < 0:
            raise ParameterError(
                f"{name}[{key!r}]",
                shorten(number),
                "is no exact number from 0",
                "write it as text such as '0.3', or as an int, Fraction or Decimal",
            )
        numbers[key] = exact
    return FrozenMapping(numbers)


def as_deviations(value: Any) -> FrozenMapping:
    return exact_numbers(value, "deviations")


def as_variances(value: Any) -> FrozenMapping:
    return exact_numbers(value, "variances")


def as_variations(value: Any) -> FrozenMapping:
    return exact_numbers(value, "variations")


def as_prices(value: Any) -> FrozenMapping:
    """Costs by any name, each above 0."""
    costs = exact_numbers(value, "costs")
    for name, cost in costs.items():
        if cost == 0:
            remedy = "give a cost above 0"
            raise ParameterError(f"costs[{name!r}]", "0", "costs nothing", remedy)
    return costs


def as_costs(value: Any) -> FrozenMapping:
    """Costs by risk class."""
    check_classes("costs", value)
    return exact_numbers(value, "costs")


def as_budget(value: Any) -> Fraction:
    [budget] = exact_numbers({"budget": value}, "budget").values()
    return Fraction(budget)


# --- rates and counts --------------------------------------------------------------------------


def as_rates(value: Any) -> FrozenMapping:
    return _by_class(value, "rates", parse_rate)


def as_rate_or_rates(value: Any, name: str = "rates") -> Fraction | FrozenMapping:
    """One rate for all, or one for each of some names."""
    if not isinstance(value, Mapping):
        return parse_rate(value, name)
    given = as_mapping(value, name).items()
    return FrozenMapping({key: parse_rate(rate, f"{name}[{key!r}]") for key, rate in given})


def as_bands(value: Any) -> FrozenMapping:
    return _by_class(value, "bands", _parse_band)


def _parse_band(value: Any, name: str) -> tuple[Fraction, Fraction]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        remedy = "write two rates, such as ('1%', '3%')"
        raise ParameterError(name, shorten(value), "is no band", remedy)
    least, most = (parse_rate(rate, name) for rate in value)
    if most < least:
        raise ParameterError(name, shorten(value), "ends before it begins", "swap the rates")
    return least, most


def as_least(value: Any) -> Fraction:
    return parse_rate(value, "least")


def as_overall(value: Any) -> Fraction:
    return parse_rate(value, "overall")


def as_cap(value: Any) -> Fraction:
    return parse_rate(value, "general_cap")


def as_chance(value: Any) -> Fraction:
    return parse_rate(value, "chance")


def as_total(value: Any) -> int:
    return parse_count(value, "total")


def as_draws_left(value: Any) -> int:
    return parse_count(value, "draws_left")


def as_floor(value: Any) -> int | FrozenMapping:
    if not isinstance(value, Mapping):
        return parse_count(value, "floor")
    return _by_class(value, "floor", parse_count)


def as_at_most(value: Any) -> FrozenMapping:
    return _by_class(value, "at_most", parse_count)


def as_at_least(value: Any) -> FrozenMapping:
    return _by_class(value, "at_least", parse_count)


# --- texts and days ----------------------------------------------------------------------------


def _texts(value: Any, name: str) -> tuple[str, ...]:
    """Some texts, one of which may be given alone."""
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, Iterable) or not all(isinstance(text, str) for text in texts):
        raise ParameterError(name, shorten(value), "are no texts", "give a tuple of texts")
    return tuple(texts)


def as_tags(value: Any) -> tuple[str, ...]:
    return _texts(value, "tags")


def as_tasks(value: Any) -> tuple[str, ...]:
    return _texts(value, "tasks")


def as_exempt(value: Any) -> tuple[str, ...]:
    classes = _texts(value, "exempt")
    check_classes("exempt", dict.fromkeys(classes))
    return classes


def as_strata(value: Any) -> tuple[str, ...]:
    strata = _texts(value, "strata")
    for name in strata:
        if name not in STRATA:
            raise ParameterError(
                "strata", shorten(name), "cannot be stratified by", f"some of {', '.join(STRATA)}"
            )
    return strata


def as_reasons(value: Any) -> FrozenMapping:
    return _by_class(value, "reasons", _parse_reason)


def _parse_reason(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(name, shorten(value), "is no reason", "give it in words")
    return value


def as_day(value: Any) -> date:
    """A day, or its text as a record has it."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if type(value) is not date:
        raise ParameterError("begins", shorten(value), "is no day", "give a datetime.date")
    return value


# --- subjects without a class -------------------------------------------------------------------


def class_of_unknown(count: int, unclassified: str | None, named: Iterable[str]) -> str:
    """What `count` subjects without a risk class count as; `ParameterError` if nobody says.

    `unclassified` is the parameter of that name, `named` the classes that have a rate.
    """
    if unclassified is not None:
        return unclassified
    if UNCLASSIFIED in {*named}:
        return UNCLASSIFIED
    raise ParameterError(
        "unclassified",
        "None",
        f"leaves open what {count} subjects without a risk class count as",
        "say which class, such as unclassified='B', or 'unclassified' to keep them apart",
    )


# --- names of cells ----------------------------------------------------------------------------


def shown(value: Any) -> str:
    """A value of a column as a cell's name has it."""
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else "+".join(value)
