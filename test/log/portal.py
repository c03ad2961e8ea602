"""A statement that is run in two messages, as by clients that fetch so many rows at a time.

portal.py DATABASE STATEMENT [PARAMETER]: prints the SQLSTATE of its error, if any.
"""

import os
import socket
import struct
import sys


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def text(string):
    return string.encode() + b"\0"


def read(stream):
    """The next message of the server: its kind and what is in it."""
    kind = stream.read(1)
    (length,) = struct.unpack("!i", stream.read(4))
    return kind, stream.read(length - 4)


def states(stream):
    """SQLSTATEs of what the server says until it is ready."""
    while True:
        kind, body = read(stream)
        if kind == b"E":
            yield next(field[1:].decode() for field in body.split(b"\0") if field[:1] == b"C")
        if kind == b"Z":
            return


def execute(statement, parameters):
    values = b"".join(struct.pack("!i", len(p.encode())) + p.encode() for p in parameters)
    return (
        message(b"P", b"\0" + text(statement) + struct.pack("!h", 0))
        + message(b"B", b"\0\0" + struct.pack("!hh", 0, len(parameters)) + values + struct.pack("!h", 0))
        + message(b"E", b"\0" + struct.pack("!i", 1))
        + message(b"E", b"\0" + struct.pack("!i", 0))
        + message(b"S", b"")
    )


database, statement, *parameters = sys.argv[1:]
connection = socket.socket(socket.AF_UNIX)
connection.connect(f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ.get('PGPORT', '5432')}")
stream = connection.makefile("rb")
start = struct.pack("!i", 196608) + text("user") + text(os.environ.get("PGUSER", "postgres"))
start += text("database") + text(database) + b"\0"
connection.sendall(struct.pack("!i", len(start) + 4) + start)
list(states(stream))
connection.sendall(execute(statement, parameters))
print("\n".join(states(stream)))
