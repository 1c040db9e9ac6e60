import csv
from datetime import date

import pytest

import randcheck as rc
from randcheck.errors import DataError
from randcheck.io import read_csv, write_csv, write_visits
from randcheck.testing import made_up_catalog, made_up_subjects
from worlds import full_inspectors, inspectors, joint_task, past_teams, world

HISTORY = rc.History.from_records([rc.PastDraw("a", date(2026, 1, 1), "T")])
CATALOG = rc.ItemCatalog.from_records(
    [
        rc.Item("i", "甲", "law", category="key", specialties=("b", "a"), department="d",
                applies_to=rc.Scope(regions=("01", "02"), kinds=("enterprise",), statuses=None)),
        rc.Item("j", "乙", "law", applies_to=rc.Scope(ids=("x",), risk_classes=("A", "D"))),
    ]
)  # fmt: skip
STREETS = rc.SubjectRegistry.from_records(
    [rc.Subject("a", "n", region="r", street="East Street"), rc.Subject("b", "n", region="r")]
)
TABLES = [
    made_up_subjects(30),
    made_up_catalog(),
    CATALOG,
    inspectors(5),
    HISTORY,
    STREETS,
    full_inspectors(),
    past_teams(),
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_there_and_back(table, tmp_path):
    write_csv(tmp_path / "t.csv", table)
    assert read_csv(tmp_path / "t.csv", type(table)) == table


def problems(tmp_path, text, table=rc.SubjectRegistry):
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_csv(path, table)
    assert caught.value.what == str(path)
    return [(p.row, p.column, p.reason) for p in caught.value.problems]


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path):
    """A blank line is a row, a cell of two lines is in one, and no other character breaks a row."""
    text = '\nid,name,region,risk_class\n\na,"one\ntwo",r,A\n\nb,n,r,E\na,x\x0by,r,\n'
    assert problems(tmp_path, text) == [
        (4, "name", "holds U+000A, which is not text"),
        (6, "risk_class", "is not known here"),
        (7, "name", "holds U+000B, which is not text"),
        (7, "id", "is already in row 4"),
    ]
    assert problems(tmp_path, "\nid,name,region\n\na,n\n") == [(4, None, "is not the header's 3")]


def test_bad_rows_are_named_by_their_line(tmp_path):
    text = "id,name,region,risk_class\na,n,r,E\nb,,r,A\n,n,r,\n"
    assert problems(tmp_path, text) == [
        (2, "risk_class", "is not known here"),
        (3, "name", "is missing"),
        (4, "id", "is missing"),
    ]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("id,name,region\na,n\n", (2, None), "is not the header's 3"),
        ("id,name,region\na,n,r,x\n", (2, None), "is not the header's 3"),
        ("id,name,region\na,=1+1,r\n", (2, "name"), "is a formula"),
        ("id,name,name\n", (1, "name"), "is there twice"),
        ("id,name,region,rank\na,n,r,1\n", (None, "rank"), "is unknown"),
        ("id,name\na,n\n", (None, "region"), "is missing"),
        ('id,name,region\na,"n,r\n', (None, None), "cut off or malformed"),
        ("", (None, None), "is empty"),
        ("编号,名称\n".encode("gbk"), (None, None), "is not UTF-8"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, text, where, words):
    [(row, column, reason)] = problems(tmp_path, text)
    assert (row, column) == where
    assert words in reason


def test_dates_and_numbers_that_are_none(tmp_path):
    text = (
        "id,name,department,certificate,certificate_expires,capacity\n"
        "a,n,d,c,2027-01-01,60\nb,n,d,c,next year,-1\nc,n,d,c,,\n"
    )
    assert problems(tmp_path, text, rc.InspectorRegistry) == [
        (3, "certificate_expires", "is not a date but str"),
        (3, "capacity", "is not a whole number from 0"),
        (4, "certificate_expires", "is missing"),
    ]


INSPECTORS = "id,name,department,certificate,certificate_expires"


def test_leave_and_employers_as_cells(tmp_path):
    write_csv(tmp_path / "t.csv", full_inspectors())
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["leave"] for row in rows[:2]] == ["", "2026-07-01/2026-07-14;2026-08-01/2026-08-01"]
    assert [row["employers"] for row in rows[:2]] == ["", "s4=x=2023-01-01;s5=2024-05-31"]


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("leave", "next week", "is not a set of periods"),
        ("leave", "2026-07-01", "is no first and last day"),
        ("leave", "2026-07-01/2026-07-14/2026-07-15", "is no first and last day"),
        ("leave", "2026-07-01/soon", "is not a set of periods"),
        ("leave", "2026-07-01/2026-07-14;", "is not a set of periods"),
        ("leave", "2026-07-14/2026-07-01", "begins on 2026-07-14 and ends on 2026-07-01"),
        ("employers", "s1", "is not a mapping of ids to days"),
        ("employers", "s1=", "is not a mapping of ids to days"),
        ("employers", "2024-05-31", "is not a mapping of ids to days"),
        ("employers", "s1=2024-05-31;s1=2023-01-01", "is not a mapping of ids to days"),
        ("employers", "s1 =2024-05-31", "has blanks at its edges"),
        ("role", "guest", "is not known here"),
    ],
)
def test_cells_that_are_none(tmp_path, column, cell, reason):
    text = f"{INSPECTORS},{column}\na,n,d,c,2027-01-01,{cell}\n"
    [(row, where, found)] = problems(tmp_path, text, rc.InspectorRegistry)
    assert (row, where) == (2, column)
    assert reason in found


def test_a_bad_cell_is_shown_with_what_would_be_right(tmp_path):
    (tmp_path / "t.csv").write_text(f"{INSPECTORS},leave\na,n,d,c,2027-01-01,soon\n")
    with pytest.raises(DataError, match=r"row 2, leave: 'soon' is not .*2026-07-01/2026-07-14"):
        read_csv(tmp_path / "t.csv", rc.InspectorRegistry)


def test_a_scope_that_is_none(tmp_path):
    (tmp_path / "t.csv").write_text("id,name,basis,applies_to.kinds\ni,n,b,firm\n")
    with pytest.raises(DataError, match="is no scope"):
        read_csv(tmp_path / "t.csv", rc.ItemCatalog)
    (tmp_path / "t.csv").write_text("id,name,basis,applies_to.odd\ni,n,b,firm\n")
    with pytest.raises(DataError, match="odd"):
        read_csv(tmp_path / "t.csv", rc.ItemCatalog)


def test_a_byte_order_mark_and_blank_lines_are_fine(tmp_path):
    (tmp_path / "t.csv").write_bytes("\ufeffid,name,region\n\na,n,r\n".encode())
    assert list(read_csv(tmp_path / "t.csv", rc.SubjectRegistry).ids) == ["a"]


@pytest.mark.parametrize("with_teams", [True, False])
def test_the_list_of_visits(tmp_path, with_teams):
    given = {"inspectors": inspectors()} if with_teams else {}
    draw = rc.draw(joint_task(), **world(), **given, randomness="1")
    write_visits(tmp_path / "v.csv", draw, world()["subjects"])
    with (tmp_path / "v.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["subject_id"] for row in rows] == [visit.subject_id for visit in draw.visits]
    assert [row["team"] for row in rows] == [";".join(visit.team or ()) for visit in draw.visits]
    assert rows[0]["name"] == world()["subjects"][rows[0]["subject_id"]].name
