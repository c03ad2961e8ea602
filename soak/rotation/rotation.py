"""Tokens whose secrets are changed while sessions act by them; rotation.py SECONDS."""

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from datetime import datetime

import psycopg2

ACCOUNT = "ACC-3001-7788"
MODULE = "MOD-0001"
TOKENS = 4
SESSIONS = 12
OVERLAP = 0.5
ISOLATION = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
AGAIN = ("40001", "40P01")
OUTCOMES = ("by_old", "by_new", "refused", "refused_late", "let_in_late", "again", "other")


def connect(user):
    """A connection of that role, without a transaction."""
    connection = psycopg2.connect(user=user)
    connection.autocommit = True
    return connection


def let_in(cursor, secret):
    """Does it authenticate?"""
    try:
        cursor.execute("SELECT api.apitoken_authenticate(%s)", (secret,))
        return True
    except psycopg2.Error as error:
        if error.pgcode != "PT401":
            raise
        return False


class Token:
    """One that acts: its present secret, the one before, and until when that one counts."""

    def __init__(self, cursor):
        body = {"account": {"id": ACCOUNT}, "name": "Actor", "modules": [{"id": MODULE}]}
        cursor.execute("SELECT api.apitoken_create(%s)", (json.dumps(body),))
        document = cursor.fetchone()[0]
        self.name = document["id"]
        self.secrets = (document["token"], None, 0)
        self.ended = []

    def rotate(self, cursor, by_itself):
        """Changes the secret, once the old one has no time left."""
        present, old, _ = self.secrets
        cursor.execute("BEGIN")
        if by_itself:
            cursor.execute("SELECT api.apitoken_authenticate(%s)", (present,))
        cursor.execute("SELECT api.apitoken_rotate(%s, make_interval(secs => %s), '-*,+token,+oldSecretUntil')",
                       (self.name, OVERLAP))
        document = cursor.fetchone()[0]
        cursor.execute("COMMIT")
        if old is not None:
            self.ended.append(old)
        until = datetime.fromisoformat(document["oldSecretUntil"].replace("Z", "+00:00")).timestamp()
        self.secrets = (document["token"], present, until)


class Client(threading.Thread):
    """Acts by one token: takes its new secret when it comes to it, at the latest when it has to."""

    def __init__(self, token, stop):
        super().__init__()
        self.token, self.stop = token, stop
        self.seen, self.takes_at = token.secrets, 0
        self.counts = Counter()

    def choose(self):
        """The secret to use now, and until when it has time."""
        secrets = self.token.secrets
        if secrets is not self.seen:
            self.seen = secrets
            # some take it at once, some too late
            self.takes_at = secrets[2] - random.uniform(-0.05, OVERLAP)
        present, old, until = secrets
        if old is not None and time.time() < self.takes_at:
            return old, until
        return present, None

    def transaction(self, cursor, secret):
        """A call or two in the token's name, and a pause before the commit."""
        cursor.execute(f"BEGIN ISOLATION LEVEL {random.choice(ISOLATION)}")
        cursor.execute("SELECT api.apitoken_authenticate(%s)", (secret,))
        kind = random.randrange(3)
        if kind == 0:
            cursor.execute("SELECT api.apitoken_get(%s, '-*,+id')", (self.token.name,))
        if kind == 1:
            cursor.execute("SELECT api.apitoken_update(%s, %s, '-*')", (self.token.name, '{"name": "Newer"}'))
        if kind == 2:
            cursor.execute("SELECT api.apitoken_create(%s) ->> 'id'", (json.dumps({"account": {"id": ACCOUNT}, "name": "New"}),))
            cursor.execute("SELECT api.apitoken_delete(%s)", (cursor.fetchone()[0],))
        time.sleep(random.choice((0, 0, 0.01)))
        cursor.execute("COMMIT")

    def act(self, cursor):
        """One transaction, and what came of it."""
        secret, until = self.choose()
        began = time.time()
        try:
            self.transaction(cursor, secret)
            if until is not None and began > until + 0.001:
                return "let_in_late"
            return "by_new" if until is None else "by_old"
        except psycopg2.Error as error:
            over = until is not None and time.time() >= until
            cursor.execute("ROLLBACK")
            if error.pgcode == "PT401":
                return "refused_late" if over else "refused"
            return "again" if error.pgcode in AGAIN else "other"

    def run(self):
        connection = connect("web")
        cursor = connection.cursor()
        while not self.stop.is_set():
            self.counts[self.act(cursor)] += 1
        connection.close()


def rotate_all(tokens, ends):
    """Rotates one token after the other; returns how often, and how long the longest took."""
    administrator, web = connect(os.environ["PGUSER"]).cursor(), connect("web").cursor()
    rotations, longest = 0, 0
    while time.time() < ends:
        token = random.choice([one for one in tokens if time.time() > one.secrets[2]] or [None])
        if token is None:
            time.sleep(0.01)
            continue
        by_itself = random.random() < 0.5
        began = time.time()
        token.rotate(web if by_itself else administrator, by_itself)
        longest = max(longest, time.time() - began)
        rotations += 1
    return rotations, longest


def main(seconds):
    """Prints what became of the transactions and the secrets."""
    cursor = connect(os.environ["PGUSER"]).cursor()
    tokens = [Token(cursor) for _ in range(TOKENS)]
    stop = threading.Event()
    clients = [Client(tokens[n % TOKENS], stop) for n in range(SESSIONS)]
    for client in clients:
        client.start()
    try:
        rotations, longest = rotate_all(tokens, time.time() + seconds)
        time.sleep(OVERLAP)
    finally:
        stop.set()
        for client in clients:
            client.join()
    print(f"rotations={rotations}\nrotation_milliseconds={int(longest * 1000)}\ntokens={TOKENS}")
    print(f"present_in={sum(let_in(cursor, one.secrets[0]) for one in tokens)}")
    print(f"ended_in={sum(let_in(cursor, secret) for one in tokens for secret in [*one.ended, one.secrets[1]])}")
    for outcome in OUTCOMES:
        print(f"{outcome}={sum(client.counts[outcome] for client in clients)}")


random.seed(int(os.environ["SEED"]))
main(int(sys.argv[1]))
