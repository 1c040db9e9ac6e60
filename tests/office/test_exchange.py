"""Mappings are data; each direction is total, and back again is the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import DataError
from randcheck.office.codes import STANDARD
from randcheck.office.exchange import Exchange, MappedColumn, load_exchange

PROVINCE = load_exchange("made-up-province", "results")
ROWS = st.fixed_dictionaries(
    {
        "subject": st.text("0123456789AB", min_size=1),
        "task": st.text("T-0123", min_size=1),
        "item": st.sampled_from(["food", "price"]),
        "inspected": st.none() | st.dates(date(1900, 1, 1)),
        "published": st.dates(date(1900, 1, 1)),
        "inspectors": st.lists(st.text("I-012", min_size=1)),
        "code": st.sampled_from([code.id for code in STANDARD]),
    }
)


@given(st.lists(ROWS))
def test_what_is_exported_comes_back_the_same(rows):
    theirs = PROVINCE.export(rows)
    assert PROVINCE.read(theirs) == rows
    assert all(type(cell) is str for row in theirs for cell in row.values())


def test_the_made_up_province_has_a_word_for_each_of_our_results():
    words = {column.ours: column.words for column in PROVINCE.columns}["code"]
    assert words.keys() == {code.id for code in STANDARD}


def row(**changes):
    made = {"subject": "S", "task": "T", "item": "food", "published": date(2026, 7, 1)}
    return {**made, "code": "none"} | changes


def test_all_that_has_no_counterpart_is_named_at_once():
    with pytest.raises(DataError) as caught:
        PROVINCE.export([row(), row(code="fine"), row(published="2026-07-01", subject="")])
    told = [(problem.row, problem.column) for problem in caught.value.problems]
    assert told == [(2, "code"), (3, "subject"), (3, "published")]
    with pytest.raises(DataError, match="separator"):
        PROVINCE.export([row(inspectors=["a,b"])])


def test_their_rows_are_read_strictly():
    [good] = PROVINCE.export([row()])
    for name, value, match in (
        ("检查结果代码", "99", "no counterpart"),
        ("公示日期", "2026-07-01", "is no date"),
        ("公示日期", "2026/7/1", "another way"),
        ("抽查任务编号", None, "is missing"),
        ("备注", "x", "in no column"),
    ):
        with pytest.raises(DataError, match=match):
            PROVINCE.read([good | {name: value}])


def test_counts():
    columns = [MappedColumn(theirs="人数", ours="people", type="count")]
    exchange = Exchange("made up", "rows", columns)
    assert exchange.read(exchange.export([{"people": 12}])) == [{"people": 12}]
    with pytest.raises(DataError, match="no whole number"):
        exchange.read([{"人数": "-1"}])


@pytest.mark.parametrize(
    "columns",
    [
        [],
        [MappedColumn(theirs="a", ours="x"), MappedColumn(theirs="a", ours="y")],
        [MappedColumn(theirs="a", ours="x"), MappedColumn(theirs="b", ours="x")],
        [MappedColumn(theirs="a", ours="x", type="float")],
        [MappedColumn(theirs="a", ours="x", words={"p": "1", "q": "1"})],
    ],
)
def test_a_mapping_that_loses_something_is_refused(columns):
    with pytest.raises(DataError):
        Exchange("made up", "rows", columns)


def test_mappings_from_files(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('platform = "p"\n[[rows]]\ntheirs = "a"\nours = "b"\n')
    assert load_exchange(path, "rows") == load_exchange(str(path), "rows")
    for text in ("[[rows", "x = 1", 'platform = "p"\n[[rows]]\ntheirs = "a"\n'):
        path.write_text(text)
        with pytest.raises(DataError, match="is no mapping"):
            load_exchange(path, "rows")
