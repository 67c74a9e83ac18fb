# SPDX-License-Identifier: Apache-2.0
# Checks pipelines by the schema that automfm prints, as an editor does: those in configs/ are right as they are written,
# and each of these mistakes is refused where it is made.  schema.py AUTOMFM CONFIGS; skipped (77) without jsonschema.
import copy, json, pathlib, subprocess, sys

try:
    import jsonschema, tomllib
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

automfm, configs = sys.argv[1], pathlib.Path(sys.argv[2])
schema = json.loads(subprocess.run([automfm, "schema"], check=True, capture_output=True, text=True).stdout)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
failures = 0


def errors_of(document):
    return ["/".join(map(str, e.absolute_path)) + ": " + e.message[:200] for e in validator.iter_errors(document)]


def check(truth, what):
    global failures
    if not truth:
        print("FAILED:", what)
        failures += 1


files = sorted(configs.glob("*.toml"))
check(len(files) > 10, "there are pipelines to check")
for file in files:
    for error in errors_of(tomllib.loads(file.read_text())):
        check(False, f"{file.name} is right, but: {error}")

start = tomllib.loads((configs / "start.toml").read_text())
check(not errors_of(start), "start.toml is right")
cells = next(n for n, p in start["population"].items() if "neuron" in p)
synapses, stimulus = next(iter(start["projection"])), next(iter(start["stimulation"]))
mistakes = [
    ("simulation.duraton", "1 s"),
    ("simulation.dt", "0.1 mV"),
    ("simulation.dt", -0.1),
    ("simulation.dt", "fast"),
    ("simulation.record_spikes", 1),
    ("transfre", {}),
    (f"population.{cells}.neuron", "no_such_neuron"),
    (f"population.{cells}.parameters.no_such_parameter", 1),
    (f"population.{cells}.parameters.C_m", -1),
    (f"population.{cells}.parameters.C_m", "200 mV"),
    (f"population.{cells}.parameters.C_m", {"distribution": "gaussian", "mean": 200, "sd": 1}),
    (f"population.{cells}.count", 0),
    (f"population.{cells}.count", None),
    (f"population.{cells}.receptors", [{"tau_syn": "5 ms"}]),
    (f"population.{cells}.receptors", [{"kind": "square", "tau_syn": "5 ms"}]),
    ("population.a b", {"kind": "poisson", "count": 1}),
    ("population", None),
    (f"projection.{synapses}.source", None),
    (f"projection.{synapses}.rule", "no_such_rule"),
    (f"projection.{synapses}.rule", {"plugin": "bernoulli"}),
    (f"projection.{synapses}.rule", {"plugin": "bernoulli", "probability": 2}),
    (f"projection.{synapses}.rule", {"probability": 0.5}),
    (f"projection.{synapses}.delay", "1 nS"),
    (f"projection.{synapses}.receptor", 0),
    (f"projection.{synapses}.plasticity", {"model": "tsodyks_markram", "U": 0.5}),
    (f"stimulation.{stimulus}.plugin", "no_such_protocol"),
    (f"stimulation.{stimulus}.ratte", "4 Hz"),
    (f"stimulation.{stimulus}.trials", 0),
    ("transfer.basis", "no_such_basis"),
    ("transfer.basis", ["zerlaut", "no_such_basis"]),
    ("transfer.cells", "real"),
    ("transfer.points", "many"),
    ("mean_field.order", 3),
    ("validation.limited", 0),
    ("library", {"method": "random"}),
    ("tune", {"optimizer": "no_such_optimizer"}),
    ("variant", {"a": {"mode": "both"}}),
]
for path, value in mistakes:
    document = copy.deepcopy(start)
    *above, last = path.split(".")
    table = document
    for part in above:
        table = table.setdefault(part, {})
    if value is None:
        del table[last]
    else:
        table[last] = value
    check(errors_of(document), f"{path} = {value!r} is refused")

# A file that includes others may have pieces of sections, and what it has is checked all the same.
piece = {"include": ["start.toml"], "projection": {synapses: {"weight": "2 nS"}}}
check(not errors_of(piece), "a piece of a pipeline is right where it includes the rest")
check(errors_of({"projection": piece["projection"]}), "it is none where it does not")
check(errors_of(piece | {"simulation": {"dtt": 1}}), "a mistake in a piece is refused")
print(len(files), "pipelines,", len(mistakes), "mistakes,", failures, "failures")
sys.exit(1 if failures else 0)
