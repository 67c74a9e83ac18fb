# SPDX-License-Identifier: Apache-2.0
"""What can go wrong.  Every message is one sentence: where, what is wrong, and what to do."""
from __future__ import annotations


class Error(Exception):
    """The work cannot be done: a mean field that becomes infinite, a state without a fixed point."""


class InputError(Error, ValueError):
    """What was given is wrong: a pipeline file, an argument, a folder.

    file, line, column: the place in a pipeline file, from 1; None where the message is about no such place.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None


class PluginError(Error):
    """A plugin failed."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a pipeline was run: finished stages are kept, and the next run goes on from them."""
