# SPDX-License-Identifier: Apache-2.0
"""The Python package against what the run itself wrote, and its page's examples."""
import ast
import contextlib
import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings
from pathlib import Path

here = Path(__file__).resolve().parent
source = here.parent.parent
package = next((Path(p) / "automfm" for p in os.environ.get("PYTHONPATH", "").split(":") if p), Path("automfm"))
if not list(package.glob("_core*.so")):
    print(f"SKIPPED: there is no module in {package}; `ninja automfm_python` makes it, or configure with -DAUTOMFM_PYTHON=ON")
    sys.exit(77)
try:
    import numpy as np
except ImportError:
    print("SKIPPED: Debian's package python3-numpy is not installed")
    sys.exit(77)

import automfm

folder = None  # of all that the tests write
derived = None  # the Run of circuit.toml
progress = []  # what it reported


def setUpModule():
    global folder, derived
    temporary = tempfile.TemporaryDirectory(prefix="automfm-python-")
    unittest.addModuleCleanup(temporary.cleanup)
    folder = Path(temporary.name)
    # As the page has it: a pipeline file in the working folder, which is run into runs/start.
    os.chdir(folder)
    text = (here / "circuit.toml").read_text().replace("../../configs", str(source / "configs"))
    (folder / "start.toml").write_text(text)
    derived = automfm.run("start.toml", progress=lambda *report: progress.append(report))


class TheRun(unittest.TestCase):
    def test_it_left_its_folder_and_says_what_the_summary_says(self):
        summary = json.loads((folder / "runs/start/summary.json").read_text())
        self.assertEqual(derived.path, Path("runs/start"))
        run = automfm.open(derived.path)
        self.assertEqual(run.summary, summary)
        self.assertEqual(run.verdict, summary["verdict"])
        self.assertIn(run.verdict, ["valid", "limited", "not_valid"])
        self.assertEqual(run.reasons, summary["reasons"])
        self.assertEqual(run.populations, ["excitatory", "inhibitory"])

    def test_its_tables_are_arrays(self):
        rates = derived.rates
        self.assertEqual(len(rates["population"]), 2 * 3)
        mine = (rates["population"] == "excitatory") & (rates["stimulus (Hz)"] == 30)
        expected = derived.summary["populations"]["excitatory"]["stationary"][1]
        self.assertEqual(rates["network rate (Hz)"][mine].tolist(), [expected["network_rate_hz"]])
        self.assertEqual(rates["mean-field rate (Hz)"][mine].tolist(), [expected["mean_field_rate_hz"]])
        outside = rates["mean-field rate (Hz)"][rates["population"] == "input"]
        self.assertTrue(np.isnan(outside).all())  # it has no equations
        step = derived.courses["step"]
        self.assertEqual(len(step["time (ms)"]), 400)
        self.assertEqual(step["stimulus (Hz)"].max(), 30)

    def test_progress_was_told_from_begin_to_end(self):
        tasks = [what for what, _, _ in progress]
        self.assertTrue(any(what.startswith("simulating the network") for what in tasks), tasks)
        for what, done, total in progress:
            self.assertTrue(total == 0 or done <= total, (what, done, total))
        ended = {what for what, done, total in progress if done == total}
        self.assertGreater(len(ended), 3)

    def test_the_same_again_takes_what_is_there(self):
        again = automfm.run("start.toml", variants=[], threads=1)
        self.assertTrue(all(s["cached"] for n, s in again.summary["stages"].items() if n in ["build", "simulate", "sample", "fit"]))
        self.assertEqual(again.rates["mean-field rate (Hz)"].tobytes(), derived.rates["mean-field rate (Hz)"].tobytes())

    def test_variants_are_runs(self):
        derived = automfm.run("start.toml")
        self.assertEqual(list(derived.variants), ["strong"])
        self.assertIsNone(derived.variants["strong"].verdict)

    def test_settings_reach_the_pipeline(self):
        with self.assertRaisesRegex(automfm.InputError, "transfer.points"):
            automfm.run("start.toml", out="other", set={"transfer.points": -3})
        with self.assertRaisesRegex(automfm.InputError, "simulation.dt"):
            automfm.run("start.toml", out="other", set={"simulation.dt": np.float64(-0.5), "stimulation.levels.rate": ["5 Hz"]})
        with self.assertRaisesRegex(automfm.InputError, "no place for"):
            automfm.run("start.toml", set={"seed": object()})


class Failures(unittest.TestCase):
    def test_a_mistake_in_the_file_has_its_place(self):
        (folder / "wrong.toml").write_text('name = "x"\n[population.a]\nneuron = "lif"\n  coutn = 3\n')
        with self.assertRaises(automfm.InputError) as caught:
            automfm.run("wrong.toml")
        error = caught.exception
        self.assertIsInstance(error, ValueError)
        self.assertIsInstance(error, automfm.Error)
        self.assertEqual((Path(error.file).name, error.line, error.column), ("wrong.toml", 4, 3))
        self.assertIn("did you mean 'count'?", str(error))
        command = package.parent.parent / "automfm"
        if command.exists():  # the same sentence as the command's
            said = subprocess.run([command, "run", "wrong.toml"], capture_output=True, text=True, cwd=folder)
            self.assertEqual(said.stderr, f"automfm: {error}\n")

    def test_what_is_not_there_is_an_error(self):
        with self.assertRaisesRegex(automfm.InputError, "no run's folder"):
            automfm.open(folder / "nowhere")
        with self.assertRaises(automfm.InputError) as caught:
            automfm.run("nowhere.toml")
        self.assertIsNone(caught.exception.line)
        with self.assertRaisesRegex(automfm.InputError, "did you mean 'excitatory'"):
            derived.transfer("exitatory")
        with self.assertRaisesRegex(automfm.InputError, "does not exist"):
            automfm.plugins(plugin_path=[folder / "nowhere"])

    def test_a_stage_of_other_inputs_is_refused(self):
        other = folder / "changed"
        subprocess.run(["cp", "-r", derived.path, other], check=True)
        resolved = other / "pipeline.resolved.toml"
        resolved.write_text(resolved.read_text().replace("seed = 1\n", "seed = 2\n", 1))
        with self.assertRaises(automfm.InputError):
            automfm.open(other).model()

    def test_ctrl_c_stops_a_run_and_keeps_its_stages(self):
        main = threading.get_ident()

        def press_at_sampling(what, done, total):
            if what.startswith("sampling"):
                signal.pthread_kill(main, signal.SIGINT)

        with self.assertRaisesRegex(KeyboardInterrupt, "what is finished is kept") as caught:
            automfm.run("start.toml", out="stopped", set={"transfer.seconds": 400}, progress=press_at_sampling)
        self.assertIsInstance(caught.exception, automfm.Interrupted)
        self.assertTrue((folder / "stopped/spikes.h5").is_file())
        self.assertFalse((folder / "stopped/summary.json").is_file())

    def test_what_progress_raises_stops_the_run(self):
        def give_up(what, done, total):
            raise ZeroDivisionError("enough")

        with self.assertRaisesRegex(ZeroDivisionError, "enough"):
            automfm.run("start.toml", out="given up", set={"transfer.seconds": 400}, progress=give_up)
        derived.model(input={"input": 20}).step(1, {"input": 20})  # the interrupt is over

    def test_other_threads_go_on_and_a_second_run_waits_its_turn(self):
        refused = []

        def try_another(what, done, total):
            def other():
                try:
                    automfm.run("start.toml", out="second")
                except automfm.InputError as error:
                    refused.append(str(error))
            if not refused:
                thread = threading.Thread(target=other)
                thread.start()
                thread.join()
                raise StopIteration

        with self.assertRaises(StopIteration):
            automfm.run("start.toml", out="first", set={"transfer.seconds": 400}, progress=try_another)
        self.assertRegex(refused[0], "another run is under way")


class TransferFunctions(unittest.TestCase):
    def setUp(self):
        self.F = derived.transfer("excitatory")
        self.samples = derived.samples("excitatory")
        self.nu = np.stack([self.samples[f"{pathway} (Hz)"] for pathway in self.F.pathways], axis=-1)

    def test_it_gives_the_fitted_rates_of_the_samples(self):
        fitted = self.samples["fitted rate (Hz)"]
        known = np.isfinite(fitted)
        self.assertGreater(known.sum(), 20)
        values = self.F(self.nu, extrapolate=True)
        np.testing.assert_allclose(values.nu[known], fitted[known], rtol=1e-12)
        np.testing.assert_allclose(values.G_e, self.samples["G_e (nS)"], rtol=1e-12)
        np.testing.assert_allclose(values.G_i, self.samples["G_i (nS)"], rtol=1e-12)

    def test_it_is_the_basis_at_the_summed_conductances(self):
        self.assertEqual(list(self.F.domain), ["G_e", "G_i"])
        values = self.F(self.nu)
        again = self.F.of_inputs(np.stack([values.G_e, values.G_i], axis=-1))
        np.testing.assert_allclose(again, values.nu, rtol=1e-12)
        self.assertEqual(self.F.basis, derived.summary["populations"]["excitatory"]["transfer"]["basis"])
        self.assertEqual(self.F.coefficients, derived.summary["populations"]["excitatory"]["transfer"]["coefficients"])

    def test_outside_of_the_domain_it_says_so(self):
        far = self.nu[0] * 100
        self.assertFalse(self.F(far).inside)
        self.assertTrue(np.isnan(self.F(far).nu))
        self.assertTrue(np.isfinite(self.F(far, extrapolate=True).nu))
        self.assertFalse(self.F(far, extrapolate=True).inside)
        fitted = np.isin(self.samples["use"], ["working", "wide"])
        self.assertTrue(self.F(self.nu[fitted]).inside.all())

    def test_the_shape_is_that_of_the_rates(self):
        grid = self.F({"input": np.linspace(10, 30, 5)[:, None], "excitatory": 30.0, "inhibitory_to_excitatory": np.linspace(20, 60, 4)})
        self.assertEqual(grid.nu.shape, (5, 4))
        self.assertTrue((np.diff(grid.nu, axis=0) > 0).all())
        self.assertTrue((np.diff(grid.nu, axis=1) < 0).all())
        single = self.F(dict(zip(self.F.pathways, [20, 30, 40])))
        self.assertEqual(single.nu.shape, ())
        self.assertEqual(single.nu, self.F([20, 30, 40]).nu)

    def test_the_membrane_is_that_of_a_leaky_cell_under_shot_noise(self):
        values = self.F([20.0, 30.0, 40.0])
        # start.toml: g_L 10 nS, E_L -65 mV; exponential synapses of 5 ms, reversal potentials 0 and -80 mV.
        mu = (10 * -65 + values.G_e * 0 + values.G_i * -80) / (10 + values.G_e + values.G_i)
        self.assertAlmostEqual(float(values.mu_V), float(mu), places=6)
        self.assertGreater(values.sigma_V, 1)
        self.assertLess(values.sigma_V, 15)
        tau = 200 / (10 + values.G_e + values.G_i)  # C_m / G
        self.assertAlmostEqual(float(values.tau_V), float(tau) + 5, places=4)  # the membrane's, and the synapses'

    def test_averaged_it_is_what_the_mean_field_has(self):
        model = derived.model()
        point = model.fixed_points({"input": 30})[0]
        rates = {"input": 30.0, **dict(zip(model.populations, point.rates))}
        rates = {name: rate for name, rate in rates.items() if name in self.F.sources}
        self.assertAlmostEqual(float(self.F(rates, averaged=True).nu), point.rates[0], places=6)
        self.assertNotAlmostEqual(float(self.F(rates).nu), point.rates[0], places=2)

    def test_mistakes_are_told(self):
        with self.assertRaisesRegex(automfm.InputError, "last axis"):
            self.F([1.0, 2.0])
        with self.assertRaisesRegex(automfm.InputError, "no pathway or source 'golgi'"):
            self.F({"input": 1, "excitatory": 1, "inhibitory": 1, "golgi": 1})
        with self.assertRaisesRegex(automfm.InputError, "neither the pathway"):
            self.F({"input": 1, "excitatory": 1})
        with self.assertRaisesRegex(automfm.InputError, "negative"):
            self.F([-1.0, 2.0, 3.0])


def input_at(t):
    return {"input": 25 + 10 * np.sin(0.05 * t)}


class Models(unittest.TestCase):
    def test_its_fixed_points_are_the_summary_s(self):
        model = derived.model()
        self.assertEqual(model.populations, ["excitatory", "inhibitory"])
        self.assertEqual(model.inputs, ["input", "background"])
        for row in range(2):
            expected = [derived.summary["populations"][p]["stationary"][row] for p in model.populations]
            points = model.fixed_points({"input": expected[0]["stimulus_hz"]})
            np.testing.assert_allclose(points[0].rates, [e["mean_field_rate_hz"] for e in expected], rtol=1e-8)
            self.assertTrue(points[0].stable)
            self.assertLess(points[0].eigenvalues[0].real, 0)

    def test_without_the_spread_of_in_degrees_too(self):
        model = derived.model(set={"mean_field.in_degree": "mean"})
        expected = [derived.summary["populations"][p]["stationary"][1]["mean_field_mean_k_rate_hz"] for p in model.populations]
        np.testing.assert_allclose(model.fixed_points({"input": 30})[0].rates, expected, rtol=1e-8)

    def test_with_a_variant_s_parameters_it_is_the_variant(self):
        strong = automfm.run("start.toml").variants["strong"]
        expected = [strong.summary["populations"][p]["stationary"][1]["mean_field_rate_hz"] for p in strong.populations]
        model = derived.model(set={"projection.inhibitory_to_excitatory.weight": "7 nS"})
        np.testing.assert_allclose(model.fixed_points({"input": 30})[0].rates, expected, rtol=1e-8)
        with self.assertRaisesRegex(automfm.InputError, "cannot follow"):
            derived.model(set={"population.excitatory.count": 500})

    def test_a_course_is_the_run_s_own(self):
        # The run samples its stimulus every 0.1 ms, and keeps every 0.5 ms of its course.
        try:
            import h5py
        except ImportError:
            self.skipTest("Debian's package python3-h5py is not installed")
        with h5py.File(derived.path / "mean_field.h5") as file:
            condition = next(c for c in file["conditions"].values() if not c.attrs["stationary"])
            names = [n.decode() for n in file["population_names"][()]]
            course, time = condition["course_hz"][()], condition["time_ms"][()]
        model = derived.model(input={"input": 15})
        at = np.arange(4001)
        rates = model.run(400, {"input": np.where((at >= 2000) & (at < 3000), 30.0, 15.0)}, dt=0.1, linear=True)[4::5]
        for k, name in enumerate(model.populations):
            expected = course[names.index(name)]
            np.testing.assert_allclose(rates[:, k], expected[1:], rtol=1e-5)
        self.assertGreater(rates.max(), 1.5 * rates[0].max())

    def test_steps_are_one_long_integration(self):
        stepped, whole = derived.model(input=input_at(0)), derived.model(input=input_at(0))
        by_step = np.array([stepped.step(0.5, input_at(0.5 * i)) for i in range(200)])
        at_once = whole.run(100, input_at, dt=0.5)
        self.assertEqual(stepped.t, 100)
        np.testing.assert_allclose(by_step, at_once, rtol=1e-4)
        self.assertGreater(np.ptp(by_step[:, 0]), 10)
        np.testing.assert_allclose(whole.rates, at_once[-1])

    def test_steps_in_straight_lines_are_one_long_integration_and_cost_no_restarts(self):
        stepped, whole = derived.model(input=input_at(0)), derived.model(input=input_at(0))
        by_step = np.array([stepped.step(0.5, input_at(0.5 * i), input_at(0.5 * (i + 1))) for i in range(200)])
        np.testing.assert_allclose(by_step, whole.run(100, input_at, dt=0.5, linear=True), rtol=1e-4)
        self.assertEqual((stepped.statistics()["restarts"], whole.statistics()["restarts"]), (0, 0))

    def test_straight_lines_are_followed_and_held_inputs_come_near_as_steps_get_short(self):
        smooth = derived.model(input=input_at(0)).run(100, input_at, dt=1, linear=True)
        coarse = derived.model(input=input_at(0)).run(100, input_at, dt=1)
        fine = derived.model(input=input_at(0)).run(100, input_at, dt=0.25)[3::4]
        far, near = np.abs(coarse - smooth).max(), np.abs(fine - smooth).max()
        self.assertLess(near, far / 2.5)  # by the first order: a quarter

    def test_nodes_are_circuits_of_their_own(self):
        model = derived.model(nodes=3, threads=2)
        rates = np.array([20.0, 25.0, 30.0])
        model.settle({"input": 20})
        for i in range(40):
            out = model.step(1.0, {"input": rates})
        self.assertEqual(out.shape, (3, 2))
        for k, rate in enumerate(rates):
            alone = derived.model(input={"input": 20})
            for i in range(40):
                expected = alone.step(1.0, {"input": rate})
            self.assertEqual(out[k].tobytes(), expected.tobytes())
        again = derived.model(nodes=3, threads=1, input={"input": 20})
        self.assertEqual(again.run(40, {"input": rates}, dt=1.0).shape, (40, 3, 2))

    def test_a_copy_goes_on_from_the_state(self):
        model = derived.model(input={"input": 20})
        model.step(1.0, {"input": 35})
        many = model.copy(4)
        self.assertEqual((many.nodes, many.t), (4, 1.0))
        ahead = many.run(20, {"input": [35, 35, 15, 35]})
        np.testing.assert_allclose(ahead[:, 0], model.copy().run(20, {"input": 35}), rtol=1e-12)
        np.testing.assert_allclose(ahead[:, 0], model.run(20, {"input": 35}), rtol=1e-4)
        self.assertEqual(ahead[:, 0].tobytes(), ahead[:, 1].tobytes())
        self.assertLess(ahead[-1, 2, 0], 0.6 * ahead[-1, 0, 0])
        self.assertEqual(many.copy().nodes, 4)

    def test_it_settles_where_it_is_told(self):
        model = derived.model(input={"input": 30})
        rest = model.rates
        np.testing.assert_allclose(model.step(200, {"input": 30}), rest, rtol=1e-5)
        model.settle({"input": 30}, rates=[1.0, 2.0])
        self.assertEqual((model.t, model.rates.tolist()), (0.0, [1.0, 2.0]))
        np.testing.assert_allclose(model.step(400, {"input": 30}), rest, rtol=1e-4)
        self.assertEqual(len(model.state), len(model.state_names))
        self.assertTrue(np.isnan(model.adaptation).all())  # these cells have none

    def test_leaving_the_domain_is_a_warning_once_and_a_flag(self):
        model = derived.model()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(5):
                model.step(5.0, {"input": 400})
        self.assertTrue(model.outside.any())
        told = [str(w.message) for w in caught]
        self.assertEqual(len(told), int(model.outside.sum()))
        self.assertRegex("\n".join(told), "(?m)^excitatory with inputs input .* left the domain of the transfer function at ")
        self.assertEqual(Path(caught[0].filename), Path(__file__))
        model.settle()
        self.assertFalse(model.outside.any())

    def test_mistakes_are_told(self):
        model = derived.model(input={"input": 20})
        for wrong, sentence in [({"inptu": 3}, "no input 'inptu'; there are input, background"),
                                ([1.0], r"last axis .* inputs input, background; the shape is \(1,\)"),
                                (3.0, "name the one that is meant"),
                                ({"input": -3.0}, "not negative"),
                                ({"input": np.nan}, "finite")]:
            with self.assertRaisesRegex(automfm.InputError, sentence):
                model.step(1.0, wrong)
        with self.assertRaisesRegex(automfm.InputError, "step of -1 ms"):
            model.step(-1.0)
        with self.assertRaisesRegex(automfm.InputError, "no whole number of steps"):
            model.run(10, dt=3)
        with self.assertRaisesRegex(automfm.InputError, "at least one node"):
            derived.model(nodes=0)
        with self.assertRaisesRegex(automfm.InputError, "cannot be copied into"):
            derived.model(nodes=2).copy(3)


class Plugins(unittest.TestCase):
    def test_they_are_listed_and_described(self):
        listed = automfm.plugins()
        self.assertEqual([p["id"] for p in listed], sorted(p["id"] for p in listed))
        lif = automfm.describe("lif")
        self.assertEqual(lif, next(p for p in listed if p["id"] == "lif"))
        self.assertIn("mfm.neuron/1", lif["interfaces"])
        C_m = next(s for s in lif["settings"] if s["name"] == "C_m")
        self.assertEqual((C_m["unit"], C_m["kind"], C_m["lower_is_open"]), ("pF", "number", True))
        self.assertTrue(lif["page"].startswith("#"))
        with self.assertRaisesRegex(automfm.InputError, "lif"):
            automfm.describe("lfi")


class Hints(unittest.TestCase):
    """The stub of the module in C++ is what the module is, and everything public says what it takes."""

    def test_the_stub_has_the_names_and_arguments_of_the_module(self):
        stub = ast.parse((package / "_core.pyi").read_text())

        def arguments(function):
            return [a.arg for a in function.args.args if a.arg != "self"]

        expected = {}
        for node in stub.body:
            if isinstance(node, ast.FunctionDef):
                expected[node.name] = arguments(node)
            if isinstance(node, ast.ClassDef):
                expected[node.name] = {f.name: arguments(f) for f in node.body}

        def signature(function):  # pybind11 writes it as the first line of the docstring
            line = function.__doc__.splitlines()[0]
            return [a for a in re.findall(r"(\w+): ", line[line.index("("):].split(" -> ")[0]) if a not in ("self", "arg0")]

        found = {}
        for name, value in vars(automfm._core).items():
            if inspect.isclass(value):
                found[name] = {n: signature(f) for n, f in vars(value).items() if callable(f) and (n == "__init__" or not n.startswith("_"))}
            elif callable(value):
                found[name] = signature(value)
        self.assertEqual(found, expected)

    def test_public_functions_have_hints_and_docstrings(self):
        def check(name, function):
            self.assertTrue(function.__doc__, f"{name} has no docstring")
            signature = inspect.signature(function)
            self.assertIsNot(signature.return_annotation, signature.empty, f"{name} does not say what it returns")
            for parameter in signature.parameters.values():
                if parameter.name != "self":
                    self.assertIsNot(parameter.annotation, parameter.empty, f"{name}: {parameter.name}")

        for name in automfm.__all__:
            thing = getattr(automfm, name)
            if inspect.isfunction(thing):
                check(name, thing)
                continue
            self.assertTrue(thing.__doc__, name)
            for method, value in vars(thing).items():
                function = getattr(value, "fget", None) or getattr(value, "func", None) or value
                if not method.startswith("_") and inspect.isfunction(function):
                    check(f"{name}.{method}", function)

    def test_mypy_finds_nothing(self):
        try:
            import mypy  # noqa: F401
        except ImportError:
            self.skipTest("mypy is not installed")
        found = subprocess.run([sys.executable, "-m", "mypy", "--strict", "-p", "automfm"], capture_output=True, text=True, cwd=package.parent)
        self.assertEqual(found.returncode, 0, found.stdout)


class ThePage(unittest.TestCase):
    """docs/python.md: its examples are run, one after the other, as a reader would."""

    def test_every_example_runs(self):
        page = (source / "docs/python.md").read_text()
        blocks = [(page[: m.start()].count("\n") + 2, m.group(1)) for m in re.finditer(r"```python\n(.*?)```", page, re.S)]
        self.assertGreater(len(blocks), 3)
        names = {"__name__": "page"}
        for line, block in blocks:
            for needed in ["h5py", "matplotlib"]:
                if f"import {needed}" in block:
                    try:
                        __import__(needed)
                    except ImportError:
                        self.skipTest(f"Debian's package python3-{needed} is not installed")
            with self.subTest(line=line), contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * (line - 1) + block, str(source / "docs/python.md"), "exec"), names)


if __name__ == "__main__":
    unittest.main(verbosity=1)
