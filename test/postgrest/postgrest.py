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

import json

import psycopg

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


def request(connection, function, arguments, method="POST", headers=None, claims=None):
    """Returns (status, body, error) as PostgREST would answer, which has the headers
    in lower case and the claims of a JWT that it has checked; error is psycopg's.
    """
    volatile, void, _ = FUNCTIONS[function]
    mode = "READ WRITE" if volatile and method == "POST" else "READ ONLY"
    role = (claims or {}).get("role", "apitoken_web")
    settings = [
        ("search_path", '"api"'),
        ("role", role),
        ("request.jwt.claims", json.dumps({**(claims or {}), "role": role})),
        ("request.method", method),
        ("request.path", f"/rpc/{function}"),
        ("request.headers", json.dumps(headers or {})),
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
        return http_status(error.sqlstate, claims is not None), None, error
    return 204 if void else 200, body, None
