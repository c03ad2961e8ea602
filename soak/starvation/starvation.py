"""What sixteen sessions do to keep a rescue waiting; starvation.py SECONDS_BEFORE BOUND."""

import random
import sys

from holders import ACCOUNT, HOLDER, attempt, authenticate, create


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


def keeps_itself(connection, cursor):
    """The same, each time for a while."""
    authenticate(cursor)
    cursor.execute("SELECT api.apitoken_update(%s, '{\"name\": \"Holder\"}', '-*')", (HOLDER,))
    cursor.execute("SELECT pg_sleep(0.7)")
    connection.commit()


def disables_against_the_order(connection, cursor):
    """Two tokens, the later one first, which is taken back."""
    authenticate(cursor)
    for token in ("TKN-3001-9002", "TKN-3001-9001"):
        cursor.execute("SELECT api.apitoken_ensure_disabled(%s, false, '-*')", (token,))
        cursor.execute("SELECT pg_sleep(0.3)")
    connection.rollback()


def disables_all_as_well(connection, cursor):
    """A token is changed, then all are disabled, which is taken back."""
    authenticate(cursor)
    cursor.execute("SELECT api.apitoken_update('TKN-3001-9002', '{\"name\": \"Newer\"}', '-*')")
    cursor.execute("SELECT pg_sleep(0.3)")
    cursor.execute(f"SELECT api.apitoken_disable_all('{ACCOUNT}')")
    connection.rollback()


def disables_against_the_order_and_all(connection, cursor):
    """Any two tokens, then all, which is taken back."""
    authenticate(cursor)
    for token in random.sample(("TKN-3001-9001", "TKN-3001-9002", "TKN-3001-9003"), 2):
        cursor.execute("SELECT api.apitoken_ensure_disabled(%s, false, '-*')", (token,))
        cursor.execute("SELECT pg_sleep(0.3)")
    cursor.execute(f"SELECT api.apitoken_disable_all('{ACCOUNT}')")
    connection.rollback()


def main(seconds, bound):
    """Runs them all."""
    attempt("creates", creates, "disable_all", seconds, bound)
    attempt("locks_new_ones", locks_new_ones, "disable_all", seconds, bound)
    attempt("creates", creates, "withdrawal", seconds, bound)
    attempt("renames_itself", renames_itself, "disable", seconds, bound)
    attempt("keeps_itself", keeps_itself, "disable", seconds, bound)
    attempt("keeps_itself", keeps_itself, "disable_all", seconds, bound)
    attempt("disables_against_the_order", disables_against_the_order, "disable_all", seconds, bound)
    attempt("disables_against_the_order_and_all", disables_against_the_order_and_all, "disable_all", seconds, bound)
    attempt("disables_all_as_well", disables_all_as_well, "disable_all", seconds, bound)


main(int(sys.argv[1]), int(sys.argv[2]))
