# SPDX-License-Identifier: Apache-2.0
"""commands.py [--long] SOURCE BUILD WORK [PAGE or FOLDER...]: does what the documentation shows.

Every block of commands, output, TOML, Python or changes has a marker above it, which is invisible where the page is read:

    <!-- test: run -->               commands that are quick: run every time; the exit code must be 0
    <!-- test: run long -->          commands that take long: run with --long only, else read as those that are skipped
    <!-- test: run exit 2 -->        ... and must end with this exit code
    <!-- test: run needs h5py -->    ... where this program or Python module is installed; may be repeated
    <!-- test: skip: REASON -->      commands that are only read: their options, files and targets must exist
    <!-- test: synopsis -->          the command line, option by option: must be all that the tool has
    <!-- test: output -->            what the commands above print.  "..." stands for any lines; times are not compared
    <!-- test: file NAME -->         the block is written to this file; `append NAME`: added to it
    <!-- test: apply -->             a diff, applied to the files in the folder

A page's blocks are done in their order, in one folder that looks like the repository (with build/), from where the block before
left off: folder and environment are kept.  Blocks of commands without a marker fail, so that none is forgotten."""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from pages import Block, blocks_of, pages_of

COMMANDS = """apt-get automfm c++ cc cd clang cmake cp cpack ctest docker eval export g++ gcc gfortran git gnuplot h5dump make mkdir
    mkdocs nest ninja pip python3 rustc sbatch snakemake sudo""".split()
FENCED = ("sh", "bash", "console", "shell")


def holds_commands(block: Block) -> bool:
    if block.language in FENCED:
        return True
    if block.language not in ("", "text"):
        return False
    first = [line.split()[0] for line in block.text.split("\n") if line.strip()]
    return any(word in COMMANDS or re.match(r"(\./|build/|tests/)\w", word) for word in first)


def kind_of(block: Block) -> str:
    """run, skip, synopsis, output, file, append, apply or "" (nothing to do); ValueError with what is wrong."""
    kind = re.split(r"[ :]", block.marker)[0]
    if holds_commands(block):
        if kind == "skip" and len(block.marker.split()) < 4:
            raise ValueError("the reason why this is skipped is no reason")
        if kind not in ("run", "skip", "synopsis", "output"):
            raise ValueError("a block of commands without a marker: <!-- test: run --> or <!-- test: skip: reason --> (tests/docs/commands.py)")
    elif block.language in ("text", "python", "diff") and kind not in ("output", "file", "append", "apply", "skip"):
        raise ValueError(f"a block of {block.language} without a marker (tests/docs/commands.py)")
    elif kind not in ("", "output", "file", "append", "apply", "skip"):
        raise ValueError(f"the marker '{block.marker}' is none for this block")
    return kind


def is_run(block: Block, long: bool) -> bool:
    return long or "long" not in block.marker.split()


class Tool:
    """The commands and options of automfm, from its own completion."""

    def __init__(self, program: Path):
        script = subprocess.run([program, "completion", "bash"], check=True, capture_output=True, text=True).stdout
        rows = re.findall(r'^ +"([\w ]*)"\) words="(.*)" ;;$', script, re.M)
        self.options = {name: {w for w in words.split() if w.startswith("--")} - {"--help"} for name, words in rows}
        self.program = program

    def split(self, words: list[str]) -> tuple[str, list[str]]:
        """The command that these words begin with, and the rest."""
        for n in (2, 1):
            if len(words) >= n and " ".join(words[:n]) in self.options:
                return " ".join(words[:n]), words[n:]
        raise ValueError(f"automfm has no command '{' '.join(words[:1])}'")

    def check_options(self, command: str, words: list[str]) -> None:
        for option in (word.split("=")[0] for word in words if word.startswith("--")):
            if option not in self.options[command]:
                raise ValueError(f"automfm {command} has no option {option}")


def words_of(line: str) -> list[list[str]]:
    """The commands of a line, each as its words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if re.fullmatch(r"[;&|()]+", word):
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def read_command(words: list[str], source: Path, tool: Tool, targets: set[str]) -> None:
    """ValueError where a command names what there is not."""
    program, rest = words[0], words[1:]
    if program in ("automfm", "build/automfm"):
        command, rest = tool.split(rest)
        tool.check_options(command, rest)
        file = next((word for word in rest if word.endswith(".toml")), "")
        if command in ("run", "tune", "sweep plan") and (source / file).is_file():
            change = [word for pair in zip(rest, rest[1:]) if pair[0] == "--set" for word in pair]
            done = subprocess.run([tool.program, "validate", source / file, *change], capture_output=True, text=True)
            if done.returncode and "there is no file" not in done.stderr:  # which the user has to bring
                raise ValueError(done.stderr.strip())
    elif program == "./quickstart":
        if rest and rest[0] not in re.findall(r"^# \./quickstart (\w+)", (source / "quickstart").read_text(), re.M):
            raise ValueError(f"./quickstart has no '{rest[0]}'")
    elif program.startswith("build/tests/") and program.removeprefix("build/tests/test_") not in targets:
        raise ValueError(f"there is no test {program}")
    for word in (program, *(rest if program != "ln" else [])):
        if re.match(r"(configs|docs|tests|sdk|plugins|framework)/", word) and not (source / word).exists():
            raise ValueError(f"there is no {word}")


def read_only(source: Path, block: Block, tool: Tool, targets: set[str]) -> list[str]:
    """What is wrong with commands that are not run."""
    wrong = []
    text = re.sub(r"<<'?(\w+)'?\n.*?\n\1$", "", block.text, flags=re.S | re.M)  # what is written into a file
    for line in text.replace("\\\n", " ").split("\n"):
        try:
            for words in words_of(line):
                read_command(words, source, tool, targets)
        except ValueError as error:
            wrong.append(f"{block.where}: {error}, in: {line.strip()}")
    return wrong


def synopsis(block: Block, tool: Tool) -> list[str]:
    """Where this synopsis and the tool differ."""
    shown: dict[str, set[str]] = {}
    for line in re.sub(r"\n(?!automfm)\s*", " ", block.text).split("\n"):
        words = line.split()[1:]
        for name in words[0].split("|") if len(words) else []:
            names = [f"{name} {w}" for w in words[1].split("|") if f"{name} {w}" in tool.options] if len(words) > 1 else []
            for command in names or [name]:
                shown.setdefault(command, set()).update(re.findall(r"--[\w-]+", line))
    wrong = [f"{block.where}: automfm has no command '{name}'" for name in shown if name not in tool.options]
    for name, options in tool.options.items():
        if not name or any(other.startswith(name + " ") for other in tool.options):
            continue
        if name not in shown:
            wrong.append(f"{block.where}: the command '{name}' is missing")
        elif difference := options ^ shown[name]:
            wrong.append(f"{block.where}: shown and real options of '{name}' differ in {' '.join(sorted(difference))}")
    return wrong


def inline(source: Path, page: Path, tool: Tool, targets: set[str]) -> list[str]:
    """Commands and files within the text of a page."""
    wrong = []
    for number, line in enumerate((source / page).read_text().split("\n"), 1):
        for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
            if re.fullmatch(r"(configs|docs|tests|sdk|plugins|framework)/[\w/.-]+\.\w+", code) and not (source / code).exists():
                wrong.append(f"{page}:{number}: there is no {code}")
            if (found := re.match(r"build/tests/test_(\w+)", code)) and found[1] not in targets:
                wrong.append(f"{page}:{number}: there is no test {found[0]}")
            if found := re.match(r"(?:build/)?automfm ([a-z]+)(.*)", code):
                try:
                    command, rest = tool.split([found[1], *found[2].split()])
                    tool.check_options(command, rest)
                except ValueError as error:
                    wrong.append(f"{page}:{number}: {error}")
    return wrong


def masked(text: str, home: Path) -> list[str]:
    """Lines as they are compared: without times and the place of the home folder."""
    text = text.replace(str(home), "~")
    text = re.sub(r"\b\d+(\.\d+)? s\b", "N s", text)
    return [line.rstrip() for line in text.strip("\n").split("\n")]


def differs(shown: list[str], real: list[str]) -> str:
    """The first shown line that does not follow; "" when all do.  The first may stand anywhere, as after "..."."""
    at, anywhere = 0, True
    for line in shown:
        if line.strip() == "...":
            anywhere = True
            continue
        end = len(real) if anywhere else min(at + 1, len(real))
        places = [i for i in range(at, end) if real[i] == line]
        if not places:
            return line
        at, anywhere = places[0] + 1, False
    return ""


class Place:
    """A folder that looks like the repository, where a page's commands are run."""

    def __init__(self, source: Path, build: Path, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.home, self.root, self.state = folder / "home", folder / "automfm", folder / "state"
        for made in (self.home, self.root, self.state):
            made.mkdir(parents=True)
        for entry in source.iterdir():
            if not re.match(r"build|runs|install|\.git$|compile_commands", entry.name):
                (self.root / entry.name).symlink_to(entry)
        (self.root / "build").symlink_to(build)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("MFM_", "XDG_", "DESTDIR"))}
        self.environment |= {"HOME": str(self.home), "PATH": f"{build}:/usr/bin:/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        (self.state / "folder").write_text(str(self.root))
        (self.state / "variables").write_text("")

    @property
    def folder(self) -> Path:
        return Path((self.state / "folder").read_text().strip())

    def run(self, commands: str) -> tuple[int, str]:
        keep = f"pwd >'{self.state}/folder'; export -p >'{self.state}/variables'"
        script = f"source '{self.state}/variables'; cd '{self.folder}'; set -euo pipefail\n{commands}\n{keep}"
        done = subprocess.run(["bash", "-c", script], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return done.returncode, done.stdout

    def has(self, name: str) -> bool:
        path = self.environment["PATH"]
        return bool(shutil.which(name, path=path)) or not subprocess.run(
            [shutil.which("python3", path=path) or "python3", "-c", f"import {name}"], capture_output=True).returncode


def follow(page: Path, blocks: list[tuple[str, Block]], place: Place, long: bool) -> tuple[int, list[str]]:
    """Does the blocks of a page: how many commands were run, and what went wrong first."""
    ran, output = 0, None
    for kind, block in blocks:
        needs = re.findall(r"needs (\S+)", block.marker)
        if kind == "run":
            output = None
            if not is_run(block, long):
                continue
            if missing := [name for name in needs if not place.has(name)]:
                print(f"{block.where}: not run, there is no {', '.join(missing)} here")
                continue
            expected = int((re.findall(r"exit (\d+)", block.marker) or ["0"])[0])
            code, output = place.run(block.text)
            ran += 1
            if code != expected:
                return ran, [f"{block.where}: exit code {code}, not {expected}\n{block.text}\n{output}"]
        elif kind == "output" and output is not None:
            shown = masked(block.text, place.home)
            if line := differs(shown, masked(output, place.home)):
                return ran, [f"{block.where}: the page shows\n{line}\nwhich is not what follows in\n{output}"]
        elif kind in ("file", "append"):
            file = place.folder / block.marker.split()[1]
            before = file.read_text() + "\n" if kind == "append" else ""
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(before + block.text + "\n")
        elif kind == "apply":
            if not place.has("patch"):
                print(f"{block.where}: the rest of {page} is not run, there is no patch here")
                return ran, []
            done = subprocess.run(["patch", "-p0"], cwd=place.folder, input=block.text + "\n", text=True, capture_output=True)
            if done.returncode:
                return ran, [f"{block.where}: the diff cannot be applied\n{done.stdout}"]
    return ran, []


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("source", type=Path)
    arguments.add_argument("build", type=Path)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("pages", nargs="*", type=Path)
    given = arguments.parse_intermixed_args()
    source, build, work = given.source.resolve(), given.build.resolve(), given.work.resolve()
    tool = Tool(build / "automfm")
    targets = set(re.findall(r"mfm_test\((\w+)", "".join(f.read_text() for f in source.glob("tests/*/*.cmake"))))
    wrong, ran, read, seen_synopsis = [], 0, 0, False
    pages = [page for page in pages_of(source) if not given.pages or any(page.is_relative_to(asked) for asked in given.pages)]
    if not pages:
        wrong.append(f"there is no page {given.pages[0]}")
    for page in pages:
        blocks = []
        for block in blocks_of(source, page):
            try:
                blocks.append((kind_of(block), block))
            except ValueError as error:
                wrong.append(f"{block.where}: {error}")
        for kind, block in blocks:
            if holds_commands(block) and (kind == "skip" or kind == "run" and not is_run(block, given.long)):
                read += 1
                wrong += read_only(source, block, tool, targets)
            if kind == "synopsis":
                seen_synopsis = True
                wrong += synopsis(block, tool)
            if block.language == "toml" and kind != "skip":
                wrong += toml_mistakes(block)
        wrong += inline(source, page, tool, targets)
        if not any(kind == "run" and is_run(block, given.long) for kind, block in blocks):
            continue
        done, failures = follow(page, blocks, Place(source, build, work / str(page).replace("/", "_")), given.long)
        ran += done
        wrong += failures
    if not given.pages and not seen_synopsis:
        wrong.append("no page has the synopsis of the command line")
    print("\n".join(wrong) or f"{ran} blocks of commands did what they should, {read} more name what there is")
    return bool(wrong)


def toml_mistakes(block: Block) -> list[str]:
    try:
        import tomllib  # Python 3.11
    except ImportError:
        return []
    try:
        tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        return [f"{block.where}: no TOML: {error}"]
    return []


if __name__ == "__main__":
    sys.exit(main())
