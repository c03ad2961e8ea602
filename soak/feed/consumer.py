"""A gateway that is killed: follows the feed, and asks who secrets are; consumer.py FILE SECRETS."""

import json
import logging
import os
import random
import sys
import threading
import time

import psycopg
from gateway_cache import Cache, Follower

APPLIED = "CREATE TABLE IF NOT EXISTS applied (place INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL)"


class Recorder(Cache):
    """Notes besides, in the same transaction, what it has applied."""

    def __init__(self, file):
        super().__init__(file, keep=3600)
        self.file.execute(APPLIED)

    def apply(self, event):
        super().apply(event)
        self.file.execute("INSERT INTO applied (event) VALUES (?)", [json.dumps(event)])


def ask(file, secrets):
    """Asks who the latest secrets are, some of which are over."""
    cache = Recorder(file)
    while True:
        try:
            with psycopg.connect(autocommit=True) as connection:
                while True:
                    with open(secrets, encoding="utf-8") as lines:
                        secret = random.choice(lines.read().splitlines()[-40:] or [""])
                    try:
                        cache.authenticate(connection, secret)
                    except psycopg.Error as error:
                        if error.sqlstate != "PT401":
                            raise
                    time.sleep(random.uniform(0, 0.01))
        except psycopg.Error:
            time.sleep(0.1)


def end_with_parent():
    """Whoever has started this keeps its input open."""
    sys.stdin.read()
    os._exit(1)


def main(file, secrets):
    """Until it is killed."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    logging.basicConfig(format="%(asctime)s %(message)s")
    threading.Thread(target=ask, args=(file, secrets), daemon=True).start()
    Follower(Recorder(file), every=0.5).follow()


main(*sys.argv[1:])
