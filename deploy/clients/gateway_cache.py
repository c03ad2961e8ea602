"""A gateway's cache: who a secret is, and the feed that tells what to forget.

What the server has answered lies in a file of SQLite, beside the position in the feed up
to which it is true.  Both change in one transaction: whatever ends this program, no event
is missed, and none is applied twice.

    PGHOST=... PGDATABASE=... python3 gateway_cache.py FILE

follows the feed; any number of the gateway's processes use the file by Cache.authenticate.
Debian: python3-psycopg.
"""

import contextlib
import hashlib
import json
import logging
import random
import select
import sqlite3
import sys
import time

import psycopg

# pages counts what was applied; page is the last one that told of the token.
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS place (position TEXT, pages INTEGER NOT NULL, read_at REAL NOT NULL);
INSERT INTO place SELECT NULL, 0, 0 WHERE NOT EXISTS (SELECT * FROM place);
CREATE TABLE IF NOT EXISTS tokens (id TEXT PRIMARY KEY, page INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (digest BLOB PRIMARY KEY, token TEXT NOT NULL, answer TEXT NOT NULL, until REAL NOT NULL);
CREATE INDEX IF NOT EXISTS answers_token ON answers (token);
"""

PAGE = 1000
LONGEST_PAUSE = 10


class Cache:
    """Answers, and up to which position in the feed they are true.

    keep: an answer is asked for anew after so many seconds, for what ends without an event:
    a token's expiry, an old secret's overlap.  trust: when the feed was not read for so
    many seconds, no answer counts.  account: the only one whose tokens the feed tells of, where
    it is read as one of that account; others' answers are not kept then.
    """

    def __init__(self, file, keep=60, trust=10, account=None):
        self.keep, self.trust, self.account = keep, trust, account
        self.file = sqlite3.connect(file, isolation_level=None, timeout=30)
        self.file.executescript(SCHEMA)

    @contextlib.contextmanager
    def transaction(self):
        """All of it, or nothing."""
        self.file.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.file.execute("COMMIT")
        except BaseException:
            self.file.execute("ROLLBACK")
            raise

    def place(self):
        """The position in the feed, and how many pages were applied."""
        return self.file.execute("SELECT position, pages FROM place").fetchone()

    # The gateway's side

    def authenticate(self, connection, secret):
        """Who a secret is; raises psycopg.Error, with sqlstate PT401 for a secret that is none.

        The connection is one with autocommit to where the feed is read, or to its primary:
        a standby that lags would answer what is over.
        """
        digest, now = hashlib.sha256(secret.encode()).digest(), time.time()
        found = self.file.execute("SELECT answer FROM answers, place WHERE digest = ? AND until > ? AND read_at > ?",
                                  [digest, now, now - self.trust]).fetchone()
        if found:
            return json.loads(found[0])
        _, pages = self.place()
        answer = connection.execute("SELECT api.apitoken_authenticate(%s)", [secret]).fetchone()[0]
        if self.account not in (None, answer["account"]["id"]):
            return answer
        # what was told of the token meanwhile may have come after the answer
        self.file.execute("""INSERT OR REPLACE INTO answers SELECT :digest, :token, :answer, :until
            WHERE NOT EXISTS (SELECT * FROM tokens WHERE id = :token AND page > :pages)""",
                          {"digest": digest, "token": answer["id"], "answer": json.dumps(answer),
                           "until": now + self.keep, "pages": pages})
        return answer

    # The feed's side

    def apply(self, event):
        """Does what an event asks for, whatever it is: what is known of its token is forgotten."""
        token = event["token"]["id"]
        self.file.execute("DELETE FROM answers WHERE token = ?", [token])
        self.file.execute("INSERT OR REPLACE INTO tokens SELECT ?, pages + 1 FROM place", [token])

    def take(self, position, page, read_at):
        """Applies a page that was read from a position, unless another process has done so."""
        with self.transaction():
            if self.place()[0] != position:
                return
            for event in page["events"]:
                self.apply(event)
            self.file.execute("UPDATE place SET position = ?, pages = pages + 1, read_at = ?", [page["position"], read_at])

    def forget(self):
        """Begins again, knowing nothing."""
        with self.transaction():
            self.file.execute("DELETE FROM answers")
            self.file.execute("DELETE FROM tokens")
            self.file.execute("UPDATE place SET position = NULL, pages = pages + 1, read_at = 0")


class Follower:
    """Reads the feed and keeps a cache up to date, whatever becomes of the server.

    conninfo: as libpq's; secret: of the API token that reads the feed, where the database
    role is not trusted with it; every: the longest time between two looks, in seconds.
    """

    def __init__(self, cache, conninfo="", secret=None, every=1):
        self.cache, self.conninfo, self.secret, self.every = cache, conninfo, secret, every
        self.connection = None
        self.signalled = False

    def connect(self):
        """Opens the connection; neither it nor a statement hangs where the server is gone."""
        self.connection = psycopg.connect(self.conninfo, autocommit=True, connect_timeout=5, tcp_user_timeout=10000)
        self.connection.execute("SET statement_timeout = '30s'")
        self.connection.add_notify_handler(self.hear)
        # a standby sends no signals
        with contextlib.suppress(psycopg.errors.ReadOnlySqlTransaction):
            self.connection.execute("LISTEN apitoken")

    def hear(self, _):
        """A signal means "look". What it says, anybody may have said."""
        self.signalled = True

    def ask(self, position):
        """Asks for what follows a position."""
        with self.connection.transaction():
            if self.secret is not None:
                self.connection.execute("SELECT api.apitoken_authenticate(%s)", [self.secret])
            return self.connection.execute("SELECT api.apitoken_feed(%s, %s)", [position, PAGE]).fetchone()[0]

    def read(self):
        """Reads and applies a page; says whether more is waiting."""
        position, read_at = self.cache.place()[0], time.time()
        try:
            page = self.ask(position)
        except psycopg.Error as error:
            if error.sqlstate != "PT400" or position is None:
                raise
            logging.warning("begins again: %s", error.diag.message_detail)
            self.cache.forget()
            return True
        self.cache.take(position, page, read_at)
        return len(page["events"]) == PAGE

    def wait(self):
        """Until there is a signal, or it is time to look."""
        if not self.signalled and select.select([self.connection], [], [], self.every)[0]:
            self.connection.pgconn.consume_input()
            while self.connection.pgconn.notifies():
                pass
        self.signalled = False

    def follow(self):
        """Reads on for ever; after an error with a connection of its own, later each time."""
        pause = 0.1
        while True:
            try:
                self.connect()
                while True:
                    while self.read():
                        pass
                    pause = 0.1
                    self.wait()
            except psycopg.Error as error:
                logging.warning("tries again: %s", str(error).strip())
            finally:
                if self.connection is not None:
                    self.connection.close()
            # not all at once, where many have lost the same server
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s")
    Follower(Cache(sys.argv[1])).follow()
