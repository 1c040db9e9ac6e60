"""What the author of a strategy tests: the published checks, and what this one is for."""

from datetime import date
from fractions import Fraction
from importlib import metadata

from hypothesis import given

import randcheck as rc
from randcheck.cli import main
from randcheck.testing import check_sampler, made_up_catalog, made_up_subjects, strategies
from randcheck_first_visit import FirstVisitSampler

SAMPLER = FirstVisitSampler(never="10%", others="3%")


def test_it_keeps_what_every_strategy_keeps():
    check_sampler(SAMPLER)


@given(strategies.frames())
def test_whoever_was_never_drawn_has_at_least_the_rate(frame):
    design = SAMPLER.design(frame)
    for name, times in zip(frame.ids, frame.times_drawn(date.min), strict=True):
        rate = Fraction(3, 100) if times else Fraction(1, 10)
        assert design.inclusion_probability(name) >= rate


def test_it_is_found_by_name_and_its_record_verifies(tmp_path, capsys):
    assert main(["strategies"]) == 0
    version = metadata.version("randcheck-first-visit")
    assert ["sampler", "first-visit", "randcheck-first-visit", version] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]
    from randcheck.io import write_csv

    write_csv(tmp_path / "subjects.csv", made_up_subjects(80))
    write_csv(tmp_path / "items.csv", made_up_catalog())
    history = rc.History.from_records([rc.PastDraw("firm-000003", date(2026, 1, 1), "T-0")])
    write_csv(tmp_path / "history.csv", history)
    (tmp_path / "task.toml").write_text(
        'id = "T-1"\nitems = ["disclosure"]\nas_of = 2026-07-01\n'
        '[sampler]\nname = "first-visit"\nnever = "10%"\nothers = "3%"\n'
        '[registries]\nsubjects = "subjects.csv"\nitems = "items.csv"\nhistory = "history.csv"\n'
    )
    out = tmp_path / "out"
    assert main(["draw", str(tmp_path / "task.toml"), "--out", str(out), "--randomness", "1"]) == 0
    assert main(["verify", str(out / "record.json"), str(out / "sheet.jsonl")]) == 0
    record = rc.DrawRecord.from_bytes((out / "record.json").read_bytes())
    described = record.commitment["sampler"]
    assert (described["name"], described["distribution"], described["version"]) == (
        "first-visit", "randcheck-first-visit", version,
    )  # fmt: skip
    tables = {"subjects": made_up_subjects(80), "catalog": made_up_catalog(), "history": history}
    assert rc.replay(record, **tables, sampler=SAMPLER).ok
    refused = rc.replay(record, **tables)  # no code is loaded because a record names it
    assert [finding.number for finding in refused.findings] == [3]
