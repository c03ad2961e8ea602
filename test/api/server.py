"""An HTTP server that does for a request what PostgREST does for it; or PostgREST."""

import http.client
import http.server
import json
import os
import queue
import re
import socket
import socketserver
import subprocess
import threading
import time
import urllib.parse

import postgrest
import psycopg


# db-pool-acquisition-timeout
ACQUISITION = 10


class Pool:
    """So many connections to the database as PostgREST has, and no more."""

    def __init__(self, size, options=""):
        self.options = options
        self.free = queue.Queue()
        for _ in range(size):
            self.free.put(None)

    def acquire(self):
        """Raises queue.Empty where none becomes free."""
        connection = self.free.get(timeout=ACQUISITION)
        if connection is None or connection.closed:
            connection = psycopg.connect(user="authenticator", autocommit=True, options=self.options)
        return connection


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        try:
            connection = self.server.pool.acquire()
        except queue.Empty:
            self.answer(504, b'{"code": "PGRST003", "message": "Timed out acquiring connection"}')
            return
        try:
            self.call(connection, headers, body)
        finally:
            self.server.pool.free.put(connection)

    def call(self, connection, headers, body):
        target = urllib.parse.urlsplit(self.path)
        limit = urllib.parse.parse_qs(target.query).get("limit", [None])[0]
        status, answer, error, added = postgrest.respond(
            connection,
            target.path.removeprefix("/rpc/"),
            json.loads(body),
            headers=headers,
            limit=limit,
            anonymous=self.server.role,
        )
        if error is not None:
            answer = {
                "code": error.sqlstate or "",
                "message": error.diag.message_primary or "",
                "details": error.diag.message_detail,
                "hint": error.diag.message_hint,
            }
        self.answer(status, b"" if status == 204 else json.dumps(answer).encode(), added)

    def answer(self, status, body, added=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        for name, value in (added or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "local"

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path, role, pool):
        self.role = role
        self.pool = pool
        super().__init__(path, Handler)


class Connection(http.client.HTTPConnection):
    """To a server at a socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def lock(token):
    """Locks a token's row, as a session of somebody does; returns what is called to let it go."""
    connection = psycopg.connect()
    connection.execute("SELECT FROM apitoken.api_tokens WHERE id = %s FOR UPDATE", [token])
    return connection.close


def wait_for_waiting():
    """Returns when somebody waits for a lock, or when nobody is to be expected to."""
    with psycopg.connect(autocommit=True) as connection:
        for _ in range(600):
            if connection.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')").fetchone()[0]:
                break
            time.sleep(0.1)


def is_ready(path):
    """Until it knows the database's functions, PostgREST answers 503."""
    connection = Connection(path, 5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status != 503
    except OSError:
        return False
    finally:
        connection.close()


def pool_size():
    """What deploy/postgrest/postgrest.conf says."""
    with open("postgrest.conf", encoding="utf-8") as file:
        return int(re.search(r"(?m)^db-pool = (\d+)$", file.read()).group(1))


def rescue_settings():
    """What deploy/postgrest/rescue.conf sets, as a dictionary."""
    with open("rescue.conf", encoding="utf-8") as file:
        return dict(re.findall(r'(?m)^Environment="?(\w+)=(.*?)"?$', file.read()))


def start_postgrest(path, rescue=False):
    """Starts PostgREST as deploy/postgrest configures it, at this socket and database."""
    database = os.environ["PGDATABASE"], os.environ["PGHOST"], os.environ["PGPORT"]
    name = "rescue" if rescue else "postgrest"
    with open("postgrest.conf", encoding="utf-8") as file:
        lines = file.read()
    lines = re.sub("(?m)^db-uri = .*", 'db-uri = "postgresql://authenticator@/{}?host={}&port={}"'.format(*database), lines)
    lines = re.sub("(?m)^server-unix-socket = .*", f'server-unix-socket = "{os.path.abspath(path)}"', lines)
    with open(f"{name}.local.conf", "w", encoding="utf-8") as file:
        file.write(lines)
    environment = {**os.environ, **(rescue_settings() if rescue else {})}
    if rescue:
        environment["PGRST_SERVER_UNIX_SOCKET"] = os.path.abspath(path)
    with open(f"{name}.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(["postgrest", f"{name}.local.conf"], stdout=log, stderr=log, env=environment)
    for _ in range(600):
        if is_ready(path):
            break
        time.sleep(0.1)
    return process


def start(path, rescue=False):
    """Serves at a socket, in the background, as the one or the other PostgREST does."""
    role, pool = postgrest.ANONYMOUS, Pool(pool_size())
    if rescue:
        settings = rescue_settings()
        role, pool = settings["PGRST_DB_ANON_ROLE"], Pool(int(settings["PGRST_DB_POOL"]), settings["PGOPTIONS"])
    threading.Thread(target=Server(os.fspath(path), role, pool).serve_forever, daemon=True).start()
