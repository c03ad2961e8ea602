"""Checks META.json against the specification of PGXN, version 1.0.0; says what is wrong."""

import json
import pathlib
import re
import sys

PROJECT = pathlib.Path(sys.argv[1])
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-?[A-Za-z][0-9A-Za-z-]*)?")
TERM = re.compile(r"[^\s/\\\x00-\x1f]{2,}")
KNOWN = {
    "name", "version", "abstract", "maintainer", "license", "provides", "meta-spec", "description", "generated_by",
    "tags", "no_index", "prereqs", "release_status", "resources",
}
problems = []


def want(condition, problem):
    if not condition:
        problems.append(problem)


def text(value):
    return isinstance(value, str) and value.strip() != ""


meta = json.loads((PROJECT / "META.json").read_text(encoding="utf-8"))
for key in ("name", "version", "abstract", "maintainer", "license", "provides", "meta-spec"):
    want(key in meta, f"{key} is missing")
for key in meta:
    want(key in KNOWN or key.lower().startswith("x_"), f"{key} is unknown")
want(TERM.fullmatch(meta["name"]), "name is no term")
want(VERSION.fullmatch(meta["version"]), "version is no semantic version")
want(text(meta["abstract"]), "abstract is empty")
maintainers = meta["maintainer"] if isinstance(meta["maintainer"], list) else [meta["maintainer"]]
want(maintainers and all(map(text, maintainers)), "maintainer is empty")
want(meta["license"] == "postgresql", "license is not the one of LICENSE")
want(meta.get("release_status", "stable") in ("stable", "testing", "unstable"), "release_status is unknown")
want(meta["meta-spec"].get("version") == "1.0.0", "meta-spec is another")
want(all(map(TERM.match, meta.get("tags", []))), "tags are no terms")
for name, provided in meta["provides"].items():
    want(set(provided) <= {"file", "version", "abstract", "docfile"}, f"provides.{name} has unknown members")
    want(provided["version"] == meta["version"], f"provides.{name} has another version")
    for key in ("file", "docfile"):
        want((PROJECT / provided[key]).is_file(), f"provides.{name}.{key} is not there")
for phase, relations in meta.get("prereqs", {}).items():
    want(phase in ("configure", "build", "test", "runtime", "develop"), f"prereqs.{phase} is unknown")
    for relation, packages in relations.items():
        want(relation in ("requires", "recommends", "suggests", "conflicts"), f"prereqs.{phase}.{relation} is unknown")
        for name, version in packages.items():
            want(VERSION.fullmatch(re.sub(r"^[<>=!]+ *", "", str(version))), f"{name} needs {version}")

print("".join(f"# {problem}\n" for problem in problems), end="")
sys.exit(bool(problems))
