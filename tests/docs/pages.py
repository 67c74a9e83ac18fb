# SPDX-License-Identifier: Apache-2.0
"""The Markdown pages of this repository, as their tests see them: blocks of code with their markers, links, headings."""
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Block:
    """A fenced or indented block.  `marker` is the text of an HTML comment `<!-- test: ... -->` right above it, or ""."""

    page: Path
    line: int  # of its first line of code, from 1
    language: str  # of a fence's first word; "" for none and for an indented block
    marker: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def pages_of(source: Path) -> list[Path]:
    """README, docs and the plugins' pages, relative to the repository."""
    files = [source / "README.md", *source.glob("docs/**/*.md"), *source.glob("plugins/**/*.md")]
    return sorted(file.relative_to(source) for file in files)


def blocks_of(source: Path, page: Path) -> list[Block]:
    lines = (source / page).read_text().split("\n")
    blocks, at, marker, before = [], 0, "", ""  # before: the line above, if it may not stand above indented code
    while at < len(lines):
        line = lines[at]
        if found := re.fullmatch(r"\s*<!-- test: (.*?) -->", line):
            marker, before = found[1], ""
        elif found := re.match(r"(\s*)(`{3,})(.*)", line):
            end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == found[2])
            text = "\n".join(code.removeprefix(found[1]) for code in lines[at + 1 : end])
            blocks.append(Block(page, at + 2, (found[3].split() or [""])[0], marker, text))
            at, marker, before = end, "", ""
        elif line.startswith("    ") and line.strip() and before == "":
            end = at
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            text = "\n".join(code[4:] for code in lines[at:end]).rstrip()
            blocks.append(Block(page, at + 1, "", marker, text))
            at, marker = end - 1, ""
        elif line.strip():
            marker, before = "", "" if line.startswith("#") else line
        else:
            before = ""
        at += 1
    return blocks


def without_code(text: str) -> str:
    """The text with fenced blocks and code within lines blanked, line by line."""
    out, fence = [], ""
    for line in text.split("\n"):
        found = re.match(r"\s*(`{3,})", line)
        if found and (not fence or line.strip() == fence):
            fence = "" if fence else found[1]
            line = ""
        out.append("" if fence or line.startswith("    ") else re.sub(r"(`+).+?\1", "", line))
    return "\n".join(out)


def links_of(text: str) -> list[tuple[int, str]]:
    """Line and target of every link and image."""
    rows = []
    for number, line in enumerate(without_code(text).split("\n"), 1):
        # An image may be the text of a link, and the target of a link may stand behind code.
        for target in re.findall(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", line) + re.findall(r'(?:src|href)="([^"]*)"', line):
            rows.append((number, target))
        if found := re.match(r"\s*\[[^\]]+\]:\s*(\S+)", line):
            rows.append((number, found[1]))
    return rows


def anchors_of(text: str) -> set[str]:
    """The anchors that a page has on GitHub and in the site as well: the two make them differently."""
    both = []
    for keep_double in (True, False):
        seen, anchors = {}, set()
        for heading in re.findall(r"^#{1,6} +(.*?)#*\s*$", _without_fences(text), re.M):
            heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
            slug = re.sub(r"[^\w\- ]", "", heading.strip().lower())
            slug = slug.replace(" ", "-") if keep_double else re.sub(r"[-\s]+", "-", slug)
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            anchors.add(slug if not count else f"{slug}{'-' if keep_double else '_'}{count}")
        both.append(anchors)
    return both[0] & both[1]


def _without_fences(text: str) -> str:
    return re.sub(r"^(\s*)(`{3,}).*?^\1\2\s*$", "", text, flags=re.M | re.S)
