# SPDX-License-Identifier: Apache-2.0
"""links.py SOURCE: every link of every page leads to a file, and to a heading where it names one; every page has its
place in the site; what says which version this is says the same everywhere.  Nothing outside is asked."""
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

from pages import anchors_of, links_of, pages_of

source = Path(sys.argv[1])
wrong: list[str] = []

# The projects that `automfm new` writes and those of tests have pages too; links of theirs lead out of their folders.
others = [p.relative_to(source) for folder in ("sdk", "tests") for p in source.glob(f"{folder}/**/*.md")]
count = 0
for page in [*pages_of(source), *others]:
    text = (source / page).read_text()
    for line, target in links_of(text):
        count += 1
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (source / page).parent / path if path else source / page
        if not file.exists():
            wrong.append(f"{page}:{line}: there is no {path}")
        elif anchor and anchor not in anchors_of(file.read_text()):
            wrong.append(f"{page}:{line}: {path or page} has no heading for #{anchor}, or GitHub and the site name it differently")
if count < 100:
    wrong.append(f"only {count} links were found: are they still read as they are written?")

nav = (source / "docs/site/mkdocs.yml").read_text()
for page in pages_of(source):
    if page.parts[0] != "plugins" and not re.search(rf"\b{re.escape(str(page))}\s*$", nav, re.M):
        wrong.append(f"{page} has no place in the nav of docs/site/mkdocs.yml")

version = re.search(r"project\(automfm VERSION (\S+)", (source / "CMakeLists.txt").read_text())[1]
citation = dict(re.findall(r"^([\w-]+): *(.*)$", (source / "CITATION.cff").read_text(), re.M))
codemeta = json.loads((source / "codemeta.json").read_text())
newest = re.search(r"^## \[?(\d[^\] ]*)", (source / "docs/CHANGELOG.md").read_text(), re.M)[1]
for file, says in (("CITATION.cff", citation["version"]), ("codemeta.json", codemeta["version"]), ("docs/CHANGELOG.md", newest)):
    if says != version:
        wrong.append(f"{file} says version {says}, CMakeLists.txt {version}")
for field in ("cff-version", "message", "title", "authors", "license", "abstract"):
    if field not in citation:
        wrong.append(f"CITATION.cff has no {field}")
for field in ("@context", "@type", "name", "description", "author", "license", "programmingLanguage", "operatingSystem"):
    if not codemeta.get(field):
        wrong.append(f"codemeta.json has no {field}")
if not codemeta["license"].endswith("/" + citation["license"]):
    wrong.append(f"CITATION.cff says licence {citation['license']}, codemeta.json {codemeta['license']}")

print("\n".join(wrong) or f"{count} links are right")
sys.exit(bool(wrong))
