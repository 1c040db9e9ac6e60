"""Strategies of other distributions, by way of entry points that are made up here."""

from importlib import metadata
from types import SimpleNamespace

import pytest

import randcheck as rc
from randcheck import plugins
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.plan import STRATEGIES


def point(name, group="sampler", *, value=rc.UniformSampler, origin=("made-up", "1.0")):
    def load():
        if isinstance(value, Exception):
            raise value
        return value

    dist = SimpleNamespace(metadata={"Name": origin[0]}, version=origin[1]) if origin else None
    return SimpleNamespace(
        name=name, group=plugins.GROUPS[group], load=load, dist=dist, value="made_up:It"
    )


@pytest.fixture
def entry_points(monkeypatch):
    points = []

    def found(*, group, name=None):
        return [each for each in points if each.group == group and name in (None, each.name)]

    monkeypatch.setattr(metadata, "entry_points", found)
    return points


def test_ours_are_all_listed_and_found(entry_points):
    listed = plugins.installed()
    assert {each.name for each in listed} == set(STRATEGIES)
    assert {each.distribution for each in listed} == {"randcheck"}
    for name, kind in STRATEGIES.items():
        assert plugins.find(name) is kind


def test_others_are_listed_after_ours_without_being_loaded(entry_points):
    entry_points += [
        point("zeta", value=ImportError("never loaded")),
        point("alpha", "allocation"),
        point("orphan", origin=None),
    ]
    assert [
        (each.kind, each.name, each.distribution, each.version)
        for each in plugins.installed()[len(STRATEGIES) :]
    ] == [
        ("sampler", "orphan", "(not installed)", "0"),
        ("sampler", "zeta", "made-up", "1.0"),
        ("allocation", "alpha", "made-up", "1.0"),
    ]


def test_others_are_found_by_name(entry_points):
    class Mine:
        pass

    entry_points.append(point("mine", value=Mine))
    assert plugins.find("mine") is Mine


def test_our_names_cannot_be_taken_over(entry_points, capsys):
    from randcheck.cli import main

    entry_points.append(point("uniform", value=ImportError("never loaded")))
    assert plugins.find("uniform") is rc.UniformSampler
    assert plugins.installed()[-1].hidden
    assert main(["strategies"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == [
        "sampler", "uniform", "made-up", "1.0", "(hidden)",
    ]  # fmt: skip


def test_what_cannot_be_found(entry_points):
    entry_points += [
        point("twice"),
        point("twice", origin=("another", "2.0")),
        point("broken", value=ImportError("no module named 'x'")),
        point("function", value=print),
    ]
    with pytest.raises(UnknownNameError, match="unheard-of"):
        plugins.find("unheard-of")
    with pytest.raises(ParameterError, match=r"claimed by made-up 1.0, another 2.0; uninstall"):
        plugins.find("twice")
    with pytest.raises(ParameterError, match=r"of made-up 1\.0 cannot be loaded: no module"):
        plugins.find("broken")
    with pytest.raises(ParameterError, match="is a builtin_function_or_method in made_up:It"):
        plugins.find("function")
