# SPDX-License-Identifier: Apache-2.0
"""mistakes.py BUILD: what is wrong in a page is found.  Pages are written into a folder that looks like a repository."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

here, build = Path(__file__).parent, Path(sys.argv.pop(1)).resolve()


class Mistakes(unittest.TestCase):
    def check(self, text: str, *arguments: str) -> str:
        """What commands.py says of this page; "" when it finds nothing wrong."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source")
            for name in ("docs", "tests", "configs"):
                (source / name).mkdir(parents=True)
            (source / "README.md").write_text("")
            (source / "docs/page.md").write_text(text)
            done = subprocess.run([sys.executable, "-B", here / "commands.py", *arguments, source, build, Path(folder, "work"), "docs/page.md"],
                                  capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return done.stdout if done.returncode else ""

    def test_a_block_of_commands_needs_a_marker(self):
        for block in ("    automfm plugins\n", "```sh\ntrue\n```\n", "```\nbuild/automfm plugins\n```\n", "1. In a list:\n\n    cmake -B build\n"):
            self.assertIn("without a marker", self.check("Text.\n\n" + block))
        self.assertEqual(self.check("Not commands:\n\n    automfm: x.toml:1:1: a message\n    F = s ln(1 + x)\n"), "")

    def test_so_do_output_programs_and_changes(self):
        for language in ("text", "python", "diff"):
            self.assertIn("without a marker", self.check(f"```{language}\nx\n```\n"))

    def test_a_reason_must_be_one(self):
        self.assertIn("no reason", self.check("<!-- test: skip: slow -->\n```sh\nautomfm plugins\n```\n"))

    def test_what_is_not_run_must_exist(self):
        skip = "<!-- test: skip: it takes hours -->\n```sh\n{}\n```\n"
        for command, says in (("automfm run x.toml --sett a=1", "no option --sett"), ("automfm rum x.toml", "no command 'rum'"),
                              ("automfm run configs/gone.toml", "no configs/gone.toml"), ("build/tests/test_gone", "no test"),
                              ("cd x && automfm sweep plan y.toml --outt z", "no option --outt")):
            self.assertIn(says, self.check(skip.format(command)))
        self.assertEqual(self.check(skip.format("automfm run x.toml --set a=1 | tee log && automfm sweep status runs/x")), "")
        self.assertIn("no option --gone", self.check("Call `automfm run x.toml --gone`.\n"))

    def test_what_is_run_must_do_what_the_page_says(self):
        run = "<!-- test: run -->\n```sh\necho one; echo two; echo 3.5 s\n```\n<!-- test: output -->\n```text\n{}\n```\n"
        self.assertEqual(self.check(run.format("two\n99 s")), "")
        self.assertEqual(self.check(run.format("one\n...\n99 s")), "")
        for output in ("one\n99 s", "two\none", "on"):
            self.assertIn("the page shows", self.check(run.format(output)))
        self.assertIn("exit code 1", self.check("<!-- test: run -->\n```sh\nfalse\n```\n"))
        self.assertIn("exit code 0, not 2", self.check("<!-- test: run exit 2 -->\n```sh\ntrue\n```\n"))

    def test_files_folder_and_environment_are_kept(self):
        page = ("<!-- test: run -->\n```sh\nmkdir x && cd x && export Y=z\n```\n<!-- test: file f.toml -->\n```toml\na = 1\n```\n"
                "<!-- test: append f.toml -->\n```toml\nb = 2\n```\n<!-- test: run -->\n```sh\ncat $Y/../f.toml || cat f.toml; echo $Y; basename $PWD\n```\n"
                "<!-- test: output -->\n```text\na = 1\n\nb = 2\nz\nx\n```\n")
        self.assertEqual(self.check(page), "")

    def test_long_blocks_wait(self):
        page = "<!-- test: run long -->\n```sh\nfalse\n```\n"
        self.assertEqual(self.check(page), "")
        self.assertIn("no option --gone", self.check(page.replace("false", "automfm plugins --gone")))
        self.assertIn("exit code 1", self.check(page, "--long"))

    def test_toml_is_toml(self):
        self.assertIn("no TOML", self.check("```toml\na = = 1\n```\n"))

    def test_the_synopsis_is_the_whole_command_line(self):
        said = self.check("<!-- test: synopsis -->\n\n    automfm run FILE [--only STAGE]\n    automfm fly\n")
        for sentence in ("the command 'validate' is missing", "options of 'run' differ in", "no command 'fly'"):
            self.assertIn(sentence, said)


if __name__ == "__main__":
    unittest.main()
