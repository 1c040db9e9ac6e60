"""The vectors of exports: what a second, independent writer says of each is what the check says."""

import json

import pytest

from ledger import make_vectors
from randcheck.ledger import check, verify_export

CASES = make_vectors.cases()
PATHS = sorted(make_vectors.FOLDER.iterdir())
NUMBERS = {2, 3, 4, 5, 6, 7, 8}  # 1 is what cannot be read at all


def test_the_vectors_are_what_the_second_implementation_writes():
    assert [path.name for path in PATHS] == sorted(CASES)
    for path in PATHS:
        written = {file.name: file.read_bytes() for file in path.iterdir()}
        assert written == make_vectors.files(*CASES[path.name])


def test_every_check_and_every_kind_is_met():
    bad = {name: told for name, (_, told) in CASES.items() if not told["ok"]}
    assert (len(CASES), len(bad)) == (223, 198)
    assert all(name.startswith("fail-") is (name in bad) for name in CASES)
    assert {told["finding"] for told in bad.values()} == NUMBERS
    for kind, form in check.KINDS.items():
        for key in (part.split(":")[0] for part in form.split()):
            assert (kind, key) in make_vectors.WRONG
        assert any(
            f'"kind":"{kind}"'.encode() in data for data, told in CASES.values() if told["ok"]
        )


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_golden_export(path):
    """Each bad one breaks one rule: there is one finding, and the others before it hold."""
    case = json.loads((path / "case.json").read_text())
    report = verify_export(path / "export.jsonl", case["head"])
    assert report.ok is case["ok"], f"{case['why']}: {report}"
    found = [finding.number for finding in report.findings]
    assert found == [case["finding"]] * (not case["ok"]), f"{case['why']}: {report}"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_only_the_kept_head_shows_what_was_chained_anew(path):
    """Without it the exports of finding 8 hold, and all others are what they were with it."""
    case = json.loads((path / "case.json").read_text())
    alone = verify_export(path / "export.jsonl")
    assert alone.ok is (case["ok"] or case["finding"] == 8)


def test_without_the_one_event_that_breaks_the_rule_all_holds():
    """What stands before it and what comes after it, chained anew, is a good ledger."""
    stories = [
        *([*before, make_vectors.OTHER] for _, before, _ in make_vectors.broken_order().values()),
        *([*steps[:-2], steps[-1]] for _, _, _, steps in make_vectors.broken_forms()),
    ]
    assert len(stories) > 150
    for steps in stories:
        assert verify_export(make_vectors.export(steps)).ok, steps
