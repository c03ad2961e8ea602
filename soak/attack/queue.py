"""The notification queue in strangers' hands; queue.py FULL MEGABYTES.

Without FULL (0) the queue is not filled: it may be large.  MEGABYTES is how much
one commit adds to it, while everybody else waits.
"""

import sys
import threading
import time

import psycopg2

ACCOUNT = "ACC-3001-7788"
TOKEN = "TKN-3001-1003"
ANOTHER = "TKN-3001-1004"
# the largest that it takes
TEXT = 7900


def connect(user):
    """A connection of that role."""
    connection = psycopg2.connect(user=user)
    connection.autocommit = True
    return connection


class Operator:
    """Changes statuses, and notes what came of it."""

    def __init__(self):
        self.connection = connect("postgres")
        self.cursor = self.connection.cursor()

    def value(self, statement):
        """The one value that a statement returns."""
        self.cursor.execute(statement)
        return self.cursor.fetchone()[0]

    def attempt(self, statement):
        """Runs a statement: what it answers, how many seconds it takes, and how many warnings there are."""
        del self.connection.notices[:]
        began = time.time()
        try:
            outcome = self.value(statement)
        except psycopg2.Error as error:
            outcome = error.pgcode
        return outcome, time.time() - began, sum("WARNING:  signals" in notice for notice in self.connection.notices)

    def say_attempt(self, name, statement):
        """The same, printed."""
        outcome, took, warnings = self.attempt(statement)
        print(f"{name}_outcome={outcome} {warnings}")
        print(f"{name}_milliseconds={int(took * 1000)}")
        print(f"{name}_seconds={int(took)}")


def notify(cursor, count):
    """So many notifications, each another one, in one transaction."""
    cursor.execute("SELECT count(pg_notify('x', rpad(n::text, %s, 'x'))) FROM generate_series(1, %s) n", (TEXT, count))


def fill():
    """Notifies until there is no room for another one; the SQLSTATE of the one that failed."""
    cursor = connect("stranger").cursor()
    count = 2000
    while True:
        try:
            notify(cursor, count)
        except psycopg2.Error as error:
            # a commit that does not fit leaves out all of it
            if count == 1:
                return error.pgcode
            count //= 2


def full(operator):
    """Fills the queue: one stays where he was when he began to listen, another one notifies."""
    listener = connect("listener")
    for statement in ("LISTEN x", "BEGIN", "SELECT 1"):
        listener.cursor().execute(statement)
    began = time.time()
    print(f"full_state={fill()}")
    print(f"full_took={int(time.time() - began)}")
    print(f"full_usage={operator.value('SELECT pg_notification_queue_usage()'):.4f}")
    operator.say_attempt("full_disable", f"SELECT api.apitoken_disable('{TOKEN}') ->> 'status'")
    operator.say_attempt("full_enable", f"SELECT api.apitoken_enable('{TOKEN}') ->> 'status'")
    operator.say_attempt("full_disable_all", f"SELECT api.apitoken_disable_all('{ACCOUNT}', 'id={TOKEN}') ->> 0")
    operator.say_attempt("full_delete", f"SELECT 'Deleted' FROM api.apitoken_delete('{ANOTHER}')")
    listener.close()


class Flood(threading.Thread):
    """One commit of very many notifications."""

    def __init__(self, megabytes):
        super().__init__()
        self.cursor = connect("stranger").cursor()
        self.cursor.execute("BEGIN")
        notify(self.cursor, megabytes * 1000000 // TEXT)
        self.seconds = None

    def run(self):
        """Commits."""
        began = time.time()
        self.cursor.execute("COMMIT")
        self.seconds = time.time() - began


def flood(operator, megabytes):
    """Changes a status again and again while one commit has the queue to itself."""
    operator.attempt(f"SELECT api.apitoken_enable('{TOKEN}')")
    listener = connect("listener")
    listener.cursor().execute("LISTEN x")
    commit = Flood(megabytes)
    commit.start()
    outcomes, longest, left_out = set(), 0, 0
    while commit.seconds is None:
        for call in ("disable", "enable"):
            outcome, took, warnings = operator.attempt(f"SELECT api.apitoken_{call}('{TOKEN}') ->> 'status'")
            outcomes.add(outcome)
            longest = max(longest, took)
            left_out += warnings
    commit.join()
    print(f"flood_outcomes={' '.join(sorted(outcomes))}")
    print(f"flood_left_out={left_out}")
    print(f"flood_milliseconds={int(longest * 1000)}")
    print(f"flood_seconds={int(longest)}")
    print(f"flood_took={int(commit.seconds * 1000)}")
    listener.close()


def main(fills, megabytes):
    """Fills the queue, and floods it."""
    operator = Operator()
    if fills:
        full(operator)
    flood(operator, megabytes)


main(int(sys.argv[1]), int(sys.argv[2]))
