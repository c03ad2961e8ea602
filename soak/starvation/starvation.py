"""What sixteen sessions do to keep a rescue waiting; starvation.py SECONDS_BEFORE BOUND."""

import sys

from holders import HOLDER, attempt, authenticate, create


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


def main(seconds, bound):
    """Runs them all."""
    attempt("creates", creates, "disable_all", seconds, bound)
    attempt("locks_new_ones", locks_new_ones, "disable_all", seconds, bound)
    attempt("creates", creates, "withdrawal", seconds, bound)
    attempt("renames_itself", renames_itself, "disable", seconds, bound)
    attempt("keeps_itself", keeps_itself, "disable", seconds, bound)
    attempt("keeps_itself", keeps_itself, "disable_all", seconds, bound)


main(int(sys.argv[1]), int(sys.argv[2]))
