"""Actors that are disabled, deleted and disabled with all others while they act, and lose
their module; ended.py SECONDS."""

import json
import random
import sys
import threading
import time

import psycopg2

ACCOUNT = "ACC-3001-7788"
GROUP = "UGR-3001-0001"
MODULE = "MOD-0001"
SESSIONS = 8
ISOLATION = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
DONE = "committed"

# Each takes something from a token or from the account, and each gives it back.
TAKE = {
    "disable": ("SELECT api.apitoken_disable(%(id)s)", "SELECT api.apitoken_enable(%(id)s)"),
    "delete": ("SELECT api.apitoken_delete(%(id)s)", None),
    "disable_all": ("SELECT api.apitoken_disable_all(%(account)s)",
                    "UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = ANY (%(actors)s) AND status = 'Disabled'"),
    "withdrawal": ("DELETE FROM apitoken.user_group_modules WHERE module_id = %(module)s AND account_id = %(account)s",
                   """WITH offered AS (INSERT INTO apitoken.user_group_modules VALUES (%(account)s, %(group)s, %(module)s))
                      INSERT INTO apitoken.api_token_modules SELECT %(account)s, id, %(module)s
                      FROM apitoken.api_tokens WHERE id = ANY (%(actors)s) AND status <> 'Deleted'"""),
}

CREATE = "SELECT api.apitoken_create(%s) ->> 'id'"
BODY = json.dumps({"account": {"id": ACCOUNT}, "name": "Made", "modules": []})


class Actors:
    """The tokens that act."""

    def __init__(self, cursor):
        self.cursor = cursor
        self.secrets = {}
        for _ in range(4):
            self.add()

    def add(self):
        """One more, which holds the module."""
        body = {"account": {"id": ACCOUNT}, "name": "Actor", "modules": [{"id": MODULE}]}
        self.cursor.execute("SELECT d ->> 'id', d ->> 'token' FROM api.apitoken_create(%s) d", (json.dumps(body),))
        token, secret = self.cursor.fetchone()
        self.secrets[token] = secret

    def any(self):
        """One of them, with its secret."""
        return random.choice(list(self.secrets.items()))


class Acts(threading.Thread):
    """Makes tokens and changes them and other actors, in one actor's name after the other."""

    def __init__(self, actors, stop):
        super().__init__()
        self.actors, self.stop = actors, stop
        self.outcomes = {}

    def transaction(self, cursor):
        """One to four calls in the name of one actor, and a pause before the commit."""
        cursor.execute(f"BEGIN ISOLATION LEVEL {random.choice(ISOLATION)}")
        cursor.execute("SELECT api.apitoken_authenticate(%s)", (self.actors.any()[1],))
        cursor.execute(CREATE, (BODY,))
        token = cursor.fetchone()[0]
        for call in random.sample(("disable", "enable", "delete"), random.randrange(3)):
            cursor.execute("SAVEPOINT before")
            try:
                cursor.execute(f"SELECT api.apitoken_{call}(%s)", (token,))
            except psycopg2.Error as error:
                if error.pgcode != "PT400":
                    raise
                cursor.execute("ROLLBACK TO before")
        time.sleep(random.choice((0, 0, 0.01)))

    def run(self):
        connection = psycopg2.connect(user="web")
        connection.autocommit = True
        cursor = connection.cursor()
        while not self.stop.is_set():
            outcome = "calls"
            try:
                self.transaction(cursor)
                outcome = "commit"
                cursor.execute("COMMIT")
                outcome = DONE
            except psycopg2.Error as error:
                outcome += f"_{error.pgcode}"
                cursor.execute("ROLLBACK")
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        connection.close()


def rescue(cursor, actors, longest):
    """Takes one thing away, and gives it back."""
    kind = random.choice(list(TAKE))
    token = actors.any()[0]
    values = {"id": token, "account": ACCOUNT, "group": GROUP, "module": MODULE, "actors": list(actors.secrets)}
    began = time.time()
    cursor.execute("BEGIN")
    cursor.execute(TAKE[kind][0], values)
    cursor.execute("INSERT INTO taken VALUES (%s, pg_current_xact_id()::xid) RETURNING number",
                   (token if kind in ("disable", "delete") else None,))
    number = cursor.fetchone()[0]
    cursor.execute("COMMIT")
    longest[kind] = max(longest.get(kind, 0), time.time() - began)
    time.sleep(0.02)
    if kind != "delete":
        cursor.execute("UPDATE taken SET until = clock_timestamp() WHERE number = %s", (number,))
    if kind == "delete":
        del actors.secrets[token]
        actors.add()
    else:
        cursor.execute(TAKE[kind][1], values)
    time.sleep(0.02)


def main(seconds):
    """Prints what became of the transactions, and how long the longest rescue of each kind took."""
    connection = psycopg2.connect(user="postgres")
    connection.autocommit = True
    cursor = connection.cursor()
    actors = Actors(cursor)
    stop, longest = threading.Event(), {}
    threads = [Acts(actors, stop) for _ in range(SESSIONS)]
    for thread in threads:
        thread.start()
    try:
        ends = time.time() + seconds
        while time.time() < ends:
            rescue(cursor, actors, longest)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for outcome in sorted({outcome for thread in threads for outcome in thread.outcomes}):
        print(f"{outcome}={sum(thread.outcomes.get(outcome, 0) for thread in threads)}")
    for kind, took in longest.items():
        print(f"{kind}_milliseconds={int(took * 1000)}")


main(int(sys.argv[1]))
