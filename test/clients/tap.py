"""Says in TAP what a client finds."""

import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
COMMITS = json.loads((HERE / "commit.json").read_text(encoding="utf-8"))
ADMINISTRATOR = os.environ["SECRET_ADMINISTRATOR"]
EXPORT = os.environ["SECRET_EXPORT"]
SECRETS = {"administrator": ADMINISTRATOR, "export": EXPORT}

count = 0


def equal(have, want, description):
    """Checks that two values are equal, and of one type."""
    global count
    count += 1
    if have == want and type(have) is type(want):
        print(f"ok {count} - {description}")
    else:
        print(f"not ok {count} - {description}\n# have: {have!r:.1000}\n# want: {want!r:.1000}")


def elsewhere(statement):
    """Runs a statement in a session of its own, as the superuser, and commits it."""
    subprocess.run(["psql", "-Xq", "-o", "/dev/null", "-c", statement], check=True)


def finish():
    print(f"1..{count}", flush=True)
