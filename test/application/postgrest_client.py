"""The example behind PostgREST: its statements for requests of a table, in the schema
shop, word for word (src/library/PostgREST/Query/QueryBuilder.hs and Statements.hs of
its source; test/postgrest has those of functions); prints TAP."""

import json

import psycopg
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


def request(path, secret=None, body=None, claims=None, headers=None, before_commit=None):
    """Returns the status and the body of an answer."""
    headers = {**(headers or {}), **({"x-apitoken-secret": secret} if secret else {})}
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
        answer = cursor.fetchone()[2]
        if before_commit:
            tap.elsewhere(before_commit)
        cursor.execute("COMMIT")
    except psycopg.Error as error:
        cursor.execute("ABORT")
        return http_status(error.sqlstate, False), None
    return 200 if body is None else 201, [row.get("item", row.get("amount")) for row in answer]


connection = psycopg.connect("user=authenticator", autocommit=True)
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
    request("orders", tap.ORDERS, {"item": "leaked", "quantity": 1}, before_commit="SELECT api.apitoken_disable('TKN-3001-1003')"),
    (401, None), "a token that is disabled in the middle of a request",
)
tap.equal(tap.elsewhere("SELECT count(*) FROM shop.orders WHERE item = 'leaked'"), "0", "nothing of it is there")
tap.equal(request("orders", tap.ORDERS), (401, None), "nor does it get in again")
connection.close()
tap.finish()
