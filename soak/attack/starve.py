"""What a holder can lock by the calls alone, and keep, to keep a rescue waiting; starve.py SECONDS_BEFORE BOUND."""

import sys
import time

from holders import ACCOUNT, HOLDER, RESCUES, attempt, authenticate, create

# Longer than apitoken.actor_transaction_timeout of the server.
LONG = 3


def stay(connection):
    """Leaves the transaction open until the server ends it."""
    time.sleep(LONG)
    connection.commit()


def creates(connection, cursor):
    """Tokens, one after another."""
    authenticate(cursor)
    create(cursor)
    connection.commit()


def stays(connection, cursor):
    """A transaction with tokens that it has made, some of them undone, which is left open."""
    authenticate(cursor)
    for _ in range(10):
        cursor.execute("SAVEPOINT s")
        create(cursor)
        cursor.execute("ROLLBACK TO s")
        create(cursor)
        cursor.execute("RELEASE s")
    cursor.execute("SELECT api.apitoken_guard('access-management')")
    stay(connection)


def renames(cursor, token):
    """Locks a token."""
    cursor.execute("SELECT api.apitoken_update(%s, '{\"name\": \"Mine\"}', '-*')", (token,))


def keeps_itself(connection, cursor):
    """The row that is to be disabled, behind the others who do the same, and kept."""
    authenticate(cursor)
    renames(cursor, HOLDER)
    stay(connection)


def keeps_all(connection, cursor):
    """Many tokens of the account, each at a savepoint, and kept."""
    authenticate(cursor)
    for number in range(1, 50):
        cursor.execute("SAVEPOINT s")
        renames(cursor, f"TKN-{number}")
        cursor.execute("RELEASE s")
    stay(connection)


def rescues(connection, cursor):
    """The place in which one waits who disables all tokens of the account, and kept."""
    authenticate(cursor)
    cursor.execute(f"SELECT api.apitoken_disable_all('{ACCOUNT}', 'id=none')")
    stay(connection)


# Against what each is tried: whoever waits for what can be kept waits until the server
# ends those who keep it, or wait for it before him.
BODIES = {
    "creates": (creates, RESCUES),
    "stays": (stays, RESCUES),
    "keeps_itself": (keeps_itself, ("disable", "disable_all")),
    "keeps_all": (keeps_all, ("disable_all", "withdrawal", "disable")),
    "rescues": (rescues, RESCUES),
}


def main(seconds, bound):
    """Runs them all."""
    print("attempts=" + " ".join(f"{name}_{rescue}" for name, (_, against) in BODIES.items() for rescue in against))
    for name, (body, against) in BODIES.items():
        for rescue in against:
            attempt(name, body, rescue, seconds, bound)


main(int(sys.argv[1]), int(sys.argv[2]))
