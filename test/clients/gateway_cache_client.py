"""A gateway that follows the feed: the cache of deploy/clients; prints TAP."""

import os
import pathlib
import tempfile
import threading
import time

import psycopg
from gateway_cache import Cache, Follower

import tap

file = str(pathlib.Path(tempfile.mkdtemp()) / "cache")
cache = Cache(file)
follower = Follower(cache)
follower.connect()
gateway = psycopg.connect(user=os.environ["WEB_ROLE"], autocommit=True)


def who(secret):
    """The token that the cache knows a secret as, or the SQLSTATE."""
    try:
        return cache.authenticate(gateway, secret)["id"]
    except psycopg.Error as error:
        return error.sqlstate


def cached():
    """How many answers are there."""
    return cache.file.execute("SELECT count(*) FROM answers").fetchone()[0]


def reads_all():
    """Reads on to the end."""
    while follower.read():
        pass


def until(condition):
    """Waits until something is so, for a while."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


# What is cached, and forgotten.
reads_all()
tap.equal(who(tap.EXPORT), "TKN-3001-1003", "the server is asked")
tap.equal((who(tap.EXPORT), cached()), ("TKN-3001-1003", 1), "and its answer kept")
tap.equal((who(tap.EXPORT + "x"), cached()), ("PT401", 1), "a wrong secret is not")
tap.elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')")
tap.equal(who(tap.EXPORT), "TKN-3001-1003", "until the feed is read, it counts")
reads_all()
tap.equal((cached(), who(tap.EXPORT)), (0, "PT401"), "then it is forgotten, and the server asked")
tap.elsewhere("SELECT api.apitoken_enable('TKN-3001-1003')")
tap.equal(who(tap.EXPORT), "TKN-3001-1003", "which it is again")

# A page that tells of it between the question and its answer.
reads_all()


class Slow:
    """A connection whose answer comes late."""

    def execute(self, *arguments):
        answer = gateway.execute(*arguments)
        tap.elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')")
        reads_all()
        return answer


tap.equal(cache.authenticate(Slow(), tap.EXPORT)["id"], "TKN-3001-1003", "an answer that comes late")
tap.equal(cached(), 0, "is not kept where the token was told of meanwhile")
tap.elsewhere("SELECT api.apitoken_enable('TKN-3001-1003')")
reads_all()

# What is not read for long is not believed.
who(tap.EXPORT)
cache.trust = 0
tap.elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')")
tap.equal(who(tap.EXPORT), "PT401", "where the feed was not read of late no answer counts")
cache.trust = 600
tap.elsewhere("SELECT api.apitoken_enable('TKN-3001-1003')")
reads_all()

# All of a page or nothing of it.
who(tap.EXPORT)
place = cache.place()
tap.elsewhere("SELECT api.apitoken_update('TKN-3001-1003', '{\"name\": \"One\"}')")


class Broken(Cache):
    """One that ends in the middle of a page."""

    def apply(self, event):
        super().apply(event)
        raise RuntimeError


follower.cache = Broken(file)
try:
    follower.read()
except RuntimeError:
    pass
tap.equal((cache.place(), cached()), (place, 1), "what ends in the middle has done nothing")
follower.cache = cache
page = follower.ask(place[0])
follower.read()
tap.equal((len(page["events"]), cache.place()[1] - place[1], cached()), (1, 1, 0), "and is done by who reads again")
place = cache.place()
cache.take("another", page, time.time())
tap.equal(cache.place(), place, "two who read the same apply it once")

# A position that is refused.
who(tap.EXPORT)
cache.file.execute("UPDATE place SET position = 'f1.0.0.0.0'")
tap.equal((follower.read(), cache.place()[0], cached()), (True, None, 0), "who is refused forgets")
reads_all()
tap.equal(cache.place()[0] is not None, True, "and begins again")

# In the name of a token, one's own account's.
own = Follower(Cache(file + ".own"), f"user={os.environ['WEB_ROLE']}", tap.ADMINISTRATOR)
own.connect()
own.read()
accounts = {event["account"]["id"] for event in own.ask(None)["events"]}
tap.equal(accounts, {"ACC-3001-7788"}, "by a token's secret, one's account's events are read")

# By itself: a signal is enough, and a connection that ends is opened again.
watch = psycopg.connect(autocommit=True)


def waits():
    """The process that waits for a signal."""
    row = watch.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway' "
                        "AND state = 'idle' AND query = 'COMMIT'").fetchone()
    return row[0] if row else None


def told():
    """The last page that told of the token."""
    return cache.file.execute("SELECT COALESCE(max(page), 0) FROM tokens WHERE id = 'TKN-3001-1003'").fetchone()[0]


def by_itself():
    """Follows, and would look again in ten minutes."""
    Follower(Cache(file), "application_name=gateway", every=600).follow()


threading.Thread(target=by_itself, daemon=True).start()
until(waits)
who(tap.EXPORT)
tap.elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')")
tap.equal(until(lambda: cached() == 0), True, "a signal makes it look")
until(waits)
ended, before = waits(), told()
watch.execute("SELECT pg_terminate_backend(%s, 10000)", [ended])
tap.elsewhere("SELECT api.apitoken_enable('TKN-3001-1003')")
tap.equal(until(lambda: waits() not in (None, ended)), True, "where its connection ends it opens another")
until(lambda: told() > before)
who(tap.EXPORT)
pages = cache.place()[1]
tap.elsewhere("SELECT pg_notify('apitoken', '{\"id\": \"TKN-3001-1003\", \"status\": \"Disabled\"}')")
tap.equal((until(lambda: cache.place()[1] > pages), cached()), (True, 1), "what a signal says is not believed")
tap.finish()
