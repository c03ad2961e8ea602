"""Sixteen sessions that want to keep a rescue waiting; starvation.py SECONDS_BEFORE BOUND."""

import json
import sys
import threading
import time

import psycopg2

ACCOUNT = "ACC-3001-7788"
HOLDER = "TKN-3001-1002"
SESSIONS = 16
TAKEN = ("PT401", "PT403")


def connect(user, autocommit=False):
    """A connection of that role."""
    connection = psycopg2.connect(user=user)
    connection.autocommit = autocommit
    return connection


def authenticate(cursor):
    """The holder acts."""
    cursor.execute("SELECT api.apitoken_authenticate(%s)", (f"idt:{HOLDER}:secret",))


def create(cursor):
    """Makes a token; its id."""
    cursor.execute("SELECT api.apitoken_create(%s) ->> 'id'", (json.dumps({"account": {"id": ACCOUNT}, "name": "New"}),))
    return cursor.fetchone()[0]


def creates(connection, cursor):
    """A token, and another one."""
    authenticate(cursor)
    create(cursor)
    connection.commit()


def locks_new_ones(connection, cursor):
    """A token, which is locked again and again as soon as it is there."""
    authenticate(cursor)
    token = create(cursor)
    connection.commit()
    for _ in range(3):
        authenticate(cursor)
        cursor.execute("SELECT api.apitoken_update(%s, '{\"name\": \"Newer\"}', '-*')", (token,))
        connection.commit()


def renames_itself(connection, cursor):
    """The row that is to be disabled, again and again."""
    authenticate(cursor)
    cursor.execute("SELECT api.apitoken_update(%s, '{\"name\": \"Holder\"}', '-*')", (HOLDER,))
    connection.commit()


RESCUES = {
    "disable_all": f"SELECT api.apitoken_disable_all('{ACCOUNT}')",
    "withdrawal": f"DELETE FROM apitoken.user_group_modules WHERE module_id = 'MOD-0001' AND account_id = '{ACCOUNT}'",
    "disable": f"SELECT api.apitoken_disable('{HOLDER}')",
}


class Holder(threading.Thread):
    """Goes on until it is told that it may not."""

    def __init__(self, body, stop):
        super().__init__()
        self.body, self.stop = body, stop
        self.calls = 0
        self.refused = False

    def run(self):
        """Calls in one connection after another."""
        while not self.stop.is_set() and not self.refused:
            connection = connect("web")
            try:
                cursor = connection.cursor()
                while not self.stop.is_set():
                    self.body(connection, cursor)
                    self.calls += 1
            except psycopg2.Error as error:
                self.refused = error.pgcode in TAKEN
            finally:
                connection.close()


def attempt(name, body, rescue, seconds, bound):
    """Runs one attempt, and prints what came of it."""
    administrator = connect("postgres", autocommit=True).cursor()
    administrator.execute("UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = %s AND status <> 'Active'", (HOLDER,))
    administrator.execute("INSERT INTO apitoken.user_group_modules VALUES (%s, 'UGR-3001-0001', 'MOD-0001') ON CONFLICT DO NOTHING", (ACCOUNT,))
    administrator.execute("INSERT INTO apitoken.api_token_modules VALUES (%s, %s, 'MOD-0001') ON CONFLICT DO NOTHING", (ACCOUNT, HOLDER))
    stop = threading.Event()
    holders = [Holder(body, stop) for _ in range(SESSIONS)]
    for holder in holders:
        holder.start()
    time.sleep(seconds)

    administrator.execute(f"SET statement_timeout = '{bound}s'")
    began = time.time()
    outcome = "did"
    try:
        administrator.execute(RESCUES[rescue])
    except psycopg2.Error as error:
        outcome = error.pgcode
    took = time.time() - began
    # whoever is in the middle of something is told soon
    for holder in holders:
        holder.join(bound)
    left = sum(not holder.refused for holder in holders)
    stop.set()
    for holder in holders:
        holder.join()
    administrator.execute("SELECT count(*) FROM apitoken.api_tokens WHERE account_id = %s AND status = 'Active'", (ACCOUNT,))
    for figure, value in {"outcome": outcome, "seconds": int(took), "milliseconds": int(took * 1000), "left": left,
                          "calls": sum(holder.calls for holder in holders), "active": administrator.fetchone()[0]}.items():
        print(f"{name}_{rescue}_{figure}={value}")


def main(seconds, bound):
    """Runs them all."""
    attempt("creates", creates, "disable_all", seconds, bound)
    attempt("locks_new_ones", locks_new_ones, "disable_all", seconds, bound)
    attempt("creates", creates, "withdrawal", seconds, bound)
    attempt("renames_itself", renames_itself, "disable", seconds, bound)


main(int(sys.argv[1]), int(sys.argv[2]))
