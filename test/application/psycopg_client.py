"""An application that uses psycopg's pool, as a WSGI application; prints TAP."""

import concurrent.futures
import contextlib
import io
import json
import os

import psycopg
from psycopg_pool import ConnectionPool
from tokens_psycopg import ApiTokens

import tap

# PgBouncer before 1.21 knows nothing of prepared statements
threshold = None if os.environ.get("PREPARES") == "no" else 0
pool = ConnectionPool("user=shop", min_size=2, max_size=2, kwargs={"prepare_threshold": threshold})


def shop(environ, start_response):
    """The application: GET lists items, POST orders what the body names."""
    connection = environ["apitoken.connection"]
    if environ["REQUEST_METHOD"] == "POST":
        item = environ["wsgi.input"].read().decode()
        connection.execute("INSERT INTO shop.orders (item) VALUES (%s)", [item])
        if item == "leaked":
            tap.elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')")
        if item == "refused":
            start_response("422 Unprocessable", [])
            return [b"null"]
        if item == "broken":
            raise RuntimeError
        if item == "swallowed":
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT 1 / 0")
            start_response("200 OK", [])
            return [b"null"]
    rows = connection.execute("SELECT item FROM shop.orders ORDER BY id").fetchall()
    start_response("200 OK", [])
    return [json.dumps([item for item, in rows]).encode()]


application = ApiTokens(shop, pool)


def request(secret, item=None):
    """Returns the status and the body of an answer."""
    environ = {"REQUEST_METHOD": "GET" if item is None else "POST", "wsgi.input": io.BytesIO((item or "").encode())}
    if secret is not None:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    answer = []
    body = b"".join(application(environ, lambda status, headers: answer.append(status)))
    return answer[0][:3], json.loads(body)


unauthorized = ("401", {"title": "Unauthorized", "detail": "There is no valid credential."})
tap.equal(request(tap.ORDERS), ("200", ["bags", "cups"]), "a token sees its account's orders")
tap.equal(request(tap.OTHER), ("200", ["trains"]), "and another its own")
tap.equal(request(None), unauthorized, "no credential")
tap.equal(request("idt:TKN-3001-1003:x"), unauthorized, "a wrong one")
tap.equal(request(tap.POWERLESS)[0], "403", "a token without the module")
tap.equal(request(tap.ORDERS, "pens"), ("200", ["bags", "cups", "pens"]), "an order")
tap.equal(tap.elsewhere("SELECT account_id, created_by FROM shop.orders WHERE item = 'pens'"), "ACC-3001-7788|TKN-3001-1003", "is its account's, and tells who made it")
tap.equal(request(tap.ORDERS, "refused")[0], "422", "a request that the application refuses")
failure = None
try:
    request(tap.ORDERS, "broken")
except RuntimeError as error:
    failure = error
tap.equal(type(failure), RuntimeError, "one that it fails at")
try:
    tap.equal(request(tap.ORDERS, "swallowed"), "an error", "one whose statement has failed, which it does not tell")
except psycopg.Error as failure:
    tap.equal(failure.sqlstate, "25P02", "one whose statement has failed, which it does not tell")
tap.equal(request(tap.ORDERS), ("200", ["bags", "cups", "pens"]), "leave nothing behind")
with pool.connection() as plain:
    tap.equal(plain.execute("SELECT api.apitoken_actor()").fetchone(), (None,), "nobody acts on a connection that has been given back")

# two connections, or one behind PgBouncer, and eight threads
with concurrent.futures.ThreadPoolExecutor(8) as threads:
    secrets = [tap.ORDERS, tap.OTHER] * 100
    answers = list(threads.map(request, secrets))
tap.equal(
    [answer for secret, answer in zip(secrets, answers) if answer != ("200", ["trains"] if secret == tap.OTHER else ["bags", "cups", "pens"])],
    [], "of 200 requests at a time, each sees its own",
)

tap.equal(request(tap.ORDERS, "leaked"), unauthorized, "a token that is disabled in the middle of a request: COMMIT says so")
tap.equal(tap.elsewhere("SELECT count(*) FROM shop.orders WHERE item = 'leaked'"), "0", "and nothing is there")
tap.equal(request(tap.ORDERS), unauthorized, "nor does it get in again")
tap.equal(tap.elsewhere("SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = 'shop'::regnamespace AND proconfig IS NULL"), "", "no function of the example searches where its caller says")
pool.close()
tap.finish()
