"""Requests as clients send them, and what they are answered: status, and members of the document."""

ADMINISTRATOR = "TKN-3001-1002"
POWERLESS = "TKN-3001-1003"
OPERATIONS = "TKN-0001-0001"
TARGET = "TKN-1671-0642"
ACCOUNT = {"id": "ACC-3001-7788"}

# a document that GET answers, with what a client has changed
WHOLE = "the document of " + TARGET

NOT_ITS = "The member \"{}\" cannot change."
NOBODY = 'There is no API token "TKN-0" that you may administer.'
UNIT = ["TKN-3001-1003"]

# description, who, method, path, body, status, members of the answer by their paths
TABLE = [
    ("the document as it is", ADMINISTRATOR, "PUT", f"/{TARGET}", {WHOLE: {}}, 200, {"id": TARGET, "status": "Active"}),
    ("the document, renamed", ADMINISTRATOR, "PUT", f"/{TARGET}", {WHOLE: {"name": "Renamed"}}, 200, {"name": "Renamed"}),
    ("the document, Disabled", ADMINISTRATOR, "PUT", f"/{TARGET}", {WHOLE: {"status": "Disabled"}}, 400, {"detail": NOT_ITS.format("status")}),
    ("the document of another", ADMINISTRATOR, "PUT", f"/{POWERLESS}", {WHOLE: {}}, 400, {"detail": NOT_ITS.format("id")}),
    ("the body of create", ADMINISTRATOR, "PUT", f"/{TARGET}", {"account": ACCOUNT, "name": "Again"}, 200, {"name": "Again"}),
    ("another account", ADMINISTRATOR, "PUT", f"/{TARGET}", {"account": {"id": "ACC-3002-9900"}}, 400, {"errors.account": [NOT_ITS.format("account")]}),
    ("Disabled, by PUT", ADMINISTRATOR, "PUT", f"/{TARGET}", {"status": "Disabled"}, 400, {"detail": NOT_ITS.format("status")}),
    ("it is Active", ADMINISTRATOR, "GET", f"/{TARGET}", None, 200, {"status": "Active", "name": "Again"}),
    ("nulls", ADMINISTRATOR, "PUT", f"/{TARGET}", {"id": None, "account": None, "audit": None, "modules": None, "name": "Nulls"}, 200, {"name": "Nulls"}),
    ("an unknown id, and no body", ADMINISTRATOR, "PUT", "/TKN-0", [], 404, {"detail": NOBODY}),
    ("an unknown id, and a wrong member", ADMINISTRATOR, "PUT", "/TKN-0", {"nam": 1}, 404, {"detail": NOBODY}),
    ("create, of an account with its name", ADMINISTRATOR, "POST", "", {"account": {**ACCOUNT, "name": "Contoso Retail"}, "name": "A"}, 201, {"account.id": "ACC-3001-7788"}),
    ("create, modules: null", ADMINISTRATOR, "POST", "", {"account": ACCOUNT, "name": "B", "modules": None}, 201, {"modules": []}),
    ("create, with an id of one's own", ADMINISTRATOR, "POST", "", {"account": ACCOUNT, "name": "C", "id": "TKN-1"}, 400, {"errors.id": ['The member "id" cannot be chosen.']}),
    ("a token reads itself", POWERLESS, "GET", f"/{POWERLESS}", None, 200, {"id": POWERLESS, "account.name": "Contoso Retail", "account.groups": None, "$meta.omitted": ["audit.created.by", "audit.updated.by"]}),
    ("... and no other", POWERLESS, "GET", f"/{TARGET}", None, 403, {"title": "Forbidden"}),
    ("... in a list, by its secret", POWERLESS, "GET", "?limit=2&token={secret}", None, 200, {"$meta.pagination": {"offset": 0, "limit": 2, "total": 1}, "data.0.id": POWERLESS}),
    ("... in a list, whatever is asked", POWERLESS, "GET", f"?or(id={TARGET},status=Active)", None, 200, {"$meta.pagination.total": 1, "data.0.id": POWERLESS}),
    ("... and cannot ask about more", POWERLESS, "GET", "?account.website=x", None, 403, {"detail": 'The API token may not ask about "account.website".'}),
    ("limit above 100", ADMINISTRATOR, "GET", "?limit=1000", None, 200, {"$meta.pagination.limit": 100}),
    ("render()", ADMINISTRATOR, "GET", f"?render()&id={POWERLESS}", None, 200, {"$meta.pagination.total": 1}),
    ("a raw percent sign", ADMINISTRATOR, "GET", "?eq(description,'100%')", None, 200, {"$meta.pagination.total": 0}),
    ("| is or", ADMINISTRATOR, "GET", f"?id={POWERLESS}|id={TARGET}&select=-*,id&order=id", None, 200, {"data.0.id": TARGET, "data.1.id": POWERLESS}),
    ("FIQL", ADMINISTRATOR, "GET", "?status=eq=Active", None, 400, {"hint": "Expected eq(member,value)."}),
    ("never used last", ADMINISTRATOR, "GET", f"?in(id,(TKN-3001-1004,{TARGET}))&order=-lastAccessAt&select=-*,id", None, 200, {"data.0.id": TARGET, "data.1.id": "TKN-3001-1004"}),
    ("a star without like", ADMINISTRATOR, "GET", "?name=Nightly*", None, 400, {"title": "Bad Request"}),
    ("the feed", ADMINISTRATOR, "GET", "/feed?limit=1", None, 200, {"events.0.event": "created", "events.1": None}),
    ("... of more than there may be", ADMINISTRATOR, "GET", "/feed?limit=100000", None, 400, {"title": "Bad Request"}),
    ("... from a position of nobody", ADMINISTRATOR, "GET", "/feed?after=a%2Bb", None, 400, {"title": "Bad Request"}),
    ("... of who may not", POWERLESS, "GET", "/feed", None, 403, {"title": "Forbidden"}),
    ("a rotation", OPERATIONS, "POST", f"/{TARGET}/rotate?select=-*,id,status,oldSecretUntil", {"overlap": "PT1H"}, 200, {"id": TARGET, "status": "Active"}),
    ("... once more: the overlap is over", OPERATIONS, "POST", f"/{TARGET}/rotate?select=-*,oldSecretUntil", None, 200, {"oldSecretUntil": None}),
    ("... of too long an overlap", ADMINISTRATOR, "POST", f"/{TARGET}/rotate", {"overlap": "P8D"}, 400, {"title": "Bad Request"}),
    ("... of who may not", POWERLESS, "POST", f"/{POWERLESS}/rotate", None, 403, {"title": "Forbidden"}),
    ("... of another account's", ADMINISTRATOR, "POST", "/TKN-3002-1001/rotate", None, 404, {"title": "Not Found"}),
    ("a UUID in upper case", ADMINISTRATOR, "GET", "?account.externalIds.pyraTenantId=9F1C1D5E-6B0A-4C8E-9A52-0E2F5A6B7C8D&limit=0", None, 200, {"data": []}),
    ("PostgREST's search", ADMINISTRATOR, "GET", "?name=fts.export", None, 400, {"title": "Bad Request"}),
    ("a slash at the end", ADMINISTRATOR, "GET", f"/{TARGET}/", None, 200, {"id": TARGET}),
    ("two slashes at the end", ADMINISTRATOR, "GET", f"/{TARGET}//", None, 404, {"detail": "There is nothing at this path."}),
    ("all of an account, which would it be?", ADMINISTRATOR, "POST", f"@/accounts/ACC-3001-7788/api-tokens/disable?id={POWERLESS}", {"dryRun": True}, 200, UNIT),
    ("... it was not", ADMINISTRATOR, "GET", f"/{POWERLESS}", None, 200, {"status": "Active"}),
    ("all of an account, by a query", ADMINISTRATOR, "POST", f"@/accounts/ACC-3001-7788/api-tokens/disable?id={POWERLESS}", None, 200, UNIT),
    ("... it was", ADMINISTRATOR, "GET", f"/{POWERLESS}", None, 200, {"status": "Disabled"}),
    ("... back", ADMINISTRATOR, "POST", "/enable", {"disabled": UNIT}, 200, UNIT),
    ("another account's", ADMINISTRATOR, "POST", "@/accounts/ACC-3002-9900/api-tokens/disable", None, 404, {"title": "Not Found"}),
    ("every account's, without a condition", OPERATIONS, "POST", "/disable", None, 400, {"title": "Bad Request"}),
    ("a hold by who may not", ADMINISTRATOR, "POST", "@/accounts/ACC-3001-7788/api-tokens/hold", None, 403, {"title": "Forbidden"}),
    ("a hold", OPERATIONS, "POST", f"/{POWERLESS}/ensure-disabled", {"hold": True}, 200, {"status": "Disabled"}),
    ("... once more", OPERATIONS, "POST", f"/{POWERLESS}/ensure-disabled", None, 200, {"status": "Disabled"}),
    ("... keeps it from being enabled", ADMINISTRATOR, "POST", f"/{POWERLESS}/enable", None, 403, {"title": "Forbidden"}),
    ("... until it is released", OPERATIONS, "POST", f"/{POWERLESS}/release", None, 200, {"status": "Disabled"}),
    ("... and enabled", ADMINISTRATOR, "POST", f"/{POWERLESS}/enable", None, 200, {"status": "Active"}),
]


def find(document, path):
    """The member at a dotted path; None where there is none."""
    for name in path.split("."):
        if isinstance(document, list):
            document = document[int(name)] if int(name) < len(document) else None
        elif isinstance(document, dict):
            document = document.get(name)
        else:
            return None
    return document


def run(call, same, secret):
    """Sends them in this order; call and same are the client's."""
    whole = call("GET", f"/{TARGET}")[2]
    for description, who, method, path, body, status, members in TABLE:
        if isinstance(body, dict) and WHOLE in body:
            body = {**whole, **body[WHOLE]}
        path = path.replace("{secret}", secret(who))
        collection = {"collection": "/v1/accounts"} if path.startswith("@") else {}
        have, _, document = call(method, path.lstrip("@"), body, bearer=secret(who), **collection)
        answer = document if isinstance(members, list) else {name: find(document, name) for name in members}
        same((have, answer), (status, members), f"{method} {description}")
