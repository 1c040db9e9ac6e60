from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import randcheck as rc
from randcheck import dataframes
from randcheck.errors import DataError, MissingExtraError, ParameterError
from randcheck.testing import made_up_catalog, made_up_subjects
from worlds import full_inspectors, inspectors, past_teams

BACKENDS = ["pandas", "polars", "pyarrow"]
HISTORY = rc.History.from_records([rc.PastDraw("a", date(2026, 1, 1), "T")])
STREETS = rc.SubjectRegistry.from_records(
    [rc.Subject("a", "n", region="r", street="East Street"), rc.Subject("b", "n", region="r")]
)
TABLES = [
    made_up_subjects(40),
    made_up_catalog(),
    inspectors(),
    HISTORY,
    STREETS,
    full_inspectors(),
    past_teams(),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_there_and_back(table, backend):
    assert type(table).from_dataframe(table.to_dataframe(backend=backend)) == table


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_table_keeps_its_columns(backend):
    frame = rc.SubjectRegistry.from_records([]).to_dataframe(backend=backend)
    assert len(rc.SubjectRegistry.from_dataframe(frame)) == 0


def test_an_arrow_stream_of_another_kind():
    class Stream:
        def __init__(self, table):
            self.table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    table = made_up_subjects(5)
    assert rc.SubjectRegistry.from_dataframe(Stream(table.to_dataframe(backend="pyarrow"))) == table


ROW = {"id": ["i1", "i2"], "name": "n", "department": "d", "certificate": "c"}


def test_missing_values_and_numbers_that_pandas_made_floats():
    frame = pd.DataFrame(
        ROW | {"certificate_expires": pd.to_datetime(["2027-01-01", "2027-01-02"]),
               "capacity": [60, np.nan]}
    )  # fmt: skip
    registry = rc.InspectorRegistry.from_dataframe(frame)
    assert [one.capacity for one in registry] == [60, None]
    assert registry["i1"].certificate_expires == date(2027, 1, 1)


@pytest.mark.parametrize(
    "days",
    [pd.to_datetime(["2027-01-01 10:00", "2027-01-02 00:00"]), pd.to_datetime(["2027-01-01", None]),
     ["2027-01-01", "2027-01-02"]],
)  # fmt: skip
def test_what_is_no_date_is_refused(days):
    frame = pd.DataFrame(ROW | {"certificate_expires": days})
    with pytest.raises(DataError) as caught:
        rc.InspectorRegistry.from_dataframe(frame)
    assert {problem.column for problem in caught.value.problems} == {"certificate_expires"}


def test_half_a_capacity_is_refused():
    frame = pd.DataFrame(
        ROW | {"certificate_expires": [date(2027, 1, 1)] * 2, "capacity": [0.5, 1]}
    )
    with pytest.raises(DataError, match="whole number"):
        rc.InspectorRegistry.from_dataframe(frame)


def test_ids_that_a_spreadsheet_made_numbers():
    frame = pl.DataFrame({"id": [9.1e17, 2.0], "name": ["n", "n"], "region": ["r", "r"]})
    with pytest.raises(DataError, match="lost digits"):
        rc.SubjectRegistry.from_dataframe(frame)
    infinite = pl.DataFrame({"id": [float("inf")], "name": ["n"], "region": ["r"]})
    with pytest.raises(DataError, match="is not text"):
        rc.SubjectRegistry.from_dataframe(infinite)


def test_missing_values_of_each_library():
    for frame in (
        pd.DataFrame({"id": ["a"], "name": ["n"], "region": ["r"], "risk_class": [np.nan]}),
        pd.DataFrame({"id": ["a"], "name": ["n"], "region": ["r"], "industry": [pd.NA]}),
        pl.DataFrame({"id": ["a"], "name": ["n"], "region": ["r"], "risk_class": [None]}),
        pa.table({"id": ["a"], "name": ["n"], "region": ["r"], "owner": pa.nulls(1)}),
    ):
        assert rc.SubjectRegistry.from_dataframe(frame)["a"] == rc.Subject("a", "n", region="r")


@pytest.mark.parametrize("odd", [{}, [1], pl.LazyFrame({"id": ["a"]}), None, "table"])
def test_what_is_no_dataframe(odd):
    with pytest.raises(ParameterError, match="is no dataframe"):
        rc.SubjectRegistry.from_dataframe(odd)


def test_an_unknown_backend():
    with pytest.raises(ParameterError, match="one of pandas, polars, pyarrow"):
        made_up_subjects(1).to_dataframe(backend="excel")


def test_a_missing_extra_is_named(monkeypatch):
    def nothing(name):
        raise ImportError(name)

    monkeypatch.setattr(dataframes.importlib, "import_module", nothing)
    with pytest.raises(MissingExtraError, match=r"randcheck\[polars\]"):
        made_up_subjects(1).to_dataframe(backend="polars")
    with pytest.raises(MissingExtraError, match=r"randcheck\[dataframe\]"):
        rc.SubjectRegistry.from_dataframe({})


@pytest.mark.parametrize("column", ["leave", "employers"])
@pytest.mark.parametrize(
    "text", ["", "soon", "{", "5", '["a"]', '{"a":"soon"}', '[["2026-07-01","soon"]]']
)
def test_bad_json_in_a_table(column, text):
    frame = pd.DataFrame(ROW | {"certificate_expires": [date(2027, 1, 1)] * 2})
    frame[column] = ["[]" if column == "leave" else "{}", text]
    with pytest.raises(DataError) as caught:
        rc.InspectorRegistry.from_dataframe(frame)
    assert [(p.row, p.column) for p in caught.value.problems] == [(1, column)]


def test_a_bad_scope_in_a_table():
    frame = pd.DataFrame({"id": ["i"], "name": ["n"], "basis": ["b"], "applies_to": [5]})
    with pytest.raises(DataError, match="is not a Scope"):
        rc.ItemCatalog.from_dataframe(frame)
    frame["applies_to"] = [datetime(2026, 1, 1)]
    with pytest.raises(DataError, match="is not a Scope"):
        rc.ItemCatalog.from_dataframe(frame)
    for text in ("{", '{"odd":1}'):
        frame["applies_to"] = [text]
        with pytest.raises(DataError, match="applies_to"):
            rc.ItemCatalog.from_dataframe(frame)
