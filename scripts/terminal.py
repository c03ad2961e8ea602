"""Draws what `make demo` prints, which is read, as a picture of a terminal; the document shortened."""

import html
import sys

COLUMNS = 112
FIRST, LAST = 14, 5
LINE, CHARACTER, MARGIN, BAR = 17, 7.25, 14, 28
COLOURS = {"$": "#8fd18f", "psql": "#f29b9b"}


def shortened(lines):
    """Leaves out the middle of the document, which stands between braces of its own."""
    begin, end = lines.index("{"), lines.index("}")
    more = end - LAST - begin - FIRST
    return lines[: begin + FIRST] + [f"    ... {more} lines more ..."] + lines[end - LAST :]


def drawn(lines):
    """The picture's lines."""
    yield "<!-- make pictures draws this from what make demo prints -->"
    width, height = int(COLUMNS * CHARACTER + 2 * MARGIN), int(len(lines) * LINE + 2 * MARGIN + BAR)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    yield f'<rect width="{width}" height="{height}" rx="8" fill="#1d2330"/>'
    for place, colour in enumerate(("#e0685f", "#e0b34f", "#6fbf62")):
        yield f'<circle cx="{20 + 18 * place}" cy="{BAR // 2 + 2}" r="5.5" fill="{colour}"/>'
    yield '<g font-family="Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="12" fill="#d7dde8" xml:space="preserve">'
    for number, line in enumerate(lines, 1):
        text = line if len(line) <= COLUMNS else line[: COLUMNS - 3] + "..."
        colour = next((f' fill="{COLOURS[begin]}"' for begin in COLOURS if line.startswith(begin)), "")
        if text:
            yield f'<text x="{MARGIN}" y="{BAR + MARGIN + LINE * number - 5}"{colour}>{html.escape(text, quote=False)}</text>'
    yield "</g>"
    yield "</svg>"


def main():
    """What comes before the first empty line is how the machine was prepared."""
    lines = [line.rstrip() for line in sys.stdin]
    print("\n".join(drawn(["$ make demo"] + shortened(lines[lines.index("") :]))))


main()
