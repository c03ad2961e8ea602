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
4. the call, its answer aggregated as JSON, with ?limit= and ?offset= as a LIMIT
   around it: with none wanted the function is not called;
5. COMMIT, whose error is the answer;

and turns an SQLSTATE into a status (Error.hs, mapSQLtoHTTP).  What the setting
response.headers holds then is added to the answer's headers (GucHeader.hs).
"""

import json

import psycopg

ANONYMOUS = "apitoken_web"  # db-anon-role

# name: (volatile?, returns void?, parameters with their types); create has the
# one parameter without a name that takes the whole body
FUNCTIONS = {
    "apitoken_create": (True, False, None),
    "apitoken_get": (False, False, {"id": "text", "fields": "text"}),
    "apitoken_list": (False, False, {"query": "text"}),
    "apitoken_update": (True, False, {"id": "text", "changes": "jsonb", "fields": "text"}),
    "apitoken_disable": (True, False, {"id": "text", "fields": "text"}),
    "apitoken_enable": (True, False, {"id": "text", "fields": "text"}),
    "apitoken_disable_all": (
        True,
        False,
        {"account_id": "text", "query": "text", "hold": "boolean", "dry_run": "boolean"},
    ),
    "apitoken_enable_all": (True, False, {"disabled": "jsonb", "release": "boolean"}),
    "apitoken_ensure_disabled": (True, False, {"id": "text", "hold": "boolean", "fields": "text"}),
    "apitoken_release": (True, False, {"id": "text", "fields": "text"}),
    "apitoken_hold_account": (True, True, {"account_id": "text"}),
    "apitoken_release_account": (True, True, {"account_id": "text"}),
    "apitoken_delete": (True, True, {"id": "text"}),
    "apitoken_rotate": (True, False, {"id": "text", "overlap": "interval", "fields": "text"}),
    "apitoken_revoke": (True, True, {"secrets": "text[]"}),
    "apitoken_feed": (False, False, {"after": "text", "at_most": "integer"}),
    "apitoken_pre_request": (True, True, {}),
}


# mapSQLtoHTTP: the states with a status of their own, and the classes
STATES = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
}
CLASSES = {
    **dict.fromkeys(["09", "21", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX"], 500),
    **dict.fromkeys(["0L", "0P", "28"], 403),
    **dict.fromkeys(["08", "53"], 503),
}


def http_status(sqlstate, known):
    """known: did a JWT name another role than db-anon-role?"""
    if sqlstate.startswith("PT"):
        return int(sqlstate[2:])
    if sqlstate == "42501":
        return 403 if known else 401
    return STATES.get(sqlstate, CLASSES.get(sqlstate[:2], 400))


def call(function, arguments, direct):
    """The FROM of the call, and its parameters (callPlanToQuery).

    direct: those of a URL, which PostgREST 13 and later pass one by one; 12 makes
    JSON of them.
    """
    _, _, parameters = FUNCTIONS[function]
    name = f'"api"."{function}"'
    if parameters is None:
        return f"FROM (SELECT {name}(%s::jsonb) pgrst_scalar) pgrst_call", [json.dumps(arguments)]
    given = [p for p in parameters if p in arguments]
    if not given:
        return f"FROM (SELECT {name}() pgrst_scalar) pgrst_call", []
    if direct:
        listed = ", ".join(f'"{p}" := %s::{parameters[p]}' for p in given)
        return f"FROM (SELECT {name}({listed}) pgrst_scalar) pgrst_call", [arguments[p] for p in given]
    columns = ", ".join(f'"{p}"' for p in given)
    typed = ", ".join(f'"{p}" {parameters[p]}' for p in given)
    passed = ", ".join(f'"{p}" := pgrst_body."{p}"' for p in given)
    return (
        "FROM (SELECT %s::json AS json_data) pgrst_payload, "
        f"LATERAL (SELECT {columns} FROM json_to_record(pgrst_payload.json_data) AS _({typed}) LIMIT 1) pgrst_body , "
        f"LATERAL (SELECT {name}({passed}) pgrst_scalar) pgrst_call",
        [json.dumps(arguments)],
    )


def request(connection, function, arguments, method="POST", headers=None, claims=None, major=14, limit=None):
    """Returns (status, body, error) as PostgREST would answer, which has the headers
    in lower case and the claims of a JWT that it has checked; error is psycopg's.
    """
    return respond(connection, function, arguments, method, headers, claims, major, limit)[:3]


def respond(
    connection,
    function,
    arguments,
    method="POST",
    headers=None,
    claims=None,
    major=14,
    limit=None,
    anonymous=ANONYMOUS,
):
    """The same, and the headers that the database adds, as a dictionary."""
    volatile, void, _ = FUNCTIONS[function]
    mode = "READ WRITE" if volatile and method == "POST" else "READ ONLY"
    role = (claims or {}).get("role", anonymous)
    settings = [
        ("search_path", '"api"'),
        ("role", role),
        ("request.jwt.claims", json.dumps({**(claims or {}), "role": role})),
        ("request.method", method),
        ("request.path", f"/rpc/{function}"),
        ("request.headers", json.dumps(headers or {})),
        ("request.cookies", "{}"),
    ]
    source, parameters = call(function, arguments, method == "GET" and major > 12)
    main = (
        f"WITH pgrst_source AS (SELECT pgrst_call.pgrst_scalar {source}) "
        "SELECT null::bigint AS total_result_set, 1 AS page_total, "
        "coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null') AS body, "
        "nullif(current_setting('response.headers', true), '') AS response_headers, "
        "nullif(current_setting('response.status', true), '') AS response_status, "
        "'' AS response_inserted "
        f'FROM (SELECT "{function}".* FROM "pgrst_source" AS "{function}"    '
        f'{"" if limit is None else f" LIMIT {int(limit)} OFFSET 0"} ) _postgrest_t'
    )
    cursor = connection.cursor()
    try:
        cursor.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED {mode}")
        cursor.execute(
            "select " + ", ".join(f"set_config('{k}', %s, true)" for k, _ in settings),
            [v for _, v in settings],
            prepare=True,
        )
        cursor.execute('select "api"."apitoken_pre_request"()', prepare=True)
        cursor.execute(main, parameters, prepare=True)
        _, _, body, added, _, _ = cursor.fetchone()
        cursor.execute("COMMIT")
    except psycopg.Error as error:
        if not connection.closed:
            cursor.execute("ABORT")
        # one without a state is of a connection that is gone: 400 all the same
        return http_status(error.sqlstate or "", role != anonymous), None, error, {}
    added = {name: value for header in json.loads(added or "[]") for name, value in header.items()}
    return 204 if void else 200, body, None, added
