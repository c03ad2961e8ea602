"""Sessions that take over the same accounts and users at once, delete and erase accounts, and
change their tokens, for as many seconds as the argument says."""

import collections
import json
import os
import random
import sys
import threading
import time

import psycopg2

ACCOUNTS = 8
USERS = 20
UNTIL = time.monotonic() + float(sys.argv[1])
MODULES = [{"id": "MOD-0003"}]
counts = collections.Counter()


def account(number):
    return f"both-{number}"


def sync(cursor, body):
    cursor.execute("SELECT api.apitoken_sync(%s::jsonb)", (json.dumps(body),))


def everything(chance, name):
    accounts = chance.sample(range(ACCOUNTS), ACCOUNTS)
    users = chance.sample(range(USERS), USERS)
    return {
        "accounts": [{"id": account(n), "name": name, "modules": MODULES} for n in accounts],
        "users": [{"id": f"person-of-both-{n}", "name": name, "accounts": [{"id": account(chance.choice(accounts))}]} for n in users],
    }


def synced(cursor, chance):
    sync(cursor, everything(chance, f"Name {chance.randrange(3)}"))


def added(cursor, chance):
    new = f"new-{int(time.time() * 5)}"
    sync(cursor, {"accounts": [{"id": new, "name": "New", "modules": MODULES}], "users": [{"id": new, "name": "New", "accounts": [{"id": new}]}]})


def deleted(cursor, chance):
    gone = [account(n) for n in chance.sample(range(ACCOUNTS), 3)]
    sync(cursor, {"accounts": [{"id": number, "deleted": True} for number in gone]})
    sync(cursor, {"accounts": [{"id": number, "status": "Active"} for number in gone]})


def erased(cursor, chance):
    cursor.execute("SELECT api.apitoken_erase_account(%s, %s)", (account(chance.randrange(ACCOUNTS)), chance.random() < 0.5))


def created(cursor, chance):
    body = {"account": {"id": account(chance.randrange(ACCOUNTS))}, "name": "Token"}
    cursor.execute("SELECT api.apitoken_create(%s::jsonb)", (json.dumps(body),))


def changed(cursor, chance):
    cursor.execute("SELECT id FROM apitoken.api_tokens WHERE status <> 'Deleted' ORDER BY random() LIMIT 1")
    for (number,) in cursor.fetchall():
        cursor.execute("SELECT api.apitoken_ensure_disabled(%s, fields => 'id')", (number,))
        cursor.execute("SELECT api.apitoken_enable(%s, 'id')", (number,))


# what another has done to a token, or taken from a group, is told in these
EXPECTED = {created: ("PT403",), changed: ("PT400", "PT403", "PT404")}


def connect():
    connection = psycopg2.connect("")
    connection.autocommit = True
    return connection.cursor()


def session(act, seed):
    chance = random.Random(f"{os.environ['SEED']} {seed}")
    cursor = connect()
    while time.monotonic() < UNTIL:
        try:
            act(cursor, chance)
            counts[act.__name__] += 1
        except psycopg2.Error as error:
            if error.pgcode == "40P01":
                counts["deadlocks"] += 1
            elif error.pgcode not in EXPECTED.get(act, ()):
                counts["refused"] += 1
            else:
                continue
            print(f"# {act.__name__}: {error.pgcode} {error}".replace("\n", " "))


def main():
    cursor = connect()
    sync(cursor, everything(random.Random(1), "Begin"))
    sessions = [threading.Thread(target=session, args=(act, seed)) for seed, act in enumerate((synced, synced, added, added, deleted, erased, created, changed))]
    for each in sessions:
        each.start()
    for each in sessions:
        each.join()

    body = everything(random.Random(2), "End")
    sync(cursor, body)
    cursor.execute(
        "SELECT (SELECT count(*) FROM apitoken.accounts WHERE name = 'End'), (SELECT count(*) FROM apitoken.users u JOIN apitoken.user_accounts a ON a.user_id = u.id WHERE u.name = 'End')"
    )
    print(f"settled={'yes' if cursor.fetchone() == (ACCOUNTS, USERS) else 'no'}")
    for name in ("synced", "deleted", "erased", "created", "changed", "deadlocks", "refused"):
        print(f"{name}={counts[name]}")


main()
