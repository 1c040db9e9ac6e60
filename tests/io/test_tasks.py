from pathlib import Path

import pytest

import randcheck as rc
from randcheck.errors import RandcheckError
from randcheck.io import read_task

SMALL = """
id = "T"
items = ["food"]
as_of = 2026-07-01
[sampler]
name = "uniform"
rate = "3%"
"""
FULL = """
id = "T"
items = ["food", "price"]
as_of = 2026-07-01
reserves = 2
lead = "market supervision"
departments = ["fire"]
[scope]
regions = ["01"]
[[exclusions]]
name = "drawn-within"
months = 12
[[exclusions]]
name = "owner-excluded"
[sampler]
name = "joint-item"
[sampler.samplers.food]
name = "risk-stratified"
total = 5
allocation = { name = "neyman", deviations = { A = "0.1", B = 1 } }
[sampler.samplers.price]
name = "risk-stratified"
rates = { A = "1%", B = "1/30" }
[matcher]
name = "fair"
team_size = 3
[source]
kind = "lottery"
reference = "tomorrow's"
[registries]
subjects = "data/subjects.csv"
"""


def read(tmp_path, text):
    path = tmp_path / "task.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_task(path)


def test_a_small_task(tmp_path):
    told = read(tmp_path, SMALL)
    assert told.task.sampler == rc.UniformSampler(rate="3%")
    assert told.task.matcher == rc.FairMatcher()
    assert told.source == rc.Rehearsal()
    assert told.registries == {}


def test_a_full_task(tmp_path):
    told = read(tmp_path, FULL)
    assert told.task == rc.Task(
        id="T",
        items=("food", "price"),
        as_of=told.task.as_of,
        reserves=2,
        lead="market supervision",
        departments=("fire",),
        scope=rc.Scope(regions=("01",)),
        exclusions=(rc.DrawnWithin(months=12), rc.OwnerExcluded()),
        matcher=rc.FairMatcher(team_size=3),
        sampler=rc.JointItemSampler(
            {
                "food": rc.RiskStratifiedSampler(
                    total=5, allocation=rc.NeymanAllocation({"A": "0.1", "B": 1})
                ),
                "price": rc.RiskStratifiedSampler(rates={"A": "1%", "B": "1/30"}),
            }
        ),
    )
    assert told.source == rc.PublicSource("lottery", "tomorrow's")
    assert told.registries == {"subjects": tmp_path / Path("data/subjects.csv")}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('rate = "3%"', "rate = 0.03", "is a float"),
        ('rate = "3%"', 'rates = "3%"', "is no parameter"),
        ('name = "uniform"', 'name = "unifrom"', "unknown strategy: 'unifrom'"),
        ('name = "uniform"', "", "names no strategy"),
        ("2026-07-01", '"2026-07-01"', "is no date"),
        ("2026-07-01", "2026-07-01T10:00:00", "is no date"),
        ('id = "T"', "", "id: nothing is missing"),
        ('id = "T"', 'id = "T"\nrank = 1', "rank: this key is unknown"),
        ('id = "T"', 'id = "T', "is no TOML"),
        ('["food"]', "[]", "name at least one item"),
        ("[sampler]", '[source]\nkind = "x"\n[sampler]', "give kind, reference, form if you like"),
        ("[sampler]", "source = 5\n[sampler]", "is no source"),
        ("[sampler]", '[source]\nkind = "drand"\nrounds = 5\n[sampler]', "is no source"),
        ("[sampler]", '[source]\nkind = "combined"\nsources = [5, 6]\n[sampler]', "is no source"),
        (
            "[sampler]",
            '[source]\nkind = "x"\nreference = "x"\nrounds = { starts = [] }\n[sampler]',
            "give starts, period, delay if you like",
        ),
        ("[sampler]", '[registries]\nfirms = "x"\n[sampler]', "unknown registry: 'firms'"),
        ("[sampler]", '[scope]\nregion = ["x"]\n[sampler]', "region"),
        ("[sampler]", '[[exclusions]]\nname = "x"\n[sampler]', "unknown exclusion"),
        ("[sampler]", '[matcher]\nname = "fair"\nteam_size = 1\n[sampler]', "inspect in pairs"),
    ],
)
def test_a_beginners_mistakes(tmp_path, before, after, words):
    with pytest.raises(RandcheckError, match=words):
        read(tmp_path, SMALL.replace(before, after, 1))


def test_a_file_that_is_no_text(tmp_path):
    with pytest.raises(RandcheckError, match="is no TOML"):
        read(tmp_path, b"\xff")


def test_sources_of_a_task_file(tmp_path):
    """A public source with a form, and secrets that several parties sealed."""
    from randcheck import randomness

    head = (
        'id = "T"\nitems = ["food"]\nas_of = 2026-07-01\n[sampler]\nname = "uniform"\ncount = 1\n'
    )
    seals = {party: randomness.seal(party, "secret") for party in ("a", "b")}
    rounds = randomness.Rounds(("2026-01-01T13:15:00Z",), 86400, 3600)
    for table, source in (
        ('kind = "lottery"\nreference = "x"\nform = "hex"\n',
         randomness.PublicSource("lottery", "x", form="hex")),
        (f'kind = "commit-reveal"\nseals = {{ a = "{seals["a"]}", b = "{seals["b"]}" }}\n',
         randomness.CommitReveal(seals)),
        (f'kind = "lottery"\nreference = "x"\nwitnesses = {{ notary = "{seals["a"]}" }}\n'
         "rounds = { starts = [2026-01-01T21:15:00+08:00], period = 86400, delay = 3600 }\n",
         randomness.PublicSource("lottery", "x", "text", rounds, {"notary": seals["a"]})),
        ('kind = "drand"\ndelay = 60\n', randomness.Drand(delay=60)),
        ('kind = "combined"\n[[source.sources]]\nkind = "drand"\n'
         '[[source.sources]]\nkind = "lottery"\nreference = "x"\n',
         randomness.Combined([randomness.Drand(), randomness.PublicSource("lottery", "x")])),
    ):  # fmt: skip
        path = tmp_path / "task.toml"
        path.write_text(f"{head}[source]\n{table}")
        assert read_task(path).source == source
