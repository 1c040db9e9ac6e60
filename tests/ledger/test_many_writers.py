"""Writers at once, writers killed: nothing forks, nothing is lost."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from randcheck.ledger import Ledger

WRITER = str(Path(__file__).with_name("writer.py"))


def start(url, name, count, **more):
    command = [sys.executable, WRITER, url, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def together(url, processes, count):
    """What all writers were told, in any order, after all have ended well."""
    running = [start(url, f"w{n}", count) for n in range(processes)]
    told = []
    with ThreadPoolExecutor(processes) as readers:  # none waits because nobody reads what it says
        heard = list(readers.map(subprocess.Popen.communicate, running))
    for each, (out, err) in zip(running, heard, strict=True):
        assert each.returncode == 0, err
        told += out.decode().split()
    return told


def check_together(url, processes, count):
    told = together(url, processes, count)
    with Ledger.open(url) as ledger:
        report = ledger.verify()
        assert report.ok, report
        stored = [str(event.head) for event in ledger.events()]
        assert sorted(stored) == sorted(told)
        assert len(stored) == processes * count
        for n in range(processes):
            mine = [event for event in ledger.events() if event.actor == f"w{n}"]
            assert len(mine) == count


def test_several_processes_open_and_append_at_once(url):
    check_together(url, 4, 40)


@pytest.mark.long
def test_sixteen_processes_append_a_thousand_events_each(url):
    check_together(url, 16, 1000)


def kill_many(url, kills, seed):
    """Kill a writer at random moments, beginning with its start; each time the ledger holds."""
    dice, told, head = random.Random(seed), [], None
    for number in range(kills):
        writer = start(url, f"k{number}", 0)
        heard = []
        thread = threading.Thread(target=lambda to=heard, w=writer: to.extend(w.stdout))
        thread.start()
        if number % 3:  # most often while it appends, else while it starts
            while not heard:
                time.sleep(0.001)
        time.sleep(dice.random() * (0.1 if number % 3 else 0.6))
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        thread.join()
        writer.stdout.close()
        writer.stderr.close()
        told += [line.decode().strip() for line in heard if line.endswith(b"\n")]
        with Ledger.open(url) as ledger:
            report = ledger.verify(head)
            assert report.ok, report
            stored = {str(event.head) for event in ledger.events()}
            head = ledger.head()
        assert stored.issuperset(told)  # what a writer was told is stored
        assert len(stored) <= len(told) + number + 1  # and at most one event more for each kill
    return len(told)


def test_a_killed_writer_leaves_a_ledger_that_verifies(url):
    assert kill_many(url, 6, 1)


@pytest.mark.long
def test_many_killed_writers_leave_a_ledger_that_verifies(url):
    assert kill_many(url, 200, 2)


def test_a_child_after_a_fork_uses_connections_of_its_own(url):
    body = {"id": "plan", "version": 1, "sha256": "5f" * 32, "reason": None}
    with Ledger.open(url) as ledger:
        ledger.append("plan", body, actor="parent")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                ledger.append("plan", body | {"version": 2, "reason": "a fork"}, actor="child")
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        ledger.append("plan", body | {"version": 3, "reason": "after it"}, actor="parent")
        assert [event.actor for event in ledger.events()] == ["parent", "child", "parent"]
        assert ledger.verify().ok


def statements_until_the_end(url, kill_at):
    """Open a ledger and append in a child that is killed before its n-th statement or commit."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    status, left = 1, [kill_at]
    try:
        import sqlalchemy as sa

        def count(*_, **__):
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        for hook in ("before_cursor_execute", "commit", "begin"):
            sa.event.listen(sa.Engine, hook, count)
        with Ledger.open(url) as ledger:
            for number in range(1, 4):
                reason = "again" if number > 1 else None
                body = {"id": "P", "version": number, "sha256": "5f" * 32, "reason": reason}
                ledger.append("plan", body, actor="child")
        status = 0
    finally:
        os._exit(status)


def test_a_kill_before_any_statement_leaves_a_ledger_that_verifies(tmp_path):
    for kill_at in range(200):
        url = f"sqlite:///{tmp_path / str(kill_at)}.sqlite"
        finished = statements_until_the_end(url, kill_at)
        with Ledger.open(url) as ledger:
            assert ledger.verify().ok
            stored = [event["version"] for event in ledger.events()]
        assert stored == [1, 2, 3][: len(stored)]
        if finished:
            break
    assert finished
    assert kill_at > 30
