"""Kills a primary while sessions make calls, and promotes its standby; failover.py PRIMARY STANDBY."""

import os
import random
import signal
import sys
import time

from cluster import Cluster
from ledger import Ledger
from sessions import Crew, Pool, Session


def main(primary, standby):
    """Prints what Ledger.say says of the standby."""
    pool = Pool(6)
    sessions = [Session(number, pool) for number in range(1, 9)]
    ledger = Ledger()
    ledger.connect()
    ledger.skip(sessions)
    ledger.connection.close()
    with Crew(sessions):
        time.sleep(random.Random(os.environ["SEED"]).uniform(1, 3))
        # what the primary writes from now on never gets there
        receiver = Cluster(standby).process("walreceiver")
        os.kill(receiver, signal.SIGSTOP)
        time.sleep(0.5)
        Cluster(primary).kill()
        os.kill(receiver, signal.SIGTERM)
        os.kill(receiver, signal.SIGCONT)
    if not Cluster(standby).promote():
        sys.exit("the standby was not promoted")
    ledger.connect(host=standby)
    ledger.check(sessions)
    ledger.say(sessions)


main(sys.argv[1], sys.argv[2])
