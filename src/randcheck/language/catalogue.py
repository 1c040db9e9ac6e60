"""The catalogue: which template a text was made from, and how it reads in another language.

Rules enforced here:
1. A message is a template such as "has {count} characters". A text was made from the most specific
   template that it fits: the one with most letters of its own, of equal ones the first in order.
2. What filled the English template fills the other one. Only parts that the translation marks are
   messages themselves: {reason:message} one, {helps:messages} several, {name:phrase} one unless it
   is a single word, {what:step} a step's name; {known:list} is a mere list.
3. A text that fits no template stays as it is.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from string import Formatter
from typing import Any, Literal, get_args

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten

#: English needs no catalogue; each other has one in `locale`.
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_DATA = re.compile(r"""'([^'\\]|\\.)*'|"([^"\\]|\\.)*"|\[.*\]|\(.*\)|\{.*\}""", re.DOTALL)
#: What stands before a value in an error's text: "subjects: row 3, id: ".
_PLACES = re.compile(r"((?: *[^:'\"(\[{]+: )*)(.*)", re.DOTALL)

#: A template that begins with a part and has no more letters than "from", such as "{a} of {b}",
#: is only for parts without blanks; else half of all sentences would fit it.
WEAK = 4
#: A text that fits only a template with fewer letters than these may rather be an error's own text.
SHORT = 20

#: How deep messages may stand in messages.
DEPTH = 6

_VARIABLES = ("RANDCHECK_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
#: What stands between the entries of a list, the widest first, and what does so in Chinese.
_BETWEEN = (("; ", "；"), (", or ", "、"), (" or ", "、"), (", ", "、"), (" and ", "、"))


def known(language: str) -> Language:
    """The language, if it is one of `LANGUAGES`; else `ParameterError`."""
    for each in LANGUAGES:
        if language == each:
            return each
    raise ParameterError("language", shorten(language), "is unknown", "give 'en' or 'zh'")


def current(option: str | None = None) -> Language:
    """The language asked for, or that of the environment; English where neither names one.

    Raises `ParameterError` for an option that is none of `LANGUAGES`.
    """
    if option is not None:
        return known(option)
    for name in _VARIABLES:
        if value := os.environ.get(name):
            return "zh" if re.split("[-_.@]", value)[0].lower() == "zh" else "en"
    return "en"


def say(message: str, language: str, context: str = "") -> str:
    """A message as its catalogue has it, with its placeholders still to fill."""
    if language == "en":
        return message
    found = _catalogue(language).get((context, message), message)
    return re.sub(r":(messages?|list|phrase|step)\}", "}", found)


def in_all(message: str, **parts: str | Mapping[Language, str]) -> dict[Language, str]:
    """A message in each language, filled in; a part may have its own text in each as well."""
    return {
        language: say(message, language).format(
            **{name: part if isinstance(part, str) else part[language]
               for name, part in parts.items()}
        )
        for language in LANGUAGES
    }  # fmt: skip


@lru_cache(maxsize=1 << 14)
def translate(text: str, language: str, context: str = "") -> str:
    """A text in another language, by the template that it was made from."""
    return text if language == "en" else _translate(text, language, context, DEPTH)


def fill(message: str, language: str, context: str, parts: Mapping[str, str]) -> str | None:
    """A message filled with English parts, those that it marks translated; `None` without one."""
    found = _catalogue(language).get((context, message))
    return None if found is None else _fill(found, parts, language, DEPTH)


def layouts(language: str, context: str) -> list[str]:
    """The messages of a context in English, the most specific first."""
    return [each.english for each in _index(language, context).templates]


def _translate(text: str, language: str, context: str, depth: int) -> str:
    exact = _catalogue(language).get((context, _escaped(text)))
    if exact is not None:
        return _fill(exact, {}, language, 0)
    if not depth:
        return text
    found = _index(language, context).find(text)
    if found is None and "\n" in text:
        lines = text.split("\n")
        return "\n".join(_translate(line, language, context, depth - 1) for line in lines)
    if found is None or len(found[0].letters) < SHORT:
        bare = text.lstrip(" ")
        told = _problem(bare, language, depth - 1)
        if told is not None or found is None:
            return text if told is None else text[: len(text) - len(bare)] + told
    return _fill(found[0].other, found[1], language, depth - 1)


def _problem(text: str, language: str, depth: int) -> str | None:
    """An error's own text within another one: what and where, the value, a reason and a remedy."""
    for middle in re.finditer("; ", text):
        before, remedy = text[: middle.start()], text[middle.end() :]
        for blank in re.finditer(" ", before) if _begins(remedy, language) else ():
            reason = before[blank.end() :]
            if before[blank.start() - 1] != ":" and _begins(reason, language):
                found = re.fullmatch(_PLACES, before[: blank.start()])
                where, value = found.groups() if found else ("", before[: blank.start()])
                places = [_messages(each, language, depth) for each in where.split(": ")]
                value = _translate(value, language, "", 0)
                told = [_translate(each, language, "", depth) for each in (reason, remedy)]
                return "：".join([*places[:-1], f"{places[-1]}{value} {'；'.join(told)}"])
    return None


def _begins(text: str, language: str) -> bool:
    """Whether a text is a message that begins with words of its own."""
    if ("", _escaped(text)) in _catalogue(language):
        return True
    return _index(language, "").find(text, begins=True) is not None


def _fill(template: str, parts: Mapping[str, str], language: str, depth: int) -> str:
    return _Filler(language, depth).vformat(template, (), parts)


def _messages(text: str, language: str, depth: int) -> str:
    """Several messages in one text, each translated, and what stands between them as well.

    A text whose pieces are all messages is several; else it is one; else what of it is known.
    """
    ways = [(text.split(between), other) for between, other in _BETWEEN if between in text]
    for pieces, other in ways:
        told = [_translate(each, language, "", depth) for each in pieces]
        if all(one != each for one, each in zip(told, pieces, strict=True)):
            return other.join(told)
    whole = _translate(text, language, "", depth)
    if whole != text or not ways or is_data(text):
        return whole
    pieces, other = ways[0]
    return other.join(_messages(each, language, depth) for each in pieces)


def is_data(text: str) -> bool:
    """Whether a text is shown as `repr` or JSON has it, so that no word of it is a message."""
    return _DATA.fullmatch(text) is not None


class _Filler(Formatter):
    """Fills a translation in; a part that it marks is translated first."""

    def __init__(self, language: str, depth: int) -> None:
        self.language, self.depth = language, depth

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(value)
        if is_data(text):
            return text
        if format_spec == "message" or (format_spec == "phrase" and " " in text):
            return _translate(text, self.language, "", self.depth)
        if format_spec == "step":
            told = _translate(text, self.language, "step", self.depth)
            return told if told != text else _translate(text, self.language, "", self.depth)
        if format_spec == "messages":
            return _messages(text, self.language, self.depth)
        if format_spec == "list":
            for between, other in _BETWEEN:
                text = text.replace(between, other)
        return text


# --- the catalogue -----------------------------------------------------------------------------


@cache
def _catalogue(language: str) -> dict[tuple[str, str], str]:
    """All messages by context and English text."""
    name = f"locale/{language}/LC_MESSAGES/randcheck.mo"
    with files(__package__).joinpath(name).open("rb") as file:
        messages: dict[str, str] = vars(GNUTranslations(file))["_catalog"]
    split = {tuple(key.rpartition("\x04")[::2]): told for key, told in messages.items() if key}
    return {(context, message): told for (context, message), told in split.items()}


@frozen
class _Template:
    """A template with placeholders: English, the other language, what fits it, its own letters."""

    english: str
    other: str
    own: tuple[str, ...] = field(init=False)
    fits: re.Pattern[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        pattern, own, names = "", [], set[str]()
        weak = self.english.startswith("{") and len(re.findall("[A-Za-z]", self.letters)) <= WEAK
        part = r"\S*?" if weak else ".*?"
        for literal, name, _, _ in Formatter().parse(self.english):
            own.append(literal)
            pattern += re.escape(literal)
            if name is not None:
                pattern += f"(?P={name})" if name in names else f"(?P<{name}>{part})"
                names.add(name)
        object.__setattr__(self, "own", tuple(own))
        object.__setattr__(self, "fits", re.compile(pattern, re.DOTALL))

    @property
    def letters(self) -> str:
        """What is its own in every text made of it."""
        return "".join(literal for literal, _, _, _ in Formatter().parse(self.english))

    @property
    def rank(self) -> tuple[int, str]:
        return -len(self.letters), self.english

    def words(self) -> Iterator[str]:
        """The words that stand in every text made of it, whole."""
        ends_in_part = self.english.endswith("}") and not self.english.endswith("}}")
        for number, literal in enumerate(self.own):
            first, last = number == 0, number == len(self.own) - 1 and not ends_in_part
            for word in re.finditer(r"\w+", literal):
                begins = word.start() > 0 or first
                ends = word.end() < len(literal) or last
                if begins and ends:
                    yield word[0]


class _Index:
    """Templates by a word of theirs that is rare among them, so that few are tried for a text."""

    def __init__(self, templates: list[_Template]) -> None:
        self.templates = sorted(templates, key=lambda template: template.rank)
        count = Counter(word for template in self.templates for word in set(template.words()))
        self.by_word: dict[str | None, list[int]] = {}
        for number, template in enumerate(self.templates):
            words = sorted(set(template.words()), key=lambda word: (count[word], word))
            self.by_word.setdefault(words[0] if words else None, []).append(number)

    def find(self, text: str, *, begins: bool = False) -> tuple[_Template, dict[str, str]] | None:
        """The most specific template that a text fits, and what fills it.

        `begins`: only one that begins with a word of its own.
        """
        words: set[str | None] = {None, *re.findall(r"\w+", text)}
        near = sorted(number for word in words for number in self.by_word.get(word, ()))
        for number in near:
            if begins and self.templates[number].english.startswith("{"):
                continue
            if found := self.templates[number].fits.fullmatch(text):
                return self.templates[number], found.groupdict()
        return None


@cache
def _index(language: str, context: str) -> _Index:
    return _Index(
        [
            _Template(message, told)
            for (where, message), told in _catalogue(language).items()
            if where == context and _has_parts(message) and (context or _has_words(message))
        ]
    )


def _has_parts(message: str) -> bool:
    return any(name is not None for _, name, _, _ in Formatter().parse(message))


def _has_words(message: str) -> bool:
    """Whether a message has words of its own, so that not every text fits it."""
    return any(re.search(r"\w", literal) for literal, _, _, _ in Formatter().parse(message))


def _escaped(text: str) -> str:
    """A text as a template without placeholders."""
    return text.replace("{", "{{").replace("}", "}}")
