"""How a strategy is named in a commitment, and found again by that name.

Rules enforced here:
1. A strategy is described by name, distribution, version and parameters, as canonical JSON.
2. A description becomes a strategy only through a table of names that the caller holds: no code
   is ever loaded because a record names it.
3. A parameter that has no exact JSON form is refused; rates are fractions in lowest terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from randcheck._version import __version__
from randcheck.errors import ParameterError, UnknownNameError, shorten
from randcheck.fields import default_of

#: Where code comes from that no installed distribution holds, such as a notebook's.
NOT_INSTALLED = "(not installed)"

_KEYS = {"name", "distribution", "version", "parameters"}


def has(value: object, method: str) -> bool:
    """Whether it is an object with this method; the class of such objects is none."""
    return not isinstance(value, type) and callable(getattr(value, method, None))


def name_of(strategy: object) -> str:
    """A strategy's own `name`, or else the name of its class."""
    return str(getattr(strategy, "name", type(strategy).__name__))


def describe(strategy: object) -> dict[str, Any]:
    """`name`, `distribution`, `version` and `parameters` of a strategy, as JSON has them."""
    distribution, version = _origin(type(strategy))
    return {
        "name": name_of(strategy),
        "distribution": distribution,
        "version": version,
        "parameters": parameters(strategy),
    }


def parameters(strategy: object) -> dict[str, Any]:
    """The parameters that differ from their defaults, as JSON has them.

    They are the fields of an attrs class, or else the instance's public attributes.
    """
    kind: Any = type(strategy)
    if attrs.has(kind):
        return {
            field.name: _plain(field.name, getattr(strategy, field.name))
            for field in attrs.fields(kind)
            if field.init and getattr(strategy, field.name) != default_of(field)
        }
    return {
        name: _plain(name, value)
        for name, value in getattr(strategy, "__dict__", {}).items()
        if not name.startswith("_")
    }


def rebuild(description: Mapping[str, Any], known: Mapping[str, type]) -> Any:
    """The strategy that `describe` described, from a table of names.

    Raises `UnknownNameError` for a name that the table does not have, and what the strategy's own
    constructor raises for bad parameters.
    """
    name = description["name"]
    if name not in known:
        raise UnknownNameError("strategy", (name,), tuple(known), "pass the strategy as a value")
    return create(known[name], description["parameters"], known)


def create(strategy: type, given: Mapping[str, Any], known: Mapping[str, type]) -> Any:
    """A strategy of a class from parameters as JSON has them; unknown ones are refused."""
    allowed = {field.name for field in attrs.fields(strategy) if field.init}
    for name, value in given.items():
        if name not in allowed:
            raise ParameterError(
                name, shorten(value), f"is no parameter of {strategy.__name__}", _offer(allowed)
            )
    for field in attrs.fields(strategy):
        if field.init and field.default is attrs.NOTHING and field.name not in given:
            name = f"{strategy.__name__}.{field.name}"
            raise ParameterError(name, "nothing", "is missing", _offer(allowed))
    return strategy(**{name: _revive(value, known) for name, value in given.items()})


def _offer(allowed: set[str]) -> str:
    return f"parameters are {', '.join(sorted(allowed))}" if allowed else "it takes none"


def _revive(value: Any, known: Mapping[str, type]) -> Any:
    if isinstance(value, Mapping):
        if _is_description(value):
            return rebuild(value, known)
        return {name: _revive(entry, known) for name, entry in value.items()}
    if isinstance(value, list):
        revived = [_revive(entry, known) for entry in value]
        return tuple(revived) if any(_is_description(entry) for entry in value) else revived
    return value


def _is_description(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == _KEYS


def _plain(name: str, value: Any) -> Any:
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, Fraction | Decimal):
        return str(Fraction(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(name, entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, entry) for entry in value]
    if isinstance(value, float):
        raise ParameterError(
            name, shorten(value), "is a float, which is not exact", "give text or a Fraction"
        )
    if attrs.has(type(value)) or hasattr(value, "design") or hasattr(value, "bars"):
        return describe(value)
    raise ParameterError(
        name,
        shorten(value),
        f"of type {type(value).__name__} has no exact form in a record",
        "use text, int, Fraction, date, tuples or mappings of them, or another strategy",
    )


def _origin(strategy: type) -> tuple[str, str]:
    package = strategy.__module__.partition(".")[0]
    if package == "randcheck":
        return "randcheck", __version__
    from importlib import metadata

    names = metadata.packages_distributions().get(package)
    if not names:
        return NOT_INSTALLED, str(getattr(strategy, "version", "0"))
    return names[0], metadata.version(names[0])
