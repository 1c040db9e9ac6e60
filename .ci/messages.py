"""The messages that people read: found in the sources, kept in the catalogue, compiled.

    .ci/messages            find them, update randcheck.pot and the .po files, compile the .mo files
    .ci/messages --check    say what has no translation; needs the standard library alone

Rules enforced here:
1. A message is a text in code that a person may read: any with a word and a blank, and single words
   where a call shows them (`WORDS`). What is none is told by `_silent`, or by a name in `DATA`.
2. What an f-string fills in is a placeholder named after it, such as {reason}. An `x if y else z`
   of texts within one gives a message for each.
3. The first lines of an error are a message in the context of the error's code.
"""

from __future__ import annotations

import argparse
import ast
import gettext
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "randcheck"
LOCALE = SOURCES / "language" / "locale"
DOMAIN = "randcheck"

#: What is read by those who write strategies, or holds nothing for people.
SKIPPED = ("testing", "web", "_version.py")

#: Calls that show single words: which positional arguments (all for None), which keywords.
WORDS: dict[str, tuple[tuple[int, ...] | None, tuple[str, ...]]] = {
    "Problem": ((2, 3, 4), ("value", "reason", "remedy")),
    "Fault": (None, ("reason", "remedy")),
    "DataError": ((0,), ("what",)),
    "ParameterError": ((1, 2, 3), ("value", "reason", "remedy")),
    "UnknownNameError": ((0, 3), ("kind", "remedy")),
    "RecordError": (None, ("where", "reason")),
    "MissingExtraError": ((2,), ("purpose",)),
    "StepError": ((0, 2, 3, 4), ("about", "what", "expected", "found")),
    "LedgerEventError": (None, ("where", "expected", "found")),
    "Finding": ((2, 3, 4), ("where", "expected", "found")),
    "_finding": ((1, 2, 3), ()),
    "_unless": ((1, 2, 3), ()),
    "_same": ((1,), ()),
    "_need": ((2, 3, 4), ()),
    "_once": ((1, 2), ()),
    "RefusedError": ((1, 2, 3), ()),
    "need": ((2, 3), ()),
    "need_status": (None, ()),
    "refused": ((1, 2), ()),
    "evolve": ((), ("status",)),
    "finding": ((), ("found", "needed", "why", "remedy", "known")),
    "add": ((1,), ("found", "needed", "why", "remedy", "known", "character")),
    "stop": ((1,), ("found", "needed", "why", "remedy", "known")),
    "say": ((0,), ()),
    "in_all": ((0,), ()),
    "Column": ((1,), ()),
    "add_parser": ((), ("help", "description", "epilog")),
    "add_subparsers": ((), ("title", "metavar")),
    "add_argument": ((), ("help", "metavar")),
}

#: Names whose texts are shown wherever they stand: a constant, or a key of a table.
NAMED = {
    "ABOUT",
    "title",
    "remedy",
    "told",
    "reason",
    "FORMS",
    "REASONS",
    "_FORBIDDEN",
    "_LIST_HEADER",
    "_GUIDE_HEADER",
    "_STRATEGIES_HEADER",
}

#: Words of data, which mean the same in every language.
DATA = {
    "natural person", "attached object", "individual business", "special equipment",
    "special-equipment operator", "foreign permanent resident", "travel permit", "sorted numbers",
    "READ COMMITTED", "REPEATABLE READ", "BEGIN IMMEDIATE", "not found", "en", "zh", "None", "DIR",
    "CSV", "TEXT", "FILE", "HEX", "EXPORT", "ID", " and ", " or ", "Ledger.open", "stage ",
    "Cc", "Cf", "Cs", "Zl", "Zp", "drawn-this-year", "owner-excluded", "round", "FixedCalendar",
    "ChineseCalendar", "AS_OF", "'rows'", "example: verify.py r s", ", or ",
    "2026-07 joint inspection", "the \0 \0", "the \0s \0", "no such word",
}  # fmt: skip

#: What is made outside the sources, or in a way that this file does not follow.
OTHERS = (
    # types, as `type(value).__name__` names them
    "int", "float", "str", "bool", "list", "dict", "tuple", "set", "bytes", "date", "datetime",
    "NoneType",
    # places in findings, and what is unchecked
    "input", "commitment", "randomness", "odds", "teams", "matcher", "parent", "seed", "items",
    "visits", "cells", "record", "sheet", "task", "body", "event", "previous", "sequence", "at",
    "subject", "source", "stage", "line", "proof", "root", "ticket", "team", "closed", "drawn",
    "old head", "among", "REFUSED", "ledger", "keyring", "abandoned", "repeated",
    # forms that `verify` names
    *(f"{form}{end}" for form in ("hex", "text", "count", "date", "ids", "texts", "object", "list",
                                  "string", "strategy", "kind", "mark", "limits", "bits", "counts",
                                  "source", "inputs", "recusal") for end in ("", "?")),
    # what is put together piece by piece
    *(f"the {kind} {{names}}" for kind in ("region", "regions", "department", "departments",
      "specialty", "specialties", "qualification", "qualifications")),
    ", ",
    "inspectors", "experts", "met", "missed", "sampler", "allocation", "matcher", "conflict rule",
    *(f"{who}{of}{wide}{held}" for who in ("inspectors", "experts")
      for of in ("", " of {departments}") for wide in ("", " with {specialties}")
      for held in ("", " with {held}") if of or wide or held),
    "they need {needed} {who} in {where}; the {people} who are eligible can fill {available} of "
    "these places, each once a visit and within the capacity; {short} short",
    "not even alone does each find its team of {who} in {where}, with all that it needs; {people} "
    "are eligible for some place in some of them",
    "the rate of {rate}", "the band's least, {rate}", "the least in each class, {rate}",
    *(f"{{count}}{total} by {{rule}} allocation{gap}" for total in ("", " of the total of {total}")
      for gap in ("", ", within {gap} of the best")),
    "unknown {kind}: {names}; {remedy}", "unknown {kind}: {names}; known: {known}",
    "unknown {kind}: {names}; known: {known}; {remedy}",
    # of the standard library
    "{type}Error: {message}",
    "'utf-8' codec can't decode byte {byte} in position {position}: {reason}",
    "'utf-8' codec can't encode character {character} in position {position}: {reason}",
    "invalid start byte", "invalid continuation byte", "unexpected end of data",
    "surrogates not allowed", "[Errno 2] No such file or directory: {name}",
    "No such file or directory", "Permission denied", "File exists", "Is a directory",
    "Not a directory", "No space left on device", "Read-only file system",
    "{message}: line {line} column {column} (char {char})", "Expecting value", "Extra data",
    "Invalid control character at", "Expecting property name enclosed in double quotes",
    "Unterminated string starting at", "Invalid \\escape", "Expecting ',' delimiter",
    "Expecting ':' delimiter", "Invalid \\uXXXX escape",
    "Illegal trailing comma before end of object",
    "Illegal trailing comma before end of array", "Unexpected UTF-8 BOM (decode using utf-8-sig)",
    "Object of type {type} is not JSON serializable", "Circular reference detected",
    # of Unicode: what nobody sees in a cell (the names of others stay as they are)
    "a control character", "zero width space", "zero width non-joiner", "zero width joiner",
    "zero width no-break space", "word joiner", "soft hyphen", "left-to-right mark",
    "right-to-left mark", "no-break space", "narrow no-break space", "ideographic space",
    "en space", "em space", "thin space", "figure space", "line separator", "paragraph separator",
    # of the command line's own parser
    "usage: ", "positional arguments", "options", "show this help message and exit",
    "show program's version number and exit", "the following arguments are required: {arguments}",
    "unrecognized arguments: {arguments}", "argument {name}: {message}", "expected one argument",
    "expected at least one argument", "invalid choice: {value} (choose from {choices})",
    "invalid {type} value: {value}", "not allowed with argument {name}",
    "one of the arguments {arguments} is required", "{prog}: error: {message}",
)  # fmt: skip

#: Calls whose texts nobody reads.
_SILENT_CALLS = {"compile", "fullmatch", "match", "sub", "search", "findall", "split", "text",
                 "execute", "exec_driver_sql", "startswith", "endswith", "getLogger", "TypeVar",
                 "DDL", "execution_options", "attrgetter", "choice", "some_of", "sign", "fields",
                 "encode", "import_module", "AttributeError", "ResultCode"}  # fmt: skip


class Message(NamedTuple):
    """A text as a template, and in which context it stands ("" for most)."""

    context: str
    id: str


Places = dict[Message, list[tuple[str, int]]]


def skeleton(message: Message) -> Message:
    """A message without the names of its placeholders, which may change in the sources."""
    return Message(message.context, _plain(message.id))


def messages() -> Places:
    """All messages with where they stand, in the order of files and lines.

    Those that differ in the names of their placeholders alone are one, named as `say` names it.
    """
    trees = {}
    for path in sorted(SOURCES.rglob("*.py")):
        if path.relative_to(SOURCES).parts[0] not in SKIPPED:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            trees[path.relative_to(ROOT).as_posix()] = _File(tree)
    names = {skeleton(each): each for file in trees.values() for each in file.said()}
    found: Places = {}
    for file, tree in trees.items():
        for message, line in tree.messages():
            first = names.setdefault(skeleton(message), message)
            places = found.setdefault(first, [])
            if not places or places[-1][0] != file:
                places.append((file, line))
    for message in (Message("", text) for text in OTHERS):
        found.setdefault(names.setdefault(skeleton(message), message), [])
    return found


class _File:
    """The messages of one file."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents = {
            child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)
        }

    def messages(self) -> Iterator[tuple[Message, int]]:
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                found += list(self._layouts(node))
            elif isinstance(node, ast.Call) and _name_of(node.func) == "Life":
                found += list(self._steps(node))
            if _is_text(node) and not self._is_part(node) and not self._silent(node):
                shown = self._shown(node)
                logged = isinstance(node, ast.Constant) and self._logged(node)
                for text in [_of_log(node)] if logged else _templates(node):
                    if _reads(text, alone=shown) and _plain(text) not in DATA:
                        found.append((Message("", text), node.lineno))  # type: ignore[attr-defined]
        found += [(message, 0) for message in self.said()]
        return iter(sorted(found, key=lambda each: each[1]))

    def said(self) -> Iterator[Message]:
        """The messages that are looked up as they stand."""
        for node in ast.walk(self.tree):
            told = isinstance(node, ast.Call) and _name_of(node.func) in ("say", "fill", "in_all")
            if told and node.args and (text := _literal(node.args[0])):
                yield Message("", text)

    def _logged(self, node: ast.AST) -> bool:
        call = self.parents[node]
        return isinstance(call, ast.Call) and _name_of(call.func) in ("debug", "info", "warning")

    def _layouts(self, node: ast.ClassDef) -> Iterator[tuple[Message, int]]:
        """The text of an error, in the context of its code."""
        code = [
            each.value.value
            for each in node.body
            if isinstance(each, ast.AnnAssign)
            and isinstance(each.target, ast.Name)
            and each.target.id == "code"
            and isinstance(each.value, ast.Constant)
        ]
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name == "__str__" and code:
                for step in ast.walk(each):
                    if isinstance(step, ast.Return) and step.value and _is_text(step.value):
                        for text in _templates(step.value):
                            yield Message(str(code[0]), text), step.lineno

    def _steps(self, node: ast.Call) -> Iterator[tuple[Message, int]]:
        """The names of the steps of a life."""
        for each in ast.walk(node):
            if isinstance(each, ast.Dict):
                for key in each.keys:
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield Message("step", key.value), key.lineno

    def _is_part(self, node: ast.AST) -> bool:
        """Whether a text is a piece of another one, which holds it."""
        parent = self.parents.get(node)
        while isinstance(parent, ast.FormattedValue | ast.IfExp | ast.BoolOp):
            if isinstance(parent, ast.FormattedValue):
                return True
            node, parent = parent, self.parents.get(parent)
        return parent is not None and _is_text(parent)

    def _silent(self, node: ast.AST) -> bool:
        """Whether nobody reads a text: a docstring, a key, what is compared, a `repr`."""
        parent = self.parents[node]
        if isinstance(parent, ast.Expr | ast.Compare | ast.Subscript | ast.AnnAssign):
            return not (isinstance(parent, ast.AnnAssign) and parent.value is node)
        if isinstance(parent, ast.Tuple | ast.Set) and isinstance(
            self.parents.get(parent), ast.Compare | ast.Subscript
        ):
            return True
        while parent is not None:
            if isinstance(parent, ast.FunctionDef) and parent.name in ("__repr__", "__reduce__"):
                return True
            if isinstance(parent, ast.FunctionDef) and parent.name == "__str__":
                return self._is_error(parent)
            if isinstance(parent, ast.keyword) and parent.arg in ("repr", "pattern"):
                return True
            if isinstance(parent, ast.Call) and _name_of(parent.func) in _SILENT_CALLS:
                return True
            parent = self.parents.get(parent)
        return False

    def _is_error(self, node: ast.FunctionDef) -> bool:
        """Whether a method belongs to an error, whose layout is found by its code."""
        owner = self.parents[node]
        return isinstance(owner, ast.ClassDef) and owner.name.endswith("Error")

    def _shown(self, node: ast.AST) -> bool:
        """Whether a single word is shown, since a call or a name says so."""
        while True:
            parent = self.parents.get(node)
            if isinstance(parent, ast.IfExp | ast.BoolOp | ast.Tuple | ast.Dict | ast.Return):
                node = parent
                continue
            break
        if isinstance(parent, ast.Assign | ast.AnnAssign):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return any(isinstance(each, ast.Name) and each.id in NAMED for each in targets)
        keyword = ""
        if isinstance(parent, ast.keyword):
            keyword, node, parent = parent.arg or "", parent, self.parents[parent]
        if not isinstance(parent, ast.Call):
            return False
        positions, keywords = WORDS.get(_name_of(parent.func), ((), ()))
        if keyword:
            return keyword in keywords
        return node in parent.args and (positions is None or parent.args.index(node) in positions)  # type: ignore[arg-type]


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mult) and (
            _is_text(node.left) or _is_text(node.right)
        )
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _literal(node: ast.AST) -> str:
    """The constant text of a node."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(each) for each in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _reads(template: str, *, alone: bool) -> bool:
    """Whether a template has words: two, or with `alone` one."""
    plain = _plain(template)
    if plain.startswith(_CODE) or re.match(r"\w+:\w+\??( |$)", plain):
        return False
    if re.fullmatch(r"[\w\0\[\]]*[._][\w.\0\[\]]*", plain):  # a path, or a name of the code
        return False
    if re.fullmatch("[A-Z]+", plain) and plain != "REFUSED":  # for a value in the help
        return False
    return bool(re.search("[A-Za-z]{2}" if alone else "[A-Za-z]{2,}[,.:;]? | [A-Za-z]{2,}", plain))


#: How texts begin that are no messages: markup, SQL, what is hashed, other modules' names.
_CODE = ("<", "\n:root", "CREATE ", "PRAGMA ", "\0 salt", "\0 key", "\0 root", "\0 pseudonym",
         "\0 reveal", "\0 signature", ' class="')  # fmt: skip


def _plain(template: str) -> str:
    """What is left of a template when nothing is filled in."""
    bare = re.sub(r"(?<!\{)\{[^{}]*\}(?!\})", "\0", template)
    return bare.replace("{{", "{").replace("}}", "}")


# --- templates ---------------------------------------------------------------------------------


def _templates(node: ast.AST) -> list[str]:
    """The templates that a text may be made of."""
    told = []
    for parts in _variants(node):
        names: dict[str, str] = {}
        text = ""
        for part in parts:
            if isinstance(part, str):
                whole = isinstance(node, ast.Constant) and _is_format(part)
                text += part.replace("{}", "{part}") if whole else _escaped(part)
            else:
                text += "{" + _distinct(part, names) + "}"
        if text not in told:
            told.append(text)
    return told


def _escaped(text: str) -> str:
    """A literal with its braces doubled; {} is filled in later, by `str.format`."""
    return "{part}".join(each.replace("{", "{{").replace("}", "}}") for each in text.split("{}"))


def _of_log(node: Any) -> str:
    """The template of a line for the log, which fills in by %."""
    parts = re.split("%[sd]", node.value.replace("{", "{{").replace("}", "}}"))
    names = "abcdefgh"
    return parts[0] + "".join(f"{{{names[n]}}}{part}" for n, part in enumerate(parts[1:]))


def _is_format(text: str) -> bool:
    """Whether the braces of a constant are placeholders of `str.format`."""
    return "{" in text and not re.search(r"[{}]", re.sub(r"\{[a-z_]*(:[,.0-9a-z]+)?\}", "", text))


def _distinct(node: ast.AST, names: dict[str, str]) -> str:
    source = ast.dump(node)
    if source not in names:
        name, number = _placeholder(node), 2
        while name in names.values():
            name, number = f"{_placeholder(node)}_{number}", number + 1
        names[source] = name
    return names[source]


def _variants(node: ast.AST) -> Iterable[tuple[Any, ...]]:
    """Each way to write a text: literal pieces, and nodes that are filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [(node.value,)]
    if isinstance(node, ast.JoinedStr):
        return [sum(each, ()) for each in product(*map(_variants, node.values))]
    if isinstance(node, ast.FormattedValue):
        if isinstance(node.value, ast.Constant) and node.format_spec is not None:
            return [(format(node.value.value, _literal(node.format_spec)),)]
        if node.conversion == ord("r"):
            return [(node.value,)]
        return _variants(node.value)
    if isinstance(node, ast.IfExp):
        return [*_variants(node.body), *_variants(node.orelse)]
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return [each for value in node.values for each in _variants(value)]
    if isinstance(node, ast.BinOp) and _is_text(node):
        if isinstance(node.op, ast.Mult):
            return [*_variants(node.left if _is_text(node.left) else node.right), ()]
        pairs = product(_variants(node.left), _variants(node.right))
        return [(*left, *right) for left, right in pairs]
    return [(node,)]


#: Calls that show what they are given, and are named for it.
_SHOWN_AS_GIVEN = {"join", "shorten", "str", "repr", "sorted", "list", "float", "int", "abs", "map",
                   "_some", "_percent", "_pad", "TEXT", "ceil"}  # fmt: skip


def _placeholder(node: ast.AST) -> str:
    """A name for what is filled in."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower() or "part"
    if isinstance(node, ast.Attribute):
        return "type" if node.attr == "__name__" else node.attr.strip("_")
    if isinstance(node, ast.Subscript):
        key = node.slice
        if (
            isinstance(key, ast.Constant)
            and isinstance(key.value, str)
            and key.value.isidentifier()
        ):
            return key.value
        return _placeholder(node.value)
    if isinstance(node, ast.Call):
        name = _name_of(node.func)
        if name == "len":
            return "count"
        if name in _SHOWN_AS_GIVEN and node.args:
            return _placeholder(node.args[-1] if name == "map" else node.args[0])
        return name.strip("_").lower() or "part"
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _placeholder(node.generators[0].iter)
    if isinstance(node, ast.BinOp):
        return _placeholder(node.left)
    return "part"


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# --- the catalogue -----------------------------------------------------------------------------


class Entry(NamedTuple):
    """A message of a .po file with its translation."""

    message: Message
    told: str
    fuzzy: bool


def read_po(path: Path) -> list[Entry]:
    """The entries of a .po file, without its header and what is obsolete."""
    entries = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts = {"msgctxt": "", "msgid": "", "msgstr": ""}
        key, fuzzy = "", False
        for line in block.splitlines():
            if line.startswith("#,"):
                fuzzy |= "fuzzy" in line
            elif line.startswith("msg"):
                key, _, line = line.partition(" ")
            if key and line.startswith('"'):
                parts[key] += ast.literal_eval(line)
        if parts["msgid"]:
            message = Message(parts["msgctxt"], parts["msgid"])
            entries.append(Entry(message, parts["msgstr"], fuzzy))
    return entries


def faults(language: str, found: Places) -> list[str]:
    """What is wrong with the catalogue of a language, in words."""
    folder = LOCALE / language / "LC_MESSAGES"
    entries = read_po(folder / f"{DOMAIN}.po")
    told = []
    known = {skeleton(entry.message): entry for entry in entries}
    for message, places in found.items():
        entry = known.get(skeleton(message))
        if entry is not None and entry.message != message:
            told.append(f"other names of placeholders, update: {entry.message.id!r}")
        where = " ".join(f"{file}:{line}" for file, line in places[:2]) or "messages.py"
        if entry is None or not entry.told:
            told.append(f"{where}: no translation of {message.id!r}")
    for entry in entries:
        if entry.fuzzy:
            told.append(f"fuzzy: {entry.message.id!r}")
        if entry.told and _names(entry.told) != _names(entry.message.id):
            told.append(f"other placeholders: {entry.message.id!r}: {entry.told!r}")
        if skeleton(entry.message) not in {skeleton(each) for each in found}:
            told.append(f"in no source: {entry.message.id!r}")
    told += [
        f"twice: {each.id!r}" for each, n in Counter(e.message for e in entries).items() if n > 1
    ]
    with (folder / f"{DOMAIN}.mo").open("rb") as file:
        compiled = vars(gettext.GNUTranslations(file))["_catalog"]
    wanted = {("\x04".join(entry.message).removeprefix("\x04")): entry.told for entry in entries}
    if {key: value for key, value in compiled.items() if key} != wanted:
        told.append(f"{DOMAIN}.mo is not that of {DOMAIN}.po")
    return told


def _names(template: str) -> set[tuple[str, str]]:
    """The placeholders with their formats; which parts are messages is the translator's."""
    parts = ((name, spec or "") for _, name, spec, _ in Formatter().parse(template))
    marks = ("message", "messages", "list", "step", "phrase")
    return {(name, "" if spec in marks else spec) for name, spec in parts if name is not None}


def _renamed(entry: Entry, template: str) -> str:
    """A translation with the placeholders' names of another template of the same skeleton."""
    names = [[part[1] for part in Formatter().parse(each) if part[1] is not None]
             for each in (entry.message.id, template)]  # fmt: skip
    new = dict(zip(*names, strict=True))
    return re.sub(
        r"(?<!\{)\{(\w*)", lambda found: "{" + str(new.get(found[1], found[1])), entry.told
    )


def update(language: str, found: Places) -> None:
    """Write the template, the .po with what was translated before, and the .mo. Needs Babel."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import write_po

    folder = LOCALE / language / "LC_MESSAGES"
    po = folder / f"{DOMAIN}.po"
    old = {skeleton(each.message): each for each in read_po(po)} if po.exists() else {}
    day = datetime(2026, 1, 1, tzinfo=UTC)  # constant: the files depend on the messages alone
    for target, locale in ((LOCALE / f"{DOMAIN}.pot", None), (po, language)):
        who = "The randcheck developers"
        catalog = Catalog(locale=locale, project=DOMAIN, version="", creation_date=day,
                          revision_date=day, fuzzy=False, copyright_holder=who,
                          last_translator=who, charset="utf-8")  # fmt: skip
        for message, places in found.items():
            before = old.get(skeleton(message))
            told = _renamed(before, message.id) if before and locale else ""
            catalog.add(message.id, told, locations=places, context=message.context or None)
        with target.open("wb") as file:
            write_po(file, catalog, include_lineno=False, width=100)
        if locale:
            with (folder / f"{DOMAIN}.mo").open("wb") as file:
                write_mo(file, catalog)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = messages()
    if not options.check:
        update("zh", found)
    told = faults("zh", found)
    sys.stdout.write("\n".join([*told, f"{len(found)} messages, {len(told)} faults\n"]))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
