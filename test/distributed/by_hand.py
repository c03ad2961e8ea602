"""Rewrites tests for distributed tables, in place.

Where the tables are distributed, whoever adds a user or an API token by hand adds its row
in apitoken.actors first: this is put before each such INSERT.  And no UPDATE by hand asks
the clock, which might go another way on another node: it is handed the time.
"""
import re
import sys

INSERT = re.compile(
    r"^([ \t]*)INSERT INTO apitoken\.(api_tokens|users)\s*(?:\(([^()]*)\)\s*)?(?=VALUES|SELECT)",
    re.MULTILINE,
)
UPDATE = re.compile(r"^UPDATE apitoken\..*clock_timestamp\(\).*$", re.MULTILINE)
REST = re.compile(r"(RETURNING|ON CONFLICT)\b")


def end_of_rows(text, at):
    """Where what is inserted has ended."""
    depth = 0
    while at < len(text):
        if text[at] == "'":
            at = text.index("'", at + 1)
        elif text.startswith("--", at):
            at = text.index("\n", at)
        elif text[at] in "()":
            depth += 1 if text[at] == "(" else -1
        if depth < 0 or (depth == 0 and (text[at] in ";\\" or REST.match(text, at))):
            break
        at += 1
    return at


def actors_first(text):
    """The same, with the actors."""
    result = []
    done = 0
    for insert in INSERT.finditer(text):
        indent, table, columns = insert.groups()
        end = end_of_rows(text, insert.end())
        # a part of another statement
        if text[end : end + 1] == ")":
            continue
        kind, account = ("token", "s.account_id") if table == "api_tokens" else ("user", "NULL")
        columns = columns or ("account_id, id" if table == "api_tokens" else "id")
        result.append(text[done : insert.start()])
        result.append(
            f"{indent}INSERT INTO apitoken.actors (type, id, account_id)"
            f" SELECT '{kind}', s.id, {account} FROM ({text[insert.end():end].rstrip()})"
            f" AS s ({columns}) ON CONFLICT DO NOTHING;\n"
        )
        done = insert.start()
    return "".join(result) + text[done:]


def handed_the_time(text):
    """The same, with a variable of psql's."""
    return UPDATE.sub(
        lambda update: "SELECT clock_timestamp() AS handed \\gset\n" + update[0].replace("clock_timestamp()", ":'handed'::timestamptz"),
        text,
    )


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        content = file.read()
    with open(name, "w", encoding="utf-8") as file:
        file.write(handed_the_time(actors_first(content)))
