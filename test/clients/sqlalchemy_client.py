"""An application that uses SQLAlchemy; prints TAP."""

import os
from datetime import timedelta

from sqlalchemy import ARRAY, Column, DateTime, Interval, Text, create_engine, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, declarative_base

import tap


# What deploy/clients/README.md shows.

def connect(url):
    return create_engine(url, hide_parameters=True, future=True)


def disable(session, secret, token_id):
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(secret)))
        return session.scalar(select(func.api.apitoken_disable(token_id, type_=JSONB)))


def create(session, secret, body):
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(secret)))
        return session.scalar(select(func.api.apitoken_create(literal(body, JSONB), type_=JSONB)))


def active_tokens(session, secret):
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(secret)))
        query = "status=Active&order=id&limit=10"
        return session.scalar(select(func.api.apitoken_list(query, type_=JSONB)))


def rotate(session, secret, token_id, overlap):
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(secret)))
        return session.scalar(select(func.api.apitoken_rotate(token_id, literal(overlap, Interval), type_=JSONB)))


def revoke(session, secrets):
    with session.begin():
        session.scalar(select(func.api.apitoken_revoke(literal(secrets, ARRAY(Text)))))


Base = declarative_base()


class ApiToken(Base):
    __tablename__ = "api_tokens"
    __table_args__ = {"schema": "apitoken"}

    id = Column(Text, primary_key=True)
    account_id = Column(Text, nullable=False)
    status = Column(Text, nullable=False)
    name = Column(Text, nullable=False)
    description = Column(Text)
    updated_at = Column(DateTime(timezone=True))
    updated_by_id = Column(Text)


def disable_and_reload(session, token_id):
    with session.begin():
        token = session.get(ApiToken, token_id)
        session.scalar(select(func.api.apitoken_disable(token.id, type_=JSONB)))
        session.refresh(token)
        return token


def problem(error):
    """Returns an error of the extension as problem details; raises any other again."""
    diagnostics = error.orig.diag
    if not (diagnostics.sqlstate or "").startswith("PT"):
        raise error
    return {
        "status": int(diagnostics.sqlstate[2:]),
        "title": diagnostics.message_primary,
        "detail": diagnostics.message_detail,
    }


def disable_each(session, secret, token_ids):
    """Disables what can be disabled, in one transaction; returns what is wrong with the others."""
    problems = []
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(secret)))
        for token_id in token_ids:
            try:
                with session.begin_nested():
                    session.scalar(select(func.api.apitoken_disable(token_id, type_=JSONB)))
            except DBAPIError as error:
                problems.append(problem(error))
    return problems


# The tests.

def engine_of(role):
    return connect(f"postgresql+psycopg2://{os.environ[role]}@/{os.environ['PGDATABASE']}"
                   f"?host={os.environ['PGHOST']}&port={os.environ['PGPORT']}")


def caught(run, *arguments):
    """Returns the error that a call raises."""
    try:
        run(*arguments)
    except DBAPIError as error:
        return error
    return None


def error_of(run, *arguments):
    """Returns it as four strings."""
    return fields_of(caught(run, *arguments))


def fields_of(error):
    """Returns PostgreSQL's error as four strings."""
    if error is None:
        return ["no error"]
    diagnostics = error.orig.diag
    return [diagnostics.sqlstate, diagnostics.message_primary, diagnostics.message_detail, diagnostics.message_hint]


def run_case(session, case):
    argument = case["argument"]
    if isinstance(argument, dict):
        argument = literal(argument, JSONB)
    with session.begin():
        if case.get("readOnly"):
            session.connection(execution_options={"postgresql_readonly": True})
        if case["actor"]:
            session.scalar(select(func.api.apitoken_authenticate(tap.SECRETS[case["actor"]])))
        session.scalar(select(getattr(func.api, case["function"])(argument)))


def get(session, token_id, secret=tap.ADMINISTRATOR):
    """Gets a token, in a transaction of its own."""
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(secret)))
        return session.scalar(select(func.api.apitoken_get(token_id, type_=JSONB)))


def test_functions(session):
    document = disable(session, tap.ADMINISTRATOR, "TKN-1671-0642")
    tap.equal(document["status"], "Disabled", "disable answers a dict")
    tap.equal(document["audit"]["updated"]["by"]["id"], "TKN-3001-1002", "and it is the actor's doing")
    tap.equal([group["id"] for group in document["account"]["groups"]],
              ["UGR-3001-0001", "UGR-3001-0002", "UGR-3001-0003"], "with lists in it")
    tap.equal(document["account"]["groups"][0]["isDefault"], True, "and booleans")
    tap.equal(get(session, "TKN-1671-0642"), document, "it is committed: get answers the same")

    with session.begin():
        connection = session.scalar(select(func.pg_backend_pid()))
        session.scalar(select(func.api.apitoken_authenticate(tap.ADMINISTRATOR)))
    with session.begin():
        tap.equal(session.scalar(select(func.pg_backend_pid())), connection, "a connection is used again")
        tap.equal(error_of(lambda: session.scalar(select(func.api.apitoken_get("TKN-1671-0642"))))[0], "PT401",
                  "but the actor has ended with the transaction")

    name = "Zoë's \"2nd\" export - 漢"
    document = create(session, tap.ADMINISTRATOR,
                      {"account": {"id": "ACC-3001-7788"}, "name": name, "modules": [{"id": "MOD-0001"}]})
    tap.equal([document["name"], document["status"]], [name, "Active"], "create answers the new token")
    tap.equal(get(session, document["id"], document["token"])["token"], f"idt:{document['id']}:****",
              "its secret authenticates, and is not shown again")

    rotated = rotate(session, tap.ADMINISTRATOR, document["id"], timedelta(days=2))
    tap.equal(["oldSecretUntil" in rotated, get(session, document["id"], document["token"])["name"]], [True, name],
              "rotate answers another secret, beside which the old one goes on")
    revoke(session, [document["token"], "idt:unknown:secret"])
    tap.equal(error_of(get, session, document["id"], document["token"])[0], "PT401", "until it is revoked")
    tap.equal(get(session, document["id"], rotated["token"])["status"], "Active", "which the new one is not")
    return document["id"]


def test_list(session, created):
    tokens = active_tokens(session, tap.ADMINISTRATOR)
    tap.equal([token["id"] for token in tokens["data"]], sorted(["TKN-3001-1002", "TKN-3001-1003", created]),
              "list answers the account's Active tokens")
    tap.equal(tokens["$meta"], {"pagination": {"offset": 0, "limit": 10, "total": 3}, "omitted": []}, "and the page")


def test_errors(session):
    for case in tap.CASES:
        tap.equal(error_of(run_case, session, case), case["error"], case["description"])
    tap.equal(get(session, "TKN-3001-1003")["status"], "Active", "none of them has disabled anything")


def test_error_handling(session):
    tap.equal(problem(caught(disable, session, tap.ADMINISTRATOR, "TKN-0000-0000")), {
        "status": 404,
        "title": "Not Found",
        "detail": 'There is no API token "TKN-0000-0000" that you may administer.',
    }, "an error becomes problem details")
    error = caught(disable, session, "idt:TKN-3001-1002:opaque", "TKN-3001-1003")
    tap.equal([problem(error)["status"], "opaque" in str(error)], [401, False],
              "the text of an error does not show the secret")


def test_transactions(session):
    session.scalar(select(func.api.apitoken_authenticate(tap.ADMINISTRATOR)))
    session.scalar(select(func.api.apitoken_disable("TKN-3001-1003")))
    tap.equal(error_of(lambda: session.scalar(select(func.api.apitoken_disable("TKN-0000-0000"))))[0], "PT404",
              "an error in a transaction, without a savepoint")
    tap.equal(error_of(lambda: session.scalar(select(func.api.apitoken_get("TKN-3001-1003"))))[0], "25P02",
              "aborts the transaction")
    session.commit()
    tap.equal(get(session, "TKN-3001-1003")["status"], "Active", "and a commit undoes it, without a word")

    try:
        with session.begin():
            session.scalar(select(func.api.apitoken_authenticate(tap.ADMINISTRATOR)))
            session.scalar(select(func.api.apitoken_disable("TKN-3001-1003")))
            raise KeyError("the application's own")
    except KeyError:
        tap.equal(get(session, "TKN-3001-1003")["status"], "Active", "an exception of the application undoes a disable")

    problems = disable_each(session, tap.ADMINISTRATOR, ["TKN-3001-1004", "TKN-3001-1003", "TKN-3002-1001"])
    tap.equal([one["status"] for one in problems], [400, 404], "errors in savepoints do not end the transaction")
    document = get(session, "TKN-3001-1003")
    tap.equal([document["status"], document["audit"]["created"]["by"]["id"], document["audit"]["updated"]["by"]],
              ["Disabled", "TKN-3001-1002", "[Circular Reference]"],
              "nor the actor: what could be disabled is, by the token that had made it")


def enable_while(session, taken):
    """Enables a token, and commits after a right has been taken away elsewhere."""
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(tap.ADMINISTRATOR)))
        session.scalar(select(func.api.apitoken_enable("TKN-3001-1003")))
        tap.elsewhere(taken)


def test_commit(session):
    for case in tap.COMMITS:
        error = caught(enable_while, session, case["taken"])
        tap.elsewhere(case["given"])
        tap.equal(fields_of(error), case["error"], case["description"])
        tap.equal(problem(error)["title"], case["error"][1], "which becomes problem details as well")
        tap.equal(get(session, "TKN-3001-1003")["status"], "Disabled", "nothing is done, and the session goes on")


def test_model_of_backoffice(session):
    token = disable_and_reload(session, "TKN-2001-1001")
    with session.begin():
        tap.equal([token.status, token.account_id, token.name, token.updated_by_id],
                  ["Disabled", "ACC-2001-3344", "Price list upload", None],
                  "a model, disabled by the function, reloaded")
        tap.equal([token.updated_at.utcoffset() is None, token.updated_at.microsecond % 1000], [False, 0],
                  "its date has a time zone, and milliseconds")

    with session.begin():
        token = session.get(ApiToken, "TKN-3002-1001")
        session.scalar(select(func.api.apitoken_disable("TKN-3002-1001", type_=JSONB)))
        tap.equal(token.status, "Active", "a model that is not reloaded is stale")
        tokens = session.scalars(select(ApiToken).filter_by(account_id="ACC-3002-9900", status="Disabled")
                                 .execution_options(populate_existing=True)).all()
        tap.equal([(one.id, one.status) for one in tokens], [("TKN-3002-1001", "Disabled")],
                  "a query with populate_existing is not")

    with session.begin():
        token = session.get(ApiToken, "TKN-3002-1001")
        token.description = "Changed by the model"
        session.flush()
        tap.equal(session.scalar(select(func.api.apitoken_get(token.id, type_=JSONB)))["description"],
                  "Changed by the model", "a function sees what a model wrote, once it is flushed")

    with session.begin():
        session.execute(update(ApiToken).where(ApiToken.id == "TKN-3002-1001").values(status="Active"))
        tap.equal(session.execute(text("SELECT api.apitoken_get(:id) ->> 'status'"), {"id": "TKN-3002-1001"}).scalar(),
                  "Active", "so does SQL as text")


def test_model_of_portal(session):
    with session.begin():
        tap.equal(session.scalars(select(ApiToken)).all(), [], "without an actor, row security shows no token")
    with session.begin():
        session.scalar(select(func.api.apitoken_authenticate(tap.ADMINISTRATOR)))
        tap.equal({one.account_id for one in session.scalars(select(ApiToken))}, {"ACC-3001-7788"},
                  "with one, those of his account")


with Session(engine_of("WEB_ROLE"), future=True) as web:
    created = test_functions(web)
    test_list(web, created)
    test_errors(web)
    test_error_handling(web)
    test_transactions(web)
    test_commit(web)
with Session(engine_of("BACKOFFICE_ROLE"), expire_on_commit=False, future=True) as backoffice:
    test_model_of_backoffice(backoffice)
with Session(engine_of("PORTAL_ROLE"), future=True) as portal:
    test_model_of_portal(portal)
tap.finish()
