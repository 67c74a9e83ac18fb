# SPDX-License-Identifier: Apache-2.0
"""site.py BUILD: the site in BUILD/site loads nothing from elsewhere, its links lead to files and headings, every plugin has a page
with every setting, and every page of the documentation is there."""
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

build = Path(sys.argv[1]).resolve()
site = build / "site"
wrong: list[str] = []


class Page(HTMLParser):
    def __init__(self, file: Path):
        super().__init__()
        self.loads, self.links, self.anchors, self.text = [], [], {""}, ""
        self.feed(file.read_text())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors.add(attributes.get("id", ""))
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag in ("script", "img", "link", "iframe") and (target := attributes.get("src") or attributes.get("href")):
            self.loads.append(target)

    def handle_data(self, data):
        self.text += data


pages = {file: Page(file) for file in site.rglob("*.html")}
for file, page in pages.items():
    name = file.relative_to(site)
    wrong += [f"{name} loads {target}" for target in page.loads if urlsplit(target).netloc]
    if name.name == "404.html":
        continue  # its links start at the site's root
    for target in page.links:
        url = urlsplit(target)
        if url.scheme or url.netloc:
            continue
        linked = (file.parent / unquote(url.path)).resolve() if url.path else file
        if linked.is_dir():
            linked /= "index.html"
        if not linked.exists():
            wrong.append(f"{name}: there is no {target}")
        elif linked in pages and unquote(url.fragment) not in pages[linked].anchors:
            wrong.append(f"{name}: {target} has no such heading")

source = Path(__file__).parents[2]
for page in source.glob("docs/**/*.md"):
    if not (site / page.relative_to(source)).with_suffix(".html").exists():
        wrong.append(f"{page.relative_to(source)} is not in the site")
texts = {file.parent.name if file.name == "index.html" else file.stem: page.text for file, page in pages.items() if "plugins" in file.parts}
for plugin in json.loads(subprocess.run([build / "automfm", "plugins", "--json"], check=True, capture_output=True, text=True).stdout):
    if not Path(plugin["file"]).is_relative_to(build):
        continue
    text = texts.get(plugin["id"], "")
    wrong += [f"the page of {plugin['id']} lacks '{says}'" for setting in plugin["settings"] for says in (setting["name"], setting["meaning"], setting["default"])
              if says not in text]
    if not text:
        wrong.append(f"{plugin['id']} has no page")

print("\n".join(wrong) or f"{len(pages)} pages are right")
sys.exit(bool(wrong) or len(pages) < 50)
