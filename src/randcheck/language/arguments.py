"""The command line in another language.

Rules enforced here:
1. A parser is built in English, then told in another language: its help, and what it refuses.
2. Options, commands and values have the same names in every language.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from randcheck.language.catalogue import LANGUAGES, say, translate
from randcheck.language.texts import lines


def option(arguments: Sequence[str] | None) -> str | None:
    """What `--language` says, before the parser that needs it is built.

    `None` if it is absent, or no language: that is for the parser to refuse.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for number, text in enumerate(given):
        name, _, value = text.partition("=")
        if name == "--language":
            value = value or "".join(given[number + 1 : number + 2])
            return value if value in LANGUAGES else None
    return None


def localize(parser: argparse.ArgumentParser, language: str) -> argparse.ArgumentParser:
    """The parser with all that it says in the language, commands of its own included.

    `argparse` translates through the process's own gettext domain, which a library must leave
    alone, so the parser that was built is changed; its groups and actions have no public name.
    """
    if language == "en":
        return parser

    def error(message: str) -> NoReturn:
        parser.print_usage(sys.stderr)
        text = say("{prog}: error: {message}", language)
        parser.exit(2, text.format(prog=parser.prog, message=lines(message, language)) + "\n")

    parser.error = error  # type: ignore[method-assign]  # of this parser, which exists already
    parser.formatter_class = _formatter(parser.formatter_class, language)
    parser.description = _told(parser.description, language)
    parser.epilog = _told(parser.epilog, language)
    for group in parser._action_groups:
        group.title = _told(group.title, language)
    for action in parser._actions:
        if action.help is not argparse.SUPPRESS:
            action.help = _told(action.help, language)
        if isinstance(action, argparse._SubParsersAction):
            for each in action._choices_actions:
                each.help = _told(each.help, language)
            for command in dict.fromkeys(action.choices.values()):
                localize(command, language)
    return parser


def _told(text: str | None, language: str) -> str | None:
    """A text of the parser. Some are sentences made of a command's help: capital, full stop."""
    if text is None:
        return None
    for each in (text, f"{text[:1].lower()}{text[1:]}".removesuffix(".")):
        if (told := translate(each, language)) != each or (told := lines(each, language)) != each:
            return told if each == text else f"{told}。"
    return text


def _formatter(formatter: Any, language: str) -> Any:
    """The formatter that writes "usage: " in the language."""

    class Told(formatter):  # type: ignore[misc]  # known only at run time
        def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
            super().add_usage(usage, actions, groups, prefix or say("usage: ", language))

    return Told
