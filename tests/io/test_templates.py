import re
import zipfile
from datetime import date

import pytest

from randcheck.errors import MissingExtraError, ParameterError
from randcheck.io import SHEETS, import_file, write_template
from randcheck.language import LANGUAGES

calamine = pytest.importorskip("python_calamine")
xlsxwriter = pytest.importorskip("xlsxwriter")

KEY = bytes(range(32))


def part(path, name):
    with zipfile.ZipFile(path) as opened:
        return opened.read(name).decode()


def rows(path):
    book = calamine.CalamineWorkbook.from_path(str(path))
    return list(book.get_sheet_by_index(0).iter_rows())


@pytest.mark.parametrize("kind", SHEETS)
def test_the_example_row_is_refused_and_nothing_else(kind, tmp_path):
    write_template(kind, tmp_path / "t.xlsx", regions={"990102": "甲子区"})
    [problem] = import_file(tmp_path / "t.xlsx", kind, key=KEY).problems
    assert (problem.code, problem.cell) == ("example-row", "A3")
    assert "example" in problem.reason


@pytest.mark.parametrize("kind", SHEETS)
def test_a_template_holds_every_field_of_its_registry(kind, tmp_path):
    write_template(kind, tmp_path / "t.xlsx")
    headers, fields, _ = rows(tmp_path / "t.xlsx")
    assert headers == [column.header for column in SHEETS[kind].columns]
    assert fields == [column.name for column in SHEETS[kind].columns]
    told = {name.partition(".")[0] for name in fields} | SHEETS[kind].given.keys()
    model = {field.name for field in SHEETS[kind].table.model.__attrs_attrs__}
    if kind in ("subjects", "inspectors", "items"):
        assert told == model
    else:
        assert told - {"identity", "document"} <= model


@pytest.mark.parametrize("kind", SHEETS)
def test_the_same_kind_gives_the_same_bytes(kind, tmp_path):
    write_template(kind, tmp_path / "a.xlsx")
    write_template(kind, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.parametrize("kind", SHEETS)
def test_every_header_names_one_column(kind):
    columns = SHEETS[kind].columns
    headers = [header for column in columns for header in column.headers]
    assert len(set(headers)) == len(headers)
    for column in columns:
        assert SHEETS[kind].by_header()[column.header] is column
        if column.words:
            assert [column.words.table()[word.casefold()] for word in column.words.offered] == list(
                column.words.of
            )


def test_lists_text_columns_notes_and_a_frozen_header(tmp_path):
    write_template("subjects", tmp_path / "t.xlsx", regions={"990102": "甲子区"})
    sheet = part(tmp_path / "t.xlsx", "xl/worksheets/sheet1.xml")
    for words in ("企业,个体工商户,农民专业合作社", "A类,B类,C类,D类", "存续,停业,吊销,注销"):
        assert words in sheet
    assert "'地区'!$A$1:$A$1" in sheet
    assert 'topLeftCell="B3"' in sheet
    assert 'state="frozen"' in sheet
    styles = part(tmp_path / "t.xlsx", "xl/styles.xml")
    formats = re.findall(r"<xf [^>]*>", styles.partition("<cellXfs")[2])
    style = re.search(r'<col min="1" [^>]*style="(\d+)"', sheet)
    assert 'numFmtId="49"' in formats[int(style[1])]  # text
    assert "必填" in part(tmp_path / "t.xlsx", "xl/comments1.xml")


@pytest.mark.parametrize("kind", SHEETS)
def test_notes_and_instructions_come_in_the_language(kind, tmp_path):
    for language in LANGUAGES:
        write_template(kind, tmp_path / f"{language}.xlsx", language=language)
    assert rows(tmp_path / "en.xlsx")[:2] == rows(tmp_path / "zh.xlsx")[:2]
    notes = part(tmp_path / "en.xlsx", "xl/comments1.xml")
    assert "required; field: " in notes
    assert "必填" not in notes
    names = {column.name for column in SHEETS[kind].columns}
    guide = calamine.CalamineWorkbook.from_path(str(tmp_path / "zh.xlsx"))
    cells = [cell for row in guide.get_sheet_by_name("填写说明").to_python() for cell in row]
    assert "按文本填写，不要让数字变成科学计数。" in cells
    assert [cell for cell in cells if re.search("[a-z]{3}[ a-z]", cell) and cell not in names] == (
        ["例如：special-equipment。"] if kind == "objects" else []
    )


def test_a_template_that_is_filled_in_is_imported(tmp_path):
    write_template("inspectors", tmp_path / "t.xlsx")
    headers, fields, example = rows(tmp_path / "t.xlsx")
    with xlsxwriter.Workbook(tmp_path / "filled.xlsx") as book:
        sheet = book.add_worksheet("执法检查人员")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, cells in enumerate([headers, fields, ["i-1", *example[1:]]]):
            for place, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(row, place, cell, day)
                elif cell != "":
                    sheet.write(row, place, cell)
    found = import_file(tmp_path / "filled.xlsx", "inspectors").required()["i-1"]
    assert found.certificate_expires == date(2027, 12, 31)
    assert (found.capacity, found.role, found.regions) == (20, "inspector", ("9901",))


def test_what_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(ParameterError, match="one of: subjects"):
        write_template("firms", tmp_path / "t.xlsx")
    with pytest.raises(ParameterError, match="language"):
        write_template("subjects", tmp_path / "t.xlsx", language="fr")
    with pytest.raises(ParameterError, match="xlsx"):
        write_template("subjects", tmp_path / "t.csv")
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"randcheck\[xlsx\]"):
        write_template("subjects", tmp_path / "t.xlsx")
