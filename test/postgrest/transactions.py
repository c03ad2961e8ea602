"""What the functions make of PostgREST's transactions."""

import base64
import hashlib
import json
import sys
import threading

import postgrest
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


def request(connection, function, arguments, method="POST", token=None, claims=None, header=None, major=14):
    """Returns (status, body, error) for a client that hands over a token's secret, or a JWT."""
    headers = {"host": "localhost", "content-type": "application/json"}
    if token is not None:
        headers["x-apitoken-secret"] = secret(token)
    if header is not None:
        headers["x-apitoken-secret"] = header
    status, body, error = postgrest.request(
        connection, function, arguments, method, headers, claims, major
    )
    if error is not None:
        error = (error.sqlstate, error.diag.message_primary, error.diag.message_detail)
    return status, body, error


def wait_for_waiting(owner, threads, event="transactionid"):
    """Returns when somebody waits for such a lock, or when a thread has ended without."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND (wait_event_type, wait_event) = ('Lock', %s)"
    while all(thread.is_alive() for thread in threads) and owner.execute(waiting, [event]).fetchone()[0] == 0:
        pass


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
        request(pool, "apitoken_get", {"id": target}, token="TKN-3001-1003")[0],
        403,
        "a token without the module: 403",
    )

    # each function
    status, body, _ = request(pool, "apitoken_get", {"id": target}, method="GET", token=admin)
    same((status, body["id"], body["status"]), (200, target, "Active"), "get by GET")
    status, body, _ = request(
        pool, "apitoken_get", {"id": target, "fields": "id"}, method="GET", token=admin, major=12
    )
    same((status, body["id"]), (200, target), "get by GET of PostgREST 12")
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
    for method in ("GET", "POST"):
        status, body, error = request(pool, "apitoken_feed", {"at_most": 1}, method=method, token=admin)
        same((status, body and len(body["events"]), error), (200, 1, None), f"the feed by {method}")
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
    same(
        [request(pool, "apitoken_enable", {"id": admin}, claims=c)[0::2] for c in (user, {**user, "role": "apitoken_web"})],
        [(401, ("42501", "permission denied for function apitoken_enable", None))] * 2,
        "no EXECUTE: 401, as apitoken_web is the role of those without a JWT too",
    )

    # a LIMIT of PostgREST's own is around the call, which is not made then
    owner.execute("UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = %s", [admin])
    same(
        postgrest.request(pool, "apitoken_disable", {"id": admin}, headers={}, claims=user, limit=0),
        (200, None, None),
        "?limit=0: 200, and nothing is disabled: so nobody but the proxy may reach PostgREST",
    )
    same(status_of(admin), "Active", "it is not")

    # an access is noted whatever the method: a read says that it is due
    owner.execute("UPDATE apitoken.api_token_credentials SET last_access_at = NULL WHERE api_token_id = %s", [admin])

    def last_access():
        return owner.execute(
            "SELECT last_access_at FROM apitoken.api_token_credentials WHERE api_token_id = %s", [admin]
        ).fetchone()[0]

    holder = {"x-apitoken-secret": secret(admin)}
    same(
        postgrest.respond(pool, "apitoken_get", {"id": admin}, "GET", holder)[0::3],
        (200, {"X-Apitoken-Access": "due"}),
        "a read cannot note an access: it says that it is due",
    )
    same(last_access(), None, "it is not noted yet")
    same(postgrest.respond(pool, "apitoken_pre_request", {}, "POST", holder)[0::3], (204, {}), "the call that does so")
    check(last_access() is not None, "it is noted")
    same(postgrest.respond(pool, "apitoken_get", {"id": admin}, "GET", holder)[0::3], (200, {}), "not due any more")

    # the trail has what the proxy says of whoever asked
    asked = {**holder, "x-apitoken-client": "203.0.113.7", "x-request-id": "a1b2"}
    same(
        postgrest.request(pool, "apitoken_update", {"id": admin, "changes": {"description": "Far"}}, headers=asked)[0],
        200,
        "an update of a client's",
    )
    same(
        owner.execute(
            "SELECT host(client_address), request_id FROM apitoken.api_token_transitions ORDER BY id DESC LIMIT 1"
        ).fetchone(),
        ("203.0.113.7", "a1b2"),
        "... whose address and request the trail has",
    )

    # what COMMIT answers is the answer: a right is taken away between the call and that
    second = psycopg.connect(autocommit=True)
    owner.execute(
        """CREATE FUNCTION postgrest_slow() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END$$"""
    )
    owner.execute(
        """CREATE CONSTRAINT TRIGGER postgrest_slow AFTER UPDATE ON apitoken.api_tokens DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.id = 'TKN-3001-1003' AND NEW.name <> OLD.name) EXECUTE FUNCTION postgrest_slow()"""
    )
    same(pool.execute("SHOW lock_timeout").fetchone()[0], "2s", "nobody waits for longer for a lock")
    pool.execute("SET lock_timeout = 0")
    for statement, want, description in [
        (
            f"UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = '{admin}'",
            (401, "PT401"),
            "COMMIT of one who was disabled: 401",
        ),
        (
            f"DELETE FROM apitoken.api_token_modules WHERE api_token_id = '{admin}' AND module_id = 'MOD-0001'",
            (403, "PT403"),
            "COMMIT of one whose module was withdrawn: 403",
        ),
    ]:
        answers = []
        second.execute("SELECT pg_advisory_lock(1)")
        thread = threading.Thread(
            target=lambda: answers.append(
                request(pool, "apitoken_update", {"id": "TKN-3001-1003", "changes": {"name": "Late"}}, token=admin)
            )
        )
        thread.start()
        wait_for_waiting(owner, [thread], "advisory")
        second.execute(statement)
        second.execute("SELECT pg_advisory_unlock(1)")
        thread.join()
        status, _, error = answers[0]
        same((status, error and error[0]), want, description)
        same(
            owner.execute("SELECT count(*) FROM apitoken.api_tokens WHERE name = 'Late'").fetchone()[0],
            0,
            "... and nothing is there",
        )
        owner.execute("UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = %s", [admin])
    owner.execute("INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', %s, 'MOD-0001')", [admin])
    owner.execute("DROP TRIGGER postgrest_slow ON apitoken.api_tokens")
    owner.execute("DROP FUNCTION postgrest_slow()")
    pool.execute("RESET lock_timeout")

    # whoever holds a lock
    owner.execute("UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-3001-1003'")
    second.execute("BEGIN")
    second.execute("SELECT FROM apitoken.api_tokens WHERE id = 'TKN-3001-1003' FOR UPDATE")
    for function, arguments in [
        ("apitoken_update", {"id": "TKN-3001-1003", "changes": {"name": "Late"}}),
        ("apitoken_delete", {"id": "TKN-3001-1003"}),
    ]:
        status, _, error = request(pool, function, arguments, token=admin)
        same((status, error and error[0]), (500, "55P03"), f"{function} of a locked token: 55P03, 503 to clients")
    rescue = psycopg.connect(user="authenticator", autocommit=True, options="-c lock_timeout=0 -c statement_timeout=70s")
    lock_timeout = rescue.execute("SHOW lock_timeout").fetchone()[0]
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(
            postgrest.respond(rescue, "apitoken_disable", {"id": "TKN-3001-1003"}, headers=holder, anonymous="apitoken_rescue")
        )
    )
    thread.start()
    wait_for_waiting(owner, [thread])
    same((answers, lock_timeout), ([], "0"), "a disable waits, and for as long as it takes")
    second.execute("ROLLBACK")
    thread.join()
    same((answers[0][0], status_of("TKN-3001-1003")), (200, "Disabled"), "... and is done when the lock is gone")
    same(
        postgrest.respond(rescue, "apitoken_list", {}, headers=holder, anonymous="apitoken_rescue")[0],
        401,
        "the role of rescues may do nothing else",
    )
    rescue.close()
    second.close()

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
