"""The tables of a ledger through SQLAlchemy Core: SQLite and PostgreSQL.

Rules enforced here:
1. One writer at a time: `BEGIN IMMEDIATE` in SQLite, the locked row of the schema's version in
   PostgreSQL. It reads that version, so a writer of an older schema stops at a migration.
2. A transaction stores an event with its marks, or nothing. Sequence and digest are unique.
3. Events are only added: triggers refuse to change or delete one (a guard against mistakes; against
   a database's owner only heads that others keep help).
4. Migrations run one version after the other in one transaction. What is new begins as version 1.

Imported where a ledger is opened: the package does not need SQLAlchemy before.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as hooks

from randcheck import canonical
from randcheck.errors import ParameterError
from randcheck.ledger import check
from randcheck.ledger.errors import LedgerSchemaError, LedgerStorageError

SCHEMA = 2

_TABLES = sa.MetaData()
META = sa.Table(
    "randcheck_meta",
    _TABLES,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(40), nullable=False),
)
EVENTS = sa.Table(
    "randcheck_events",
    _TABLES,
    sa.Column(
        "sequence",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
MARKS = sa.Table(  # since version 2: what the order asks for, so that nobody reads all events
    "randcheck_marks",
    _TABLES,
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

_VERSION = sa.select(META.c.value).where(META.c.key == "schema")
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER randcheck_no_{action} BEFORE {action} ON randcheck_events "
        "BEGIN SELECT RAISE(ABORT, 'events are only added'); END"
        for action in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION randcheck_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are only added'; END $$",
        "CREATE TRIGGER randcheck_no_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON randcheck_events FOR EACH STATEMENT EXECUTE FUNCTION randcheck_refuse()",
    ],
}


class Transaction:
    """What may be asked and stored inside one transaction."""

    def __init__(self, connection: sa.Connection, version: int) -> None:
        self._connection, self.version = connection, version

    def last(self) -> bytes | None:
        """The bytes of the last event."""
        query = sa.select(EVENTS.c.data).order_by(EVENTS.c.sequence.desc()).limit(1)
        return self._connection.scalar(query)

    def find(self, digest: str) -> bytes | None:
        """The bytes of the event with this digest."""
        return self._connection.scalar(sa.select(EVENTS.c.data).where(EVENTS.c.digest == digest))

    def rows(
        self, start: int = 0, limit: int | None = None
    ) -> Generator[tuple[int, str, bytes], None, None]:
        """Sequence, digest and bytes of events, in their order."""
        query = sa.select(EVENTS).where(EVENTS.c.sequence >= start).order_by(EVENTS.c.sequence)
        query = query.limit(limit).execution_options(yield_per=1000)
        with self._connection.execute(query) as found:
            for row in found:
                yield row[0], row[1], row[2]

    def known(self, key: str) -> Any:
        """What `check.Chain.known` answers, from the tables."""
        name, _, rest = key.partition(":")
        if name == "digest":
            here = EVENTS.c.sequence == int(rest)
            return self._connection.scalar(sa.select(EVENTS.c.digest).where(here))
        found = self._connection.scalar(sa.select(MARKS.c.value).where(MARKS.c.key == key))
        return None if found is None else canonical.loads(found.encode())

    def marks(self) -> dict[str, Any]:
        """All marks, each as its canonical text."""
        return {row[0]: row[1] for row in self._connection.execute(sa.select(MARKS))}

    def add(self, sequence: int, digest: str, data: bytes, marks: Mapping[str, Any]) -> None:
        """Store an event and what becomes known by it."""
        row = {"sequence": sequence, "digest": digest, "data": data}
        self._connection.execute(sa.insert(EVENTS).values(row))
        self._connection.execute(sa.delete(MARKS).where(MARKS.c.key.in_(marks)))
        self._connection.execute(sa.insert(MARKS), marks_as_rows(marks))


class Database:
    """A database with or without a ledger in it; any process may use it, also after a fork."""

    def __init__(self, url: str, timeout: float) -> None:
        try:
            address = sa.make_url(url)
        except sa.exc.ArgumentError:
            address = None
        kind = address.get_backend_name() if address else ""
        if address is None or kind not in _GUARDS:
            remedy = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
            raise ParameterError("url", repr(url), "is no address of a ledger", remedy)
        self.sqlite, self._process, self._timeout = kind == "sqlite", os.getpid(), timeout
        self.file = address.database if self.sqlite else None
        if self.sqlite:
            self._engine = sa.create_engine(address, connect_args={"timeout": timeout})
            hooks.listen(self._engine, "connect", _sqlite_connected)
            hooks.listen(self._engine, "begin", _sqlite_begins)
        else:
            if address.drivername == "postgresql":
                address = address.set(drivername="postgresql+psycopg")
            self._engine = sa.create_engine(
                address, isolation_level="READ COMMITTED", pool_pre_ping=True
            )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction of the only writer, committed at the end."""
        with self._begin(write=True) as connection:
            if not self.sqlite:
                wait = f"{int(self._timeout * 1000)}ms"
                connection.execute(sa.select(sa.func.set_config("lock_timeout", wait, True)))
            version = self._version(connection, _VERSION.with_for_update())
            if version != SCHEMA:
                remedy = "another release has migrated it: open it again"
                raise LedgerSchemaError(f"now {version}", SCHEMA, remedy)
            yield Transaction(connection, version)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the ledger, of any version up to this one."""
        with self._begin(write=False) as connection:
            yield Transaction(connection, self._version(connection, _VERSION))

    def prepare(self, *, readonly: bool) -> None:
        """Make the tables or migrate them; with `readonly` only see that they can be read."""
        if readonly and self.file and not Path(self.file).exists():
            raise LedgerStorageError(f"there is no file {self.file}")
        with self._begin(write=False) as connection:
            there = sa.inspect(connection).has_table(META.name)
            if there and (readonly or self._version(connection, _VERSION) == SCHEMA):
                self._version(connection, _VERSION)
                return
        if readonly:
            raise LedgerSchemaError("missing", SCHEMA, "this database holds no ledger")
        with self._begin(write=True) as connection:
            if not self.sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x72636C64)))
            if not sa.inspect(connection).has_table(META.name):
                META.create(connection)
                EVENTS.create(connection)
                connection.execute(sa.insert(META).values(key="schema", value="1"))
            version = self._version(connection, _VERSION.with_for_update())
            for step in _MIGRATIONS[version - 1 :]:
                step(connection)
            told = sa.update(META).where(META.c.key == "schema").values(value=str(SCHEMA))
            connection.execute(told)

    @contextmanager
    def _begin(self, *, write: bool) -> Iterator[sa.Connection]:
        if self._process != os.getpid():  # a connection of the parent is not ours to use or close
            self._engine.dispose(close=False)
            self._process = os.getpid()
        options: dict[str, Any] = {"randcheck_write": write}
        if not (self.sqlite or write):
            options["isolation_level"] = "REPEATABLE READ"
        with self._engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection

    def _version(self, connection: sa.Connection, query: sa.Select[Any]) -> int:
        found: str | None = connection.scalar(query)
        if found is None or not found.isdecimal() or not 1 <= int(found) <= SCHEMA:
            raise LedgerSchemaError(repr(found), SCHEMA, "use a release that knows it")
        return int(found)


def marks_as_rows(marks: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of marks: values as canonical text."""
    return [{"key": key, "value": canonical.dumps(marks[key]).decode()} for key in marks]


def _sqlite_connected(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_sqlite_begins` says so
    connection.execute("PRAGMA synchronous=FULL")


def _sqlite_begins(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("randcheck_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _to_2(connection: sa.Connection) -> None:
    """Version 2: the marks, from all events; the triggers."""
    chain = check.Chain()
    for _, _, data in Transaction(connection, 1).rows():
        try:
            chain.add(data)
        except check.RefusedError as refused:
            told = f"event {len(chain.digests)} does not verify ({refused.where})"
            raise LedgerStorageError(f"{told}: open it with readonly=True, and verify") from None
    MARKS.create(connection)
    if chain.marks:
        connection.execute(sa.insert(MARKS), marks_as_rows(chain.marks))
    for statement in _GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


_MIGRATIONS = (_to_2,)
