"""Benchmarks that use internals of the package, or compare equal computations, still run.

Other benchmarks have no test and are run by hand.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed (the extra jax)"
)
SMALL_PACKS = (
    "--dataset digits --images 64 --batch 16 --blocks 1 --filters 4 --pack 2 --rounds 1 "
    "--precision float32"
)

# Two epochs by the same first weights and images, step by step and in one compiled loop.
SCAN = """
import json
from autocnn.keras_startup import load_keras
load_keras()
from plain_keras import Training, written_by_hand
from throughput_sides import some_of, train_on
from autocnn.data.prepared import prepare
from autocnn.space.config import Block, Optimizer, TrialConfig

data = prepare("digits")
data = train_on(data, some_of(data.split.train, 64))
config = TrialConfig(batch_size=16, blocks=(Block(filters=(4,), normalisation="batch"),),
    optimizer=Optimizer(name="adamw", learning_rate=0.01))
training = Training(config=config, data=data, epochs=2)
losses = []
for scan in (False, True):
    train = written_by_hand(training, scan=scan)
    losses.append([train(), train()])
print(json.dumps(losses))
"""


@pytest.mark.slow
@pytest.mark.training
def test_overhead_is_measured_in_a_small_study(tmp_path):
    """The study has three trials on record and two more; each part and resume step is timed."""
    command = "overhead.py", "--sizes", "3", "--trials", "2", "--rounds", "1"
    shown = run(*command, "--folder", str(tmp_path))
    assert "ms a trial" in shown
    assert "ms of a resume" in shown
    assert not list(tmp_path.iterdir())


@needs_jax
@pytest.mark.slow
@pytest.mark.training
def test_networks_of_a_pack_train_as_in_processes_of_their_own():
    """A pack has equal mean losses vmapped, as matrix products and in processes of its own."""
    shown = run("packs.py", *SMALL_PACKS.split())
    rows = [line.split("│") for line in shown.splitlines() if line.startswith("│")]
    losses = {row[1].strip(): float(row[-2]) for row in rows}
    assert list(losses) == ["alone", "vmap", "im2col", "processes"]
    assert losses["vmap"] == pytest.approx(losses["processes"], abs=2e-3)
    assert losses["im2col"] == pytest.approx(losses["processes"], abs=2e-3)
    assert losses["alone"] != pytest.approx(losses["processes"], abs=2e-3)


@needs_jax
@pytest.mark.slow
@pytest.mark.training
def test_a_scan_by_hand_trains_as_its_steps_do():
    """The peer of the compiled epoch does the arithmetic of the plain loop."""
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(BENCHMARKS)}
    steps, scan = json.loads(run("-c", SCAN, env=environment).splitlines()[-1])
    assert scan == pytest.approx(steps, rel=1e-4)
    assert steps[1] < steps[0]


def run(script: str, *arguments: str, env: dict[str, str] | None = None) -> str:
    """The output of a script of the benchmarks."""
    command = [sys.executable, script, *arguments]
    done = subprocess.run(
        command, cwd=BENCHMARKS, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_difference_has_the_interval_of_welch():
    """Means 3 and 1, variances 1 and 4 of 3 values: error 1.291, 2.94 degrees of freedom."""
    code = "from script_parity import difference; print(*difference([2, 3, 4], [-1, 1, 3]))"
    middle, low, high = map(float, run("-c", code).split())
    assert middle == 2
    assert (low, high) == (pytest.approx(-2.155, abs=2e-3), pytest.approx(6.155, abs=2e-3))
    assert run("-c", code.replace("2, 3, 4", "2")).split()[1:] == ["nan", "nan"]


@pytest.mark.slow
@pytest.mark.training
def test_a_script_is_trained_beside_autocnn(tmp_path):
    """One epoch by each arm on the digits; a second call trains nothing."""
    command = "script_parity.py", "digits", "-o", str(tmp_path), "--seeds", "1", "--epochs", "1"
    shown = run(*command)
    assert "| digits | script | 1 | " in shown
    assert "| digits | autocnn | 1 | " in shown
    assert "| digits | autocnn − script | " in shown
    assert [line for line in run(*command).splitlines() if line.startswith("digits ")] == []
