"""nginx with the configuration of deploy/nginx, and what PostgREST does behind it, until the standard input ends."""

import os
import subprocess

import server

server.start("postgrest.sock")
server.start("rescue.sock", rescue=True)
subprocess.run(["perl", "-I.", "proxy.pl"], env={**os.environ, "PWD": os.getcwd()}, check=True)
