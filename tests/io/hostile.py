"""Hostile and odd files, each with the answer that an import must give.

python tests/io/hostile.py FOLDER      # writes them all, to look at
"""

from __future__ import annotations

import gzip
import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from attrs import frozen

HEADER = ["主体编号", "名称", "行政区划代码"]
GOOD = ["made-up-1", "示例一公司", "990102"]
OTHER = ["made-up-2", "示例二公司", "990103"]
INSPECTORS = ["人员编号", "姓名", "所属部门", "执法证号", "执法证有效期至", "最多检查户数"]


@frozen
class Formula:
    text: str
    value: str = "1"


@frozen
class Broken:
    text: str


@frozen
class Day:
    """A number with the format of a date."""

    serial: float


# --- workbooks, written by hand ----------------------------------------------------------------


def letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else letter(place // 26 - 1) + letter(place % 26)


def cell(value: Any, place: str) -> str:
    if value is None:
        return ""
    at = f'<c r="{place}"'
    if isinstance(value, bool):
        return f'{at} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"{at}><v>{value!r}</v></c>"
    if isinstance(value, Day):
        return f'{at} s="1"><v>{value.serial!r}</v></c>'
    if isinstance(value, Formula):
        return f'{at} t="str"><f>{escape(value.text)}</f><v>{value.value}</v></c>'
    if isinstance(value, Broken):
        return f'{at} t="e"><v>{value.text}</v></c>'
    return f'{at} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def sheet(
    rows: Sequence[Sequence[Any]],
    *,
    before: str = "",
    after: str = "",
    hidden: Iterable[int] = (),
    first: int = 1,
) -> str:
    lines = []
    for number, row in enumerate(rows, first):
        cells = "".join(cell(value, f"{letter(at)}{number}") for at, value in enumerate(row))
        attribute = ' hidden="1"' if number in set(hidden) else ""
        lines.append(f'<row r="{number}"{attribute}>{cells}</row>')
    data = f"<sheetData>{''.join(lines)}</sheetData>"
    return worksheet(f"{before}{data}{after}")


def worksheet(body: str) -> str:
    return f'<worksheet xmlns="{MAIN}">{body}</worksheet>'


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    "</styleSheet>"
)


def book(
    sheets: Mapping[str, str] | str,
    *,
    states: Mapping[str, str] | None = None,
    properties: str = "",
    main: str = f"{_TYPE}.sheet.main+xml",
    extra: Mapping[str, str | bytes] | None = None,
    drop: Iterable[str] = (),
    prologue: str = "",
) -> bytes:
    sheets = {"检查对象": sheets} if isinstance(sheets, str) else sheets
    named = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"'
        f' state="{(states or {}).get(name, "visible")}"/>'
        for number, name in enumerate(sheets, 1)
    )
    relations = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/worksheet" '
        f'Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    relations += f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    entries: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{prologue}<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">{properties}'
        f"<sheets>{named}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{relations}</Relationships>",
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{at}.xml": text for at, text in enumerate(sheets.values(), 1)},
        **(extra or {}),
    }
    return archive({name: data for name, data in entries.items() if name not in set(drop)})


def archive(entries: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in entries.items():
            opened.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def table(*rows: Sequence[Any], header: Sequence[Any] = HEADER, **options: Any) -> bytes:
    return book(sheet([header, *rows], **options))


def inspectors(expires: Any, capacity: Any = None) -> bytes:
    return table(["i-1", "示例人员", "示例局", "C-1", expires, capacity], header=INSPECTORS)


# --- attacks on the reader ---------------------------------------------------------------------


def bomb(size: int = 400_000_000) -> bytes:
    """A sheet of 400 MB in a file of 400 KB."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = b" " * 10_000_000
    packed, checksum = [], 0
    start = b"<worksheet>"
    for data in [start, *[piece] * (size // len(piece))]:
        packed.append(deflater.compress(data))
        checksum = zlib.crc32(data, checksum)
    body = b"".join([*packed, deflater.flush()])
    return _one_entry(b"xl/worksheets/sheet1.xml", body, len(start) + size, checksum)


def _one_entry(name: bytes, body: bytes, size: int, checksum: int) -> bytes:
    """A zip file of one deflated entry that says of itself what it is told to."""
    told = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, checksum, len(body), size, len(name), 0)
    local = b"PK\x03\x04" + told + name + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + told + struct.pack("<HHHII", 0, 0, 0, 0, 0)
    central += name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end


def liar() -> bytes:
    """A workbook whose sheet unpacks to far more than its entry says."""
    data = table(*([f"made-up-{number}", "示例", "990102"] for number in range(2000)))
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        info = opened.getinfo("xl/worksheets/sheet1.xml")
    true, false = struct.pack("<I", info.file_size), struct.pack("<I", 100)
    return data.replace(true, false)


def overlapping() -> bytes:
    """Two entries of the directory that share the bytes of one."""
    data = table(GOOD)
    end = data.rindex(b"PK\x05\x06")
    at = struct.unpack_from("<I", data, end + 16)[0]
    second = data.index(b"PK\x01\x02", at + 4)
    third = data.index(b"PK\x01\x02", second + 4)
    shared = data[second:third].replace(b"_rels/.rels", b"_rels/.rel2")
    directory = data[at:end] + shared
    counts = struct.unpack_from("<H", data, end + 8)[0] + 1
    tail = struct.pack("<HHHHIIH", 0, 0, counts, counts, len(directory), at, 0)
    return data[:at] + directory + b"PK\x05\x06" + tail


def zip64() -> bytes:
    """A workbook that says of its directory, in the form for large files, that it is huge."""
    data = table(GOOD)
    end = data.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    return data[:end] + record + locator + data[end:]


def laughs() -> str:
    inner = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{inner}]>'


def encrypted() -> bytes:
    """An OLE file with the stream that protected workbooks have."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")


# --- the cases ---------------------------------------------------------------------------------


@frozen
class Case:
    """A file and what an import must say: codes with their cells, or nothing wrong.

    `facts` is how many facts a good file gives; `remarks` are words that its remarks must hold.
    """

    name: str
    data: bytes
    problems: tuple[tuple[str, str | None], ...] = ()
    facts: int = 0
    kind: str = "subjects"
    remarks: tuple[str, ...] = ()


def csv_of(*rows: Sequence[str], header: Sequence[str] = HEADER) -> str:
    return "".join(",".join(row) + "\n" for row in (header, *rows))


def one(name: str, data: bytes, code: str, at: str | None = None, **more: Any) -> Case:
    return Case(name, data, ((code, at),), **more)


def good(name: str, data: bytes, facts: int = 1, **more: Any) -> Case:
    return Case(name, data, facts=facts, **more)


def cases() -> list[Case]:
    """All of them, small ones first."""
    return [*_archives(), *_other_files(), *_sheets(), *_headers(), *_cells(), *_texts(), *_good()]


def _archives() -> list[Case]:
    plain = table(GOOD)
    return [
        one("bomb.xlsx", bomb(), "dangerous"),
        one("liar.xlsx", liar(), "dangerous"),
        one("overlapping.xlsx", overlapping(), "dangerous"),
        one("entities.xlsx", book(sheet([HEADER, GOOD]), prologue=laughs()), "dangerous"),
        one("entities-in-sheet.xlsx", book(laughs() + sheet([HEADER, GOOD])), "dangerous"),
        one("many-entries.xlsx",
            book(sheet([HEADER, GOOD]), extra={f"x/{n}": "" for n in range(1001)}), "dangerous"),
        one("large-directory.xlsx", archive({f"{n:02000}": "" for n in range(600)}), "dangerous"),
        one("zip64.xlsx", zip64(), "dangerous"),
        one("method.xlsx", plain.replace(struct.pack("<H", 8) + bytes(2), b"\x0c\0\0\0"),
            "dangerous"),
        one("bomb.csv", bomb(), "dangerous"),
        one("cut-off.csv", plain[: len(plain) // 2], "corrupt"),
        one("far-corner.xlsx", book(worksheet(
            '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">'
            '<c r="XFD1048576"><v>1</v></c></row></sheetData>')), "too-many-rows"),
        one("wide.xlsx", table(header=[*HEADER, *["x"] * 300]), "too-many-columns"),
        one("cut-off.xlsx", plain[: len(plain) // 2], "corrupt"),
        one("flipped.xlsx", _flipped(plain), "corrupt"),
        one("only-pk.xlsx", b"PK\x03\x04", "corrupt"),
        one("no-workbook.xlsx", book(sheet([HEADER]), drop=["xl/workbook.xml"]), "corrupt"),
        one("no-sheet-part.xlsx", book(sheet([HEADER]), drop=["xl/worksheets/sheet1.xml"]),
            "corrupt"),
        one("no-xml.xlsx", book("<worksheet"), "corrupt"),
        one("rows-backwards.xlsx", book(worksheet(
            '<sheetData><row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c>'
            "</row></sheetData>")), "corrupt"),
        one("cell-elsewhere.xlsx", book(worksheet(
            '<sheetData><row r="1"><c r="A900000"><v>1</v></c></row></sheetData>')), "corrupt"),
    ]  # fmt: skip


def _flipped(data: bytes) -> bytes:
    """One byte of a compressed sheet changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        info = opened.getinfo("xl/worksheets/sheet1.xml")
    at = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    return data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]


def _other_files() -> list[Case]:
    text = csv_of(GOOD)
    macro = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    return [
        one("empty.xlsx", b"", "empty-file"),
        one("empty.csv", b"", "empty-file"),
        one("blank-lines.csv", b"\r\n\r\n  \r\n", "empty-file"),
        one("encrypted.xlsx", encrypted(), "encrypted"),
        one("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "wrong-type"),
        one("open-document.ods", archive({"mimetype": "x", "content.xml": "<x/>"}), "wrong-type"),
        one("word.xlsx", archive({"word/document.xml": "<x/>"}), "wrong-type"),
        one("binary.xlsb", archive({"xl/workbook.bin": b"\0"}), "wrong-type"),
        one("archive.xlsx", archive({"a.txt": "x"}), "wrong-type"),
        one("page.xls", b"<html><table><tr><td>1</td></tr></table></html>", "wrong-type"),
        one("page.csv", b"\xef\xbb\xbf<html><table></table></html>", "wrong-type"),
        one("report.csv", b"%PDF-1.7", "wrong-type"),
        one("packed.csv", gzip.compress(text.encode(), mtime=0), "wrong-type"),
        one("rows.csv", b'[{"id": "a"}]', "wrong-type"),
        one("text.xlsx", text.encode(), "wrong-extension"),
        one("workbook.csv", table(GOOD), "wrong-extension"),
        one("workbook.xls", table(GOOD), "wrong-extension"),
        one("macros.xlsm", book(sheet([HEADER, GOOD]), main=macro,
                                extra={"xl/vbaProject.bin": b"\0"}), "macros"),
        one("hidden-macros.xlsx", book(sheet([HEADER, GOOD]), extra={"xl/vbaProject.bin": b"\0"}),
            "macros"),
        one("links.xlsx", book(sheet([HEADER, GOOD]),
                               extra={"xl/externalLinks/externalLink1.xml": "<x/>"}),
            "external-links"),
    ]  # fmt: skip


def _sheets() -> list[Case]:
    data, empty = sheet([HEADER, GOOD]), sheet([])
    merge = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    return [
        one("no-cells.xlsx", book(empty), "empty-file"),
        one("header-only.xlsx", table(), "no-data"),
        one("header-only.csv", csv_of().encode(), "no-data"),
        one("two-sheets.xlsx", book({"一": data, "二": data}), "several-sheets"),
        one("hidden-sheet.xlsx", book({"一": data, "二": data}, states={"二": "hidden"}),
            "hidden-sheet"),
        one("very-hidden.xlsx", book({"一": data, "二": data}, states={"二": "veryHidden"}),
            "hidden-sheet"),
        one("hidden-row.xlsx", table(GOOD, OTHER, hidden=[3]), "hidden-rows"),
        one("hidden-column.xlsx",
            table(GOOD, before='<cols><col min="2" max="2" hidden="1"/></cols>'), "hidden-columns"),
        one("thin-column.xlsx", table(GOOD, before='<cols><col min="2" max="2" width="0"/></cols>'),
            "hidden-columns"),
        one("merged.xlsx", table(GOOD, OTHER, after=merge), "merged", "B2:B3"),
        one("days-from-1904.xlsx", book(
            sheet([INSPECTORS, ["i-1", "示例人员", "示例局", "C-1", Day(45000), None]]),
            properties='<workbookPr date1904="1"/>'), "days-from-1904", kind="inspectors"),
    ]  # fmt: skip


def _headers() -> list[Case]:
    title = ["示例市检查对象名录"]
    return [
        one("no-header.xlsx", book(sheet([GOOD, OTHER])), "no-header"),
        one("no-header.csv", csv_of(OTHER, header=GOOD).encode(), "no-header"),
        one("title-above.xlsx", book(sheet([title, HEADER, GOOD])), "header-not-first"),
        one("unknown.xlsx", table([*GOOD, "x"], header=[*HEADER, "备注"]), "header-unknown", "D1"),
        one("twice.xlsx", table([*GOOD, "x"], header=[*HEADER, "企业名称"]), "header-twice", "D1"),
        one("missing.xlsx", table(GOOD[:2], header=HEADER[:2]), "header-missing"),
        one("unnamed.xlsx", table([*GOOD, "x"], header=[*HEADER, None]), "header-blank", "D2"),
        one("formula-header.xlsx", table([*GOOD, None], header=[*HEADER, Formula("1+1")]),
            "formula", "D1"),
    ]  # fmt: skip


def _cells() -> list[Case]:
    def bad(name: str, row: Sequence[Any], code: str, at: str, *, header: Sequence[str] = HEADER,
            kind: str = "subjects") -> Case:  # fmt: skip
        return one(name, table(row, header=header), code, at, kind=kind)

    risk, score = [*HEADER, "信用风险等级"], [*HEADER, "风险分值"]
    tags = [*HEADER, "标签"]
    objects = ["客体编号", "客体名称", "行政区划代码", "所属主体编号"]
    persons = ["证件号码", "行政区划代码"]
    return [
        bad("formula.xlsx", ["a", Formula("CONCAT(1,2)"), "990102"], "formula", "B2"),
        bad("formula-without-value.xlsx", ["a", Formula("A1", ""), "990102"], "formula", "B2"),
        bad("formula-as-text.xlsx", ["a", "=cmd|' /C calc'!A0", "990102"], "formula-text", "B2"),
        bad("error.xlsx", ["a", Broken("#REF!"), "990102"], "error-cell", "B2"),
        bad("error-as-text.xlsx", ["a", "#NAME?", "990102"], "error-cell", "B2"),
        bad("id-number.xlsx", [1001, "n", "990102"], "id-number", "A2"),
        bad("lost-digits.xlsx", [9.11301020000000e17, "n", "990102"], "digits-lost", "A2"),
        bad("id-date.xlsx", [Day(46204), "n", "990102"], "date-for-text", "A2"),
        bad("region-number.xlsx", ["a", "n", 990102], "number-for-text", "C2"),
        bad("boolean.xlsx", ["a", True, "990102"], "boolean", "B2"),
        bad("decimals.xlsx", [*GOOD, 2.5], "decimals", "D2", header=score),
        bad("negative.xlsx", [*GOOD, -1], "not-a-count", "D2", header=score),
        bad("count-word.xlsx", [*GOOD, "十"], "not-a-count", "D2", header=score),
        bad("count-true.xlsx", [*GOOD, True], "boolean", "D2", header=score),
        bad("risk-word.xlsx", [*GOOD, "中"], "word", "D2", header=risk),
        bad("unclear-set.xlsx", [*GOOD, "food、retail"], "unclear-set", "D2", header=tags),
        bad("full-width.xlsx", ["９１Ａ", "n", "990102"], "full-width", "A2"),
        bad("no-break-space.xlsx", ["a", "示例\u00a0公司", "990102"], "odd-character", "B2"),
        bad("zero-width.xlsx", ["a", "示例\u200b公司", "990102"], "odd-character", "B2"),
        bad("blank-edges.xlsx", ["a", "n", "990102 "], "edges", "C2"),
        bad("no-break-edges.xlsx", ["a\u00a0", "n", "990102"], "edges", "A2"),
        bad("missing-name.xlsx", ["a", None, "990102"], "missing", "B2"),
        bad("owner-less.xlsx", ["o", "示例电梯", "990102", None], "missing", "D2", header=objects,
            kind="objects"),
        bad("owner-person.xlsx", ["o", "示例电梯", "990102", "990102199001010015"], "identity",
            "D2", header=objects, kind="objects"),
        bad("bad-check-digit.xlsx", ["990102199001010016", "990102"], "field", "A2",
            header=persons, kind="persons"),
        bad("no-identity.xlsx", [None, "990102"], "missing", "A2", header=persons, kind="persons"),
        bad("large-score.xlsx", ["990102199001010015", "990102", 2_000_000], "field", "C2",
            header=[*persons, "风险分值"], kind="persons"),
        bad("any-and-one.xlsx", ["i", "n", "b", "*；企业"], "unclear-set", "D2",
            header=["事项编号", "事项名称", "检查依据", "适用主体类型"], kind="items"),
        bad("identity-number.xlsx", [9.90102199001010e17, "990102"], "digits-lost", "A2",
            header=persons, kind="persons"),
        one("text-date.xlsx", inspectors("2027年12月31日"), "text-date", "E2", kind="inspectors"),
        one("unclear-date.xlsx", inspectors("01/02/2027"), "text-date", "E2", kind="inspectors"),
        one("no-day.xlsx", inspectors("2027-02-29"), "text-date", "E2", kind="inspectors"),
        one("number-for-date.xlsx", inspectors(46204), "number-for-date", "E2", kind="inspectors"),
        one("time.xlsx", inspectors(Day(46204.5)), "time", "E2", kind="inspectors"),
        one("early.xlsx", inspectors(Day(60)), "early-date", "E2", kind="inspectors"),
        one("day-zero.xlsx", inspectors(Day(0)), "time", "E2", kind="inspectors"),
        one("twice-the-id.xlsx", table(GOOD, OTHER, GOOD), "duplicate", "A4"),
        one("example.xlsx", table(["示例（请删除本行）", "示例", "990102"], GOOD), "example-row",
            "A2"),
        Case("all-at-once.xlsx",
             table([7, "n ", "990102", "E"], [None, Formula("1"), 9, "B类"],
                   header=[*HEADER, "信用风险等级"]),
             (("id-number", "A2"), ("edges", "B2"), ("word", "D2"),
              ("missing", "A3"), ("formula", "B3"), ("number-for-text", "C3"))),
    ]  # fmt: skip


def _texts() -> list[Case]:
    text = csv_of(GOOD, OTHER)
    return [
        one("utf-16.csv", text.encode("utf-16"), "utf-16"),
        one("utf-16-without-mark.csv", csv_of(["a", "b", "c"], header=["id", "name", "region"])
            .encode("utf-16-le"), "utf-16"),
        one("zero-byte.csv", text.encode() + b"\0", "encoding"),
        one("damaged-utf-8.csv", text.encode()[:-3] + b"\xff\n", "damaged-utf-8"),
        one("damaged-after-mark.csv", b"\xef\xbb\xbf" + text.encode("gb18030"), "damaged-utf-8"),
        one("neither.csv", b"id,name,region\na,\xff\xff,r\n", "encoding"),
        one("tabs.csv", text.replace(",", "\t").encode(), "not-csv"),
        one("semicolons.csv", text.replace(",", ";").encode(), "not-csv"),
        one("open-quote.csv", (text + 'c,"n,r\n').encode(), "not-csv"),
        Case("short-line.csv", (text + "c,n\n").encode(), (("short-row", "A4"), ("missing", "C4"))),
        one("long-line.csv", (text + "c,n,990102,x\n").encode(), "long-row", "A4"),
        one("formula.csv", csv_of(["a", "=1+1", "990102"]).encode(), "formula-text", "B2"),
        one("scientific.csv", csv_of(["9.11E+17", "n", "990102"]).encode(), "id-number", "A2"),
        one("slash-date.csv", csv_of(["i", "n", "d", "c", "2027/1/2", ""], header=INSPECTORS)
            .encode(), "text-date", "E2", kind="inspectors"),
        one("after-blank-lines.csv", (text + "\n\nc, n,990102\n").encode(), "edges", "B6"),
    ]  # fmt: skip


def _good() -> list[Case]:
    text = csv_of(GOOD, OTHER)
    blank = [None, None, None]
    full = book(sheet([HEADER, GOOD, *[blank] * 5, OTHER, *[["", "", ""]] * 5]))
    prefixed = sheet([HEADER, GOOD]).replace("<", "<x:").replace("<x:/", "</x:")
    return [
        good("plain.xlsx", table(GOOD, OTHER), 2),
        good("english.xlsx", table(GOOD, header=["id", "name", "region"])),
        good("two-headers.xlsx", table(["id", "name", "region"], GOOD)),
        good("blank-rows.xlsx", full, 2, remarks=("blank rows were left out",)),
        good("styled-to-the-end.xlsx", book(worksheet(
            sheet([HEADER, GOOD])[len(worksheet("")) - 12 : -12].replace("</sheetData>", "")
            + '<row r="1048576"><c r="C1048576" s="1"/></row></sheetData>'))),
        good("prefixed.xlsx", book(prefixed.replace("xmlns=", "xmlns:x="))),
        good("without-places.xlsx", book(worksheet("<sheetData>" + "".join(
            "<row>" + "".join(cell(value, "").replace(' r=""', "") for value in row) + "</row>"
            for row in (HEADER, GOOD)) + "</sheetData>"))),
        good("empty-second-sheet.xlsx", book({"一": sheet([HEADER, GOOD]), "二": sheet([])})),
        good("guide-beside.xlsx", book({"一": sheet([HEADER, GOOD]), "填写说明": sheet([["x"]])})),
        good("dates.xlsx", inspectors(Day(46204)), kind="inspectors"),
        good("iso-text-date.xlsx", inspectors("2027-12-31", "20"), kind="inspectors",
             remarks=("1 dates are texts",)),
        good("guarded.xlsx", table(["a", "'=1+1", "990102"])),
        good("utf-8.csv", text.encode(), 2),
        good("utf-8-mark.csv", text.encode("utf-8-sig"), 2),
        good("gb18030.csv", text.encode("gb18030"), 2),
        good("rare-characters.csv", csv_of(["a", "示例𠮷㐂公司", "990102"]).encode("gb18030")),
        good("windows-ends.csv", text.replace("\n", "\r\n").encode(), 2),
        good("old-mac-ends.csv", text.replace("\n", "\r").encode(), 2),
        good("guarded.csv", csv_of(["a", "'=1+1", "990102"], ["b", "'-x", "990102"]).encode(), 2),
        good("blanks-at-the-end.csv", (text.replace("\n", ",,\n") + ",,,,\n").encode(), 2,
             remarks=("1 blank rows",)),
        good("person.csv", b"\xe8\xaf\x81\xe4\xbb\xb6\xe5\x8f\xb7\xe7\xa0\x81,region\n"
             b"990102199001010015,990102\n", kind="persons"),
    ]  # fmt: skip


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for each in cases():
        (folder / each.name).write_bytes(each.data)
        print(each.name, each.problems or f"{each.facts} facts")
