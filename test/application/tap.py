"""What the clients have in common; they say in TAP what they find."""

import os
import subprocess

from report import equal, finish  # noqa: F401, for the clients

ORDERS = os.environ["SECRET_ORDERS"]  # Contoso's, with the module orders
OTHER = os.environ["SECRET_OTHER"]  # Fabrikam's, with the module orders
POWERLESS = os.environ["SECRET_POWERLESS"]  # Contoso's, without
BOTH = os.environ["SECRET_BOTH"]  # Contoso's, with orders and billing


def elsewhere(statement):
    """Runs a statement in a session of its own, as the superuser; returns what it prints."""
    at = {"PGHOST": os.environ["SUPERHOST"], "PGPORT": os.environ["SUPERPORT"], "PGUSER": "postgres"}
    done = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement], check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **at}
    )
    return done.stdout.strip()
