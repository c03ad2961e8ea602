"""Interrupts sessions in the middle of their calls; interrupt.py SECONDS."""

import os
import random
import sys
import time

import psycopg2

from ledger import Ledger
from sessions import Crew, Pool, Session


def interrupts(stop):
    """Cancels a session's call or ends the session, at random moments."""
    choice = random.Random(os.environ["SEED"])
    connection = psycopg2.connect()
    connection.autocommit = True
    while not stop.wait(choice.uniform(0, 0.04)):
        function = choice.choice(["pg_cancel_backend", "pg_cancel_backend", "pg_terminate_backend"])
        connection.cursor().execute(
            f"SELECT {function}(pid) FROM pg_stat_activity WHERE usename LIKE 'session%%'"
            " ORDER BY random() LIMIT 1")


def main(seconds):
    """Prints what Ledger.say says."""
    ledger = Ledger()
    ledger.connect()
    pool = Pool(4)
    sessions = [Session(number, pool, shared=0.2, tolerated=["57014"], ledger=ledger) for number in range(1, 9)]
    with Crew(sessions, interrupts):
        time.sleep(seconds)
    ledger.check(sessions)
    ledger.check_seen(sessions)
    ledger.check_updates(sessions)
    ledger.say(sessions)


main(int(sys.argv[1]))
