"""Changes tokens, and kills who follows the feed, and the server; feed.py FOLDER FILE EVENTS KILLS."""

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter

import psycopg

from cluster import Cluster

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = os.path.join(HERE, "../../deploy/clients")
ACCOUNT = "ACC-3001-7788"
WRITERS = 6
TOKENS = 30

# of a call; those that let somebody in are never lost by a crash once they were seen
CALLS = {
    "disable": "SELECT api.apitoken_disable(%(id)s, '-*,+id')",
    "enable": "SELECT api.apitoken_enable(%(id)s, '-*,+id')",
    "update": "SELECT api.apitoken_update(%(id)s, jsonb_build_object('name', %(name)s::text), '-*,+id')",
    "rotate": "SELECT api.apitoken_rotate(%(id)s, '0', '-*,+id,+token')",
    "create": "SELECT api.apitoken_create(jsonb_build_object('name', %(name)s::text, 'account', jsonb_build_object('id', %(account)s::text)))",
}
UNHURRIED = ("disable", "update")


class Tokens:
    """The tokens that are changed, and the secrets that there are, in a file as well."""

    def __init__(self, secrets):
        self.lock = threading.Lock()
        self.ids, self.secrets, self.committed = [], [], 0
        self.file = open(secrets, "a", encoding="utf-8", buffering=1)  # noqa: SIM115

    def take_over(self, answers):
        """Takes over what a transaction has committed."""
        with self.lock:
            self.committed += len(answers)
            for answer in answers:
                if answer["id"] not in self.ids:
                    self.ids.append(answer["id"])
                if "token" in answer:
                    self.secrets.append(answer["token"])
                    self.file.write(answer["token"] + "\n")


class Writer(threading.Thread):
    """Makes transactions until it is told to stop."""

    def __init__(self, number, tokens, stop):
        super().__init__()
        self.tokens, self.stop = tokens, stop
        self.choice = random.Random(f"{os.environ['SEED']} {number}")

    def call(self, connection, kind):
        """A call for any token; what is refused for the token's status leaves nothing."""
        kind = kind if self.tokens.ids else "create"
        arguments = {"id": self.choice.choice(self.tokens.ids or [""]), "account": ACCOUNT,
                     "name": f"Name {self.choice.randrange(10**6)}"}
        with connection.transaction():
            answer = connection.execute(CALLS[kind], arguments).fetchone()[0]
            if self.choice.random() < 0.1:
                raise psycopg.Rollback
            return answer
        return None

    def kinds(self):
        """What a transaction calls, and whether it may be committed without a flush."""
        hurried = self.choice.random() < 0.6
        kinds = [kind for kind in CALLS if hurried or kind in UNHURRIED]
        if len(self.tokens.ids) >= TOKENS and hurried:
            kinds.remove("create")
        return [self.choice.choice(kinds) for _ in range(self.choice.choice((1, 1, 1, 2, 3)))], hurried

    def transaction(self, connection):
        """Some calls; now and then a pause, and another end."""
        kinds, hurried = self.kinds()
        answers = []
        with connection.transaction() as transaction:
            if not hurried:
                connection.execute("SET LOCAL synchronous_commit = off")
            for kind in kinds:
                try:
                    answers.append(self.call(connection, kind))
                except psycopg.Error as error:
                    if error.sqlstate != "PT400":
                        raise
                if self.choice.random() < 0.15:
                    time.sleep(self.choice.choice((0.02, 0.1, 0.5)))
            if self.choice.random() < 0.1:
                raise psycopg.Rollback(transaction)
            return [answer for answer in answers if answer]
        return []

    def run(self):
        while not self.stop.is_set():
            try:
                with psycopg.connect(autocommit=True) as connection:
                    while not self.stop.is_set():
                        try:
                            self.tokens.take_over(self.transaction(connection))
                        except psycopg.errors.DeadlockDetected:
                            pass
            except (psycopg.OperationalError, psycopg.Rollback):
                time.sleep(0.05)


class Killer:
    """Kills the consumer or the server, and sees that it comes back."""

    def __init__(self, cluster, command, log):
        self.cluster, self.command, self.log = cluster, command, log
        self.choice = random.Random(os.environ["SEED"])
        self.kills = Counter()
        self.consumer = None
        self.start()

    def start(self):
        """Starts the consumer."""
        self.consumer = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log,
                                         env={**os.environ, "PYTHONPATH": CLIENTS})

    def end(self):
        """Kills the consumer."""
        self.consumer.kill()
        self.consumer.wait()
        self.consumer.stdin.close()

    def backend(self):
        """A session's process, or None while there is none."""
        try:
            return self.cluster.process(os.environ["PGDATABASE"])
        except RuntimeError:
            return None

    def kill(self):
        """Kills one of them."""
        whom = self.choice.choice(("consumer", "consumer", "backend", "server"))
        self.kills[whom] += 1
        if whom == "consumer":
            self.end()
            self.start()
        elif whom == "server":
            self.cluster.kill()
            if not self.cluster.start():
                sys.exit("the server did not start")
        else:
            os.kill(until(self.backend, 60), signal.SIGKILL)


def until(condition, seconds):
    """Waits until something is so; returns what it is in the end."""
    ends = time.time() + seconds
    while True:
        found = condition()
        if found or time.time() > ends:
            return found
        time.sleep(0.02)


def have(tokens, writers, events):
    """Waits until there are so many events."""
    if not until(lambda: tokens.committed >= events or not all(writer.is_alive() for writer in writers), 600) or \
            tokens.committed < events:
        sys.exit(f"there are only {tokens.committed} events")


def applied(file):
    """What the consumer has applied, in its order."""
    with sqlite3.connect(file, timeout=30) as cache:
        try:
            return [json.loads(event) for event, in cache.execute("SELECT event FROM applied ORDER BY place")]
        except sqlite3.OperationalError:
            return []


def told(event):
    """What an event says, as the trail has it."""
    return event["token"]["id"], event.get("to"), event.get("details")


def check_events(events, trail):
    """Compares what was applied with the trail's rows by their numbers."""
    times = Counter(event["number"] for event in events)
    latest, highest = Counter(), 0
    out_of_order = late = 0
    for event in events:
        token, number = event["token"]["id"], event["number"]
        out_of_order += number <= latest[token]
        late += number < highest
        latest[token], highest = number, max(highest, number)
    print(f"rows={len(trail)}\nmissed={len(trail.keys() - times.keys())}\ntwice={sum(n - 1 for n in times.values())}")
    print(f"unheard_of={len(times.keys() - trail.keys())}")
    print(f"different={sum(told(event) != trail.get(event['number'], told(event)) for event in events)}")
    print(f"out_of_order={out_of_order}\nlate={late}")


def check_state(events, tokens):
    """Compares what the events make of tokens with the tables."""
    status, names = {}, {}
    for event in events:
        token = event["token"]["id"]
        if "to" in event:
            status[token] = event["to"]
        if "name" in event.get("details", {}):
            names[token] = event["details"]["name"]["to"]
    wrong = sum(status.get(token) != has for token, (has, _) in tokens.items())
    wrong += sum(tokens[token][1] != name for token, name in names.items())
    print(f"other_state={wrong}")


def check_answers(connection, file, secrets):
    """Asks the server for what the cache would answer."""
    secret_of = {hashlib.sha256(secret.encode()).digest(): secret for secret in secrets}
    over = 0
    with sqlite3.connect(file, timeout=30) as cache:
        # the gateway goes on to ask
        until(lambda: cache.execute("SELECT count(*) > 3 FROM answers").fetchone()[0], 15)
        answers = cache.execute("SELECT digest, answer FROM answers").fetchall()
    for digest, answer in answers:
        try:
            now = connection.execute("SELECT api.apitoken_authenticate(%s)", [secret_of[digest]]).fetchone()[0]
            over += now != json.loads(answer)
        except psycopg.errors.DatabaseError:
            over += 1
    print(f"answers={len(answers)}\nanswers_over={over}")


def check(connection, file, tokens):
    """Prints how what the consumer has compares with the tables."""
    trail = {number: tuple(row) for number, *row in connection.execute(
        "SELECT id, api_token_id, to_status, details FROM apitoken.api_token_transitions")}
    # one that is missed is waited for in vain
    until(lambda: len(applied(file)) >= len(trail), 15)
    events = applied(file)
    check_events(events, trail)
    check_state(events, {row[0]: row[1:] for row in connection.execute("SELECT id, status, name FROM apitoken.api_tokens")})
    check_answers(connection, file, tokens.secrets)


def main(folder, file, events, kills):
    """Prints what was found."""
    secrets = file + ".secrets"
    tokens, stop = Tokens(secrets), threading.Event()
    with open(file + ".log", "w", encoding="utf-8") as log:
        killer = Killer(Cluster(folder), [sys.executable, "-s", "-B", os.path.join(HERE, "consumer.py"), file, secrets], log)
        writers = [Writer(number, tokens, stop) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            for kill in range(1, kills + 1):
                have(tokens, writers, events * kill // (kills + 1))
                time.sleep(killer.choice.uniform(0, 0.3))
                killer.kill()
            have(tokens, writers, events)
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        try:
            with psycopg.connect(autocommit=True) as connection:
                check(connection, file, tokens)
        finally:
            killer.end()
    print("\n".join(f"kills_of_{whom}={times}" for whom, times in killer.kills.items()))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
