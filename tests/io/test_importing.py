import csv
import io
import random
import re
import sys
import zipfile
from datetime import date
from itertools import product
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from chinese import in_chinese
from files import script
from randcheck.errors import DataError, MissingExtraError, ParameterError
from randcheck.io import Limits, import_file, read_table, write_csv
from randcheck.io.findings import HIDDEN, column_number, letters, may_tell
from randcheck.language import LANGUAGES, problem_parts
from randcheck.pseudonyms import Pseudonymizer
from randcheck.testing import made_up_catalog, made_up_subjects
from worlds import full_inspectors

CalamineWorkbook = pytest.importorskip("python_calamine").CalamineWorkbook
pytest.importorskip("xlsxwriter")

hostile = script(Path(__file__).with_name("hostile.py"))

KEY = bytes(range(32))
CASES = hostile.cases()
IDENTITY = "990102199001010015"
PERSONS = ["证件号码", "姓名", "行政区划代码", "标签"]


def given_file(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def places(answer):
    return tuple((problem.code, problem.cell) for problem in answer.problems)


def texts_of(path):
    """Everything that a written answer holds, as text."""
    if path.suffix == ".csv":
        return path.read_text(encoding="utf-8-sig")
    with zipfile.ZipFile(path) as opened:
        return "\n".join(opened.read(name).decode() for name in opened.namelist())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_file_gets_its_answer(case, tmp_path):
    path = given_file(tmp_path, case.name, case.data)
    answer = import_file(path, case.kind, key=KEY)
    assert places(answer) == case.problems
    assert (answer.registry is None) == bool(case.problems)
    if answer.registry is not None:
        assert len(answer.registry) == case.facts
        assert answer.digest == answer.registry.digest
    for words in case.remarks:
        assert any(words in remark for remark in answer.remarks)


def test_there_are_enough_of_them():
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_tells_all_problems_and_is_no_weaker_when_imported(case, tmp_path):
    path = given_file(tmp_path, case.name, case.data)
    answer = import_file(path, case.kind, key=KEY)
    suffixes = (".xlsx", ".csv") if answer.sheet is None else (".xlsx",)
    for suffix, language in product(suffixes, LANGUAGES):
        out = tmp_path / f"answer-{language}{suffix}"
        answer.write_answer(out, language)
        told = texts_of(out)
        assert "<f>" not in told
        for problem in answer.problems:
            parts = problem_parts(problem, language)
            reason = parts["reason"]
            assert language == "en" or (in_chinese(reason) and in_chinese(parts["remedy"])), parts
            assert (reason if suffix == ".csv" else escape(reason)) in told.replace('""', '"')
        again = import_file(out, case.kind, key=KEY)
        # What concerned the file or the look of a sheet is told, and cannot be wrong in the copy.
        cells = {(code, at) for code, at in case.problems if at and code in KEPT}
        assert cells <= set(places(again)) | {
            (code, at) for code, at in cells if masked(answer, at)
        }
        assert not case.problems or again.registry is None or not cells


#: Problems of values, which stay in a copy until somebody mends them.
KEPT = {"id-number", "digits-lost", "date-for-text", "number-for-text", "boolean", "decimals",
        "not-a-count", "word", "unclear-set", "full-width", "odd-character", "edges", "missing",
        "text-date", "number-for-date", "duplicate", "example-row", "error-cell"}  # fmt: skip


def masked(answer, cell):
    return any(each.cell == cell and each.value == HIDDEN for each in answer.problems)


def test_a_formula_is_refused_again_in_the_answer(tmp_path):
    for name in ("formula.xlsx", "formula-as-text.xlsx", "formula.csv"):
        case = next(case for case in CASES if case.name == name)
        answer = import_file(given_file(tmp_path, name, case.data), case.kind)
        for suffix in {".xlsx", Path(name).suffix}:
            answer.write_answer(tmp_path / f"answer{suffix}")
            again = import_file(tmp_path / f"answer{suffix}", case.kind)
            assert [problem.cell for problem in again.problems] == ["B2"]


def test_an_answer_that_is_mended_imports(tmp_path):
    path = given_file(tmp_path, "f.csv", hostile.csv_of(["a ", "n", "990102"]))
    import_file(path, "subjects").write_answer(tmp_path / "answer.csv")
    text = (tmp_path / "answer.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "answer.csv").write_text(text.replace("a ,", "a,"), encoding="utf-8")
    answer = import_file(tmp_path / "answer.csv", "subjects")
    assert list(answer.required().ids) == ["a"]


# --- registries there and back -----------------------------------------------------------------

TABLES = {
    "subjects": made_up_subjects(60),
    "items": made_up_catalog(),
    "inspectors": full_inspectors(),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_what_write_csv_wrote_is_imported(kind, encoding, tmp_path):
    write_csv(tmp_path / "t.csv", TABLES[kind])
    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    answer = import_file(tmp_path / "t.csv", kind)
    assert answer.problems == ()
    assert answer.registry == TABLES[kind]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1),
        min_size=1,
        max_size=20,
    )
)
def test_every_name_comes_back_as_it_was(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("names")
    registry = rc.SubjectRegistry.from_records(
        {"id": f"made-up-{number}", "name": name, "region": "990102"}
        for number, name in enumerate(names)
    )
    write_csv(folder / "t.csv", registry)
    answer = import_file(folder / "t.csv", "subjects")
    wrong = {problem.code for problem in answer.problems}
    assert wrong <= {"error-cell"}  # a firm called #REF! must be asked about
    assert wrong or answer.registry == registry


@given(
    st.lists(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2),
             min_size=1, max_size=30),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)  # fmt: skip
def test_no_encoding_is_guessed_wrong(tmp_path_factory, names, encoding):
    text = hostile.csv_of(*([f"a{at}", name, "990102"] for at, name in enumerate(names)))
    path = given_file(tmp_path_factory.mktemp("text"), "t.csv", text.encode(encoding))
    found = read_table(path, "subjects")
    assert [found[f"a{at}"].name for at in range(len(names))] == names


def test_a_flipped_byte_never_escapes_as_another_error(tmp_path):
    dice = random.Random(1)
    data = bytearray(hostile.table(hostile.GOOD, hostile.OTHER))
    for number in range(300):
        changed = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        path = given_file(tmp_path, f"{number}.xlsx", bytes(changed))
        answer = import_file(path, "subjects")
        assert (answer.registry is None) == bool(answer.problems)


def test_changed_xml_never_escapes_as_another_error(tmp_path):
    dice = random.Random(2)
    sheet = hostile.sheet([hostile.HEADER, hostile.GOOD, ["a", 1, hostile.Formula("1")]])
    for number in range(300):
        text = list(sheet)
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(text))
            text[at] = dice.choice(["", "<", "0", '"', "r", text[dice.randrange(len(text))]])
        path = given_file(tmp_path, f"{number}.xlsx", hostile.book("".join(text)))
        assert import_file(path, "subjects").problems


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [("低", "A"), ("一般", "B"), ("较高", "C"), ("高", "D"), ("A类", "A"), ("Ｂ 类", "B"),
     ("c", "C"), ("D级", "D"), ("高风险（D类）", "D"), ("未分类", None), ("", None)],
)  # fmt: skip
def test_risk_classes(written, meant, tmp_path):
    header = [*hostile.HEADER, "信用风险分类"]
    path = given_file(tmp_path, "t.csv", hostile.csv_of(["a", "n", "r", written], header=header))
    assert read_table(path, "subjects")["a"].risk_class == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("企业", "enterprise"), ("个体工商户", "individual business"), ("合作社", "cooperative"),
     ("other", "other"), ("", "enterprise")],
)  # fmt: skip
def test_kinds_of_subjects(written, meant, tmp_path):
    header = [*hostile.HEADER, "主体类型"]
    path = given_file(tmp_path, "t.csv", hostile.csv_of(["a", "n", "r", written], header=header))
    assert read_table(path, "subjects")["a"].kind == meant


def test_sets_and_days(tmp_path):
    header = [*hostile.INSPECTORS[:5], "专业", "请假", "任职经历", "人员类别"]
    row = ["i", "n", "d", "c", "2027-12-31", "food； retail、x;", "2026-07-01/2026-07-02",
           "s=2024-05-31", "专家"]  # fmt: skip
    path = given_file(tmp_path, "t.csv", hostile.csv_of(row, header=header))
    found = read_table(path, "inspectors")["i"]
    assert found.specialties == ("food", "retail、x")
    assert found.leave == ((date(2026, 7, 1), date(2026, 7, 2)),)
    assert dict(found.employers) == {"s": date(2024, 5, 31)}
    assert found.role == "expert"


def test_a_scope_in_words(tmp_path):
    header = ["事项编号", "事项名称", "检查依据", "事项类别", "适用主体类型", "适用登记状态"]
    row = ["i", "n", "b", "重点", "企业；个体工商户", "*"]
    item = read_table(given_file(tmp_path, "t.csv", hostile.csv_of(row, header=header)), "items")[
        "i"
    ]
    assert item.category == "key"
    assert item.applies_to == rc.Scope(kinds=("enterprise", "individual business"), statuses=None)


def test_objects_are_linked_to_owners(tmp_path):
    header = ["客体编号", "客体名称", "行政区划代码", "所属主体编号"]
    rows = [["o1", "示例电梯", "990102", "made-up-1"], ["o2", "示例锅炉", "990102", "nobody"]]
    owners = rc.SubjectRegistry.from_records([{"id": "made-up-1", "name": "n", "region": "r"}])
    path = given_file(tmp_path, "t.csv", hostile.csv_of(*rows, header=header))
    assert places(import_file(path, "objects", owners=owners)) == (("owner-unknown", "D3"),)
    found = read_table(path, "objects")
    assert found["o1"].kind == "attached object"
    assert found.owners() == {"o1": "made-up-1", "o2": "nobody"}


# --- natural persons ---------------------------------------------------------------------------


def persons(folder, *rows, suffix=".xlsx"):
    if suffix == ".csv":
        return given_file(folder, "p.csv", hostile.csv_of(*rows, header=PERSONS))
    return given_file(folder, "p.xlsx", hostile.table(*rows, header=PERSONS))


def test_persons_are_kept_under_pseudonyms(tmp_path):
    path = persons(tmp_path, [IDENTITY, "示例甲", "990102", "food"])
    [person] = read_table(path, "persons", key=KEY)
    assert person.id == Pseudonymizer(KEY).pseudonym(IDENTITY)
    assert (person.name, person.kind, person.tags) == ("自然人", "natural person", ("food",))
    [named] = read_table(path, "persons", key=KEY, keep_names=True)
    assert named.name == "示例甲"


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_nothing_tells_an_identity(suffix, tmp_path):
    wrong, spaced = IDENTITY[:-1] + "6", f"{IDENTITY[:6]} {IDENTITY[6:]}"
    rows = [
        [IDENTITY, "n", "990102", ""],
        [IDENTITY, "n", "990102", ""],
        [wrong, "n", "990102", ""],
        [spaced, "n", "990102", ""],
        [f"{IDENTITY} ", "n", "990102", ""],
        ["990102199001010023", "n", f"{IDENTITY} ", ""],
        ["990102199001010031", "n", "990102", f"a;{IDENTITY}"],
    ]
    answer = import_file(persons(tmp_path, *rows, suffix=suffix), "persons", key=KEY)
    assert {problem.row for problem in answer.problems} == {3, 4, 5, 6, 7, 8}
    answer.write_answer(tmp_path / f"answer{suffix}")
    told = [str(answer), repr(answer), texts_of(tmp_path / f"answer{suffix}")]
    with pytest.raises(DataError) as caught:
        answer.required()
    told.append(repr(caught.value))
    for text in told:
        for number in (IDENTITY, wrong, spaced, "990102199001010023", "199001010"):
            assert number not in text


def test_two_forms_of_one_identity_are_one_person(tmp_path):
    number = next(f"99010219900101{n:03}X" for n in range(1000)
                  if rc.ids.looks_like_identity_number(f"99010219900101{n:03}X"))  # fmt: skip
    rows = [[number, "n", "990102", ""], [number.lower(), "n", "990102", ""]]
    answer = import_file(persons(tmp_path, *rows), "persons", key=KEY)
    assert places(answer) == (("duplicate", "A3"),)
    assert "row 2" in answer.problems[0].reason


def test_persons_need_a_key(tmp_path):
    path = persons(tmp_path, [IDENTITY, "n", "990102", ""])
    with pytest.raises(ParameterError, match="key"):
        import_file(path, "persons")


def test_what_may_tell():
    told = [IDENTITY, "9901 0219 9001 0100 15", "９９０１０２１９９００１０１００１５", "E12345678",
            9.90102199001010e17]  # fmt: skip
    assert all(map(may_tell, told))
    assert not any(map(may_tell, ["990102", "special-equipment", "示例街道1号", "identity"]))


# --- limits and parameters ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(rows=2), "too-many-rows"),
        (Limits(columns=2), "too-many-columns"),
        (Limits(cells=5), "too-many-rows"),
        (Limits(file_bytes=10), "file-too-large"),
        (Limits(unpacked_bytes=10), "dangerous"),
        (Limits(entries=2), "dangerous"),
    ],
)
def test_limits(limits, code, tmp_path):
    rows = [[f"a{number}", "n", "990102"] for number in range(6)]
    path = given_file(tmp_path, "t.xlsx", hostile.table(*rows))
    answer = import_file(path, "subjects", limits=limits)
    assert [problem.code for problem in answer.problems] == [code]
    answer.write_answer(tmp_path / "answer.xlsx")


def test_rows_of_a_text_are_limited_too(tmp_path):
    rows = [[f"a{number}", "n", "990102"] for number in range(6)]
    path = given_file(tmp_path, "t.csv", hostile.csv_of(*rows))
    assert places(import_file(path, "subjects", limits=Limits(rows=5))) == (
        ("too-many-rows", None),
    )
    assert len(read_table(path, "subjects", limits=Limits(rows=6))) == 6


def test_problems_are_limited_and_it_is_said(tmp_path):
    path = given_file(tmp_path, "t.csv", hostile.csv_of(*([f"a{n} ", "n", "r"] for n in range(9))))
    answer = import_file(path, "subjects", limits=Limits(problems=4))
    assert answer.counts == {"edges": 4, "too-many": 1}


def test_one_sheet_of_several_by_name(tmp_path):
    sheets = {"一": hostile.sheet([hostile.HEADER, hostile.GOOD]), "二": hostile.sheet([["x"]])}
    path = given_file(tmp_path, "t.xlsx", hostile.book(sheets, states={"二": "hidden"}))
    assert len(read_table(path, "subjects", sheet="一")) == 1
    assert places(import_file(path, "subjects", sheet="三")) == (("no-sheet", None),)


def test_a_kind_that_is_none(tmp_path):
    with pytest.raises(ParameterError, match="one of: subjects"):
        import_file(tmp_path / "t.csv", "firms")


def test_a_sheet_that_begins_further_right(tmp_path):
    header = [None, None, *hostile.HEADER]
    data = hostile.table([None, None, "a", "n", "990102 "], header=header)
    answer = import_file(given_file(tmp_path, "t.xlsx", data), "subjects")
    assert places(answer) == (("edges", "E2"),)


def test_an_answer_of_another_file_by_now(tmp_path):
    path = given_file(tmp_path, "t.csv", hostile.csv_of(["a ", "n", "r"]))
    answer = import_file(path, "subjects")
    path.write_text("id,name,region\n")
    with pytest.raises(DataError, match="has changed"):
        answer.write_answer(tmp_path / "answer.csv")
    assert not (tmp_path / "answer.csv").exists()


@pytest.mark.parametrize("name", ["answer.csv", "answer.txt", "t.xlsx"])
def test_names_that_no_answer_of_a_workbook_has(name, tmp_path):
    path = given_file(tmp_path, "t.xlsx", hostile.table(["a ", "n", "r"]))
    with pytest.raises(ParameterError):
        import_file(path, "subjects").write_answer(tmp_path / name)


def test_an_answer_in_csv_explains_beside_the_row(tmp_path):
    path = given_file(tmp_path, "t.csv", hostile.csv_of(["a", "n", "r "], ["=b", "-n", "r"]))
    for language, told in (
        ("en", "C2 (行政区划代码): 'r ' has blanks at its edges; write 'r'"),
        ("zh", "C2，行政区划代码：'r ' 首尾有空白；请写作 'r'"),
    ):
        import_file(path, "subjects").write_answer(tmp_path / "answer.csv", language)
        text = (tmp_path / "answer.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0] == [*hostile.HEADER, "导入说明"]
        assert rows[1] == ["a", "n", "r ", told]
        assert rows[2][:3] == ["#FORMULA!", "'-n", "r"]


def test_a_header_that_is_nearly_one_is_told_in_the_language(tmp_path):
    path = given_file(tmp_path, "headers.csv", b"id,nam,region\nF-1,x,990102\n")
    [_, problem] = import_file(path, "subjects").problems
    assert problem.remedy.startswith("perhaps '名称' is meant; headers are 主体编号、")
    told = problem_parts(problem, "zh")["remedy"]
    assert told.startswith("也许应为 '名称'；表头有：主体编号、")


def test_the_list_of_a_workbook_reads_in_the_language(tmp_path):
    path = given_file(tmp_path, "t.xlsx", hostile.table(["a ", "n", "r"]))
    answer = import_file(path, "subjects")
    said = {}
    for language in LANGUAGES:
        answer.write_answer(tmp_path / "answer.xlsx", language)
        book = CalamineWorkbook.from_path(str(tmp_path / "answer.xlsx"))
        said[language] = book.get_sheet_by_name("问题清单").to_python()
    assert ["1", "A2", "主体编号", "'a '", "首尾有空白", "请写作 'a'", "edges"] in said["zh"]
    assert ["1", "A2", "主体编号", "'a '", "has blanks at its edges", "write 'a'",
            "edges"] in said["en"]  # fmt: skip
    words = [
        cell for row in said["zh"] for cell in row[:-1] if re.search("[a-z]{3} [a-z]", str(cell))
    ]
    assert words == []
    with pytest.raises(ParameterError, match="language"):
        answer.write_answer(tmp_path / "other.xlsx", "fr")
    assert not (tmp_path / "other.xlsx").exists()


@pytest.mark.parametrize("package", ["python_calamine", "xlsxwriter"])
def test_without_the_extra(package, tmp_path, monkeypatch):
    path = given_file(tmp_path, "t.xlsx", hostile.table(hostile.GOOD))
    answer = import_file(path, "subjects")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"randcheck\[xlsx\]"):
        import_file(path, "subjects") if package == "python_calamine" else answer.write_answer(
            tmp_path / "answer.xlsx"
        )


@given(st.integers(0, 16_383))
def test_columns_have_names(number):
    assert column_number(letters(number)) == number
