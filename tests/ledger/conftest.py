"""A private PostgreSQL for the tests, where one is installed; otherwise those tests are skipped.

`RANDCHECK_TEST_POSTGRES`, the URL of a database where schemas may be made, names a server instead.
"""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_server():
    if url := os.environ.get("RANDCHECK_TEST_POSTGRES"):
        yield url
        return
    pytest.importorskip("psycopg")
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL is installed")
    programs = Path(found[-1]).parent
    folder = Path(tempfile.mkdtemp(prefix="randcheck-"))
    rights = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        rights = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(program, *arguments):
        data = ["-D", str(folder / "data")]
        told = subprocess.run(
            [programs / program, *data, *arguments], cwd=folder, capture_output=True, **rights
        )
        assert told.returncode == 0, told.stderr

    try:
        run("initdb", "-U", "randcheck", "-A", "trust", "-E", "UTF8", "--no-sync")
        log, options = str(folder / "log"), f"-k {folder} -c listen_addresses=''"
        # the output of a server that goes on must not be a pipe that somebody waits for
        subprocess.run(
            [programs / "pg_ctl", "-D", folder / "data", "-w", "-l", log, "-o", options, "start"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **rights,
        )
        try:
            yield f"postgresql://randcheck@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server):
    """The URL of a new, empty schema."""
    import psycopg

    name = f"ledger_{uuid.uuid4().hex}"
    plain = postgres_server.replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    yield f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3D{name}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A new ledger's address, in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return request.getfixturevalue("postgres")
