"""Every example of a README is in the clients, word for word; prints TAP."""

import pathlib
import re
import sys

import tap

HERE = pathlib.Path(__file__).parent
SOURCES = {
    "sql": ["setup.sql"],
    "python": ["sqlalchemy_client.py", "django_client.py"],
    "ruby": ["active_record_client.rb"],
    "js": ["node/pg_client.js", "node/sequelize_client.js"],
}


def text_of(source):
    """Returns a client's text; roles, variables in it, stand for themselves."""
    return re.sub(r':"(\w+)"', r"\1", (HERE / source).read_text(encoding="utf-8"))


readme = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
examples = re.findall(r"^```(\w+)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
tap.equal({language for language, _ in examples}, set(SOURCES), "there are examples in each language")
for language, example in examples:
    found = any("\n" + example in text_of(source) for source in SOURCES[language])
    tap.equal(found, True, f"{language}: {example.splitlines()[0]}")
tap.finish()
