"""Asks for lists by random filters, and works out by itself what they find; prints TAP.

A filter is made as a tree, whose meaning the classes below evaluate, and is
then written in one of the many ways in which it can be written.  What makes it
true is taken from docs/rql.md and the rows, nothing from the extension.

	filters.py SEED NUMBER
"""

import datetime
import functools
import json
import random
import re
import subprocess
import sys

# What may be compared, and as what; of the token, and inside its modules.
TEXT, INSTANT, BOOLEAN, ARRAY, UUID = "text", "instant", "boolean", "array", "uuid"
ACCOUNT = {
    "account.id": TEXT, "account.name": TEXT, "account.type": TEXT, "account.status": TEXT,
    "account.externalId": TEXT, "account.externalIds.pyraTenantId": UUID, "account.address.city": TEXT,
    "account.description": TEXT, "account.audit.created.at": INSTANT,
}
OWN = {
    "id": TEXT, "status": TEXT, "name": TEXT, "description": TEXT, "icon": TEXT, "lastAccessAt": INSTANT,
    "audit.created.at": INSTANT, "audit.updated.at": INSTANT, "audit.created.by.id": TEXT,
    "audit.updated.by.id": TEXT,
}
MODULE = {
    "id": TEXT, "name": TEXT, "description": TEXT, "isConfigurable": BOOLEAN, "paid": BOOLEAN,
    "settings.sharedAccount": BOOLEAN, "accountTypes": ARRAY, "settings.type": ARRAY,
    "filters.group.buyers": ARRAY, "audit.created.at": INSTANT,
}
TOKEN = {**OWN, **ACCOUNT}

# Members that have but a few values: no other can be asked for, but as a pattern.
FEW = {
    "status": ["Active", "Disabled", "Deleted"], "account.status": ["Active", "Enabled", "Disabled"],
    "account.type": ["Client", "Vendor", "Operations"],
}

# Paths that a word without quotes is taken for, whatever can be compared by them.
NAMES = {"token": {name.lower() for name in [*TOKEN, "token", "modules", "audit", "account", "href", "$meta"]},
         "module": {name.lower() for name in [*MODULE, "audit", "settings", "filters", "href", "$meta"]},
         "element": set()}

# What SQL has for the rows, which are read by it alone.
ROWS = """
SELECT json_build_object('id', t.id, 'status', t.status, 'name', t.name, 'description', t.description, 'icon', t.icon,
        'lastAccessAt', c.last_access_at, 'audit.created.at', t.created_at, 'audit.updated.at', t.updated_at,
        'audit.created.by.id', t.created_by_id, 'audit.updated.by.id', t.updated_by_id,
        'account.id', a.id, 'account.name', a.name, 'account.type', a.type, 'account.status', a.status,
        'account.externalId', a.external_id, 'account.externalIds.pyraTenantId', a.pyra_tenant_id,
        'account.address.city', a.city, 'account.description', a.description, 'account.audit.created.at', a.created_at,
        'modules', (SELECT coalesce(json_agg(json_build_object('id', m.id, 'name', m.name, 'description', m.description,
                'isConfigurable', m.is_configurable, 'paid', m.paid, 'settings.sharedAccount', m.settings_shared_account,
                'accountTypes', m.account_types, 'settings.type', m.settings_type, 'audit.created.at', m.created_at,
                'filters.group.buyers', m.filters_group_buyers)), '[]')
            FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id
            WHERE l.account_id = t.account_id AND l.api_token_id = t.id))
    FROM apitoken.api_tokens t JOIN apitoken.accounts a ON a.id = t.account_id
    LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id
"""

# Texts that are hard to write, and those that are easily confused with something.
TEXTS = [
    "", " ", " x", "x ", "a", "A", "aa", "ab", "a*b", "a\\*b", "a\\b", "C:\\", "C:\\\\", "\\", '"', "'", '\\"', "\\'", "''",
    '"quoted"', "O'Brien", "100%", "%41", "50%zz", "%", "a+b", "+", "a,b", "a|b", "a;b", "a&b", "(a)", "a(b", "a=b", "==", "=eq=",
    "<a>", "!a", "~a", "$1", "null", "NULL", "empty", "null()", "self()", "status", "Name", "description", "string:a",
    "re:a", "/a/b.png", "https://a.example/?b=c&d", "é", "É", "Grüße", "漢字", "🔑", "_", "a_b", "true", "limit=1", "a b", "*", "**",
    "status=Active", "any", "[a]", "{a,b}", "a^b", "a?b", "undefined", "2025-01-01", "idt:a:b",
]
UUIDS = ["9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8e", "00000000-0000-0000-0000-000000000000"]
WORDS = ["Active", "Disabled", "Deleted", "Client", "Vendor", "Operations", "London", "x"]


def psql(script):
    return subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input=script, text=True, check=True, stdout=subprocess.PIPE,
        encoding="utf-8",
    ).stdout


def literal(value):
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'"


#
# Rows
#


def add_rows(rng):
    """Adds tokens with such texts, and a few modules and accounts that lack things."""
    texts = [None, None, *TEXTS]
    modules = [f"MOD-90{n:02}" for n in range(6)]
    script = ["BEGIN; SET LOCAL standard_conforming_strings = on; SET LOCAL session_replication_role = replica;"]
    for n, module in enumerate(modules):
        arrays = [rng.choice(["NULL", "'{}'", "'{Client}'", "'{Vendor,Client}'", "'{selected,all}'"]) for _ in range(3)]
        script.append(
            f"INSERT INTO apitoken.modules (id, code, name, description, is_configurable, paid, settings_shared_account,"
            f" account_types, settings_type, filters_group_buyers, created_at) VALUES ('{module}', 'code-{n}',"
            f" {literal(rng.choice(TEXTS))}, {literal(rng.choice(texts))}, {rng.random() < 0.5}, {rng.random() < 0.5},"
            f" {rng.choice(['NULL', 'true', 'false'])}, {arrays[0].replace('NULL', chr(39) + '{}' + chr(39))},"
            f" {arrays[1]}, {arrays[2]}, '2025-0{n + 1}-01Z');"
        )
    for n in range(4):
        script.append(
            f"INSERT INTO apitoken.accounts (id, type, name, description, external_id, city, created_at) VALUES"
            f" ('ACC-90{n:02}', '{rng.choice(['Client', 'Vendor'])}', {literal(rng.choice(TEXTS))}, {literal(rng.choice(texts))},"
            f" {literal(rng.choice(texts))}, {literal(rng.choice(texts))}, '2025-03-0{n + 1}Z');"
        )
    for n in range(70):
        token = f"T-{n:02}"
        moments = [rng.randrange(40) for _ in range(3)]
        at = [f"timestamptz '2025-01-01Z' + {m} * interval '12 hours 30 minutes 0.25 seconds'" for m in moments]
        name = rng.choice(["a", "A", "ab", "O'Brien", 'ERP "Gamma"', " x", "status", "null", "Name", "a b", "Active"])
        account = f"ACC-90{rng.randrange(4):02}"
        script.append(
            f"INSERT INTO apitoken.api_tokens (account_id, id, status, name, description, icon, created_at, updated_at)"
            f" VALUES ('{account}', '{token}', '{rng.choice(WORDS[:3])}', {literal(name)}, {literal(rng.choice(texts + [name]))},"
            f" {literal(rng.choice(texts))}, {at[0]}, {at[1] if rng.random() < 0.6 else 'NULL'});"
            f"INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest, last_access_at) VALUES"
            f" ('{account}', '{token}', sha256('{token}'), {at[2] if rng.random() < 0.5 else 'NULL'});"
        )
        for module in rng.sample(modules + ["MOD-0001", "MOD-0003"], rng.choice([0, 0, 1, 1, 2, 3])):
            script.append(f"INSERT INTO apitoken.api_token_modules VALUES ('{account}', '{token}', '{module}');")
    psql("\n".join(script) + "COMMIT;")


def read_rows():
    rows = [json.loads(line) for line in psql(f"SET TimeZone = 'UTC';{ROWS}").splitlines()]
    for row in rows:
        for item in [row, *row["modules"]]:
            for path, value in item.items():
                if path.lower().endswith("at") and value is not None:
                    item[path] = datetime.datetime.fromisoformat(re.sub(r"\+00$", "+00:00", pad(value)))
    return rows


def pad(moment):
    """A moment with microseconds, as older versions of Python want it."""
    return re.sub(r"\.(\d+)", lambda found: "." + found[1].ljust(6, "0"), moment)


#
# Meaning: each class says what it costs, whether it holds, and how it is written
#


class Value:
    """A string, a moment or a truth value; with kind "null", "empty" or "member" what it says."""

    def __init__(self, kind, value=None):
        self.kind, self.value = kind, value


def like(text, pattern, fold):
    """Does a pattern fit?  A star is for anything, one behind a backslash for itself."""
    parts = re.findall(r"\\\*|\*|.", pattern, re.DOTALL)
    expression = "".join(".*" if p == "*" else re.escape("*" if p == "\\*" else p) for p in parts)
    if fold:
        text, expression = text.lower(), "".join(".*" if p == "*" else re.escape(("*" if p == "\\*" else p).lower()) for p in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def compares(operator, have, want):
    """Whether a comparison holds of a member's value, which is None for null."""
    if operator in ("ne", "out"):
        return not compares({"ne": "eq", "out": "in"}[operator], have, want)
    if operator == "in":
        return have is not None and have in want
    if operator == "eq":
        return have == want
    if have is None or want is None:
        return False
    if operator in ("like", "ilike"):
        return like(have, want, operator == "ilike")
    return {"gt": have > want, "ge": have >= want, "lt": have < want, "le": have <= want}[operator]


class Comparison:
    def __init__(self, operator, path, kind, values):
        self.operator, self.path, self.kind, self.values = operator, path, kind, values

    def holds(self, item, token):
        if self.path == "modules":
            return (not token["modules"]) == (self.operator == "eq")
        if self.path.startswith("modules."):
            return any(self.of_item(module, self.path[len("modules."):], item) for module in token["modules"])
        return self.of_item(item, self.path, item)

    def of_item(self, item, path, scope):
        have = item if path == "self" else item[path]
        if self.kind == ARRAY:
            return self.of_array(have)
        # a UUID is the same in upper and lower case
        operator = "ilike" if self.kind == UUID and self.operator == "like" else self.operator
        return compares(operator, have, self.wanted(scope))

    def wanted(self, scope):
        values = [scope[v.value] if v.kind == "member" else "" if v.kind == "empty" else v.value for v in self.values]
        return values if self.operator in ("in", "out") else values[0]

    def of_array(self, have):
        if self.operator in ("ne", "out"):
            return not Comparison({"ne": "eq", "out": "in"}[self.operator], self.path, ARRAY, self.values).of_array(have)
        if self.values and self.values[0].kind == "null":
            return have is None
        if self.values and self.values[0].kind == "empty":
            return have == []
        return have is not None and any(value.value in have for value in self.values)

    def cost(self):
        ordered = self.kind in (TEXT, UUID) and (
            self.operator in ("like", "ilike", "gt", "ge", "lt", "le") or any(v.kind == "member" for v in self.values)
        )
        pattern = len(self.values[0].value.encode()) if self.operator in ("like", "ilike") else 0
        return [ordered, pattern, self.path.startswith("modules"), 2 + len(self.values)]


class Combination:
    def __init__(self, operator, children):
        self.operator, self.children = operator, children

    def holds(self, item, token):
        if self.operator == "not":
            return not self.children[0].holds(item, token)
        return (all if self.operator == "and" else any)(child.holds(item, token) for child in self.children)

    def cost(self):
        return [sum(costs) for costs in zip([0, 0, 0, 1], *(child.cost() for child in self.children))]


class Quantifier:
    def __init__(self, operator, path, condition):
        self.operator, self.path, self.condition = operator, path, condition

    def holds(self, item, token):
        elements = (token if self.path == "modules" else item)[self.path] or []
        if self.condition is None:
            return bool(elements)
        return {"any": any, "all": all}[self.operator](self.condition.holds(element, token) for element in elements)

    def cost(self):
        return [sum(costs) for costs in zip([0, 0, 1, 1], self.condition.cost() if self.condition else [0, 0, 0, 0])]


#
# Making them
#


class Maker:
    def __init__(self, rng, rows):
        self.rng, self.rows = rng, rows

    def existing(self, scope, path):
        """A value that some row has, if there is one."""
        items = self.rows if scope == "token" and not path.startswith("modules.") else [
            module for row in self.rows for module in row["modules"]
        ]
        have = [item[path.replace("modules.", "")] for item in items]
        have = [value for value in have if value is not None]
        return self.rng.choice(have) if have else None

    def text(self, scope, path):
        found = None if path == "self" or self.rng.random() < 0.3 else self.existing(scope, path)
        return found if isinstance(found, str) else self.rng.choice(TEXTS + WORDS)

    def moment(self, scope, path):
        found = self.existing(scope, path) or datetime.datetime(2025, 1, 5, tzinfo=datetime.timezone.utc)
        return found + datetime.timedelta(milliseconds=self.rng.choice([0, 0, 0, 1, -1, 86400000]))

    def value(self, scope, path, kind):
        if kind == INSTANT:
            return Value("value", self.moment(scope, path))
        if kind == BOOLEAN:
            return Value("value", self.rng.random() < 0.5)
        if kind == UUID:
            return Value("value", self.existing(scope, path) if self.rng.random() < 0.7 else self.rng.choice(UUIDS))
        if kind == ARRAY:
            return Value("value", self.rng.choice(WORDS + ["selected", "all", "a"]))
        if scope == "token" and path in FEW:
            return Value("empty") if self.rng.random() < 0.1 else Value("value", self.rng.choice(FEW[path]))
        return Value("empty") if self.rng.random() < 0.1 else Value("value", self.text(scope, path))

    def pattern(self, scope, path):
        text = self.text(scope, path)[:20]
        start, end = sorted(self.rng.randrange(len(text) + 1) for _ in range(2))
        part = text[start:end] if self.rng.random() < 0.6 else text
        part = part.replace("*", "\\*") if self.rng.random() < 0.7 else part
        if part and self.rng.random() < 0.3:
            place = self.rng.randrange(len(part))
            part = part[:place] + "*" + part[place + 1:]
        return Value("value", self.rng.choice(["", "*", "*"]) + part + self.rng.choice(["", "*", "*"]))

    def comparison(self, scope):
        rng = self.rng
        if scope == "element":
            path, kind = "self", TEXT
        elif scope == "module":
            path, kind = rng.choice(list(MODULE.items()))
        elif rng.random() < 0.15:
            path, kind = rng.choice([("modules." + name, kind) for name, kind in MODULE.items()])
        elif rng.random() < 0.05:
            return Comparison(rng.choice(["eq", "ne"]), "modules", ARRAY, [Value("empty")])
        else:
            path, kind = rng.choice(list(OWN.items()) * 2 + list(ACCOUNT.items()))

        operators = ["eq", "eq", "eq", "ne", "ne", "in", "out"]
        if kind in (TEXT, INSTANT, UUID):
            operators += ["gt", "ge", "lt", "le"]
        if kind in (TEXT, UUID):
            operators += ["like", "like", "ilike"]
        operator = rng.choice(operators)
        if operator in ("in", "out"):
            return Comparison(operator, path, kind, [self.list_value(scope, path, kind) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4]))])
        if operator in ("like", "ilike"):
            return Comparison(operator, path, kind, [self.pattern(scope, path)])
        if operator in ("eq", "ne") and rng.random() < 0.12:
            return Comparison(operator, path, kind, [Value("null")])
        if kind == ARRAY and operator in ("eq", "ne") and rng.random() < 0.3:
            return Comparison(operator, path, kind, [Value("empty")])
        if rng.random() < 0.15 and kind != ARRAY and scope != "element":
            others = [name for name, other in (MODULE if scope == "module" else TOKEN).items() if other == kind]
            if others:
                return Comparison(operator, path, kind, [Value("member", rng.choice(others))])
        return Comparison(operator, path, kind, [self.value(scope, path, kind)])

    def list_value(self, scope, path, kind):
        value = self.value(scope, path, kind)
        return Value("value", "x") if kind == ARRAY and value.kind == "empty" else value

    def filter(self, scope="token", depth=3):
        rng = self.rng
        choice = rng.random()
        if depth == 0 or choice < 0.35:
            return self.comparison(scope)
        if choice < 0.75:
            return Combination(rng.choice(["and", "or"]), [self.filter(scope, depth - 1) for _ in range(rng.choice([2, 2, 3]))])
        if choice < 0.87 or scope == "element":
            return Combination("not", [self.filter(scope, depth - 1)])

        inner, path = ("module", "modules") if scope == "token" else (
            "element", rng.choice([name for name, kind in MODULE.items() if kind == ARRAY])
        )
        if rng.random() < 0.15:
            return Quantifier("any", path, None)
        return Quantifier(rng.choice(["any", "any", "all"]), path, self.filter(inner, depth - 1))

    def bounded(self):
        """A filter within the bounds of what one may ask for."""
        while True:
            made = self.filter()
            texts, patterns, lookups, items = made.cost()
            if texts <= 10 and patterns <= 250 and lookups <= 10 and items <= 200:
                return made


#
# Writing them
#

# Stands for a percent sign until it is known what follows.
PERCENT = "\0"
OR = ["|", ";", "%7C", "%7c"]


class Writer:
    def __init__(self, rng):
        self.rng = rng

    def case(self, name):
        return self.rng.choice([name] * 6 + [name.upper(), name.lower(), name.swapcase()])

    def space(self):
        return self.rng.choice([""] * 20 + [" ", "%20", "\t", "%09 "])

    def encode(self, character):
        return "".join(f"%{byte:02X}" if self.rng.random() < 0.7 else f"%{byte:02x}" for byte in character.encode())

    def percent(self, written):
        """Writes the percent signs: one that what follows would make an escape is encoded."""
        return re.sub(f"{PERCENT}(?![0-9A-Fa-f]{{2}})", lambda _: self.rng.choice(["%", "%25"]), written).replace(PERCENT, "%25")

    def quoted(self, text):
        quote = self.rng.choice("\"'")
        written, backslashes = "", 0
        for character in text:
            if character == quote:
                written += self.backslashes(backslashes + 1) + self.quote(quote)
            elif character == "\\":
                written += self.backslash()
            else:
                written += self.character(character, must="+")
            backslashes = backslashes + 1 if character == "\\" else 0
        return self.percent(self.quote(quote) + written + self.backslashes(backslashes) + self.quote(quote))

    def backslash(self):
        return "\\" if self.rng.random() < 0.8 else "%5C"

    def backslashes(self, count):
        return "".join(self.backslash() for _ in range(count))

    def quote(self, quote):
        return quote if self.rng.random() < 0.6 else self.encode(quote)

    def character(self, character, must):
        if character == "%":
            return PERCENT
        if character in must or self.rng.random() < 0.05:
            return self.encode(character)
        return character

    def bare(self, text, pattern):
        must = "=!~'(),;&+" if pattern else "=!~'(),;&+*"
        written = self.percent("".join(self.character(character, must) for character in text))
        return self.encode("$") + written[1:] if written.startswith("$") else written

    def can_be_bare(self, text, scope, operator):
        """Not if a character cannot be even encoded, or if it is easily confused."""
        if not text or text != text.strip() or text[0] in "\"'" or re.search(r'[<>"|{}^`\[\]]', text):
            return False
        if operator in ("like", "ilike") and re.search("[%?]", text):
            return False
        if text.lower() in ("null", "empty", "undefined") or re.match(r"(auto|boolean|date|epoch|glob|isodate|number|re|string):", text):
            return False
        return operator in ("in", "out", "like", "ilike") or text.lower() not in NAMES[scope]

    def instant(self, moment):
        shift = self.rng.choice([0, 0, 0, 90, -300])
        local = moment + datetime.timedelta(minutes=shift)
        if shift == 0 and moment.time() == datetime.time() and self.rng.random() < 0.5:
            return local.strftime("%Y-%m-%d")
        zone = f"{'-' if shift < 0 else '+'}{abs(shift) // 60:02}:{abs(shift) % 60:02}" if shift else self.rng.choice(["Z", "+00:00", ""])
        return local.strftime("%Y-%m-%dT%H:%M:%S.%f") + zone

    def value(self, value, kind, scope, operator):
        if value.kind in ("null", "empty"):
            return f"{self.space()}{self.case(value.kind)}({self.space()}){self.space()}"
        if value.kind == "member":
            path = self.case(value.value)
            return path if self.rng.random() < 0.5 else f"{self.case('self')}({self.space()}{path}){self.space()}"
        text = value.value
        if kind == INSTANT:
            text = self.instant(text)
            return text if self.rng.random() < 0.7 else f'"{text}"'
        if kind == BOOLEAN:
            text = "true" if text else "false"
        if kind == UUID:
            text = self.rng.choice([text, text.upper(), text.title()])
        if self.can_be_bare(text, scope, operator) and self.rng.random() < 0.5:
            return self.bare(text, operator in ("like", "ilike"))
        return self.space() + self.quoted(text) + self.space()

    def values(self, node, scope):
        written = [self.value(value, node.kind, scope, node.operator) for value in node.values]
        alone = len(written) == 1 and "/" not in written[0]
        if alone and self.rng.random() < 0.3:
            return written[0]
        return "(" + "".join(text + self.rng.choice([",", ",", ";", "|", "%7C"]) for text in written[:-1]) + "".join(written[-1:]) + ")"

    def path(self, node, scope):
        if node.path == "self":
            return f"{self.case('self')}()"
        path = self.case(node.path)
        if self.rng.random() < 0.1 and not node.path.startswith("modules"):
            return f"{self.case('self')}({path})" if node.path != "id" or self.rng.random() < 0.5 else f"{self.case('self')}()"
        return path

    def comparison(self, node, scope):
        path = self.space() + self.path(node, scope) + self.space()
        if node.operator in ("in", "out"):
            return f"{self.case(node.operator)}({path},{self.space()}{self.values(node, scope)})"
        value = self.value(node.values[0], node.kind, scope, node.operator)
        if node.operator == "eq" and self.rng.random() < 0.6:
            return f"{path}={value}"
        return f"{self.case(node.operator)}{self.space()}({path},{value}){self.space()}"

    def separated(self, children, separators, scope):
        parts = [self.node(child, scope, "term") for child in children]
        return "".join(part + self.rng.choice(separators) for part in parts[:-1]) + parts[-1]

    def combination(self, node, scope, place):
        rng = self.rng
        if node.operator == "not":
            return f"{self.case('not')}({self.node(node.children[0], scope, 'argument')})"
        if rng.random() < 0.4:
            separators = [","] * 3 + (["&"] if node.operator == "and" else OR)
            return f"{self.case(node.operator)}({self.separated(node.children, separators, scope)})"

        group = place == "term" or rng.random() < 0.2
        ands = ["&"] if place == "argument" and not group else ["&", ","]
        inner = self.separated(node.children, ands, scope) if node.operator == "and" else self.alternatives(node, ands, scope)
        return f"({inner})" if group else inner

    def alternatives(self, node, ands, scope):
        """Conditions of which one must hold; those that all must bind tighter."""
        parts = []
        for child in node.children:
            loose = isinstance(child, Combination) and child.operator == "and" and self.rng.random() < 0.5
            parts.append(self.separated(child.children, ands, scope) if loose else self.node(child, scope, "term"))
        return "".join(part + self.rng.choice(OR) for part in parts[:-1]) + parts[-1]

    def quantifier(self, node, scope):
        path = self.space() + self.case(node.path) + self.space()
        if node.condition is None:
            return f"{self.case('any')}({path})"
        inner = "module" if node.path == "modules" else "element"
        return f"{self.case(node.operator)}({path},{self.node(node.condition, inner, 'argument')})"

    def node(self, node, scope, place):
        """place: "query"; "argument", where a comma is no "and"; "term", where nothing binds but a group."""
        if isinstance(node, Comparison):
            return self.comparison(node, scope)
        if isinstance(node, Quantifier):
            return self.quantifier(node, scope)
        return self.combination(node, scope, place)


def random_order(rng):
    return [(rng.choice([name for name in TOKEN if name != "id"]), rng.random() < 0.5) for _ in range(rng.choice([0, 1, 1, 2]))]


def write_order(rng, order):
    comma = rng.choice([",", ", ", "%2C"])
    return comma.join((rng.choice(["-", "%2D"]) if down else rng.choice(["", "+", "%2B"])) + path for path, down in order)


def sort(rows, order):
    """In that order, null last; the id decides last, in the direction of what was last given."""
    keys = [*order, ("id", order[-1][1])] if order else [("audit.created.at", False), ("id", False)]

    def compare(left, right):
        for path, down in keys:
            a, b = left[path], right[path]
            if a == b:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            return (1 if a > b else -1) * (-1 if down else 1)
        return 0

    return [row["id"] for row in sorted(rows, key=functools.cmp_to_key(compare))]


#
# Asking
#

ASK = r"""
CREATE FUNCTION pg_temp.ask(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    RETURN (SELECT json_build_object('ids', coalesce(json_agg(t ->> 'id' ORDER BY n), '[]'))
        FROM jsonb_array_elements(api.apitoken_list(query) -> 'data') WITH ORDINALITY d (t, n));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN json_build_object('error', SQLSTATE || ' ' || SQLERRM || ': ' || detail);
END $$;
CREATE TEMPORARY TABLE queries (n int, query text);
COPY queries FROM STDIN;
"""


def ask(queries):
    escaped = (q.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for q in queries)
    lines = "".join(f"{n}\t{query}\n" for n, query in enumerate(escaped))
    answers = psql(f"{ASK}{lines}\\.\nSELECT pg_temp.ask(query) FROM queries ORDER BY n;")
    return [json.loads(line) for line in answers.splitlines()]


def main():
    seed, number = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    print(f"# SEED={seed}")
    add_rows(rng)
    rows = read_rows()
    maker, writer = Maker(rng, rows), Writer(rng)

    filters = [(maker.bounded(), random_order(rng)) for _ in range(number)]
    queries = []
    for made, order in filters:
        parts = [writer.node(made, "token", "query"), "select=-*,%2Bid"]
        if order:
            parts.append("order=" + write_order(rng, order))
        rng.shuffle(parts)
        queries.append("&".join(parts))

    wanted = [sort([row for row in rows if made.holds(row, row)], order) for made, order in filters]
    have = ask(queries)
    wrong = [n for n in range(number) if have[n] != {"ids": wanted[n]}]
    for n in wrong[:10]:
        print(f"# {queries[n]!r}\n#   have: {str(have[n])[:600]}\n#   want: {str(wanted[n])[:600]}")
    some = sum(0 < len(ids) < len(rows) for ids in wanted)
    print(f"{'not ok' if wrong or len(have) != number else 'ok'} 1 - {number} filters find what they ask for")
    print(f"{'ok' if some > number / 4 else 'not ok'} 2 - {some} of them find some tokens and not others")
    print("1..2")
    sys.exit(bool(wrong) or some <= number / 4)


main()
