"""What people read, in their language: English, or Chinese (`"zh"`) from one gettext catalogue.

    >>> from randcheck import language
    >>> language.translate("is not text but int", "zh")
    '不是文本，而是整数'
    >>> language.current("zh"), language.current("en")
    ('zh', 'en')
    >>> language.in_all("task {name}", name="T")
    {'en': 'task T', 'zh': '任务 T'}

Errors, problems and reports keep their English texts and their codes; `told` says them in another
language. Nothing here decides anything, and a text that the catalogue does not have stays as it is.

Rules enforced here:
1. The language is what is asked for; else RANDCHECK_LANGUAGE; else the locale's; else English.
2. Only the standard library's gettext is used. The catalogue is compiled beforehand.
"""

from randcheck.language.arguments import localize, option
from randcheck.language.catalogue import LANGUAGES, Language, current, in_all, known, say, translate
from randcheck.language.texts import (
    error_text,
    finding_text,
    lines,
    problem_parts,
    problem_text,
    report_text,
    terminal_width,
    told,
)

__all__ = [
    "LANGUAGES",
    "Language",
    "current",
    "error_text",
    "finding_text",
    "in_all",
    "known",
    "lines",
    "localize",
    "option",
    "problem_parts",
    "problem_text",
    "report_text",
    "say",
    "terminal_width",
    "told",
    "translate",
]
