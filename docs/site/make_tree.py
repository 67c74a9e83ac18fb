# SPDX-License-Identifier: Apache-2.0
"""make_tree.py SOURCE AUTOMFM TREE: the pages of the site as MkDocs takes them, in TREE/pages, and TREE/mkdocs.yml.

Pages keep their place in the repository, so that their links hold; files that they link to come along.  The pages of the plugins
and of the command line are made from what the tool AUTOMFM says about itself."""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

KINDS = {"neurons": "Neuron models", "connectivity": "Connectivity rules", "stimulation": "Stimulation protocols",
         "transfer": "Transfer functions", "optimizers": "Optimizers"}
INTERFACES = {"mfm.neuron": "neurons", "mfm.connectivity": "connectivity", "mfm.stimulation": "stimulation",
              "mfm.transfer": "transfer", "mfm.optimizer": "optimizers", "mfm.pareto": "optimizers"}


def for_mkdocs(text: str) -> str:
    """GitHub's Markdown as MkDocs reads it: empty lines around lists and blocks, and four spaces for each of their levels."""
    lines, fence, depth, loose = [], False, 0, False  # depth: of the list; loose: its item goes on after an empty line
    for line in re.sub(r"^<!-- test: .* -->\n+", "", text, flags=re.M).split("\n"):
        if line.startswith("```"):
            lines += [line, ""] if fence else ["", line]
            fence = not fence
            continue
        item = re.match(r"( *)([-*]|\d+\.) ", line)
        if fence:
            pass
        elif item and len(item[1]) < 2 * depth + 2:
            if loose or (depth == 0 and lines and lines[-1].strip()):
                lines.append("")
            depth, loose = len(item[1]) // 2 + 1, False
            line = " " * 4 * (depth - 1) + line.lstrip()
        elif not line.strip():
            loose = depth > 0
        elif not line.startswith("  "):
            depth, loose = (0, False) if loose or line.startswith("#") else (depth, loose)
        elif loose:
            line = "  " * depth + line
        lines.append(line)
    return "\n".join(lines)


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def plugin_page(plugin: dict, page: str) -> str:
    """The plugin's own page with what its schema says above it."""
    title, _, rest = page.partition("\n")
    settings = ["No settings."]
    if plugin["settings"]:
        settings = [row("setting", "unit", "default", "allowed", "meaning"), "|---|---|---|---|---|"]
        settings += [row(f"`{s['name']}`" + (" *" if s["per_cell"] else ""), s["unit"], s["default"], s["allowed"], s["meaning"]) for s in plugin["settings"]]
    if any(s["per_cell"] for s in plugin["settings"]):
        settings += ["", "\\* may differ from cell to cell: takes a distribution"]
    facts = [f"`{plugin['id']}` {plugin['version']}, " + ", ".join(f"`{i}`" for i in plugin["interfaces"])]
    if plugin["citation"]:
        facts.append(plugin["citation"])
    return "\n".join([title, "", "  \n".join(facts), "", "## Settings", "", *settings, "", "## Description", rest])


def command_line(man: str) -> str:
    """The manual page as Markdown."""
    plain = lambda text: re.sub(r"\\f[A-Z]|\\&", "", text).replace("\\-", "-").replace("\\\\", "\\").replace("<", "&lt;")
    out, lines, at = ["# The command line", ""], man.split("\n"), 0
    while at < len(lines):
        line = lines[at]
        if line.startswith(".SH "):
            out += ["", "## " + line[4:].capitalize(), ""]
        elif line.startswith(".SS "):
            out += ["", "### " + plain(line[4:]), ""]
        elif line.startswith(".TP"):
            out.append(f"- `{plain(lines[at + 1].removeprefix('.B '))}`: {plain(lines[at + 2])}")
            at += 2
        elif line.startswith((".B ", ".I ")):
            out.append(plain(line[3:]))
        elif not line.startswith("."):
            out.append(plain(line))
        at += 1
    return "\n".join(out) + "\n"


def main(source: Path, automfm: str, tree: Path) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    pages: dict[Path, str] = {}
    for file in [source / "README.md", *source.glob("docs/**/*.md"), *source.glob("plugins/*/*/README.md")]:
        pages[file.relative_to(source)] = file.read_text()

    ask = lambda *words: subprocess.run([automfm, *words], check=True, capture_output=True, text=True).stdout
    pages[Path("reference/command-line.md")] = command_line(ask("man"))
    plugins = json.loads(ask("plugins", "--json"))
    of_kind: dict[str, list[tuple[dict, Path]]] = {kind: [] for kind in KINDS}
    for plugin in plugins:
        kind = next((INTERFACES[i.split("/")[0]] for i in plugin["interfaces"] if i.split("/")[0] in INTERFACES), None)
        if kind is None or not Path(plugin["file"]).is_relative_to(Path(automfm).parent):
            continue  # not ours
        folder = Path("plugins", kind, Path(plugin["file"]).stem)  # a library may have more than one
        place = folder / ("README.md" if plugin["id"] == folder.name else plugin["id"] + ".md")
        pages[place] = plugin_page(plugin, plugin["page"])
        of_kind[kind].append((plugin, place))

    nav = []
    index = ["# Plugins", "", "What can stand where a pipeline names a plugin. `automfm describe ID` prints the same.", ""]
    for kind, title in KINDS.items():
        rows = [row("id", "what it is"), "|---|---|"]
        rows += [row(f"[{plugin['id']}]({place.relative_to(Path('plugins', kind))})", plugin["summary"]) for plugin, place in of_kind[kind]]
        pages[Path("plugins", kind, "index.md")] = "\n".join([f"# {title}", "", *rows, ""])
        index.append(f"- [{title}]({kind}/index.md): " + ", ".join(f"[{plugin['id']}]({place.relative_to('plugins')})" for plugin, place in of_kind[kind]))
        nav += [f"          - {title}:", f"              - plugins/{kind}/index.md"]
        nav += [f"              - {plugin['id']}: {place}" for plugin, place in of_kind[kind]]
    pages[Path("plugins/index.md")] = "\n".join(index) + "\n"

    for page, text in pages.items():
        def keep(link: re.Match) -> str:
            target = unquote(link[2].partition("#")[0])
            if re.match(r"[a-z]+:", target) or not target:
                return link[0]
            file = (source / page).parent / target
            inside = Path(*file.resolve().relative_to(source.resolve()).parts) if file.exists() else None
            if inside is None or inside in pages:
                return link[0]
            if inside / "index.md" in pages:
                return f"{link[1]}({target.rstrip('/')}/index.md)"
            if file.is_dir():
                return link[1].lstrip("!")[1:-1]  # a folder has no page: its name alone
            (tree / "pages" / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, tree / "pages" / inside)
            return link[0]

        place = tree / "pages" / page
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(for_mkdocs(re.sub(r"(!?\[[^\]]*\])\(([^)\s]+)\)", keep, text)))
    template = (source / "docs/site/mkdocs.yml").read_text()
    (tree / "mkdocs.yml").write_text(template.replace("      - PLUGINS", "\n".join(["      - Plugins:", "          - plugins/index.md", *nav])))
    shutil.copyfile(source / "docs/site/wide.css", tree / "pages/wide.css")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), str(Path(sys.argv[2]).resolve()), Path(sys.argv[3]))
