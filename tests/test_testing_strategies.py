"""What the hypothesis strategies make is what it says, and of every kind."""

import subprocess
import sys

import pytest
from hypothesis import Phase, find, given, settings

import randcheck as rc
from randcheck.testing import check_sampler, strategies


@given(strategies.registries())
def test_registries(registry):
    assert isinstance(registry, rc.SubjectRegistry)
    assert 1 <= len(registry) <= 40


@given(strategies.tasks(sampler=rc.UniformSampler(count=1)))
def test_tasks(task):
    assert task.sampler == rc.UniformSampler(count=1)
    assert rc.Task.from_json(task.to_json()) == task


@given(strategies.frames())
def test_frames(frame):
    assert len(frame.times_drawn(strategies.DAY.replace(year=2020))) == len(frame)


@given(strategies.designs())
def test_designs(design):
    """Every design draws: as many from each cell as it says."""
    from randcheck import tickets

    patterns = [sorted(set(row) - {-1}) for row in design.patterns.tolist()]
    sizes, takes = [c.size for c in design.cells], [c.take for c in design.cells]
    found = tickets.lowest("0" * 64, design.ids, patterns, design.pattern_of, sizes, takes)
    assert [len(lowest) for lowest in found] == takes


@given(strategies.frames(min_size=5))
@settings(max_examples=5)
def test_samplers_can_be_checked_on_them(frame):
    check_sampler(rc.UniformSampler(rate="10%"), [frame], seeds=20)


@pytest.mark.parametrize(
    "reached",
    [
        lambda frame: None in set(frame.column("risk_class")),
        lambda frame: frame.times_drawn(strategies.DAY.replace(2020)).any(),
        lambda frame: any(not frame.eligible(item).any() for item in frame.items),
    ],
)
def test_frames_reach_what_samplers_forget(reached):
    find(strategies.frames(), reached, settings=settings(phases=[Phase.generate]))


def test_designs_have_cells_of_every_kind():
    def mixed(design):
        return len(design.cells) > 2 and len(design.items) > 1

    find(strategies.designs(), mixed, settings=settings(phases=[Phase.generate]))


def test_without_hypothesis_the_error_names_the_extra():
    code = "import sys; sys.modules['hypothesis'] = None; import randcheck.testing.strategies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError" in done.stderr
    assert "pip install 'randcheck[hypothesis]'" in done.stderr
