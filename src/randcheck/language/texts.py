"""Errors, problems and reports as people read them.

Rules enforced here:
1. An error is told by its fields; its code and its fields are what they were.
2. A report is told finding by finding, then line by line.
3. English is what `str` gives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from string import Formatter
from typing import Any

from randcheck.errors import SHOWN, Problem, RandcheckError, UnknownNameError, shorten
from randcheck.language.catalogue import fill, is_data, layouts, say, translate


def told(thing: object, language: str) -> str:
    """A text, an error, or a report in a language; of anything else what `str` gives, by lines."""
    if isinstance(thing, BaseException):
        return error_text(thing, language)
    return lines(thing, language) if isinstance(thing, str) else report_text(thing, language)


def lines(text: str, language: str) -> str:
    """A text of one or more lines, each of which is a message, or columns of messages."""
    if language == "en":
        return text
    return "\n".join(_line(line, language) for line in text.split("\n"))


def _line(line: str, language: str) -> str:
    told = translate(line, language)
    if told != line:
        return told
    text, width = "", 0
    for piece in re.split("( {2,})", line):
        late = terminal_width(text) - width
        blank = not piece.strip()  # what stands in columns stays there
        text += (
            " " * max(len(piece) > 0, len(piece) - late) if blank else translate(piece, language)
        )
        width += terminal_width(piece)
    return text


def terminal_width(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


# --- errors ------------------------------------------------------------------------------------


def error_text(error: BaseException, language: str) -> str:
    """An error's text; that of an error which is not randcheck's stays as it is."""
    if language == "en" or not isinstance(error, RandcheckError):
        return str(error)
    problems = getattr(error, "problems", None)
    if problems is not None:
        return problems_text(_title(error, language), problems, language)
    if isinstance(error, UnknownNameError):
        return _unknown_text(error, language)
    for code in (vars(kind)["code"] for kind in type(error).__mro__ if "code" in vars(kind)):
        for layout in layouts(language, code):
            if (text := _laid_out(error, layout, code, language)) is not None:
                return text
    return lines(str(error), language)


def _title(error: Any, language: str) -> str:
    """What has problems: as the error says, or of which task, or the name of what is odd."""
    if hasattr(error, "what"):
        return translate(error.what, language)
    if hasattr(error, "task_id"):
        return say("task {name}", language).format(name=repr(error.task_id))
    return translate(type(error).code, language)


def _laid_out(error: RandcheckError, layout: str, context: str, language: str) -> str | None:
    """The error in the layout of its class: filled by its fields, or by what its text holds."""
    names = [name for _, name, _, _ in Formatter().parse(layout) if name is not None]
    if all(hasattr(error, name) for name in names):
        return fill(layout, language, context, {name: str(getattr(error, name)) for name in names})
    text = str(error)
    found = translate(text, language, context)
    return None if found == text else found


def _unknown_text(error: UnknownNameError, language: str) -> str:
    names = "、".join(map(shorten, error.names[:SHOWN]))
    text = say("unknown {kind}: {names}", language).format(
        kind=translate(error.kind, language), names=names
    )
    if len(error.names) > SHOWN:
        text += say(" … and {count} more", language).format(count=len(error.names) - SHOWN)
    if error.known:
        known = "、".join(error.known[:SHOWN]) + ("…" if len(error.known) > SHOWN else "")
        text += say("; known: {names}", language).format(names=known)
    return f"{text}；{translate(error.remedy, language)}" if error.remedy else text


def problem_text(problem: Problem, language: str) -> str:
    """One problem: where it is, what stands there, what is wrong with it, what would be right."""
    if language == "en":
        return str(problem)
    cell, column = getattr(problem, "cell", None), problem.column
    where = [cell] if cell else []
    if not cell and problem.row is not None:
        where.append(say("row {number}", language).format(number=problem.row))
    where += [column] if column is not None else []
    told = say("{value} {reason}; {remedy}", language).format(**problem_parts(problem, language))
    return "，".join(where) + "：" * bool(where) + told


def problem_parts(problem: Problem, language: str) -> dict[str, str]:
    """`value`, `reason` and `remedy` of a problem."""
    value = problem.value
    return {
        "value": value if is_data(value) else translate(value, language),
        "reason": translate(problem.reason, language),
        "remedy": translate(problem.remedy, language),
    }


def problems_text(what: str, problems: Iterable[Problem], language: str) -> str:
    """What has problems, and each of them, the first ones where there are many."""
    each = [problem_text(problem, language) for problem in problems]
    if len(each) == 1:
        return say("{what}: {problem}", language).format(what=what, problem=each[0])
    told = [say("{what}: {count} problems", language).format(what=what, count=len(each))]
    told += [f"  {text}" for text in each[:SHOWN]]
    if len(each) > SHOWN:
        told.append(say("  … and {count} more", language).format(count=len(each) - SHOWN))
    return "\n".join(told)


# --- reports -----------------------------------------------------------------------------------


def report_text(report: Any, language: str) -> str:
    """A report: of a check with numbered findings, an import's answer, an audit, or any other."""
    if language == "en":
        return str(report)
    problems = getattr(report, "problems", ())
    if problems and all(isinstance(each, Problem) for each in problems):
        return problems_text(str(getattr(report, "path", "")), problems, language)
    english = str(report)
    inner = getattr(report, "report", report)
    findings = [each for each in getattr(inner, "findings", ()) if hasattr(each, "expected")]
    rest = english.split("\n")
    if findings and rest[: len(findings)] == [str(each) for each in findings]:
        shown = [finding_text(each, language) for each in findings]
        return "\n".join([*shown, lines("\n".join(rest[len(findings) :]), language)])
    return lines(english, language)


def finding_text(finding: Any, language: str) -> str:
    """A numbered finding of a check, in one line."""
    if language == "en":
        return str(finding)
    parts = {name: str(getattr(finding, name)) for name in ("number", "where", "expected", "found")}
    text = fill("[{number}] {where}: expected {expected}, found {found}", language, "", parts)
    text = str(finding) if text is None else text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
