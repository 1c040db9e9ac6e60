"""The ledger (台账): append, read, verify, export.

Rules enforced here:
1. Head, order and time are looked at inside the transaction that stores the event.
2. A transaction whose end is unknown is never repeated before its event was looked for, so that a
   lost connection neither loses nor doubles an event.
3. An export appears whole or not at all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from randcheck import canonical
from randcheck.errors import MissingExtraError
from randcheck.ledger import check
from randcheck.ledger import indicators as _indicators
from randcheck.ledger.check import Head, Report
from randcheck.ledger.errors import LedgerStorageError
from randcheck.ledger.events import Event, follow, time_of
from randcheck.ledger.indicators import Indicator, Witnessed

if TYPE_CHECKING:
    from randcheck.ledger.database import Database

#: How often `append` tries, and how many events are read at once.
ATTEMPTS, PAGE = 5, 1000


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """An append-only log in a database. Make one with `Ledger.open`."""

    def __init__(self, database: Database, clock: Callable[[], datetime], timeout: float) -> None:
        self._database, self._clock, self._timeout = database, clock, timeout

    @classmethod
    def open(
        cls,
        url: str,
        *,
        readonly: bool = False,
        timeout: float = 60,
        clock: Callable[[], datetime] = _now,
    ) -> Ledger:
        """The ledger at `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`.

        Makes one where there is none and migrates an older one, unless `readonly`. `timeout` is how
        many seconds to wait for other writers. Raises `LedgerSchemaError` for a later schema,
        `MissingExtraError` without SQLAlchemy or the database's driver.
        """
        with _driver():
            from randcheck.ledger.database import Database

            database = Database(url, timeout)
        try:
            with _told():
                database.prepare(readonly=readonly)
        except BaseException:
            database.close()
            raise
        return cls(database, clock, timeout)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def append(
        self, kind: str, body: Mapping[str, Any], *, actor: str, at: datetime | str | None = None
    ) -> Event:
        """Store one event more and return it, for good; or raise, and nothing is stored.

        Raises what `extend` raises.
        """
        [event] = self.extend([(kind, body)], actor=actor, at=at)
        return event

    def extend(
        self,
        entries: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        actor: str,
        at: datetime | str | None = None,
        allow: Callable[[list[Event]], None] | None = None,
    ) -> list[Event]:
        """Store events, each a kind and a body, in one transaction: all of them or none.

        `allow` sees them before they are kept, while nobody else can write: if it raises, none is.
        `LedgerEventError` for what is no event, `LedgerOrderError` for one at the wrong time,
        `LedgerStorageError` where the database fails, also after trying again; its
        text names the digests that may have been stored when nobody could say so.
        """
        from sqlalchemy.exc import IntegrityError, OperationalError

        given, sent = list(entries), list[list[str]]()
        if not given:
            return []
        attempt, end = 1, time.monotonic() + self._timeout
        with _told(sent):
            while True:
                try:
                    return self._extend(given, actor, at, allow, sent)
                except (OperationalError, IntegrityError):
                    if attempt == ATTEMPTS or time.monotonic() > end:
                        raise
                time.sleep(0.02 * 2**attempt)
                attempt += 1

    def _extend(
        self,
        given: list[tuple[str, Mapping[str, Any]]],
        actor: str,
        at: Any,
        allow: Callable[[list[Event]], None] | None,
        sent: list[list[str]],
    ) -> list[Event]:
        with self._database.write() as stored:
            for digests in sent:
                found = [data for digest in digests if (data := stored.find(digest)) is not None]
                if found:
                    return [Event(data) for data in found]
            last = stored.last()
            before = None if last is None else Event(last)
            head, since = (check.EMPTY, "") if before is None else (before.head, before.at)
            when, events = time_of(at, self._clock(), since), list[Event]()
            for kind, body in given:
                event = Event.of(kind, body, actor=actor, at=when, after=head)
                marks = follow(event, head, since, stored.known)
                stored.add(event.sequence, event.digest, event.data, marks)
                head, since = event.head, event.at
                events.append(event)
            if allow is not None:
                allow(events)
            sent.append([event.digest for event in events])
        return events

    def head(self) -> Head:
        """The last event's sequence and digest: what is published. Empty: -1 and zeros."""
        with _told(), self._database.read() as stored:
            last = stored.last()
        return check.EMPTY if last is None else Event(last).head

    def events(self, start: int = 0) -> Iterator[Event]:
        """The events from a sequence on, also those that come while they are read."""
        while True:
            with (
                _told(),
                self._database.read() as stored,
                closing(stored.rows(start, PAGE)) as rows,
            ):
                page = [Event(data) for _, _, data in rows]
            yield from page
            if len(page) < PAGE:
                return
            start = page[-1].sequence + 1

    def verify(self, old_head: Head | str | None = None) -> Report:
        """The checks of an export, and two more: 9. Each row's columns are its event's.
        10. The marks are those of the events.
        """
        chain = check.Chain()

        def lines(rows: Iterable[tuple[int, str, bytes]]) -> Iterator[bytes]:
            for row in rows:
                due = (len(chain.digests), canonical.sha256(row[2]))
                if row[:2] != due:
                    raise check.RefusedError(9, "columns", str(due), str(row[:2]))
                yield row[2]

        with _told(), self._database.read() as stored:
            with closing(stored.rows()) as rows:
                report = check.verify_lines(chain, lines(rows), old_head)
            if stored.version == 1 or any(each.severity == "fatal" for each in report.findings):
                return report._replace(unchecked=(*report.unchecked, "marks"))
            return _with_marks(report, chain, stored.marks())

    def export(self, path: str | os.PathLike[str]) -> Head:
        """Write all events as JSON lines, in place of what is there; the head they end with."""
        target, head = Path(path), check.EMPTY
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                for event in self.events():
                    file.write(event.data + b"\n")
                    head = event.head
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return head

    def evidence(self, commitment_sha256: str) -> tuple[Witnessed, ...]:
        """The witnesses whose head covers a commitment."""
        return _indicators.evidence(self.events(), commitment_sha256)

    def indicators(self) -> tuple[Indicator, ...]:
        """What was abandoned, repeated or left unfinished, by task."""
        return _indicators.indicators(self.events())


def _with_marks(report: Report, chain: check.Chain, found: dict[str, str]) -> Report:
    expected = {key: canonical.dumps(value).decode() for key, value in chain.marks.items()}
    wrong = sorted(key for key, _ in expected.items() ^ found.items())[:1]
    told = tuple(
        check.Finding(10, "error", f"mark {key}", str(expected.get(key)), str(found.get(key)))
        for key in wrong
    )
    return report._replace(findings=report.findings + told)


@contextmanager
def _driver() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name)
        extra = "ledger" if package == "sqlalchemy" else "postgresql"
        raise MissingExtraError(package, extra, "Ledger.open") from None


@contextmanager
def _told(sent: Sequence[Sequence[str]] = ()) -> Iterator[None]:
    """A database's own errors as `LedgerStorageError`, which names what may have been stored."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except UnicodeDecodeError as error:  # not a database, or not a text of one
        raise LedgerStorageError(f"the database holds what is no text: {error}") from None
    except SQLAlchemyError as error:
        told = (str(getattr(error, "orig", None) or "").strip() or str(error)).partition("\n")[0]
        if sent:
            told += f"; look for {' or '.join(each[-1] for each in sent)} before trying again"
        raise LedgerStorageError(told) from None
