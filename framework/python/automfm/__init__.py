# SPDX-License-Identifier: Apache-2.0
"""Mean-field models of brain circuits, derived from their spiking networks.

    run = automfm.run("start.toml")           # derive, or take from the folder what is there already
    run = automfm.open("runs/start")          # what an earlier run left behind
    F = run.transfer("excitatory")            # a fitted transfer function
    model = run.model()                       # its mean field, to be advanced step by step

Times are in ms, rates in Hz, potentials in mV, conductances in nS, currents in pA, as everywhere in automfm.
"""
from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Union

import numpy as np

from . import _core
from ._errors import Error, InputError, Interrupted, PluginError
from ._model import FixedPoint, Input, Model, Transfer, TransferValues

__all__ = [
    "Error", "FixedPoint", "InputError", "Interrupted", "Model", "PluginError", "Run", "Transfer", "TransferValues",
    "describe", "open", "plugins", "run",
]
__version__ = _core.version()

PathLike = Union[str, "os.PathLike[str]"]


class Run:
    """What a run of a pipeline left in its folder.  Files are read when they are asked for first.

    path: the folder.  Raises InputError where it is no run's folder, or the run was not finished.
    """

    def __init__(self, path: PathLike, plugin_path: Iterable[PathLike] = ()) -> None:
        self.path = Path(path)
        self._plugin_path = [Path(folder) for folder in plugin_path]
        if not (self.path / "summary.json").is_file():
            raise InputError(f"'{self.path}' is no run's folder, or its run has not been finished: it has no summary.json")

    def __repr__(self) -> str:
        return f"<automfm.Run {str(self.path)!r}: {self.verdict}>"

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json: every number of the report (docs/output.md has the layout)."""
        return json.loads((self.path / "summary.json").read_text(encoding="utf-8"))

    @property
    def verdict(self) -> str | None:
        """ "valid", "limited" or "not_valid"; None where there was no network to judge by."""
        return self.summary["verdict"]

    @property
    def reasons(self) -> list[str]:
        """Why the verdict is what it is, the graver reasons first."""
        return self.summary["reasons"]

    @property
    def populations(self) -> list[str]:
        """Names of the populations that have equations."""
        return list(self.summary["populations"])

    @cached_property
    def rates(self) -> dict[str, np.ndarray]:
        """rates.csv: one row for each stationary condition and population; column name (with its unit) -> array [rows].

        Numbers are float64 with NaN where there is none; names are texts.
        """
        return _table(self.path / "rates.csv")

    @cached_property
    def courses(self) -> dict[str, dict[str, np.ndarray]]:
        """courses/: for each condition that varies in time, columns as in `rates`, arrays [bins]."""
        return {file.stem: _table(file) for file in sorted((self.path / "courses").glob("*.csv"))}

    def samples(self, population: str) -> dict[str, np.ndarray]:
        """The sampled transfer function of a population with the fitted rates beside it, columns as in `rates`.

        Columns named after pathways are presynaptic rates, Hz.
        """
        file = self.path / "transfer" / f"{population}.csv"
        if not file.is_file():
            raise InputError(f"there are no samples of '{population}'; there are those of {', '.join(self.populations)}")
        return _table(file)

    @property
    def variants(self) -> dict[str, Run]:
        """The runs of the pipeline's variants, by name."""
        return {
            folder.name: Run(folder, self._plugin_path)
            for folder in sorted((self.path / "variants").glob("*"))
            if (folder / "summary.json").is_file()
        }

    @cached_property
    def _opened(self) -> _core.OpenedRun:
        return _core.OpenedRun(self.path, self._plugin_path)

    def transfer(self, population: str) -> Transfer:
        """The fitted transfer function of a population; raises InputError for a name that has none."""
        return Transfer(_core.PopulationTransfer(self._opened, population), population)

    def model(
        self,
        nodes: int | None = None,
        input: Input | None = None,
        set: Mapping[str, Any] | None = None,
        threads: int = 0,
    ) -> Model:
        """The mean field of the run, settled under constant external rates, at 0 ms.

        nodes: None for one circuit, whose arrays are [populations]; a number for so many side by side, whose arrays are
        [nodes, populations].  input: external rates as in Model.step, those of the pipeline unless given.  set: changes
        of the pipeline, {"projection.a_to_b.weight": "0.2 nS", "mean_field.in_degree": "mean"}; what a mean field can
        follow without another network (weights, kept fractions, delays, receptors, drives, [mean_field]).  threads:
        among which nodes are shared out, 0 for one a core.  Raises InputError, and Error where there is no fixed point.
        """
        core = _core.Nodes(self._opened, _settings(set), 1 if nodes is None else nodes, threads)
        model = Model(core, single=nodes is None)
        model.settle(input)
        return model


def open(path: PathLike, plugin_path: Iterable[PathLike] = ()) -> Run:
    """What a run left in its folder.  plugin_path: folders of plugins, searched before all others."""
    return Run(path, plugin_path)


def run(
    file: PathLike,
    out: PathLike | None = None,
    set: Mapping[str, Any] | None = None,
    seed: int | None = None,
    threads: int = 0,
    variants: Sequence[str] | None = None,
    plugin_path: Iterable[PathLike] = (),
    progress: Callable[[str, int, int], object] | None = None,
    quiet: bool = True,
) -> Run:
    """Runs a pipeline file, from the spiking network to the validated mean field, as `automfm run` does.

    out: the run's folder, runs/NAME unless given; stages in it whose inputs are the same are not run again.
    set: changes of the file, {"simulation.duration": "500 ms", "transfer.points": 48}.
    seed: of all random numbers, instead of the file's.  threads: 0 for one a core.
    variants: names of the variants to run beside the file itself; all unless given, [] for none.
    progress: called with (what, done, total), up to ten times a second; total is 0 where it is not known.
    quiet: False shows progress and result as the command does, on standard error and output.

    The verdict is in the result.  Raises InputError (with the place in the file), PluginError, Error; Interrupted, which
    is a KeyboardInterrupt, after Ctrl-C; and what `progress` raises.  Finished stages are kept in each case.  Warnings
    are Python's, unless shown.  Other threads of Python go on meanwhile.  One run at a time in a process.
    """
    folder = _core.run(
        Path(file), None if out is None else Path(out), _settings(set), seed, threads,
        None if variants is None else list(variants), [Path(folder) for folder in plugin_path], progress, quiet,
    )
    return Run(folder, plugin_path)


def plugins(plugin_path: Iterable[PathLike] = ()) -> list[dict[str, Any]]:
    """Every plugin that is found, as describe() has it, by id."""
    return _core.plugins([Path(folder) for folder in plugin_path])


def describe(id: str, plugin_path: Iterable[PathLike] = ()) -> dict[str, Any]:
    """One plugin: id, version, summary, citation, interfaces, file, vendor, page (Markdown) and settings.

    A setting has name, kind ("number", "integer", "boolean", "text", "list of numbers"), unit, default (None where it is
    required, or is the cell's own: required, of_the_cell), lower, upper, lower_is_open, upper_is_open, choices, per_cell
    (may differ from cell to cell), file, projection (names one) and doc.  Raises InputError with the nearest id.
    """
    return _core.describe(id, [Path(folder) for folder in plugin_path])


def _toml(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(k))} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, (bool, int, float, str)):
        return json.dumps(value, ensure_ascii=False)
    raise InputError(f"a pipeline has no place for {value!r}: give a number, a text, a boolean, a list or a dictionary")


def _settings(changes: Mapping[str, Any] | None) -> list[str]:
    return [f"{key}={_toml(value)}" for key, value in (changes or {}).items()]


def _table(file: Path) -> dict[str, np.ndarray]:
    with file.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    out = {}
    for name, column in zip(header, zip(*rows) if rows else [()] * len(header)):
        try:
            out[name] = np.array([float(text) if text else np.nan for text in column])
        except ValueError:
            out[name] = np.array(column)
    return out
