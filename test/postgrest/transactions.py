"""The transactions that PostgREST runs for a request, word for word.

For a call of a function PostgREST sends, in one transaction of its
authenticator (src/library/PostgREST/MainTx.hs, Query/PreQuery.hs,
Query/Statements.hs and Query/QueryBuilder.hs of its source):

1. BEGIN ISOLATION LEVEL READ COMMITTED and READ WRITE, or READ ONLY for a GET
   and for a function that is not volatile;
2. one select of set_config()s: search_path, role, request.jwt.claims (with the
   role in it), request.method, request.path, request.headers (lower case),
   request.cookies;
3. the pre-request function;
4. the call, its answer aggregated as JSON;

and turns an SQLSTATE into a status (Error.hs, mapSQLtoHTTP).
"""

import hashlib
import base64
import json
import sys

import psycopg

number = 0
failed = 0


def check(condition, description, *details):
    global number, failed
    number += 1
    print(f"{'ok' if condition else 'not ok'} {number} - {description}")
    if not condition:
        failed += 1
        for detail in details:
            print(f"# {detail}")


def same(have, want, description):
    check(have == want, description, f"have: {have!r}", f"want: {want!r}")


def secret(token):
    opaque = base64.urlsafe_b64encode(hashlib.sha256(f"demo {token}".encode()).digest())
    return f"idt:{token}:{opaque.decode().rstrip('=')}"


# name: (volatile?, returns void?, parameters with their types); create has the
# one parameter without a name that takes the whole body
FUNCTIONS = {
    "apitoken_create": (True, False, None),
    "apitoken_get": (False, False, {"id": "text", "fields": "text"}),
    "apitoken_list": (False, False, {"query": "text"}),
    "apitoken_update": (True, False, {"id": "text", "changes": "jsonb", "fields": "text"}),
    "apitoken_disable": (True, False, {"id": "text", "fields": "text"}),
    "apitoken_enable": (True, False, {"id": "text", "fields": "text"}),
    "apitoken_disable_all": (True, False, {"account_id": "text"}),
    "apitoken_delete": (True, True, {"id": "text"}),
}


def http_status(sqlstate, has_jwt):
    """mapSQLtoHTTP, for the states that these calls can raise."""
    if sqlstate.startswith("PT"):
        return int(sqlstate[2:])
    if sqlstate == "25006":
        return 405
    if sqlstate == "42501":
        return 403 if has_jwt else 401
    return 400 if sqlstate.startswith("22") else 500


def call(function, arguments, method):
    """The FROM of the call, and its parameters (callPlanToQuery)."""
    _, _, parameters = FUNCTIONS[function]
    name = f'"api"."{function}"'
    if parameters is None:
        return f"FROM (SELECT {name}(%s::jsonb) pgrst_scalar) pgrst_call", [json.dumps(arguments)]
    given = [p for p in parameters if p in arguments]
    if not given:
        return f"FROM (SELECT {name}() pgrst_scalar) pgrst_call", []
    if method == "GET":
        listed = ", ".join(f'"{p}" := %s::{parameters[p]}' for p in given)
        return f"FROM (SELECT {name}({listed}) pgrst_scalar) pgrst_call", [arguments[p] for p in given]
    columns = ", ".join(f'"{p}"' for p in given)
    typed = ", ".join(f'"{p}" {parameters[p]}' for p in given)
    passed = ", ".join(f'"{p}" := pgrst_body."{p}"' for p in given)
    return (
        "FROM (SELECT %s::json AS json_data) pgrst_payload, "
        f"LATERAL (SELECT {columns} FROM json_to_record(pgrst_payload.json_data) AS _({typed}) ) pgrst_body , "
        f"LATERAL (SELECT {name}({passed}) pgrst_scalar) pgrst_call",
        [json.dumps(arguments)],
    )


def request(connection, function, arguments, method="POST", token=None, claims=None, header=None):
    """Returns (status, body, error) as PostgREST would answer."""
    volatile, void, _ = FUNCTIONS[function]
    mode = "READ WRITE" if volatile and method == "POST" else "READ ONLY"
    headers = {"host": "localhost", "content-type": "application/json"}
    if token is not None:
        headers["x-apitoken-secret"] = secret(token)
    if header is not None:
        headers["x-apitoken-secret"] = header
    role = (claims or {}).get("role", "apitoken_web")
    settings = [
        ("search_path", '"api"'),
        ("role", role),
        ("request.jwt.claims", json.dumps({**(claims or {}), "role": role})),
        ("request.method", method),
        ("request.path", f"/rpc/{function}"),
        ("request.headers", json.dumps(headers)),
        ("request.cookies", "{}"),
    ]
    source, parameters = call(function, arguments, method)
    main = (
        f"WITH pgrst_source AS (SELECT pgrst_call.pgrst_scalar {source}) "
        "SELECT null::bigint AS total_result_set, 1 AS page_total, "
        "coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null') AS body, "
        "nullif(current_setting('response.headers', true), '') AS response_headers, "
        "nullif(current_setting('response.status', true), '') AS response_status, "
        "'' AS response_inserted "
        'FROM (SELECT "pgrst_source".* FROM "pgrst_source"     ) _postgrest_t'
    )
    cursor = connection.cursor()
    cursor.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED {mode}")
    try:
        cursor.execute(
            "select " + ", ".join(f"set_config('{k}', %s, true)" for k, _ in settings),
            [v for _, v in settings],
        )
        cursor.execute('select "api"."apitoken_pre_request"()')
        cursor.execute(main, parameters, prepare=True)
        body = cursor.fetchone()[2]
        cursor.execute("COMMIT")
    except psycopg.Error as error:
        cursor.execute("ROLLBACK")
        diagnosis = error.diag
        return (
            http_status(diagnosis.sqlstate, claims is not None),
            None,
            (diagnosis.sqlstate, diagnosis.message_primary, diagnosis.message_detail),
        )
    return 204 if void else 200, body, None


def main():
    pool = psycopg.connect(user="authenticator", autocommit=True)
    owner = psycopg.connect(autocommit=True)
    admin = "TKN-3001-1002"
    target = "TKN-1671-0642"
    unauthorized = (401, None, ("PT401", "Unauthorized", "There is no valid credential."))

    def status_of(token):
        return owner.execute("SELECT status FROM apitoken.api_tokens WHERE id = %s", [token]).fetchone()[0]

    def not_found(token):
        return (404, None, ("PT404", "Not Found", f'There is no API token "{token}" that you may administer.'))

    # refused before the call runs
    for description, given in [
        ("no credential", {}),
        ("an unknown token", {"header": "idt:TKN-0:x"}),
        ("a wrong secret", {"header": f"idt:{admin}:x"}),
        ("no secret at all", {"header": ""}),
        ("a Disabled token", {"token": "TKN-3001-1004"}),
        ("a Deleted token", {"token": "TKN-3001-1005"}),
        ("a JWT without the claim", {"claims": {"role": "apitoken_web"}}),
        ("a JWT of nobody", {"claims": {"sub": "USR-0"}}),
        ("a JWT of a Blocked user", {"claims": {"sub": "USR-3001-0003"}}),
    ]:
        same(request(pool, "apitoken_disable", {"id": target}, **given), unauthorized, f"{description}: 401")
    same(status_of(target), "Active", "and nothing has changed")
    same(
        request(pool, "apitoken_list", {}, token="TKN-3001-1003")[0], 403, "a token without the module: 403"
    )

    # each function
    status, body, _ = request(pool, "apitoken_get", {"id": target}, method="GET", token=admin)
    same((status, body["id"], body["status"]), (200, target, "Active"), "get by GET")
    status, body, _ = request(
        pool, "apitoken_get", {"id": target, "fields": "-*, id"}, method="GET", token=admin
    )
    same((status, body["id"], sorted(body)), (200, target, ["$meta", "id"]), "a plus that came as a space")
    status, body, _ = request(pool, "apitoken_get", {"id": target}, token=admin)
    same((status, body["id"]), (200, target), "get by POST")
    status, body, _ = request(
        pool, "apitoken_list", {"query": "status=Active&limit=2&order=-id"}, method="GET", token=admin
    )
    same(
        (status, [t["id"] for t in body["data"]], body["$meta"]["pagination"]["total"]),
        (200, ["TKN-3001-1003", "TKN-3001-1002"], 3),
        "list by GET",
    )
    same(request(pool, "apitoken_list", {}, token=admin)[1]["$meta"]["pagination"]["total"], 4, "list by POST")
    status, body, _ = request(
        pool,
        "apitoken_create",
        {"account": {"id": "ACC-3001-7788"}, "name": "Made", "modules": [{"id": "MOD-0001"}]},
        token=admin,
    )
    made = body["id"]
    same((status, body["token"].split(":")[:2]), (200, ["idt", made]), "create takes the whole body")
    same(body["audit"]["created"]["by"]["id"], admin, "the token that authenticated has created it")
    same(
        request(pool, "apitoken_list", {"query": "limit=0"}, method="GET", header=body["token"])[0],
        200,
        "the new secret works at once",
    )
    status, body, _ = request(
        pool,
        "apitoken_update",
        {"id": target, "changes": {"description": "It's \"changed\""}, "fields": "-account,-modules,-audit"},
        token=admin,
    )
    same((status, body["description"]), (200, "It's \"changed\""), "update")
    status, body, _ = request(pool, "apitoken_disable", {"id": target}, token=admin)
    same((status, body["status"], body["audit"]["updated"]["by"]["id"]), (200, "Disabled", admin), "disable")
    same(
        request(pool, "apitoken_disable", {"id": target}, token=admin),
        (400, None, ("PT400", "Bad Request", f'The API token "{target}" is Disabled.')),
        "twice: 400",
    )
    same(request(pool, "apitoken_enable", {"id": target}, token=admin)[1]["status"], "Active", "enable")
    same(request(pool, "apitoken_delete", {"id": target}, token=admin), (204, "", None), "delete: 204")
    same(request(pool, "apitoken_get", {"id": target}, token=admin), not_found(target), "Deleted is not found")
    same(
        request(pool, "apitoken_disable_all", {"account_id": "ACC-3001-7788"}, claims={"sub": "USR-3001-0001"})[1],
        sorted([admin, "TKN-3001-1003", made]),
        "disable_all, by a user with a JWT",
    )
    same(
        request(pool, "apitoken_list", {}, token=admin), unauthorized, "the token that is Disabled now is refused"
    )

    # masked, for every call that takes an id
    user = {"sub": "USR-3001-0001"}
    for function in ("get", "disable", "enable", "delete"):
        for token in ("TKN-0", "TKN-3002-1001"):
            same(
                request(pool, f"apitoken_{function}", {"id": token}, claims=user),
                not_found(token),
                f"{function} of {token}: 404",
            )
    for token in ("TKN-0", "TKN-3002-1001"):
        same(
            request(pool, "apitoken_update", {"id": token, "changes": {"name": "x"}}, claims=user),
            not_found(token),
            f"update of {token}: 404",
        )

    # read-only, and rights
    same(
        request(pool, "apitoken_enable", {"id": admin}, method="GET", claims=user)[:2],
        (405, None),
        "a change by GET: 405",
    )
    owner.execute("REVOKE EXECUTE ON FUNCTION api.apitoken_enable(text, text) FROM apitoken_web")
    same(request(pool, "apitoken_enable", {"id": admin}, claims=user)[0], 403, "no EXECUTE, with a JWT: 403")

    # nothing of a request is left for the next one on the same connection
    same(
        pool.execute("SELECT current_setting('apitoken.actor'), current_user").fetchone(),
        ("", "authenticator"),
        "the actor and the role end with the transaction",
    )

    # the settings prove nothing elsewhere
    owner.execute("CREATE ROLE postgrest_somebody LOGIN")
    owner.execute("GRANT apitoken_web TO postgrest_somebody")
    somebody = psycopg.connect(user="postgrest_somebody", autocommit=True)
    same(
        request(somebody, "apitoken_list", {}, claims=user),
        unauthorized,
        "claims are not believed in anybody else's session",
    )
    same(
        request(somebody, "apitoken_list", {}, header=f"idt:{admin}:x"),
        unauthorized,
        "a header is worth the secret in it, and no more",
    )
    somebody.close()
    owner.execute("DROP OWNED BY postgrest_somebody")
    owner.execute("DROP ROLE postgrest_somebody")

    # what the OpenAPI document is made of: a comment's first line is the summary
    rows = owner.execute(
        """SELECT p.proname, obj_description(p.oid, 'pg_proc') FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'api' AND p.proname <> 'apitoken_version'"""
    ).fetchall()
    for name, comment in sorted(rows):
        lines = comment.split("\n")
        check(
            len(lines) >= 3 and len(lines[0]) < 60 and lines[1] == "",
            f"{name}: a summary, an empty line, a description",
            comment,
        )
    print(f"1..{number}")
    return failed


sys.exit(min(main(), 1))
