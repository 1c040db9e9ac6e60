"""Writes `ledger-v1.sqlite`, tables of version 1 with a few events, by the standard library alone.

The file is kept: releases to come must read it. `python make_v1.py` makes the same content.
"""

import hashlib
import json
import sqlite3
from pathlib import Path

PATH = Path(__file__).with_name("ledger-v1.sqlite")
TABLES = """
CREATE TABLE randcheck_meta (
    "key" VARCHAR(40) NOT NULL, value VARCHAR(40) NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE randcheck_events (
    sequence INTEGER NOT NULL, digest VARCHAR(64) NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (sequence), UNIQUE (digest));
INSERT INTO randcheck_meta VALUES ('schema', '1');
"""
SOURCE = {"grade": "G0", "kind": "lottery"}
FIRST = {"plan": {"id": "P", "version": 1}, "task": "T", "source": SOURCE, "root": None}
BODIES = [
    ("plan", {"id": "P", "version": 1, "sha256": "aa" * 32, "reason": None}),
    (
        "commitment",
        FIRST
        | {"commitment_sha256": "c0" * 32, "sheet_sha256": "55" * 32}
        | {"repeats": None, "reason": None},
    ),
    ("randomness", {"commitment_sha256": "c0" * 32, "text": "05 09 + 08", "evidence": None}),
    ("record", {"commitment_sha256": "c0" * 32, "record_sha256": "d0" * 32}),
    ("confirmation", {"record_sha256": "d0" * 32, "by": ["a", "b"]}),
]


def rows():
    previous = "0" * 64
    for sequence, (kind, body) in enumerate(BODIES):
        event = {"actor": "office", "at": f"2026-07-0{sequence + 1}T09:30:00Z", "body": body}
        event |= {"kind": kind, "previous": previous, "protocol": "randcheck/v1"}
        event["sequence"] = sequence
        data = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
        previous = hashlib.sha256(data).hexdigest()
        yield sequence, previous, data


def make(path):
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
        connection.executemany("INSERT INTO randcheck_events VALUES (?, ?, ?)", rows())
    connection.close()


if __name__ == "__main__":
    PATH.unlink(missing_ok=True)
    make(PATH)
