import csv

from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.io import guard, read_csv, unguard, write_csv
from randcheck.io.guard import STARTS

TEXTS = st.text(st.sampled_from([*STARTS, "'", "a", "1", "示"]))


@given(TEXTS)
def test_there_and_back(text):
    assert unguard(guard(text)) == text


@given(TEXTS)
def test_no_guarded_text_begins_like_a_formula(text):
    assert not guard(text).startswith(tuple(STARTS))


@given(TEXTS, TEXTS)
def test_each_text_has_a_form_of_its_own(first, second):
    assert (guard(first) == guard(second)) == (first == second)


def test_a_registry_is_written_guarded_and_read_back(tmp_path):
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "＝1+1", "'=1", "plain", "'quoted'"]
    registry = rc.SubjectRegistry.from_records(
        {"id": f"-{number}", "name": name, "region": "r"} for number, name in enumerate(names)
    )
    write_csv(tmp_path / "t.csv", registry)
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            assert not any(cell.startswith(tuple(STARTS)) for cell in row)
    assert read_csv(tmp_path / "t.csv", rc.SubjectRegistry) == registry
