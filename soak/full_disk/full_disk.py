"""Fills a file system of the server's while sessions make calls; full_disk.py CLUSTER FOLDER ROUNDS FAILURES.

It stays full until so many calls have failed, or the server has stopped.
"""

import errno
import os
import random
import sys
import time
from collections import Counter

from cluster import Cluster
from ledger import Ledger
from sessions import Crew, Pool, Session

# How long the disk stays full at most, and how long calls may take to go on once
# it is not.
SECONDS_FULL = 10
SECONDS_RESUMED = 60


class Ballast:
    """A file that takes whatever room there is."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "ballast")

    def fill(self):
        """Leaves no room."""
        for size in (1 << 20, 1 << 12):
            self.write(bytes(size))

    def write(self, block):
        """Writes a block again and again, until it does not fit."""
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            while os.write(file, block) == len(block):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        finally:
            os.close(file)

    def remove(self):
        """Makes room again."""
        os.unlink(self.path)


def total(sessions, what):
    """The sum of one of the sessions' counts."""
    return sum(session.counts[what] + session.errors[what] for session in sessions)


def run_full(sessions, ballast, failures):
    """Keeps the disk full until so many calls have failed, or all sessions are gone."""
    failures += total(sessions, "53100")
    lost = len(sessions) + total(sessions, "lost")
    until = time.time() + SECONDS_FULL
    while time.time() < until and total(sessions, "53100") < failures and total(sessions, "lost") < lost:
        ballast.fill()
        time.sleep(0.02)


def has_resumed(sessions, lost):
    """Waits for the next transaction; false if none comes, or all sessions are gone but those lost before."""
    before = total(sessions, "transactions")
    until = time.time() + SECONDS_RESUMED
    while total(sessions, "transactions") == before:
        if time.time() > until or total(sessions, "lost") - lost == len(sessions):
            return False
        time.sleep(0.1)
    return True


def main(folder, small, rounds, failures):
    """Prints what Ledger.say says; and stopped: how often the server did, resumed: how often calls went on."""
    cluster, ballast, ledger = Cluster(folder), Ballast(small), Ledger()
    choice = random.Random(os.environ["SEED"])
    pool = Pool(4)
    sessions = [Session(number, pool, tolerated=["53100"]) for number in range(1, 9)]
    counts = Counter(stopped=0, resumed=0)
    for _ in range(rounds):
        lost = total(sessions, "lost")
        with Crew(sessions):
            time.sleep(choice.uniform(0.2, 1))
            run_full(sessions, ballast, failures)
            ballast.remove()
            counts["resumed"] += has_resumed(sessions, lost)
            time.sleep(1)
        counts["stopped"] += total(sessions, "lost") > lost
        ledger.connect_to(cluster)
        ledger.check(sessions)
        ledger.connection.close()
    for name, value in counts.items():
        print(f"{name}={value}")
    ledger.say(sessions)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
