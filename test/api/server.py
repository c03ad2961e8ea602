"""An HTTP server that does for a request what PostgREST does for it."""

import http.server
import json
import os
import socketserver
import threading

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


def start(path):
    """Serves at a socket, in the background."""
    threading.Thread(target=Server(os.fspath(path), Handler).serve_forever, daemon=True).start()
