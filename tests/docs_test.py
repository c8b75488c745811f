"""Fails when a comment, a key or a document cites a page or section that does not exist.

Checked in every text file below the root: names of `*.md` files, and citations of the form
`docs/method.md 1.6` or `docs/design.md 4.1, 4.3 and 5`; in `*.md` files also relative links with their
anchors.  In docs/ itself: sections of the same page (`section 6.1`), and that the table of
docs/devices.md 1 has the figures of configs/devices.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1]).resolve()
SKIPPED = {".git", "build", "results", "cache", "__pycache__"}  # folders that are not in the repository
SUFFIXES = {".md", ".cpp", ".hpp", ".h", ".py", ".cfg", ".cmake", ".txt", ".sh", ".sbatch", ".yml", ".cff"}
NUMBER = r"\d+(?:\.\d+)*"
LIST = rf"{NUMBER}(?:(?:,| and| to)\s+(?:///?\s*|#\s*)?{NUMBER}(?![\w%]))*"  # 1.6, 1.8 and 4.3
CITATION = re.compile(rf"\b(docs/[\w/-]+\.md)\s+(?:///?\s*|#\s*)?({LIST})")
NAME = re.compile(r"(?<![\w/@:.>-])((?:[\w.-]+/)*[\w-]+\.md)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]*)(#[^)\s]*)?\)(?:\s+(" + LIST + r"))?")
OWN_SECTION = re.compile(rf"\bsections? ({LIST})")
HEADING = re.compile(r"^#+ +(.*)$", re.M)


def texts():
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if SKIPPED.isdisjoint(inside) and path.is_file() and (path.suffix in SUFFIXES or path.name == "run"):
            yield path, path.read_text(encoding="utf-8")


def without_code(text):
    """The text with fenced blocks emptied, line numbers kept."""
    return re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)


def headings(path):
    return HEADING.findall(without_code(path.read_text(encoding="utf-8")))


def sections(path):
    return {match[1] for match in (re.match(rf"({NUMBER}) ", title) for title in headings(path)) if match}


def anchors(path):
    plain = (re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "]", title)) for title in headings(path))
    return {"#" + title.lower().replace(" ", "-") for title in plain}


def figures(path):
    """{key: figure and mark} of an entry of the catalogue, rates in TFLOP/s."""
    found = {}
    for key, value, unit, mark in re.findall(r"^(\w+) = ([\d.]+) (\S+)(?: in [^#]+)? +# ([mske]):", path.read_text(), re.M):
        found[key] = f"{float(value) / 1000:.4g} {mark}" if unit == "GFLOP/s" else f"{value} {mark}"
    return found


problems = []
checked = 0


def refuse(path, text, place, what):
    problems.append(f"{path.relative_to(root)}:{text.count(chr(10), 0, place) + 1}: {what}")


def check_sections(path, text, place, page, numbers):
    global checked
    for number in re.findall(NUMBER, numbers):
        checked += 1
        if number not in sections(page):
            refuse(path, text, place, f"{page.relative_to(root)} has no section {number}")


for path, text in texts():
    for match in NAME.finditer(text):
        checked += 1
        if not any((folder / match[1]).is_file() for folder in (root, path.parent)):
            refuse(path, text, match.start(), f"there is no {match[1]}")
    for match in CITATION.finditer(text):
        if (root / match[1]).is_file():
            check_sections(path, text, match.start(), root / match[1], match[2])
    if path.suffix != ".md":
        continue
    text = without_code(text)
    for match in LINK.finditer(text):
        target, anchor, numbers = match.groups()
        if re.match(r"\w+:", target):
            continue
        page = path.parent / target if target else path
        checked += 1
        if not page.exists():
            refuse(path, text, match.start(), f"the link leads to no file: {target}")
        elif anchor and (page.suffix != ".md" or anchor not in anchors(page)):
            refuse(path, text, match.start(), f"{page.relative_to(root)} has no heading {anchor}")
        elif numbers and page.suffix == ".md" and "docs" in page.resolve().parts:
            check_sections(path, text, match.start(), page.resolve(), numbers)
    if path.parent == root / "docs" and sections(path):
        for match in OWN_SECTION.finditer(text):
            check_sections(path, text, match.start(), path, match[1])

catalogue = root / "docs/devices.md"
rows = {cells[1].strip(" `"): [cell.strip() for cell in cells[3:-1]]
        for cells in (line.split("|") for line in catalogue.read_text(encoding="utf-8").splitlines())
        if len(cells) == 10 and re.match(r" `\w+`", cells[1])}  # fmt: skip
COLUMNS = ("rate_fp16", "rate_int8", "rate_int4", "memory", "memory_bandwidth", "power_compute")
for path in sorted((root / "configs/devices").glob("*.cfg")):
    found = figures(path)
    wanted = [found.get(key, "-") for key in COLUMNS]
    checked += 1
    if rows.pop(path.stem, None) != wanted:
        problems.append(f"docs/devices.md: the row of {path.stem} should have {' | '.join(wanted)}")
problems += [f"docs/devices.md: there is no configs/devices/{name}.cfg" for name in rows]

print("\n".join(problems) or f"{checked} references hold")
sys.exit(bool(problems))
