"""Tokens lose their rights while they act; actors.py SECONDS."""

import json
import pathlib
import sys
import time
from collections import Counter

import psycopg2

from sessions import TRY_AGAIN, Crew, Refused, Session

ACCOUNT = "ACTORS"
ACTORS = 12
HOLDERS = 12
OPERATORS = 2
ISOLATION = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

# What a call can be refused with that is made by one of many.
EXPECTED = {*TRY_AGAIN, "PT400", "PT401", "PT403", "PT404", "55P03"}

# What takes a token's right away, by a call and by hand.
ENDS = {
    "disable": "SELECT api.apitoken_disable(%(token)s)",
    "ensure_disabled": "SELECT api.apitoken_ensure_disabled(%(token)s)",
    "delete": "SELECT api.apitoken_delete(%(token)s)",
    "disable_all": f"INSERT INTO disabled_all SELECT '{ACCOUNT}' FROM api.apitoken_disable_all('{ACCOUNT}')",
    "query": f"SELECT api.apitoken_disable_all('{ACCOUNT}', 'id=' || %(token)s)",
    "by_hand": "UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = %(token)s AND status = 'Active'",
    "withdraw": "DELETE FROM apitoken.api_token_modules WHERE api_token_id = %(token)s AND module_id = 'MOD-1'",
    "withdraw_all": f"DELETE FROM apitoken.user_group_modules WHERE account_id = '{ACCOUNT}' AND module_id = 'MOD-1'",
}
LOST = """SELECT t.id, t.status FROM apitoken.api_tokens t
    LEFT JOIN apitoken.api_token_modules m ON m.account_id = t.account_id AND m.api_token_id = t.id AND m.module_id = 'MOD-1'
    WHERE t.id = ANY (%s) AND (t.status <> 'Active' OR m.module_id IS NULL)"""
RESTORES = (
    "INSERT INTO apitoken.user_group_modules VALUES ('ACTORS', 'UGR-ACTORS', 'MOD-1') ON CONFLICT DO NOTHING",
    "INSERT INTO apitoken.api_token_modules VALUES ('ACTORS', %(token)s, 'MOD-1') ON CONFLICT DO NOTHING",
    "UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = %(token)s AND status = 'Disabled'",
)


class Actors:
    """The tokens that act, with their secrets; one that was deleted gives its place to another."""

    def __init__(self):
        self.slots = [(f"ACTOR-{n}", f"idt:ACTOR-{n}:secret") for n in range(1, ACTORS + 1)]
        self.others = [f"OTHER-{n}" for n in range(1, ACTORS + 1)]

    def tokens(self):
        """Their ids."""
        return [token for token, _ in self.slots]

    def replace(self, token, successor):
        """Gives a token's place to another one: its id and secret."""
        if token in self.tokens():
            self.slots[self.tokens().index(token)] = successor


class Holder(Session):
    """Holds the secrets, has EXECUTE alone, and acts until the event, whatever happens to it."""

    def __init__(self, number, actors):
        super().__init__(number, None)
        self.role, self.actors = "web", actors

    def run(self, stop):
        """Acts, in one connection after another."""
        try:
            while not stop.is_set() and self.call_until(stop):
                pass
        except Exception as error:  # whatever it is, the test has to hear of it
            self.wrong.append(f"holder: {error!r}")

    def transact(self):
        """Acts once, in a statement or in several; a child of an actor may take its place."""
        actor, secret = self.random.choice(self.actors.slots)
        doing = "call"
        try:
            if self.random.random() < 0.4:
                self.act_at_once(actor, secret)
            else:
                child = self.act_in_turn(actor, secret)
                doing = "commit"
                self.execute("COMMIT")
                if child and self.random.random() < 0.1:
                    self.actors.replace(actor, child)
            self.counts["committed"] += 1
        except Refused as refusal:
            self.roll_back()
            if refusal.state not in EXPECTED:
                self.wrong.append(f"{actor}: {refusal.state} {refusal}")
            self.counts[f"{doing}_{refusal.state}"] += 1

    def act_at_once(self, actor, secret):
        """A statement that authenticates and acts."""
        call, arguments = self.choose_act(actor)
        self.execute(f"SELECT api.apitoken_{call}({', '.join(['%s'] * len(arguments))}) FROM api.apitoken_authenticate(%s)",
                     (*arguments, secret))

    def act_in_turn(self, actor, secret):
        """A transaction of several; the last token that it has made, with its secret."""
        made = None
        self.execute(f"BEGIN ISOLATION LEVEL {self.random.choice(ISOLATION)}")
        self.ask("authenticate", secret)
        for _ in range(self.random.randint(1, 4)):
            call, arguments = self.choose_act(actor)
            savepoint = self.random.random() < 0.5
            if savepoint:
                self.execute("SAVEPOINT act")
            try:
                answer = self.ask(call, *arguments)
            except Refused as refusal:
                if not savepoint or refusal.state not in ("PT400", "PT404"):
                    raise
                self.execute("ROLLBACK TO act")
                continue
            if savepoint and self.random.random() < 0.2:
                self.execute("ROLLBACK TO act")
            elif call == "create" and "MOD-1" in arguments[0]:
                made = answer
                if self.random.random() < 0.2:
                    # the child acts at once
                    self.ask("authenticate", made[1])
                    actor = made[0]
        self.pause()
        return made

    def pause(self):
        """Leaves the transaction open for a while, now and then until the server ends it."""
        how = self.random.random()
        if how < 0.01:
            self.counts["stayed"] += 1
            time.sleep(3)
        elif how < 0.6:
            time.sleep(self.random.uniform(0, 0.1))

    def choose_act(self, actor):
        """A call, and its arguments; names begin with who gives them."""
        call = self.random.choices(["create", "update", "enable", "disable", "delete", "disable_all"], [6, 6, 6, 3, 1, 0.3])[0]
        if call == "disable_all":
            return call, (ACCOUNT,)
        body = {"name": f"{actor} {self.random.random()}"}
        if self.random.random() < 0.3:
            body["modules"] = [{"id": module} for module in ("MOD-1", "MOD-2")[:self.random.randint(0, 2)]]
        if call == "create":
            return call, (json.dumps({"account": {"id": ACCOUNT}, **body}),)
        token = self.random.choice(self.actors.others + self.actors.tokens())
        if call == "delete" and token in self.actors.others:
            call = "disable"
        return (call, (token, json.dumps(body))) if call == "update" else (call, (token,))


class Operator(Session):
    """Takes rights away, looks how long that takes, and gives them back."""

    def __init__(self, number, actors):
        super().__init__(number, None)
        self.role, self.actors = "postgres", actors
        self.waits = []

    def transact(self):
        """Takes a right away, and a little later gives back all that are missing."""
        way = self.random.choice(list(ENDS))
        self.waits.append((self.insist(way, self.random.choice(self.actors.tokens())), way))
        time.sleep(self.random.uniform(0, 0.1))
        self.execute(LOST, (self.actors.tokens(),))
        for token, status in self.cursor.fetchall():
            self.restore(token, status)

    def insist(self, way, token):
        """Takes a token's right away, however often it has to be tried; how many seconds that takes."""
        waited = 0
        in_turn = self.random.random() < 0.5
        while True:
            began = time.time()
            try:
                if in_turn:
                    self.execute("BEGIN")
                self.execute(ENDS[way], {"token": token})
                waited += time.time() - began
                if in_turn:
                    time.sleep(self.random.uniform(0, 0.1))
                began = time.time()
                if in_turn:
                    self.execute("COMMIT")
                self.counts["ended"] += 1
                return waited + time.time() - began
            except Refused as refusal:
                waited += time.time() - began
                self.roll_back()
                self.counts[f"end_{refusal.state}"] += 1
                if refusal.state in TRY_AGAIN:
                    continue
                # an actor was quicker
                if refusal.state != "PT400":
                    self.wrong.append(f"{way} {token}: {refusal.state} {refusal}")
                return waited

    def restore(self, token, status):
        """Gives a token what it has lost; another one its place, if it was deleted."""
        try:
            if status == "Deleted":
                self.actors.replace(token, self.ask("create", json.dumps(
                    {"account": {"id": ACCOUNT}, "name": "Successor", "modules": [{"id": "MOD-1"}, {"id": "MOD-2"}]})))
                return
            self.give_back(token)
        except Refused as refusal:
            # the next time, then
            if refusal.state not in EXPECTED:
                self.wrong.append(f"restore {token}: {refusal.state} {refusal}")

    def give_back(self, token):
        """Makes a token Active, with its module; begins again where the other operator has withdrawn that meanwhile."""
        for attempt in range(10):
            try:
                for statement in RESTORES:
                    self.execute(statement, {"token": token})
                return
            except Refused as refusal:
                if refusal.state != "23514" or attempt == 9:
                    raise


def say_wrong(sessions):
    """Prints what is wrong."""
    connection = psycopg2.connect()
    cursor = connection.cursor()
    cursor.execute(pathlib.Path(__file__).with_name("wrong_acts.sql").read_text(encoding="utf-8"))
    wrong = [problem for session in sessions for problem in session.wrong] + [row[0] for row in cursor.fetchall()]
    cursor.execute("SELECT count(*) FROM acts")
    print(f"acts={cursor.fetchone()[0]}")
    print(f"wrong={len(wrong)}")
    for problem in wrong[:10]:
        print("# " + problem.replace("\n", " ")[:1000])


def main(seconds):
    """Prints what was done, refused and waited for."""
    actors = Actors()
    holders = [Holder(number, actors) for number in range(HOLDERS)]
    operators = [Operator(HOLDERS + number, actors) for number in range(OPERATORS)]
    with Crew(holders + operators):
        time.sleep(seconds)
    for name, value in sorted(sum((session.counts for session in holders + operators), Counter()).items()):
        print(f"{name}={value}")
    say_wrong(holders + operators)
    waits = sorted(wait for operator in operators for wait in operator.waits)
    print(f"waits={len(waits)}")
    print(f"median={int(waits[len(waits) // 2][0] * 1000)}")
    print(f"longest={int(waits[-1][0] * 1000)}")
    print(f"longest_seconds={int(waits[-1][0])}")
    print(f"longest_of={waits[-1][1]}")


main(int(sys.argv[1]))
