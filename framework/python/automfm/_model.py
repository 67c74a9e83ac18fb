# SPDX-License-Identifier: Apache-2.0
"""A run's transfer functions and mean field, on numpy arrays."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _core
from ._errors import InputError

Input = Union[ArrayLike, Mapping[str, ArrayLike]]


class TransferValues(NamedTuple):
    """Values of a transfer function; arrays of one shape, NaN where a value is not defined."""

    nu: np.ndarray  #: the rate, Hz
    inside: np.ndarray  #: whether the point is in the domain that was sampled
    mu_V: np.ndarray  #: mean of the membrane potential without spikes, mV
    sigma_V: np.ndarray  #: its standard deviation, mV
    tau_V: np.ndarray  #: its autocorrelation time, ms
    G_e: np.ndarray  #: summed mean excitatory conductance, nS
    G_i: np.ndarray  #: and inhibitory conductance, nS


class Transfer:
    """The fitted transfer function of one population.

    population; pathways: names, in the order of the rates; sources: the population that each is from; in_degrees: of
    each; basis: the plugin's id; coefficients: name -> value; domain: name of the basis's input -> (lower, upper).
    """

    def __init__(self, core: _core.PopulationTransfer, population: str) -> None:
        self._core = core
        self.population = population
        self.pathways: list[str] = core.pathways()
        self.sources: list[str] = core.sources()
        self.in_degrees: np.ndarray = np.array(core.in_degrees())
        self.basis: str = core.basis()
        self.coefficients: dict[str, float] = core.coefficients()
        self.domain: dict[str, tuple[float, float]] = core.domain()

    def __repr__(self) -> str:
        return f"<automfm.Transfer of {self.population}: {self.basis} of {', '.join(self.pathways)}>"

    def __call__(self, rates: Input, averaged: bool = False, extrapolate: bool = False) -> TransferValues:
        """The rate at presynaptic rates (Hz).

        rates: [..., pathways], or a dictionary from pathways or source populations to arrays that fit each other.
        averaged: over the in-degrees of the population's cells, as the mean field has it (with its calibration); else
        of a cell with the mean in-degree of every pathway, as it was sampled and fitted.  Outside of the domain that was
        sampled nu is NaN, or with `extrapolate` what the basis gives there; `inside` tells either way.  Moments of the
        membrane are those of the neuron's own equations, linearised; of the mean cell.  Raises InputError for rates
        that are negative or of another shape, and for names that there are not.
        """
        points = self._points(rates)
        values = self._core.at(points.reshape(-1, len(self.pathways)), averaged)
        return TransferValues(*_hidden(values, points.shape[:-1], extrapolate))

    def of_inputs(self, inputs: ArrayLike, extrapolate: bool = False) -> np.ndarray:
        """The basis itself at its own inputs [..., inputs], in the order of `domain`: the rate in Hz, NaN outside.

        Inputs are for example summed conductances (nS), or moments of the membrane; `automfm describe BASIS` has them.
        """
        points = np.asarray(inputs, dtype=float)
        if points.ndim == 0 or points.shape[-1] != len(self.domain):
            raise InputError(f"the last axis must be that of the inputs {', '.join(self.domain)}; the shape is {points.shape}")
        values = self._core.at_inputs(points.reshape(-1, len(self.domain)))
        return _hidden(values, points.shape[:-1], extrapolate)[0]

    def _points(self, rates: Input) -> np.ndarray:
        if not isinstance(rates, Mapping):
            points = np.asarray(rates, dtype=float)
            if points.ndim == 0 or points.shape[-1] != len(self.pathways):
                raise InputError(
                    f"the last axis must be that of the pathways {', '.join(self.pathways)}; the shape is {points.shape}")
            return points
        columns = []
        for pathway, source in zip(self.pathways, self.sources):
            if pathway not in rates and source not in rates:
                raise InputError(f"the rates have neither the pathway '{pathway}' nor its source '{source}'")
            columns.append(np.asarray(rates[pathway] if pathway in rates else rates[source], dtype=float))
        _refuse_unknown(rates, [*self.pathways, *self.sources], "pathway or source")
        return np.stack(np.broadcast_arrays(*columns), axis=-1)


class FixedPoint(NamedTuple):
    """A state in which every rate equals its transfer function."""

    rates: np.ndarray  #: [populations] Hz
    stable: bool  #: with the delays
    eigenvalues: np.ndarray  #: complex, 1/ms: the rightmost characteristic roots, delays included
    outside: np.ndarray  #: [populations] whether the inputs are outside of the transfer function's domain
    largest_FT: float  #: the equations are valid below 1


class Model:
    """A mean field with a state, which is advanced in time under external rates: one circuit, or many side by side.

    populations: names, in the order of rates; inputs: names of the external populations and drives, in the order of
    inputs; nodes: None for a single circuit, whose arrays have no axis of nodes.
    """

    def __init__(self, core: _core.Nodes, single: bool) -> None:
        self._core = core
        self._single = single
        self.nodes: int | None = None if single else core.size()
        self.populations: list[str] = core.populations()
        self.inputs: list[str] = core.inputs()
        self._own = np.array(core.own_rates())

    def __repr__(self) -> str:
        count = "" if self._single else f"{self.nodes} x "
        return f"<automfm.Model {count}{', '.join(self.populations)} driven by {', '.join(self.inputs)}>"

    @property
    def t(self) -> float:
        """The time since it settled, ms."""
        return self._core.time()

    @property
    def rates(self) -> np.ndarray:
        """Now: [populations] or [nodes, populations], Hz."""
        return self._of_nodes(self._core.rates())

    @property
    def adaptation(self) -> np.ndarray:
        """The adaptation currents now, pA, in the shape of rates; NaN for populations without such a state."""
        return self._of_nodes(self._core.adaptation())

    @property
    def outside(self) -> np.ndarray:
        """In the shape of rates: whether inputs were outside of the domain of the transfer function at the end of any
        step since the model settled.  The first time of each population is a Python warning, too."""
        return self._of_nodes(self._core.outside())

    @property
    def state(self) -> np.ndarray:
        """All of the state but its past: [states] or [nodes, states], in the order of state_names."""
        return self._of_nodes(self._core.state())

    @property
    def state_names(self) -> list[str]:
        """What each state is: rates (Hz), adaptation (pA), filtered rates (Hz)."""
        return self._core.state_names()

    def settle(self, input: Input | None = None, rates: ArrayLike | None = None) -> None:
        """Back to 0 ms, settled under constant external rates: at the stable fixed point of lowest summed rate, or at
        `rates` ([populations] or [nodes, populations], Hz).  input as in step.  Raises Error where there is no such
        point."""
        external = self._input(input, ())
        if rates is None:
            self._core.settle(external)
            return
        shape = (self._core.size(), len(self.populations))
        self._core.start(external, _broadcast(np.asarray(rates, dtype=float), shape, "rates"))

    def step(self, dt: float, input: Input | None = None, end: Input | None = None) -> np.ndarray:
        """dt ms on, under external rates that are held, or go in a straight line from `input` to `end`; returns `rates`.

        input: Hz, [inputs] (the same for all nodes) or [nodes, inputs]; or a dictionary from names in `inputs` to
        numbers or arrays [nodes], where what is not named keeps its rate in the pipeline; None for that of all.  Where
        they differ from the step before, they jump.  Raises Error where the equations cannot be followed, with time,
        population and inputs; the state is then of no use: settle again.
        """
        external = self._input(input, ())
        if end is None:
            self._core.step(dt, external)
        else:
            self._core.run(dt, 1, np.stack([external, self._input(end, ())]), True)
        return self.rates

    def run(
        self,
        duration: float,
        input: Input | Callable[[float], Input] | None = None,
        dt: float = 1.0,
        linear: bool = False,
    ) -> np.ndarray:
        """duration / dt steps at once; returns rates at the end of each, [time, populations] or [time, nodes,
        populations].

        input: as in step, constant; a function of the time in ms, called at the start of every step; or an array
        [time, inputs] or [time, nodes, inputs] of as many rows as there are steps, each held for one.  linear: rows are
        joined by straight lines instead, and there is one more, for the end: the better and faster choice for inputs
        that vary smoothly.  Ctrl-C is noticed.
        """
        steps = int(round(duration / dt))
        if steps < 1 or abs(steps * dt - duration) > 1e-6 * dt:
            raise InputError(f"a duration of {duration} ms is no whole number of steps of {dt} ms")
        rows = steps + 1 if linear else steps
        if callable(input):
            begin = self.t
            external = np.stack([self._input(input(begin + i * dt), ()) for i in range(rows)])
        else:
            external = self._input(input, (rows,))
        rates = self._core.run(dt, steps, external, linear)
        return rates[:, 0] if self._single else rates

    def fixed_points(self, input: Input | None = None, starts: ArrayLike = ()) -> list[FixedPoint]:
        """All that are found under constant external rates, by increasing summed rate; the state stays as it is.

        input: [inputs] or a dictionary, as in step.  starts: rates [..., populations] to search from, besides those that
        are tried anyway.
        """
        external = self._input(input, ())[:1]
        wanted = [*np.asarray(starts, dtype=float).reshape(-1, len(self.populations))]
        return [FixedPoint(*point) for point in self._core.fixed_points(external[0], wanted)]

    def copy(self, nodes: int | None = None) -> Model:
        """A model of its own with the same state and past.  nodes: of a single circuit, so many copies of it side by side.

        It agrees with this one within the tolerances of the integration; copies agree with each other in every bit.
        """
        if nodes is None:
            return Model(self._core.copies(self._core.size()), self._single)
        return Model(self._core.copies(nodes), single=False)

    def statistics(self) -> dict[str, int]:
        """What the integrator did for all nodes since they settled or were copied: steps, derivatives, jacobians,
        error_test_failures, newton_failures, restarts."""
        return self._core.statistics()

    def _of_nodes(self, values: np.ndarray) -> np.ndarray:
        return values[0] if self._single else values

    def _input(self, given: Input | None, time: tuple[int, ...]) -> np.ndarray:
        """External rates [*time, nodes, inputs]."""
        nodes = self._core.size()
        shape = (*time, nodes, len(self.inputs))
        if given is None:
            return np.broadcast_to(self._own, shape)
        if not isinstance(given, Mapping):
            values = np.asarray(given, dtype=float)
            if values.ndim == 0 and len(self.inputs) != 1:
                raise InputError(f"one number, and there are {len(self.inputs)} inputs: {', '.join(self.inputs)}; name the "
                                 "one that is meant in a dictionary")
            if values.ndim > 0 and values.shape[-1] != len(self.inputs):
                raise InputError(f"the last axis must be that of the inputs {', '.join(self.inputs)}; the shape is {values.shape}")
            if self._single and values.ndim == 1 + len(time) and values.shape[-1] == len(self.inputs):
                values = values[..., np.newaxis, :]  # [inputs] or [time, inputs]
            elif time and values.ndim == 2 and values.shape == (time[0], len(self.inputs)):
                values = values[:, np.newaxis, :]  # the same for all nodes
            return _broadcast(values, shape, "the inputs")
        _refuse_unknown(given, self.inputs, "input")
        out = np.array(np.broadcast_to(self._own, shape))
        for name, value in given.items():
            column = np.asarray(value, dtype=float)
            if time and column.ndim == 1 and column.shape == time:
                column = column[:, np.newaxis]
            out[..., self.inputs.index(name)] = _broadcast(column, shape[:-1], name)
        return out


def _broadcast(values: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise InputError(f"the shape of {what} is {values.shape}, and {shape} is needed") from None


def _refuse_unknown(given: Mapping[str, ArrayLike], known: list[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"there is no {what} '{name}'; there are {', '.join(dict.fromkeys(known))}")


def _hidden(values: tuple[np.ndarray, ...], shape: tuple[int, ...], extrapolate: bool) -> list[np.ndarray]:
    rate, inside, *rest = values
    if not extrapolate:
        rate = np.where(inside, rate, np.nan)
    return [value.reshape(shape) for value in (rate, inside, *rest)]
