# SPDX-License-Identifier: Apache-2.0
"""What can go wrong.  Every message is one sentence: where, what is wrong, and what to do."""
from __future__ import annotations

import re


class Error(Exception):
    """The work cannot be done: a mean field that becomes infinite, a state without a fixed point."""


class InputError(Error, ValueError):
    """What was given is wrong: a pipeline file, an argument, a folder.

    file, line, column: the place in a pipeline file, from 1; None where the message is about no such place.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        place = re.match(r"(.+?):(\d+):(\d+): ", sentence)  # every such message starts with its place
        self.file: str | None = place[1] if place else None
        self.line: int | None = int(place[2]) if place else None
        self.column: int | None = int(place[3]) if place else None


class PluginError(Error):
    """A plugin failed."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a pipeline was run: finished stages are kept, and the next run goes on from them."""
