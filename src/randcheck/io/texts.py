"""Text files of rows, in the encodings that Chinese offices use.

Rules enforced here:
1. Valid UTF-8 is UTF-8, with or without a byte order mark; anything else is strict GB18030, unless
   most of it is UTF-8, which then is damaged.
2. UTF-16 and binary files are refused: no encoding is guessed beyond these.
3. Cells are separated by commas; a line with fewer or more cells than the header is named.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

from randcheck.io.findings import Findings

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ERROR = re.compile("\ufffd+")


def decode(data: bytes, findings: Findings) -> str:
    """The text in these bytes; raises `UnusableError` with a finding when there is none."""
    if data.startswith(_UTF_16) or data[:4096].count(0) * 4 > len(data[:4096]):
        raise findings.stop("utf-16", "the file")
    if 0 in data:
        raise findings.stop("encoding", "the file", why=f"byte {data.index(0)} is zero")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = f"byte {error.start} ({data[error.start]:#04x})"
    if data.startswith(codecs.BOM_UTF8) or _mostly_utf_8(data):
        raise findings.stop("damaged-utf-8", "the file", why=broken)
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        why = f"byte {error.start} ({data[error.start]:#04x}) fits neither"
        raise findings.stop("encoding", "the file", why=why) from None


def _mostly_utf_8(data: bytes) -> bool:
    """Whether more characters of three bytes are sound than places are broken.

    In text of GB18030 hardly any three bytes are such a character.
    """
    text = data.decode("utf-8", errors="replace")
    sound = sum("\u0800" <= char <= "\uffff" and char != "\ufffd" for char in text)
    return sound > len(_ERROR.findall(text))


def rows(text: str, findings: Findings) -> Iterator[list[str]]:
    """The rows of a CSV text, an empty list for a blank line."""
    first = text.lstrip("\r\n").partition("\n")[0]
    if "," not in first:
        for mark, name in (("\t", "tabs"), (";", "semicolons"), ("|", "bars"), ("，", "，")):
            if mark in first:
                raise findings.stop("not-csv", "the file", why=f"its cells are separated by {name}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            why = f"line {reader.line_num} is cut off or malformed ({error})"
            raise findings.stop("not-csv", "the file", why=why) from None
        yield row
