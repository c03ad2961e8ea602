"""A client that knows the documented API, and nothing of the database."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from urllib.parse import quote

import server
import table

COLLECTION = "/v1/accounts/api-tokens"
ADMINISTRATOR = "TKN-3001-1002"
ACCOUNT = "ACC-3001-7788"
UNAVAILABLE = (503, "Service Unavailable", "The service cannot answer at present; try again later.")

count = 0
failures = 0


def same(have, want, description):
    global count, failures
    count += 1
    if have == want:
        print(f"ok {count} - {description}")
    else:
        failures += 1
        print(f"not ok {count} - {description}\n# have: {have!r:.1000}\n# want: {want!r:.1000}")


def sample_secret(token):
    opaque = base64.urlsafe_b64encode(hashlib.sha256(f"demo {token}".encode()).digest())
    return f"idt:{token}:{opaque.decode().rstrip('=')}"


def send(method, path, body=None, bearer=sample_secret(ADMINISTRATOR), collection=COLLECTION, timeout=20):
    """Returns an answer, and its text."""
    connection = server.Connection("http.sock", timeout)
    headers = {}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, collection + path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response, text


def call(*request, **details):
    """Returns (status, content type, document) of an answer; no document is None."""
    response, text = send(*request, **details)
    return response.status, response.headers.get_content_type(), json.loads(text) if text else None


def ids(query):
    status, _, document = call("GET", f"?{query}")
    return [token["id"] for token in document["data"]] if status == 200 else document


def problem(answer):
    """Status, title and detail of a problem document that is well formed."""
    status, kind, document = answer
    if kind != "application/problem+json" or document["status"] != status or not document["traceId"]:
        return answer
    return status, document["title"], document["detail"]


def not_found(token):
    return 404, "Not Found", f'There is no API token "{token}" that you may administer.'


def refused_transition(token, status):
    return 400, "Bad Request", f'The API token "{token}" is {status}.'


def whole_life():
    status, _, made = call(
        "POST",
        "",
        {
            "account": {"id": ACCOUNT},
            "name": "Made by a 'client'",
            "description": "It's 100% \"quoted\" + more",
            "modules": [{"id": "MOD-0001"}, {"id": "MOD-0003"}],
        },
    )
    token = made["id"]
    secret = made["token"]
    same(
        (status, made["status"], made["description"], made["account"]["id"], [m["id"] for m in made["modules"]]),
        (201, "Active", "It's 100% \"quoted\" + more", ACCOUNT, ["MOD-0001", "MOD-0003"]),
        "create",
    )
    same(made["audit"]["created"]["by"]["id"], ADMINISTRATOR, "the bearer has created it")
    same(call("GET", "?limit=0", bearer=secret)[0], 200, "the new secret works")

    status, _, document = call("GET", f"/{token}")
    same((status, document["id"], document["token"]), (200, token, f"idt:{token}:****"), "get, the secret masked")
    same(
        document["account"]["groups"][0]["account"]["groups"],
        ["[Circular Reference]"],
        "the walk closes where it was",
    )
    status, _, document = call("GET", f"/{token}?select=-*,+id,+account.name")
    same(
        (status, sorted(document), sorted(document["account"])),
        (200, ["$meta", "account", "id"], ["$meta", "name"]),
        "get, with select",
    )

    filters(token, secret)

    status, _, document = call("PUT", f"/{token}", {"description": None, "name": "Renamed"})
    same((status, document["name"], "description" in document), (200, "Renamed", False), "update")
    same([m["id"] for m in document["modules"]], ["MOD-0001", "MOD-0003"], "update leaves the rest alone")

    status, _, document = call("POST", f"/{token}/disable")
    same(
        (status, document["status"], document["audit"]["updated"]["by"]),
        (200, "Disabled", "[Circular Reference]"),
        "disable; who did it is given above, under created",
    )
    same(problem(call("POST", f"/{token}/disable")), refused_transition(token, "Disabled"), "disable, twice")
    same(
        problem(call("GET", f"/{token}", bearer=secret)),
        (401, "Unauthorized", "There is no valid credential."),
        "its secret is refused at once",
    )
    status, _, document = call("POST", f"/{token}/enable")
    same((status, document["status"]), (200, "Active"), "enable")
    same(problem(call("POST", f"/{token}/enable")), refused_transition(token, "Active"), "enable, twice")
    same(call("GET", "?limit=0", bearer=secret)[0], 200, "its secret works again")

    same(call("DELETE", f"/{token}"), (204, "text/plain", None), "delete")
    same(problem(call("DELETE", f"/{token}")), not_found(token), "delete, twice")
    same(problem(call("GET", f"/{token}")), not_found(token), "a Deleted token is not found")
    same(ids(f"id={token}"), [], "nor listed")


def filters(token, secret):
    status, _, page = call("GET", f"?account.id={ACCOUNT}&status=Active&order=-audit.created.at&limit=1")
    same(
        (status, [t["id"] for t in page["data"]], page["$meta"]["pagination"]),
        (200, [token], {"offset": 0, "limit": 1, "total": 4}),
        "list: the newest of the account",
    )
    same(
        (page["data"][0]["account"]["id"], page["data"][0]["$meta"]["omitted"]),
        (ACCOUNT, ["audit"]),
        "list: a short account, and what was left out",
    )
    for query, want, description in [
        (f"eq(id,{token})", [token], "eq"),
        ("name=Made%20by%20a%20%27client%27", [token], "the short form, percent-encoded"),
        ('and(status=Active,like(name,"Made%20by*"))', [token], "and, like with quotes"),
        (f"ilike(name,*CLIENT*)&in(id,({token},TKN-0))", [token], "ilike and in"),
        (f"any(modules,eq(id,MOD-0003))&ge(audit.created.at,2026-06-01T00:00:00.000Z)&id={token}", [token], "any, ge"),
        (f"not(ne(id,{token}))", [token], "not, ne"),
        (f"token={quote(secret)}", [token], "token"),
        ("status=Deleted", [], "Deleted tokens are for Operations"),
    ]:
        same(ids(query), want, f"list: {description}")
    status, title, _ = problem(call("GET", "?eq(id"))
    same((status, title), (400, "Bad Request"), "list: a malformed query")


def masked():
    for token in ("TKN-0000-0000", "TKN-3002-1001", "a'b\"; \\ % ü"):
        path = "/" + quote(token, safe="")
        answers = {
            "get": call("GET", path),
            "update": call("PUT", path, {"name": "x"}),
            "delete": call("DELETE", path),
            "disable": call("POST", f"{path}/disable"),
            "enable": call("POST", f"{path}/enable"),
        }
        for name, answer in answers.items():
            same(problem(answer), not_found(token), f"{name} of {token}: 404, Not Found")


def refused():
    unauthorized = (401, "Unauthorized", "There is no valid credential.")
    for bearer, description in [
        (None, "no credential"),
        ("idt:TKN-0:x", "an unknown token"),
        (f"idt:{ADMINISTRATOR}:x", "a wrong secret"),
        (sample_secret("TKN-3001-1004"), "a Disabled token"),
        (sample_secret("TKN-3001-1005"), "a Deleted token"),
    ]:
        same(problem(call("POST", "/TKN-1671-0642/disable", bearer=bearer)), unauthorized, f"{description}: 401")
    same(problem(call("GET", "/TKN-1671-0642", bearer=sample_secret("TKN-3001-1003")))[:2], (403, "Forbidden"), "no module: 403")
    status, title, _ = problem(call("POST", "", {"account": {"id": ACCOUNT}, "name": "a_b", "modules": []}))
    same((status, title), (400, "Bad Request"), "a name with other characters: 400")
    _, _, document = call("POST", "", {"account": {"id": ACCOUNT}, "name": "a_b", "modules": []})
    same(list(document["errors"]), ["name"], "the member at fault is named")


def at_once(number, method, path, body=None):
    """Sends so many requests at once; returns what is called to have their answers."""
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(call(method, path, body, timeout=100))) for _ in range(number)
    ]
    for thread in threads:
        thread.start()

    def wait():
        for thread in threads:
            thread.join()
        return sorted(status for status, _, _ in answers)

    return wait


def crowded():
    """Somebody keeps a token locked: nobody else is kept from anything."""
    for number, method, path, body, meanwhile, afterwards in [
        (12, "PUT", "", {"name": "Late"}, [503] * 12, []),
        (30, "POST", "/disable", None, [], [200] + [400] * 3 + [503] * 26),
    ]:
        release = server.lock("TKN-1671-0642")
        wait = at_once(number, method, f"/TKN-1671-0642{path}", body)
        server.wait_for_waiting()
        same(call("GET", "/TKN-3001-1003")[0], 200, f"{number} {method}{path} of a locked token, and another is read")
        if meanwhile:
            same(wait(), meanwhile, "... they are refused before long, to be tried again")
        else:
            same(call("POST", "/TKN-3001-1003/disable")[0], 200, "... and another is disabled")
        release()
        if afterwards:
            same(wait(), afterwards, "... and when the lock is gone it is done, once")


def revoked():
    """Whoever has found secrets ends them: all, or none while somebody keeps one locked."""
    made = [call("POST", "", {"account": {"id": ACCOUNT}, "name": "Found"})[2] for _ in range(2)]
    found = {"secrets": [token["token"] for token in made]}

    def statuses():
        return [call("GET", f"/{token['id']}")[2]["status"] for token in made]

    release = server.lock(max(token["id"] for token in made))
    response, text = send("POST", "/revoke", found, bearer=None)
    answer = problem((response.status, response.headers.get_content_type(), json.loads(text)))
    same((answer, response.headers["Retry-After"]), (UNAVAILABLE, "1"), "a revocation of what is locked is to be tried again")
    same(statuses(), ["Active"] * 2, "... and has revoked none")
    release()
    same(call("POST", "/revoke", found, bearer=None)[0], 204, "... when the lock is gone it is done")
    same(statuses(), ["Disabled"] * 2, "... to all of them")


def rotated():
    """Another secret for a token, beside which the old one goes on for a while."""
    made = call("POST", "", {"account": {"id": ACCOUNT}, "name": "Rotates", "modules": [{"id": "MOD-0001"}]})[2]
    path = f"/{made['id']}"
    status, _, document = call("POST", f"{path}/rotate", {"overlap": "P1D"})
    same((status, document["id"], "oldSecretUntil" in document), (200, made["id"], True), "a token is given another secret")
    same([call("GET", path, bearer=secret)[0] for secret in (made["token"], document["token"])], [200, 200], "... both are good")
    same(call("POST", f"{path}/rotate?select=-*,%2Btoken")[0], 200, "... another, with no time for the one before")
    same([call("GET", path, bearer=secret)[0] for secret in (made["token"], document["token"])], [401, 401], "... then neither is")
    answer = problem(call("POST", f"{path}/rotate", {"overlap": "P8D"}))
    same(answer, (400, "Bad Request", 'The argument "overlap" is too long.'), "... an overlap of more than a week")


def accesses():
    """A read is a use, too."""
    secret = call("POST", "", {"account": {"id": ACCOUNT}, "name": "Reads", "modules": [{"id": "MOD-0001"}]})[2]["token"]
    path = "/" + secret.split(":")[1]
    same("lastAccessAt" in call("GET", path)[2], False, "a token that has never been used")
    same(call("GET", path, bearer=secret)[0], 200, "it reads")
    for _ in range(600):
        if "lastAccessAt" in call("GET", path)[2]:
            break
        time.sleep(0.1)
    same("lastAccessAt" in call("GET", path)[2], True, "... which is a use of it")


def standby():
    """The server is a standby: it reads, and clients are told to try again what it cannot do."""
    data = os.path.join(os.environ["PGHOST"], "data")
    with open(os.path.join(data, "standby.signal"), "w", encoding="utf-8"):
        pass
    subprocess.run(["pg_ctl", "-D", data, "-l", f"{data}/../log", "-w", "-t", "600", "-m", "fast", "restart"], check=True, stdout=subprocess.DEVNULL)
    for _ in range(600):
        if call("GET", "")[0] == 200:
            break
        time.sleep(0.1)
    same(call("GET", "/TKN-3001-1003")[0], 200, "a standby: a token is read")
    for method, path, body in [
        ("POST", "", {"account": {"id": ACCOUNT}, "name": "Late"}),
        ("PUT", "/TKN-3001-1003", {"name": "Late"}),
        ("POST", "/TKN-3001-1003/disable", None),
        ("POST", "/TKN-3001-1003/enable", None),
        ("DELETE", "/TKN-3001-1003", None),
    ]:
        response, text = send(method, path, body)
        answer = problem((response.status, response.headers.get_content_type(), json.loads(text)))
        same((answer, response.headers["Retry-After"]), (UNAVAILABLE, "1"), f"a standby: {method} {path} is to be tried again")


def main():
    processes = []
    for path, rescue in (("postgrest.sock", False), ("rescue.sock", True)):
        if sys.argv[1:] == ["postgrest"]:
            processes.append(server.start_postgrest(path, rescue))
        else:
            server.start(path, rescue)
    proxy = subprocess.Popen(
        ["perl", "-I.", "proxy.pl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PWD": os.getcwd()},
    )
    try:
        proxy.stdout.readline()
        whole_life()
        masked()
        refused()
        table.run(call, same, sample_secret)
        accesses()
        crowded()
        revoked()
        rotated()
        same(
            call("GET", "/TKN-1671-0642?select=-*,+id", collection="/public/v1/accounts/api-tokens")[0],
            200,
            "the public collection",
        )
        standby()
    finally:
        proxy.stdin.close()
        proxy.wait()
        for process in processes:
            process.terminate()
            process.wait()
    print(f"1..{count}")
    return min(failures, 1)


sys.exit(main())
