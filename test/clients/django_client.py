"""An application that uses Django; prints TAP."""

import json
import os
from datetime import timedelta

import django
from django.conf import settings

import tap


def database(role):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "NAME": os.environ["PGDATABASE"],
        "USER": os.environ[role],
    }


settings.configure(
    DATABASES={name: database(role) for name, role in (
        ("default", "WEB_ROLE"), ("portal", "PORTAL_ROLE"), ("backoffice", "BACKOFFICE_ROLE"))},
    INSTALLED_APPS=[],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

# pylint: disable=wrong-import-position
from django.db import Error, connection, connections, models, transaction  # noqa: E402


# What deploy/clients/README.md shows.

def call(cursor, statement, *arguments):
    """Returns what a function answers; Django leaves decoding jsonb to the caller."""
    cursor.execute(statement, arguments)
    return json.loads(cursor.fetchone()[0])


def disable(secret, token_id):
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", secret)
        return call(cursor, "SELECT api.apitoken_disable(%s)", token_id)


def create(secret, body):
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", secret)
        return call(cursor, "SELECT api.apitoken_create(%s)", json.dumps(body))


def active_tokens(secret):
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", secret)
        return call(cursor, "SELECT api.apitoken_list(%s)", "status=Active&order=id&limit=10")


def rotate(secret, token_id, overlap):
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", secret)
        return call(cursor, "SELECT api.apitoken_rotate(%s, %s)", token_id, overlap)


def revoke(secrets):
    with connection.cursor() as cursor:
        cursor.execute("SELECT api.apitoken_revoke(%s)", [secrets])


class ApiToken(models.Model):
    id = models.TextField(primary_key=True)
    account_id = models.TextField()
    status = models.TextField()
    name = models.TextField()
    description = models.TextField(null=True)
    updated_at = models.DateTimeField(null=True)
    updated_by_id = models.TextField(null=True)

    class Meta:
        app_label = "marketplace"
        managed = False
        db_table = '"apitoken"."api_tokens"'


def disable_and_reload(token_id):
    with transaction.atomic("backoffice"), connections["backoffice"].cursor() as cursor:
        token = ApiToken.objects.using("backoffice").get(pk=token_id)
        call(cursor, "SELECT api.apitoken_disable(%s)", token.id)
        token.refresh_from_db()
        return token


def problem(error):
    """Returns an error of the extension as problem details; raises any other again."""
    diagnostics = error.__cause__.diag
    if not (diagnostics.sqlstate or "").startswith("PT"):
        raise error
    return {
        "status": int(diagnostics.sqlstate[2:]),
        "title": diagnostics.message_primary,
        "detail": diagnostics.message_detail,
    }


def disable_each(secret, token_ids):
    """Disables what can be disabled, in one transaction; returns what is wrong with the others."""
    problems = []
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", secret)
        for token_id in token_ids:
            try:
                with transaction.atomic():
                    call(cursor, "SELECT api.apitoken_disable(%s)", token_id)
            except Error as error:
                problems.append(problem(error))
    return problems


# The tests.

def caught(run, *arguments):
    """Returns the error that a call raises."""
    try:
        run(*arguments)
    except Error as error:
        return error
    return None


def error_of(run, *arguments):
    """Returns it as four strings."""
    return fields_of(caught(run, *arguments))


def fields_of(error):
    """Returns PostgreSQL's error as four strings."""
    if error is None:
        return ["no error"]
    diagnostics = error.__cause__.diag
    return [diagnostics.sqlstate, diagnostics.message_primary, diagnostics.message_detail, diagnostics.message_hint]


def run_case(case):
    argument = case["argument"]
    if isinstance(argument, dict):
        argument = json.dumps(argument)
    with transaction.atomic(), connection.cursor() as cursor:
        if case.get("readOnly"):
            cursor.execute("SET TRANSACTION READ ONLY")
        if case["actor"]:
            call(cursor, "SELECT api.apitoken_authenticate(%s)", tap.SECRETS[case["actor"]])
        call(cursor, f"SELECT api.{case['function']}(%s)", argument)


def get(token_id, secret=tap.ADMINISTRATOR):
    """Gets a token, in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", secret)
        return call(cursor, "SELECT api.apitoken_get(%s)", token_id)


def test_functions():
    document = disable(tap.ADMINISTRATOR, "TKN-1671-0642")
    tap.equal(document["status"], "Disabled", "disable answers what json.loads makes a dict")
    tap.equal(document["audit"]["updated"]["by"]["id"], "TKN-3001-1002", "and it is the actor's doing")
    tap.equal([group["id"] for group in document["account"]["groups"]],
              ["UGR-3001-0001", "UGR-3001-0002", "UGR-3001-0003"], "with lists in it")
    tap.equal(document["account"]["groups"][0]["isDefault"], True, "and booleans")
    tap.equal(get("TKN-1671-0642"), document, "it is committed: get answers the same")

    with transaction.atomic(), connection.cursor() as cursor:
        backend = connection.connection.info.backend_pid
        call(cursor, "SELECT api.apitoken_authenticate(%s)", tap.ADMINISTRATOR)
    with connection.cursor() as cursor:
        tap.equal(connection.connection.info.backend_pid, backend, "a connection is used again")
        tap.equal(error_of(call, cursor, "SELECT api.apitoken_get(%s)", "TKN-1671-0642")[0], "PT401",
                  "but the actor has ended with the transaction")
        call(cursor, "SELECT api.apitoken_authenticate(%s)", tap.ADMINISTRATOR)
        tap.equal(error_of(call, cursor, "SELECT api.apitoken_get(%s)", "TKN-1671-0642")[0], "PT401",
                  "and with autocommit, that is at once")

    name = "Zoë's \"2nd\" export - 漢"
    document = create(tap.ADMINISTRATOR,
                      {"account": {"id": "ACC-3001-7788"}, "name": name, "modules": [{"id": "MOD-0001"}]})
    tap.equal([document["name"], document["status"]], [name, "Active"], "create answers the new token")
    tap.equal(get(document["id"], document["token"])["token"], f"idt:{document['id']}:****",
              "its secret authenticates, and is not shown again")

    rotated = rotate(tap.ADMINISTRATOR, document["id"], timedelta(days=2))
    tap.equal(["oldSecretUntil" in rotated, get(document["id"], document["token"])["name"]], [True, name],
              "rotate answers another secret, beside which the old one goes on")
    revoke([document["token"], "idt:unknown:secret"])
    tap.equal(error_of(get, document["id"], document["token"])[0], "PT401", "until it is revoked")
    tap.equal(get(document["id"], rotated["token"])["status"], "Active", "which the new one is not")
    return document["id"]


def test_list(created):
    tokens = active_tokens(tap.ADMINISTRATOR)
    tap.equal([token["id"] for token in tokens["data"]], sorted(["TKN-3001-1002", "TKN-3001-1003", created]),
              "list answers the account's Active tokens")
    tap.equal(tokens["$meta"], {"pagination": {"offset": 0, "limit": 10, "total": 3}, "omitted": []}, "and the page")


def test_errors():
    for case in tap.CASES:
        tap.equal(error_of(run_case, case), case["error"], case["description"])
    tap.equal(get("TKN-3001-1003")["status"], "Active", "none of them has disabled anything")


def test_error_handling():
    tap.equal(problem(caught(disable, tap.ADMINISTRATOR, "TKN-0000-0000")), {
        "status": 404,
        "title": "Not Found",
        "detail": 'There is no API token "TKN-0000-0000" that you may administer.',
    }, "an error becomes problem details")
    error = caught(disable, "idt:TKN-3001-1002:opaque", "TKN-3001-1003")
    tap.equal([problem(error)["status"], "opaque" in str(error)], [401, False],
              "the text of an error does not show the secret")


def test_transactions():
    connection.set_autocommit(False)
    with connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", tap.ADMINISTRATOR)
        call(cursor, "SELECT api.apitoken_disable(%s)", "TKN-3001-1003")
        tap.equal(error_of(call, cursor, "SELECT api.apitoken_disable(%s)", "TKN-0000-0000")[0], "PT404",
                  "an error in a transaction, without a savepoint")
        tap.equal(error_of(call, cursor, "SELECT api.apitoken_get(%s)", "TKN-3001-1003")[0], "25P02",
                  "aborts the transaction")
    connection.commit()
    connection.set_autocommit(True)
    tap.equal(get("TKN-3001-1003")["status"], "Active", "and a commit undoes it, without a word")

    try:
        with transaction.atomic():
            disable(tap.ADMINISTRATOR, "TKN-3001-1003")
            raise KeyError("the application's own")
    except KeyError:
        tap.equal(get("TKN-3001-1003")["status"], "Active", "an exception of the application undoes a disable")

    problems = disable_each(tap.ADMINISTRATOR, ["TKN-3001-1004", "TKN-3001-1003", "TKN-3002-1001"])
    tap.equal([one["status"] for one in problems], [400, 404], "errors in savepoints do not end the transaction")
    document = get("TKN-3001-1003")
    tap.equal([document["status"], document["audit"]["created"]["by"]["id"], document["audit"]["updated"]["by"]],
              ["Disabled", "TKN-3001-1002", "[Circular Reference]"],
              "nor the actor: what could be disabled is, by the token that had made it")


def enable_while(taken):
    """Enables a token, and commits after a right has been taken away elsewhere."""
    with transaction.atomic(), connection.cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", tap.ADMINISTRATOR)
        call(cursor, "SELECT api.apitoken_enable(%s)", "TKN-3001-1003")
        tap.elsewhere(taken)


def test_commit():
    for case in tap.COMMITS:
        error = caught(enable_while, case["taken"])
        tap.elsewhere(case["given"])
        tap.equal(fields_of(error), case["error"], case["description"])
        tap.equal(problem(error)["title"], case["error"][1], "which becomes problem details as well")
        tap.equal(get("TKN-3001-1003")["status"], "Disabled", "nothing is done, and the connection goes on")


def test_model_of_backoffice():
    tokens = ApiToken.objects.using("backoffice")
    token = disable_and_reload("TKN-2001-1001")
    tap.equal([token.status, token.account_id, token.name, token.updated_by_id],
              ["Disabled", "ACC-2001-3344", "Price list upload", None],
              "a model, disabled by the function, reloaded")
    tap.equal([token.updated_at.utcoffset() is None, token.updated_at.microsecond % 1000], [False, 0],
              "its date has a time zone, and milliseconds")

    with transaction.atomic("backoffice"), connections["backoffice"].cursor() as cursor:
        token = tokens.get(pk="TKN-3002-1001")
        call(cursor, "SELECT api.apitoken_disable(%s)", "TKN-3002-1001")
        tap.equal(token.status, "Active", "a model that is not reloaded is stale")
        tap.equal([(one.id, one.status) for one in tokens.filter(account_id="ACC-3002-9900", status="Disabled")],
                  [("TKN-3002-1001", "Disabled")], "a query is not")

    with transaction.atomic("backoffice"), connections["backoffice"].cursor() as cursor:
        token = tokens.get(pk="TKN-3002-1001")
        token.description = "Changed by the model"
        token.save(update_fields=["description"])
        tap.equal(call(cursor, "SELECT api.apitoken_get(%s)", token.id)["description"], "Changed by the model",
                  "a function sees what a model wrote")
        tap.equal(tokens.filter(pk=token.id).update(status="Active"), 1, "a queryset's update")
        tap.equal(call(cursor, "SELECT api.apitoken_get(%s)", token.id)["status"], "Active", "is seen as well")


def test_model_of_portal():
    tokens = ApiToken.objects.using("portal")
    tap.equal(list(tokens.all()), [], "without an actor, row security shows no token")
    with transaction.atomic("portal"), connections["portal"].cursor() as cursor:
        call(cursor, "SELECT api.apitoken_authenticate(%s)", tap.ADMINISTRATOR)
        tap.equal({one.account_id for one in tokens.all()}, {"ACC-3001-7788"}, "with one, those of his account")


created_id = test_functions()
test_list(created_id)
test_errors()
test_error_handling()
test_transactions()
test_commit()
test_model_of_backoffice()
test_model_of_portal()
tap.finish()
