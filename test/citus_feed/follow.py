"""Changes tokens on each node, and follows the feed of each, until it is told to stop.

    follow.py FOLDER NAME=HOST...

Each node is written to by one session and followed by another, which ask again what is not
answered.  FOLDER/NAME.log has a line of each position that was refused; FOLDER/stop ends it.
Then, as a report in TAP: what was told, since it last began, is the trail.
"""
import json
import pathlib
import random
import subprocess
import sys
import threading
import time

DATABASE = "spread"
TOKENS = ["TKN-0001-0002", "TKN-1671-0642", "TKN-2001-1001", "TKN-3001-1002", "TKN-3001-1003", "TKN-3002-1001", "TKN-3003-1001"]
folder = pathlib.Path(sys.argv[1])
hosts = dict(argument.split("=") for argument in sys.argv[2:])
written = threading.Event()


class Session:
    """psql on a node, made anew when it has ended."""

    def __init__(self, host):
        self.host = host
        self.psql = None

    def ask(self, command):
        """The lines of the answer; none if there is no server."""
        if self.psql is None or self.psql.poll() is not None:
            self.psql = subprocess.Popen(
                ["psql", "-XqAt", "-v", "VERBOSITY=verbose", "-h", self.host, "-d", DATABASE],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
        try:
            self.psql.stdin.write(f"{command};\n\\echo over\n")
            self.psql.stdin.flush()
        except BrokenPipeError:
            pass
        lines = []
        for line in self.psql.stdout:
            if line == "over\n":
                return lines
            lines.append(line.rstrip("\n"))
        self.psql.wait()
        time.sleep(0.05)
        return []


def stopped():
    return (folder / "stop").exists()


def write(name):
    session = Session(hosts[name])
    while not stopped():
        call = random.choice(["disable", "enable", "disable", "enable", "update"])
        given = "'{\"description\": \"d\"}', '-*'" if call == "update" else "'-*'"
        session.ask(f"SELECT api.apitoken_{call}('{random.choice(TOKENS)}', {given})")


class Follower:
    """What a node has told since the begin."""

    def __init__(self, name):
        self.name = name
        self.events = []
        self.position = None

    def follow(self):
        session = Session(hosts[self.name])
        idle = 0
        while idle < 3:
            after = "NULL" if self.position is None else f"'{self.position}'"
            lines = session.ask(f"SELECT api.apitoken_feed({after}, {random.choice([1, 2, 10, 1000])})")
            if lines and lines[0].startswith("{"):
                answer = json.loads(lines[0])
                self.position = answer["position"]
                self.events += answer["events"]
                idle = idle + 1 if written.is_set() and not answer["events"] else 0
            elif any("PT400" in line for line in lines):
                with open(folder / f"{self.name}.log", "a", encoding="utf-8") as log:
                    print(*[line for line in lines if line.startswith("DETAIL")], file=log)
                self.position = None
                self.events = []

    def misplaced(self):
        """Events of a token that come after one which happened later; all clocks are one."""
        last = {}
        misplaced = []
        for event in self.events:
            token = event["token"]["id"]
            if event["at"] < last.get(token, ""):
                misplaced.append(event)
            last[token] = event["at"]
        return misplaced


def main():
    writers = [threading.Thread(target=write, args=(name,)) for name in hosts]
    followers = [Follower(name) for name in hosts]
    readers = [threading.Thread(target=follower.follow) for follower in followers]
    for thread in writers + readers:
        thread.start()
    for thread in writers:
        thread.join()
    written.set()
    for thread in readers:
        thread.join()
    trail = sorted(int(line) for line in Session(next(iter(hosts.values()))).ask("SELECT id FROM apitoken.api_token_transitions"))
    told = sorted(event["number"] for follower in followers for event in follower.events)
    checks = [
        (len(trail) > 500, f"much has happened: {len(trail)} events"),
        (told == trail, f"all of it is told, each once: {len(told)}"),
        *((not follower.misplaced(), f"{follower.name}: {len(follower.events)} events, of each token in their order") for follower in followers),
    ]
    for number, (good, what) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
    for follower in followers:
        for event in follower.misplaced():
            print(f"# {follower.name}: {event}")
    print(f"1..{len(checks)}")


main()
