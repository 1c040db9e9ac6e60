"""The vectors that were computed outside this project, all of them."""

import json

import numpy as np
import pytest

from files import VECTORS, good
from randcheck import DrawRecord, tickets, verify
from randcheck.design import Cell, Design
from randcheck.draw import _select, _visits
from randcheck.matching import Odds, assign

TICKETS = json.loads((VECTORS / "tickets-v1.json").read_text())["cases"]
DRAWS = sorted((VECTORS / "draws-v1").iterdir())
TEAMS = sorted((VECTORS / "teams-v1").iterdir())  # docs/spec.md: odds tables and stages; ours
GOOD_TEAMS = good("teams-v1")
GOOD = [path for path in DRAWS if json.loads((path / "case.json").read_text())["holds"]]


def names(paths):
    return [path.name for path in paths]


@pytest.mark.parametrize("case", TICKETS, ids=[case["task_id"] for case in TICKETS])
def test_seeds_tickets_and_order(case):
    seed = tickets.seed(case["task_id"], case["commitment"], case["public_randomness"])
    assert seed == case["seed"]
    assert tickets.purpose_seed(seed, "inspectors") == case["inspectors_seed"]
    subjects = tickets.purpose_seed(seed, "subjects")
    assert subjects == case["subjects_seed"]
    for name, ticket in case["tickets"].items():
        assert tickets.ticket(subjects, name) == ticket
    ids = np.array(sorted(case["tickets"]), dtype=object)
    everybody = np.zeros(len(ids), dtype=np.int32)
    [lowest] = tickets.lowest(subjects, ids, [[0]], everybody, [len(ids)], [5])
    assert [ids[position] for _, position in lowest] == case["lowest_five"]


def test_all_draws_are_there():
    assert len(DRAWS) == 71
    assert len(GOOD) == 6


@pytest.mark.parametrize("path", DRAWS, ids=names(DRAWS))
def test_golden_draw(path):
    case = json.loads((path / "case.json").read_text())
    report = verify(
        path / "record.json",
        sheet=path / "sheet.jsonl",
        commitment=case["commitment"],
        randomness=case["randomness"],
    )
    assert report.ok is case["holds"], f"{case['why']}: {report}"


@pytest.mark.parametrize("path", GOOD, ids=names(GOOD))
def test_golden_record_survives_reading_and_writing(path):
    data = (path / "record.json").read_bytes()
    record = DrawRecord.from_bytes(data)
    assert record.to_bytes() == data
    assert record.commitment.digest == json.loads((path / "case.json").read_text())["commitment"]


@pytest.mark.parametrize("path", GOOD, ids=names(GOOD))
def test_our_own_drawing_gives_the_golden_outcome(path):
    """Sheet → design → sheet is the same bytes; the selection gives the record's outcome."""
    sheet = (path / "sheet.jsonl").read_bytes()
    record = DrawRecord.from_bytes((path / "record.json").read_bytes())
    header, *lines = map(json.loads, sheet.decode().splitlines())
    ids = np.array([name for name, _ in lines], dtype=object)
    rows = [tuple(-1 if cell is None else cell for cell in cells) for _, cells in lines]
    patterns = sorted(set(rows))
    pattern_of = np.array([patterns.index(row) for row in rows], dtype=np.int32)
    cells = tuple(
        Cell(take, np.array([k for k, row in enumerate(rows) if number in row], dtype=np.int32))
        for number, (_, take) in enumerate(header["cells"])
    )
    items = tuple(header["items"])
    table = np.array(patterns, dtype=np.int32)
    design = Design(header["task_id"], items, ids, cells, table, pattern_of)
    assert design.to_bytes() == sheet
    spare = record.commitment["task"]["reserves"]
    drawn, reserves, taken = _select(design, record.subjects_seed, spare)
    assert drawn == record.cells
    assert reserves == record.reserves
    stated = [(v.subject, v.ticket, v.items, v.cells) for v in record.visits]
    visits = _visits(design, taken)
    assert [(v.subject_id, v.ticket, v.items, v.cells) for v in visits] == stated


def test_all_teams_are_there():
    bad = [path for path in TEAMS if path.name.startswith("fail-")]
    assert (len(TEAMS), len(bad)) == (70, 61)


@pytest.mark.parametrize("path", TEAMS, ids=names(TEAMS))
def test_golden_teams(path):
    """Draws with their odds, second steps, recusals: each bad one breaks one rule."""
    case = json.loads((path / "case.json").read_text())
    odds = path / "odds.jsonl"
    report = verify(
        path / "record.json",
        path / "before",
        odds=odds if odds.exists() else None,
        commitment=case["commitment"],
        randomness=case["randomness"],
    )
    assert report.ok is case["holds"], f"{case['why']}: {report}"


@pytest.mark.parametrize("path", GOOD_TEAMS, ids=names(GOOD_TEAMS))
def test_our_own_rounding_gives_the_golden_teams(path):
    record = json.loads((path / "record.json").read_text())
    if not (path / "odds.jsonl").exists():
        return
    data = (path / "odds.jsonl").read_bytes()
    odds = Odds.from_bytes(data)
    assert odds.to_bytes() == data
    drawn = dict(zip(odds.visits, assign(odds, record["inspectors_seed"]), strict=True))
    recusal = record["commitment"].get("recusal")
    staying = recusal["staying"] if recusal else []
    for entry in record.get("teams", record.get("visits")):
        if entry["team"] is not None:
            assert entry["team"] == sorted({*staying, *drawn[entry["subject"]]})
