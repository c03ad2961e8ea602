"""Sixteen sessions on few tokens, in several phases; stress.py SECONDS_EACH."""

import sys
import time

from ledger import Ledger
from sessions import Crew, Pool, Session

# What transactions are like; whether any of them may end in a deadlock.
PHASES = {
    "single": {"several": 0},
    "ordered": {"several": 0.8, "ordered": True},
    "any_order": {"several": 0.8},
    "repeatable_read": {"several": 0.8, "isolation": ["REPEATABLE READ"]},
    "serializable": {"several": 0.8, "isolation": ["SERIALIZABLE"]},
    "mixed": {"several": 0.8, "isolation": ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]},
}


def main(seconds):
    """Prints what Ledger.say says, and each phase's deadlocks and serialization failures."""
    pool = Pool(6)
    sessions = [Session(number, pool, shared=0.9) for number in range(1, 17)]
    ledger = Ledger()
    ledger.connect()
    for name, phase in PHASES.items():
        for session in sessions:
            session.be_like(**phase)
        before = {code: sum(session.errors[code] for session in sessions) for code in ("40P01", "40001")}
        with Crew(sessions):
            time.sleep(seconds)
        ledger.check(sessions)
        ledger.check_seen(sessions)
        print(f"{name}_deadlocks={sum(session.errors['40P01'] for session in sessions) - before['40P01']}")
        print(f"{name}_failures={sum(session.errors['40001'] for session in sessions) - before['40001']}")
    ledger.check_updates(sessions)
    ledger.say(sessions)


main(int(sys.argv[1]))
