"""Runs the examples of documents in order, and compares their answers; prints TAP.

A block's language says what becomes of it:

sql      run in one psql a document; an ERROR fails
console  the same as a dialogue: "=> " and "-> " begin what is typed
sh       run by bash in the project's folder; a status other than 0 fails
json     answer of the block before, as JSON
text     answer of the block before, as text

A block that names a file behind its language is not run here: its lines stand
in that file, which is what is run, with or without something behind them.
Anything else, an indented block too, is a failure: no example is unaccounted for.

"..." in a string or a line of an answer stands for any text; as a member, an
element or a line of its own for any number of them.  A date stands for itself
or for any moment since the test began.
"""

import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

COPY = pathlib.Path(os.environ["COPY"])
MACHINE = os.environ["MACHINE"]
BEGIN = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DATE = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d)"
PROMPT = re.compile(r"^\w*[=-][>#] ?")
SECONDS = 1800

count = 0
failures = 0


def report(problem, description):
    """Reports a success if there is no problem."""
    global count, failures
    count += 1
    failures += bool(problem)
    print(f"{'not ok' if problem else 'ok'} {count} - {description}")
    if problem:
        print("\n".join(f"# {line}" for line in str(problem)[:4000].splitlines()))
    sys.stdout.flush()


class Block:
    def __init__(self, line, info, text):
        self.line = line
        self.language, _, self.file = info.partition(" ")
        self.text = text


def blocks_of(document):
    """Returns a document's blocks; an indented one has no language."""
    blocks, fence, block, before = [], None, [], ""
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(keepends=True), 1):
        opening = re.match(r"^ *(```+|~~~+)(.*)$", line)
        if fence is None and opening:
            fence, info, block, start = opening[1], opening[2].strip(), [], number
        elif fence is not None and line.strip() == fence:
            blocks.append(Block(start, info, "".join(block)))
            fence = None
        elif fence is not None:
            block.append(line)
        elif re.match(r"^( {4}|\t)\S", line) and not before.strip():
            blocks.append(Block(number, "", line))
        before = line
    if fence is not None:
        blocks.append(Block(start, "", ""))
    return blocks


#
# Comparing
#


def is_since_begin(date):
    return datetime.datetime.fromisoformat(re.sub(r"[+-]\d\d$", r"\g<0>:00", date).replace("Z", "+00:00")) >= BEGIN


def fits_text(want, have):
    """Does a text fit, "..." and dates of now taken into account?"""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*?") + r"\n"
        for line in want.rstrip("\n").split("\n")
    ]
    pattern = "".join(lines)
    dates = re.findall(DATE, want)
    for date in dates:
        pattern = pattern.replace(re.escape(date), f"({DATE})", 1)
    found = re.fullmatch(pattern, have.rstrip("\n") + "\n")
    return found is not None and all(h == w or is_since_begin(h) for h, w in zip(found.groups(), dates))


def differs(want, have, path=""):
    """Says where two JSON values differ; None if they do not."""
    if want == "...":
        return None
    if isinstance(want, dict) and isinstance(have, dict):
        missing = [key for key in want if key not in have and key != "..."]
        more = [key for key in have if key not in want and "..." not in want]
        if missing or more:
            return f"{path or 'the answer'} lacks {missing}, has {more} too"
        return next(filter(None, (differs(want[key], have[key], f"{path}.{key}") for key in want if key != "...")), None)
    if isinstance(want, list) and isinstance(have, list):
        if "..." in want:
            place = want.index("...")
            rest = len(want) - place - 1
            if len(have) < place + rest:
                return f"{path} has {len(have)} elements"
            want, have = want[:place] + want[place + 1 :], have[:place] + have[len(have) - rest :]
        if len(want) != len(have):
            return f"{path} has {len(have)} elements instead of {len(want)}"
        return next(filter(None, (differs(w, h, f"{path}[{i}]") for i, (w, h) in enumerate(zip(want, have)))), None)
    if isinstance(want, str) and isinstance(have, str) and fits_text(want, have):
        return None
    if want == have and isinstance(want, bool) == isinstance(have, bool):
        return None
    return f"{path or 'the answer'} is {json.dumps(have)[:1000]} instead of {json.dumps(want)[:1000]}"


def json_problem(want, have):
    """Compares the last line or, if that is no JSON, the whole output."""
    lines = have.strip().splitlines() or [""]
    for text in (lines[-1], have):
        try:
            return differs(json.loads(want), json.loads(text))
        except ValueError:
            pass
    return f"there is no JSON:\n{have}"


def text_problem(want, have):
    lines = [text.strip("\n").splitlines() for text in (want, have)]
    want, have = ("".join(line.rstrip() + "\n" for line in text) for text in lines)
    return None if fits_text(want, have) else f"have:\n{have}want:\n{want}"


#
# Running
#


class Psql:
    """One psql for a document, from its first use on; output and errors come in one stream."""

    def __init__(self, options):
        self.options = options
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", *self.options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,  # \prompt asks the terminal, unless there is none
        )

    def run(self, text):
        if self.process is None:
            self.start()
        end = f"--- end {os.getpid()} ---"
        self.process.stdin.write(f"{text}\n\\echo {end}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == end:
                break
            lines.append(line)
        else:
            lines.append("ERROR: psql has ended\n")
        return "".join(lines)

    def close(self):
        if self.process is None:
            return
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def run_sql(psql, block, answer):
    """A JSON answer is taken without a frame around it."""
    bare = answer is not None and answer.language == "json"
    psql.run(f"\\pset format {'unaligned' if bare else 'aligned'}\n\\pset tuples_only {'on' if bare else 'off'}")
    output = psql.run(block.text)
    failed = re.search(r"(?m)^(?:psql:\S+:\d+: )?(?:(?:ERROR|FATAL|PANIC): |error: |\\|invalid command|\S+: No such file)", output)
    return output, output if failed else None


def run_console(psql, block):
    """Types each statement of a dialogue, and compares what comes of it."""
    psql.run("\\pset format aligned\n\\pset tuples_only off")
    typed, want, problems = [], [], []

    def compare():
        if typed:
            problems.append(text_problem("".join(want), psql.run("".join(typed))))
        typed.clear()
        want.clear()

    for line in block.text.splitlines(keepends=True):
        if PROMPT.match(line):
            if want or line.lstrip("=").startswith(">") and typed:
                compare()
            typed.append(PROMPT.sub("", line))
        else:
            want.append(line)
    compare()
    return next(filter(None, problems), None)


def run_sh(block):
    """What the machine has stands below a folder of its own."""
    text = re.sub(r"(?<![\w./-])/(?=(etc|run|var/log)/)", f"{MACHINE}/", block.text)
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", text],
        cwd=COPY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    return done.stdout, done.stdout + f"\nstatus {done.returncode}" if done.returncode else None


def file_problem(block):
    """Do a block's lines stand in the file that it names, one after the other?"""
    try:
        lines = [line.strip() for line in (COPY / block.file).read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        return error
    wanted = [line.strip() for line in block.text.splitlines() if line.strip()]
    for start in range(len(lines)):
        if [f"{line} "[: len(want) + 1] for line, want in zip(lines[start:], wanted)] == [f"{want} " for want in wanted]:
            return None
    return f"these lines are not in {block.file}:\n{block.text}"


# Documents that go on where another has ended.
FOLLOWING = {"deploy/nginx/README.md": "deploy/postgrest/README.md"}

CLEAN = """
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
    WHERE datname <> 'postgres' AND NOT datistemplate \\gexec
SELECT format('DROP OWNED BY %1$I; DROP ROLE %1$I', rolname) FROM pg_roles
    WHERE rolname <> current_user AND rolname !~ '^pg_' \\gexec
CREATE DATABASE marketplace TEMPLATE sample;
"""


# Documents that are run once more for others than a superuser, and otherwise.
AGAIN = {"docs/token-leaked.md": [["-U", "oncall"], ["-U", "oncall", "-v", "AUTOCOMMIT=off"]]}


def run_document(name, options=()):
    """Runs a document, in a new database that has the sample data, with options for its psql."""
    if name not in FOLLOWING:
        subprocess.run(["psql", "-Xqd", "postgres", "-v", "ON_ERROR_STOP=1"], input=CLEAN, text=True, check=True)
    blocks = blocks_of(COPY / name)
    psql = Psql(options)
    output = None
    for block, after in zip(blocks, blocks[1:] + [None]):
        signal.alarm(SECONDS)
        problem = None
        if block.file:
            problem, output = file_problem(block), None
        elif block.language == "sql":
            output, problem = run_sql(psql, block, after)
        elif block.language == "console":
            problem, output = run_console(psql, block), None
        elif block.language == "sh":
            output, problem = run_sh(block)
        elif block.language in ("json", "text") and output is not None:
            problem = (json_problem if block.language == "json" else text_problem)(block.text, output)
            output = None
        else:
            problem = f"nothing runs this block:\n{block.text}"
        first = (block.text.strip().splitlines() or [""])[0]
        report(problem, f"{' '.join([name, *options])}:{block.line}: {first[:60].replace('#', ' ')}")
    psql.close()


def prose_of(document):
    """A document's text without its blocks."""
    return re.sub(r"(?ms)^```.*?^```", "", document.read_text(encoding="utf-8"))


def headings_of(document):
    """What links to a document's headings name."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"(?m)^#+ +(.*)$", prose_of(document))
    }


def check_links(name):
    """Every relative link leads to a file and, where it names one, to a heading of that."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(COPY / name)):
        path, _, heading = target.partition("#")
        if re.match(r"\w+:", target):
            continue
        document = (COPY / name).parent / path if path else COPY / name
        if not document.exists() or heading and heading not in headings_of(document):
            broken.append(target)
    report("\n".join(broken), f"{name}: its links lead somewhere")


def main():
    """Takes the number of tests reported before, and the documents' names."""
    global count
    count = int(sys.argv[1])
    names = sorted(sys.argv[2:], key=lambda name: (FOLLOWING.get(name, name), name in FOLLOWING))
    for name in names:
        for options in [[], *AGAIN.get(name, [])]:
            run_document(name, options)
        check_links(name)
    print(f"1..{count}")
    sys.exit(failures > 0)


main()
