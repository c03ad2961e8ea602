"""The example behind PostgREST; prints TAP.

	postgrest_client.py [postgrest]

What PostgREST sends for requests of a table, in the schema shop, word for word
(src/library/PostgREST/Query/QueryBuilder.hs and Statements.hs of its source;
test/postgrest has those of functions); or PostgREST itself, by the postgrest.conf of
the folder that this is run in, with a key in jwt.key.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading

import psycopg
import server
from postgrest import http_status

import tap

TAIL = (
    "SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, "
    "coalesce(json_agg(_postgrest_t), '[]') AS body, "
    "nullif(current_setting('response.headers', true), '') AS response_headers, "
    "nullif(current_setting('response.status', true), '') AS response_status "
    "FROM ( SELECT * FROM pgrst_source ) _postgrest_t"
)
READ = 'WITH pgrst_source AS ( SELECT "shop"."{0}".* FROM "shop"."{0}" ORDER BY "shop"."{0}"."id" ) ' + TAIL
WRITE = (
    'WITH pgrst_source AS (INSERT INTO "shop"."orders"("item", "quantity") '
    'SELECT "pgrst_body"."item", "pgrst_body"."quantity" FROM (SELECT %s::json AS json_data) pgrst_payload, '
    "LATERAL (SELECT CASE WHEN json_typeof(pgrst_payload.json_data) = 'array' THEN pgrst_payload.json_data "
    "ELSE json_build_array(pgrst_payload.json_data) END AS val) pgrst_uniform_json, "
    'LATERAL (SELECT "item", "quantity" FROM json_to_recordset(pgrst_uniform_json.val) AS _("item" text, "quantity" integer)) pgrst_body '
    'RETURNING "shop"."orders".*) ' + TAIL
)


def by_statements(path, headers, body, claims):
    """Returns the status and the rows of an answer, as PostgREST would give them."""
    claims = {**(claims or {}), "role": "apitoken_web"}
    settings = {
        "search_path": '"shop"',
        "role": "apitoken_web",
        "request.jwt.claims": json.dumps(claims),
        "request.method": "GET" if body is None else "POST",
        "request.path": f"/{path}",
        "request.headers": json.dumps(headers),
        "request.cookies": "{}",
    }
    cursor = connection.cursor()
    try:
        cursor.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED {'READ ONLY' if body is None else 'READ WRITE'}")
        cursor.execute("select " + ", ".join(f"set_config('{name}', %s, true)" for name in settings), list(settings.values()), prepare=True)
        cursor.execute('select "shop"."pre_request"()', prepare=True)
        if body is None:
            cursor.execute(READ.format(path), prepare=True)
        else:
            cursor.execute(WRITE, [json.dumps(body)], prepare=True)
        rows = cursor.fetchone()[2]
        cursor.execute("COMMIT")
    except psycopg.Error as error:
        cursor.execute("ABORT")
        return http_status(error.sqlstate, False), None
    return 200 if body is None else 201, rows


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jwt(claims):
    """A JWT with these claims, signed with the key of the folder."""
    with open("jwt.key", "rb") as file:
        key = file.read()
    signed = base64url(b'{"alg":"HS256","typ":"JWT"}') + b"." + base64url(json.dumps(claims).encode())
    return (signed + b"." + base64url(hmac.digest(key, signed, hashlib.sha256))).decode()


def by_postgrest(path, headers, body, claims):
    """Returns the status and the rows of PostgREST's answer."""
    headers = {**headers, "Prefer": "return=representation", "Content-Type": "application/json"}
    if claims is not None:
        headers["Authorization"] = "Bearer " + jwt(claims)
    http = server.Connection("postgrest.sock", 60)
    http.request("GET" if body is None else "POST", f"/{path}{'?order=id' if body is None else ''}", body and json.dumps(body), headers)
    response = http.getresponse()
    rows = json.load(response)
    http.close()
    return response.status, rows if response.status < 300 else None


def request(path, secret=None, body=None, claims=None, headers=None):
    """Returns the status, and what the rows of an answer are about."""
    headers = {**(headers or {}), **({"x-apitoken-secret": secret} if secret else {})}
    status, rows = ask(path, headers, body, claims)
    return status, None if rows is None else [row.get("item", row.get("amount")) for row in rows]


def during_commit(statement, *arguments):
    """A request in whose COMMIT somebody runs a statement; returns as request does."""
    holder = psycopg.connect("user=postgres host={SUPERHOST} port={SUPERPORT}".format(**os.environ), autocommit=True)
    holder.execute("SELECT pg_advisory_lock(1)")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(request(*arguments)))
    thread.start()
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
    while thread.is_alive() and not holder.execute(waits).fetchone()[0]:
        pass
    tap.elsewhere(statement)
    holder.close()
    thread.join()
    return answers[0]


# an order of something leaked waits in COMMIT, until it may go on
tap.elsewhere(
    """CREATE FUNCTION shop.wait() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END$$;
    CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON shop.orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.item = 'leaked') EXECUTE FUNCTION shop.wait();
    ALTER ROLE authenticator SET lock_timeout = 0; ALTER ROLE authenticator SET statement_timeout = 0"""
)
if sys.argv[1:] == ["postgrest"]:
    process, ask = server.start_postgrest("postgrest.sock"), by_postgrest
else:
    connection, ask = psycopg.connect("user=authenticator", autocommit=True), by_statements
tap.equal(request("orders", tap.ORDERS), (200, ["bags", "cups"]), "a token sees its account's orders")
tap.equal(request("orders", tap.OTHER), (200, ["trains"]), "and another its own, with the statements prepared before")
tap.equal(request("orders"), (401, None), "no credential")
tap.equal(request("orders", "idt:TKN-3001-1003:x"), (401, None), "a wrong one")
tap.equal(request("orders", tap.POWERLESS), (403, None), "a token without the module")
tap.equal(request("orders", tap.ORDERS, {"item": "pens", "quantity": 2}), (201, ["pens"]), "an order")
tap.equal(request("invoices", tap.BOTH), (200, [10.5]), "invoices of an account, for whoever holds billing")
tap.equal(request("invoices", tap.ORDERS), (200, []), "and none for others")

# users
user = {"sub": "USR-3001-0002"}
both = {"sub": "USR-3002-0002"}
tap.equal(request("orders", claims=user), (200, ["bags", "cups", "pens"]), "a user whom a JWT names")
tap.equal(request("orders", claims={"sub": "USR-3001-0003"}), (401, None), "one who is Blocked")
tap.equal(request("orders", claims=both), (403, None), "one of two accounts, who has not chosen")
tap.equal(request("orders", claims=both, headers={"x-account": "ACC-3002-9900"}), (200, ["trains"]), "who has")
tap.equal(request("invoices", claims=both, headers={"x-account": "ACC-3001-7788"}), (200, [10.5]), "and the other one")
tap.equal(request("orders", claims=user, headers={"x-account": "ACC-3002-9900"}), (403, None), "one who has chosen what is not his")
tap.equal(request("orders", claims=user), (200, ["bags", "cups", "pens"]), "a choice ends with the request")

tap.equal(
    during_commit("SELECT api.apitoken_disable('TKN-3001-1003')", "orders", tap.ORDERS, {"item": "leaked", "quantity": 1}),
    (401, None), "a token that is disabled in the middle of a request",
)
tap.equal(tap.elsewhere("SELECT count(*) FROM shop.orders WHERE item = 'leaked'"), "0", "nothing of it is there")
tap.equal(request("orders", tap.ORDERS), (401, None), "nor does it get in again")
if ask is by_postgrest:
    process.terminate()
    process.wait()
tap.finish()
