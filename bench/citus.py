"""Measures calls on distributed tables beside one server, in turns.

    citus.py ROUNDS CALLS NAME=FOLDER:DATABASE...

The first place is the one server that the others are compared with.  In each round, one
connection to each place makes so many of each call, one place after the other; a way to
the client and back is in the time.  Beside it stands what the processors did for it, of
all servers together: every process of each is asked before and after, but for the client.
Prints the figures: part, subject, condition, contender, round, unit, value; and, behind a
"#", a table of medians, with the least of all times, and how many times the first place's
they are.
"""
import statistics
import sys
import time

import psycopg

TOKEN = "TKN-3001-1003"
ACTING = "TKN-3001-1002"
SECRET = """SELECT format('idt:%%s:%%s', id, translate(rtrim(encode(sha256(convert_to('demo ' || id, 'UTF8')),
    'base64'), '='), '+/', '-_')) FROM (VALUES (%s::text)) AS t (id)"""
BY_USER = """SELECT set_config('apitoken.jwt_authenticator', session_user, true),
    set_config('apitoken.jwt_actor_claim', 'sub', true),
    set_config('request.jwt.claims', '{"sub": "USR-3001-0001"}', true)"""
WARM_UP = 12  # calls: by then plans are kept


def calls(secret):
    """Each call, as the statements of one turn, by who makes it and what it is."""
    simple = {
        "get": [f"SELECT api.apitoken_get('{TOKEN}')"],
        "disable and enable": [f"SELECT api.apitoken_{verb}('{TOKEN}')" for verb in ("disable", "enable")],
        "update": [f"SELECT api.apitoken_update('{TOKEN}', '{{\"description\": \"d\"}}')"],
        "create": ["""SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "x"}')"""],
        "list": ["SELECT api.apitoken_list('account.id=ACC-3001-7788&limit=3')"],
    }
    authenticate = f"SELECT api.apitoken_authenticate('{secret}')"
    yield "role", "authenticate", [authenticate]
    for subject, begins in (("role", []), ("token", ["BEGIN", authenticate]), ("user", ["BEGIN", BY_USER])):
        for name, statements in simple.items():
            turn = []
            for statement in statements:
                turn += begins + [statement] + (["COMMIT"] if begins else [])
            yield subject, name, turn


class Place:
    """A connection to a server, and the processes of that server."""

    def __init__(self, name, folder, database):
        self.name = name
        self.connection = psycopg.connect(host=folder, dbname=database, user="postgres", autocommit=True)
        with open(f"{folder}/data/postmaster.pid", encoding="ascii") as lines:
            self.postmaster = lines.readline().strip()

    def turn(self, statements):
        for statement in statements:
            self.connection.execute(statement, prepare=True)

    def processor(self):
        """Nanoseconds that the server's processes have run."""
        total = 0
        with open(f"/proc/{self.postmaster}/task/{self.postmaster}/children", encoding="ascii") as children:
            for pid in children.read().split():
                try:
                    with open(f"/proc/{pid}/schedstat", encoding="ascii") as figures:
                        total += int(figures.read().split()[0])
                except OSError:
                    pass  # it has just ended
        return total


def measure(places, place, turn, count):
    """Milliseconds a turn, by unit: the median and the least of the clock's, and the processors'."""
    before = sum(each.processor() for each in places)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        place.turn(turn)
        times.append((time.perf_counter() - start) * 1000)
    after = sum(each.processor() for each in places)
    return {"ms": statistics.median(times), "least": min(times), "cpu": (after - before) / count / 1e6}


def main():
    rounds, count = int(sys.argv[1]), int(sys.argv[2])
    places = []
    for argument in sys.argv[3:]:
        name, where = argument.split("=", 1)
        folder, database = where.rsplit(":", 1)
        places.append(Place(name, folder, database))
    secret = places[0].connection.execute(SECRET, [ACTING]).fetchone()[0]
    lines = []
    for subject, name, turn in calls(secret):
        medians = {}
        for place in places:
            for _ in range(WARM_UP):
                place.turn(turn)
        for number in range(1, rounds + 1):
            for place in places:
                for unit, value in measure(places, place, turn, count).items():
                    print("citus", subject, name, place.name, number, unit, f"{value:.4f}", sep="\t")
                    medians.setdefault((place.name, unit), []).append(value)
        line = f"{subject:6}{name:20}"
        for place in places:
            line += f"{place.name:>12}"
            for unit in ("ms", "least", "cpu"):
                of_all = min if unit == "least" else statistics.median
                value = of_all(medians[place.name, unit])
                ratio = value / of_all(medians[places[0].name, unit])
                line += f" {value:7.2f}" + (f" ({ratio:.1f})" if place is not places[0] else "")
        lines.append(line)
    with open("/proc/loadavg", encoding="ascii") as load:
        lines.append(f"ms, least ms, ms of the processors; load at the end {load.read().split()[0]}")
    for line in lines:
        print("#", line)


if __name__ == "__main__":
    main()
