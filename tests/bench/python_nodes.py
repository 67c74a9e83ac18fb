# SPDX-License-Identifier: Apache-2.0
"""PYTHONPATH=build/python /usr/bin/python3 tests/bench/python_nodes.py RUN INPUT HZ

What a step of a mean field costs from Python, as the Markdown table of docs/performance.md.  RUN: a run's folder; INPUT: the
external population that is driven, around HZ (a sine of 6 Hz, a quarter of it deep, another phase in every node).  CPU times.
"""
import sys
import time

import numpy as np

import automfm

folder, name, hz = sys.argv[1], sys.argv[2], float(sys.argv[3])
run = automfm.open(folder)
duration = 1000  # ms


def input_at(t, nodes=1):
    phase = np.arange(nodes) / nodes if nodes > 1 else 0.0
    return {name: hz * (1 + 0.25 * np.sin(2 * np.pi * (0.006 * t + phase)))}


def measured(changes, way, dt, nodes=None):
    model = run.model(nodes, input=input_at(0, nodes or 1), set=changes, threads=1)
    steps = int(round(duration / dt))
    since = time.process_time()
    if way == "one integration":
        model.run(duration, lambda t: input_at(t, nodes or 1), dt=dt, linear=True)
    elif way == "steps, constant input":
        for _ in range(steps):
            model.step(dt, {name: hz})
    elif way == "steps, held":
        for i in range(steps):
            model.step(dt, input_at(i * dt, nodes or 1))
    else:
        for i in range(steps):
            model.step(dt, input_at(i * dt, nodes or 1), input_at((i + 1) * dt, nodes or 1))
    seconds = time.process_time() - since
    s = model.statistics()
    count = steps * (nodes or 1)
    return f"{1e6 * seconds / count:.0f} | {s['steps'] / count:.1f} | {s['derivatives'] / count:.1f}"


loose = {"mean_field.relative_tolerance": 1e-4, "mean_field.absolute_tolerance": 1e-4}
rows = [
    ("one integration", {}, 1.0, None), ("steps, constant input", {}, 1.0, None), ("steps, straight lines", {}, 1.0, None),
    ("steps, held", {}, 1.0, None), ("steps, straight lines", {}, 0.1, None), ("steps, held", {}, 0.1, None),
    ("steps, straight lines", {}, 1.0, 16), ("steps, straight lines", loose, 1.0, 16), ("steps, held", loose, 1.0, 16),
    ("steps, straight lines", {**loose, "mean_field.in_degree_nodes": 8}, 1.0, 16),
    ("steps, held", {**loose, "mean_field.in_degree_nodes": 8}, 1.0, 16),
]
print("| how | pipeline | dt, ms | nodes | µs a node and step | integrator's steps | derivatives |\n|---|---|---|---|---|---|---|")
for way, changes, dt, nodes in rows:
    told = ", ".join(f"{key.split('.')[1]} {value}" for key, value in changes.items()) or "as it is"
    print(f"| {way} | {told} | {dt:g} | {nodes or 1} | {measured(changes, way, dt, nodes)} |", flush=True)
