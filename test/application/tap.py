"""Says in TAP what a client finds, and what the cases have in common."""

import os
import subprocess

ORDERS = os.environ["SECRET_ORDERS"]  # Contoso's, with the module orders
OTHER = os.environ["SECRET_OTHER"]  # Fabrikam's, with the module orders
POWERLESS = os.environ["SECRET_POWERLESS"]  # Contoso's, without
BOTH = os.environ["SECRET_BOTH"]  # Contoso's, with orders and billing

count = 0


def equal(have, want, description):
    """Checks that two values are equal."""
    global count
    count += 1
    if have == want:
        print(f"ok {count} - {description}", flush=True)
    else:
        print(f"not ok {count} - {description}\n# have: {have!r:.1000}\n# want: {want!r:.1000}", flush=True)


def elsewhere(statement):
    """Runs a statement in a session of its own, as the superuser; returns what it prints."""
    at = {"PGHOST": os.environ["SUPERHOST"], "PGPORT": os.environ["SUPERPORT"], "PGUSER": "postgres"}
    done = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement], check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **at}
    )
    return done.stdout.strip()


def finish():
    print(f"1..{count}", flush=True)
