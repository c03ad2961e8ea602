"""Kills the server again and again while sessions make calls; crash.py FOLDER KILLS."""

import os
import random
import sys
import time

import psycopg2

from cluster import Cluster
from ledger import Ledger
from sessions import Crew, Pool, Session


def checkpoints(stop):
    """Asks for a checkpoint now and then, so that some kills come in the middle of one."""
    choice = random.Random()
    try:
        connection = psycopg2.connect()
        connection.autocommit = True
        while not stop.wait(choice.uniform(0, 1)):
            connection.cursor().execute("CHECKPOINT")
    except psycopg2.Error:
        pass


def main(folder, kills):
    """Prints what Ledger.say says."""
    cluster = Cluster(folder)
    choice = random.Random(os.environ["SEED"])
    pool = Pool(6)
    sessions = [Session(number, pool) for number in range(1, 9)]
    ledger = Ledger()
    for kill in range(1, kills + 1):
        with Crew(sessions, checkpoints):
            time.sleep(choice.uniform(0.2, 2))
            cluster.kill()
        if not cluster.start():
            sys.exit(f"the server did not start after kill {kill}")
        ledger.connect()
        ledger.check(sessions)
        ledger.connection.close()
        if ledger.wrong:
            print(f"# wrong after kill {kill}")
            break
    ledger.say(sessions)


main(sys.argv[1], int(sys.argv[2]))
