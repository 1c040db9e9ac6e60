"""A task as a TOML file.

Rules enforced here:
1. The file says what a `Task` says, with dates as TOML dates and rates as text.
2. A strategy is a table with its `name` and its parameters beside it; the name is one of ours, or
   that of an installed distribution's.
3. An unknown key is an error; files named in it are relative to it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from randcheck import plugins, strategy
from randcheck.commitment import Rehearsal, Source
from randcheck.errors import DataError, Problem, UnknownNameError, shorten
from randcheck.exclusions import exclusion_from_json
from randcheck.models import Scope
from randcheck.plan import STRATEGIES, Task
from randcheck.randomness import KINDS, PublicSource, Rounds

_TASK = ("id", "items", "as_of", "reserves", "lead", "departments")
_TABLES = ("scope", "exclusions", "sampler", "matcher", "source", "registries")
_REGISTRIES = ("subjects", "items", "inspectors", "history")


@frozen
class TaskFile:
    """What a task file says: the task, the source of randomness, and where the registries are."""

    task: Task
    source: Source
    registries: Mapping[str, Path]


def read_task(path: str | Path) -> TaskFile:
    """The task of a TOML file; `DataError` names what is wrong in it."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Problem(None, None, "the file", f"is no TOML: {error}", "mend it there")
        raise DataError(str(path), [problem]) from None
    unknown = sorted(data.keys() - {*_TASK, *_TABLES})
    missing = [name for name in ("id", "items", "as_of", "sampler") if name not in data]
    offer = f"keys are {', '.join((*_TASK, *_TABLES))}"
    problems = [Problem(None, name, "this key", "is unknown", offer) for name in unknown]
    problems += [Problem(None, name, "nothing", "is missing", "give it") for name in missing]
    if not problems and type(data["as_of"]) is not date:
        shown = shorten(data["as_of"])
        problems.append(Problem(None, "as_of", shown, "is no date", "write as_of = 2026-07-01"))
    for name, kind, told in (("scope", dict, "table"), ("exclusions", list, "list of tables"),
                             ("registries", dict, "table")):  # fmt: skip
        if not isinstance(data.get(name, kind()), kind):
            remedy = f"write it as a {told}"
            problems.append(Problem(None, name, shorten(data[name]), f"is no {told}", remedy))
    if problems:
        raise DataError(str(path), problems)
    return TaskFile(_task(data), _source(data), _registries(data, path))


def _task(data: dict[str, Any]) -> Task:
    given = {name: data[name] for name in _TASK if name in data}
    if "scope" in data:
        given["scope"] = Scope.from_json(data["scope"])
    if "exclusions" in data:
        given["exclusions"] = tuple(map(exclusion_from_json, data["exclusions"]))
    if "matcher" in data:
        given["matcher"] = _strategy(data["matcher"])
    return Task(sampler=_strategy(data["sampler"]), **given)


def _strategy(data: Any) -> Any:
    """The strategy of a table: its name, and its parameters beside it."""
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        problem = Problem(None, None, shorten(data), "names no strategy", 'write name = "uniform"')
        raise DataError("strategy", [problem])
    given = {key: _parameter(value) for key, value in data.items() if key != "name"}
    return strategy.create(plugins.find(data["name"]), given, STRATEGIES)


def _parameter(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("name"), str):
        return _strategy(value)
    return {key: _parameter(entry) for key, entry in value.items()}


def _source(data: dict[str, Any]) -> Source:
    if "source" not in data:
        return Rehearsal()
    source: Source = _one_source(data["source"])
    return source


def _one_source(given: Any) -> Any:
    """A source without its grade, which follows from the rest."""
    words = dict(given) if isinstance(given, Mapping) else {}
    model = KINDS.get(str(words.get("kind")), PublicSource)
    if model is not PublicSource:
        del words["kind"]  # the class says it
    _check_options(model, words)
    if "rounds" in words:
        _check_options(Rounds, words["rounds"])
        words["rounds"] = Rounds(**words["rounds"])
    if isinstance(words.get("sources"), list):
        words["sources"] = [_one_source(each) for each in words["sources"]]
    return model(**words)


def _check_options(model: Any, given: Any) -> None:
    """`DataError` unless a table has fields of a model, those without a default among them."""
    fields = {each.name: each for each in attrs.fields(model) if each.init}
    needed = {name for name, each in fields.items() if each.default is attrs.NOTHING}
    if not isinstance(given, Mapping) or not needed <= given.keys() <= fields.keys():
        told = ", ".join(name if name in needed else f"{name} if you like" for name in fields)
        problem = Problem(None, None, shorten(given), "is no source", f"give {told}")
        raise DataError("source", [problem])


def _registries(data: dict[str, Any], path: Path) -> dict[str, Path]:
    files = data.get("registries", {})
    unknown = sorted(set(files) - set(_REGISTRIES))
    if unknown:
        raise UnknownNameError("registry", unknown, _REGISTRIES)
    for name, file in files.items():
        if not isinstance(file, str) or "\0" in file:
            problem = Problem(None, name, shorten(file), "is no file", "name a CSV file")
            raise DataError("registries", [problem])
    return {name: path.parent / file for name, file in files.items()}
