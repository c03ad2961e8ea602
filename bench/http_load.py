"""Load over HTTP: so many connections, each with one request after the other.

	http_load.py SECRET ACCOUNTS TOTAL SECONDS "CONNECTIONS..."

Prints figures as scripts/bench keeps them: part, subject, condition, contender, round,
unit, value.
"""

import glob
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

import postgrest
import psycopg
import server

PROCESSES = 2  # as there are cores
STATEMENTS = 300
ROUNDS = 3  # contenders take turns: what else the machine does is everybody's
TICKS = os.sysconf("SC_CLK_TCK")
COLLECTION = "/v1/accounts/api-tokens"


def target(contender, subject, token):
    """Socket, method, path and body of a request."""
    if contender == "nginx":
        method, path = {
            "get": ("GET", f"/{token}"),
            "list": ("GET", f"?id={token}"),
            "disable": ("POST", f"/{token}/disable"),
            "refused": ("GET", f"/{token}"),
        }[subject]
        return "http.sock", method, COLLECTION + path, None
    if contender == "proxy":
        return "http.sock", "POST", "/bench", {"id": token}
    if contender == "nobody":
        return "nobody.sock", "POST", "/rpc/bench_constant", {"id": token}
    if contender != "postgrest":
        return "postgrest.sock", "POST", f"/rpc/bench_{contender}", {"id": token}
    name, arguments = {
        "get": ("get", {"id": token}),
        "list": ("list", {"query": f"id={token}"}),
        "disable": ("disable", {"id": token}),
        "refused": ("get", {"id": token}),
    }[subject]
    return "rescue.sock" if subject == "disable" else "postgrest.sock", "POST", f"/rpc/apitoken_{name}", arguments


def ask(connection, request, headers, want):
    """Sends one request; returns how long it took, in milliseconds."""
    _, method, path, body = request
    begin = time.perf_counter()
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != want:
        raise ValueError(f"{method} {path}: {response.status} {answer[:300]}")
    return (time.perf_counter() - begin) * 1000


def load(contender, subject, secret, tokens, seconds, connections, results):
    """One process's part of the load: its own tokens, each once."""
    latencies = []
    credential = secret if subject != "refused" else secret[:-1] + ("x" if secret[-1] != "x" else "y")
    headers = {"Content-Type": "application/json", "X-Apitoken-Secret": credential}
    if contender == "proxy":
        headers |= {"Authorization": f"Bearer {credential}"}
    if contender == "nginx":
        headers = {"Authorization": f"Bearer {credential}"}
    want = 401 if subject == "refused" else 200
    end = time.monotonic() + seconds
    remaining = iter(tokens)
    lock = threading.Lock()

    def one_connection():
        connection = server.Connection(target(contender, subject, "")[0], 60)
        while True:
            with lock:
                token = next(remaining, None)
            if token is None:
                break
            latencies.append(ask(connection, target(contender, subject, token), headers, want))
            # not before: a busy machine may start a thread when the time is over
            if time.monotonic() >= end:
                break
        connection.close()

    threads = [threading.Thread(target=one_connection) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(latencies)


def run(contender, subject, secret, tokens, seconds, connections):
    """Returns all latencies, and how long it took altogether."""
    # Python 3.14 would start them anew, each with a run of its own
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    begin = time.monotonic()
    processes = [
        context.Process(
            target=load,
            args=(contender, subject, secret, tokens[i::PROCESSES], seconds, connections // PROCESSES, results),
        )
        for i in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    latencies = sorted(latency for _ in processes for latency in results.get())
    for process in processes:
        process.join()
    return latencies, time.monotonic() - begin


def cpu(parents):
    """Processor time in seconds of these processes and their children, by the programs' names."""
    used = {"nginx": 0, "postgrest": 0, "postgres": 0}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="utf-8") as file:
                line = file.read()
        except OSError:
            continue  # it has ended
        fields = line.rpartition(")")[2].split()
        process = int(line.split()[0])
        # its own, and of the parents what their children had used that have ended
        ticks = sum(map(int, fields[11 : 15 if process in parents else 13]))
        parent = process if process in parents else int(fields[1])
        if parent in parents:
            used[parents[parent]] += ticks / TICKS
    return used


def figures(parents, contender, subject, secret, tokens, seconds, connections):
    """Requests a second, milliseconds at the 99th percentile, processor microseconds of a request."""
    before = cpu(parents)
    latencies, elapsed = run(contender, subject, secret, tokens, seconds, connections)
    after = cpu(parents)
    if not latencies:
        raise ValueError(f"{contender} has answered nothing")
    yield "tps", len(latencies) / elapsed
    yield "p99", latencies[min(len(latencies) * 99 // 100, len(latencies) - 1)]
    for program in after:
        yield f"cpu {program}", (after[program] - before[program]) * 1e6 / len(latencies)


def measure(owner, parents, secret, tokens, seconds, connections):
    turns = [
        (subject, number + 1, contender)
        for subject, contenders in [
            ("get", ["nginx", "proxy", "postgrest", "constant", "nobody"]),
            ("list", ["nginx", "postgrest"]),
            ("refused", ["nginx", "postgrest"]),
            ("disable", ["nginx", "postgrest", "statement"]),
        ]
        for number in range(ROUNDS)
        for contender in contenders
    ]
    condition = f"{connections} connections"
    for subject, number, contender in turns:
        for unit, value in figures(parents, contender, subject, secret, tokens, seconds, connections):
            print("http", subject, condition, contender, number, unit, round(value, 3), sep="\t", flush=True)
        if subject == "disable":
            owner.execute("UPDATE apitoken.api_tokens SET status = 'Active' WHERE status = 'Disabled' AND id = ANY (%s)", [tokens])


def unwrapped(owner, tokens):
    """What PostgREST's json_agg(...) -> 0 around a call costs, in microseconds: with it and without."""
    call = "(SELECT api.apitoken_get(%s) AS pgrst_scalar) AS pgrst_call"
    statements = {
        "wrapped": f"SELECT coalesce(json_agg(pgrst_scalar) -> 0, 'null')::text FROM {call}",
        "unwrapped": f"SELECT pgrst_scalar::text FROM {call}",
    }
    for number in range(ROUNDS):
        times = {contender: [] for contender in statements}
        for token in tokens[:STATEMENTS]:
            for contender, statement in statements.items():
                begin = time.perf_counter()
                owner.execute(statement, [token], prepare=True).fetchone()
                times[contender].append((time.perf_counter() - begin) * 1e6)
        for contender, values in times.items():
            value = round(statistics.median(values), 1)
            print("http", "get", "one session", contender, number + 1, "us", value, sep="\t", flush=True)


def programs(processes):
    """The processes whose time is counted, and whose children's is, by their ids."""
    with open(os.environ["BENCH_POSTMASTER"], encoding="utf-8") as file:
        parents = {int(file.readline()): "postgres"}
    parents |= {process.pid: "postgrest" for process in processes[:-1]}
    with open("nginx.pid", encoding="utf-8") as file:
        return parents | {int(file.read()): "nginx"}


def main():
    secret, accounts, total, seconds, connections = sys.argv[1:]
    owner = psycopg.connect(autocommit=True)
    tokens = [
        id
        for (id,) in owner.execute(
            "SELECT t.id FROM generate_series(0, 7) k, generate_series(1, %s) a JOIN apitoken.api_tokens t ON true "
            "WHERE t.id = bench.token_id(a + k * %s) AND t.status = 'Active' ORDER BY md5(t.id)",
            [int(accounts), int(total)],
        )
    ]
    processes = []
    for path, rescue in (("postgrest.sock", False), ("rescue.sock", True), ("nobody.sock", False)):
        # the third authenticates nobody
        os.environ["PGRST_DB_PRE_REQUEST"] = "" if path == "nobody.sock" else "api.apitoken_pre_request"
        if shutil.which("postgrest"):
            processes.append(server.start_postgrest(path, rescue))
        else:
            for name, volatile in (("bench_statement", True), ("bench_constant", False)):
                postgrest.FUNCTIONS[name] = (volatile, False, {"id": "text"})
            server.start(path, rescue)
    processes.append(
        subprocess.Popen(
            ["perl", "-I.", "proxy.pl"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PWD": os.getcwd()},
        )
    )
    try:
        processes[-1].stdout.readline()
        parents = programs(processes)
        unwrapped(owner, tokens)
        for number in connections.split():
            measure(owner, parents, secret, tokens, float(seconds), int(number))
    finally:
        processes[-1].stdin.close()
        processes[-1].wait()
        for process in processes[:-1]:
            process.terminate()
            process.wait()


main()
