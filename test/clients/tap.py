"""What the clients have in common; they say in TAP what they find."""

import json
import os
import pathlib
import subprocess

from report import equal, finish  # noqa: F401, for the clients

HERE = pathlib.Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
COMMITS = json.loads((HERE / "commit.json").read_text(encoding="utf-8"))
ADMINISTRATOR = os.environ["SECRET_ADMINISTRATOR"]
EXPORT = os.environ["SECRET_EXPORT"]
SECRETS = {"administrator": ADMINISTRATOR, "export": EXPORT}


def elsewhere(statement):
    """Runs a statement in a session of its own, as the superuser, and commits it."""
    subprocess.run(["psql", "-Xq", "-o", "/dev/null", "-c", statement], check=True)
