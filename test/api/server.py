"""An HTTP server that does for a request what PostgREST does for it; or PostgREST."""

import http.client
import http.server
import json
import os
import re
import socket
import socketserver
import subprocess
import threading
import time

import postgrest
import psycopg


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        with psycopg.connect(user="authenticator", autocommit=True) as connection:
            status, answer, error = postgrest.request(
                connection, self.path.removeprefix("/rpc/"), json.loads(body), headers=headers
            )
        if error is not None:
            answer = {
                "code": error.sqlstate,
                "message": error.diag.message_primary,
                "details": error.diag.message_detail,
                "hint": error.diag.message_hint,
            }
        self.answer(status, b"" if status == 204 else json.dumps(answer).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
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


class Connection(http.client.HTTPConnection):
    """To a server at a socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


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


def start_postgrest(path):
    """Starts PostgREST as deploy/postgrest configures it, at this socket and database."""
    database = os.environ["PGDATABASE"], os.environ["PGHOST"], os.environ["PGPORT"]
    with open("postgrest.conf", encoding="utf-8") as file:
        lines = file.read()
    lines = re.sub("(?m)^db-uri = .*", 'db-uri = "postgresql://authenticator@/{}?host={}&port={}"'.format(*database), lines)
    lines = re.sub("(?m)^server-unix-socket = .*", f'server-unix-socket = "{os.path.abspath(path)}"', lines)
    with open("postgrest.local.conf", "w", encoding="utf-8") as file:
        file.write(lines)
    with open("postgrest.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(["postgrest", "postgrest.local.conf"], stdout=log, stderr=log)
    for _ in range(300):
        if is_ready(path):
            break
        time.sleep(0.1)
    return process


def start(path):
    """Serves at a socket, in the background."""
    threading.Thread(target=Server(os.fspath(path), Handler).serve_forever, daemon=True).start()
