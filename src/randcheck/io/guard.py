"""Texts that a spreadsheet would take for formulas (CSV injection).

Rules enforced here:
1. A text that begins with = + - @, their full-width forms, a tab or a line end is written to a CSV
   file with an apostrophe before it. So is a text that begins with apostrophes and then one of
   these, so that each text has a form of its own.
2. On import exactly this apostrophe is taken off, and nothing else is changed.
3. Workbooks hold texts as text cells that are marked as such; they need no apostrophe.

The list is OWASP's (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import re

#: What makes a spreadsheet calculate when a cell begins with it.
STARTS = "=+-@＝＋－＠\t\r\n"

_DANGEROUS = re.compile(f"'*[{re.escape(STARTS)}]")
_GUARDED = re.compile(f"'+[{re.escape(STARTS)}]")


def guard(text: str) -> str:
    """The text as a CSV file may hold it.

    >>> guard("=1+1"), guard("'=1+1"), guard("firm")
    ("'=1+1", "''=1+1", 'firm')
    """
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given.

    >>> unguard("'=1+1"), unguard("'s-Hertogenbosch")
    ('=1+1', "'s-Hertogenbosch")
    """
    return text[1:] if _GUARDED.match(text) else text
