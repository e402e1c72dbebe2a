"""The number of workers, and the resources of each."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from autocnn.executors import resources as module
from autocnn.executors.gpus import Gpu
from autocnn.executors.resources import (
    Share,
    default_workers,
    plan_places,
    plan_shares,
    with_less_autotuning,
)

JAX_LIMIT = {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.5"}


@pytest.fixture
def cores(monkeypatch):
    """A function that gives the machine so many cores, and enough memory."""

    def make(n):
        monkeypatch.setattr(module, "available_cores", lambda: tuple(range(n)))
        monkeypatch.setattr(module, "available_mb", lambda: 10**6)

    return make


@pytest.mark.parametrize(
    ("n_cores", "memory_mb", "n"),
    [(1, 16_000, 1), (2, 16_000, 1), (8, 16_000, 2), (64, 16_000, 3), (64, 1_000, 1)],
)
def test_the_number_of_workers_follows_cores_and_memory(n_cores, memory_mb, n):
    """There is one worker for every four cores and four GiB, at least one."""
    assert default_workers(n_cores, memory_mb) == n


def test_a_single_worker_has_the_machine(cores):
    """A single worker is not bound to any core."""
    cores(2)
    assert plan_shares(None, ()) == [Share()]


def test_cores_are_divided(cores):
    """Of five cores for two workers the second has three; workers share cores if too few."""
    cores(5)
    assert [share.cores for share in plan_shares(2, ())] == [(0, 1), (2, 3, 4)]
    cores(2)
    assert [share.cores for share in plan_shares(3, ())] == [(0,), (1,), (0,)]


def test_gpus_are_assigned_in_turn(cores):
    """Each GPU has one worker by default, or the given number."""
    cores(8)
    a, b = Gpu(identifier="GPU-a"), Gpu(identifier="GPU-b")
    assert [share.gpu for share in plan_shares(None, (a, b))] == [a, b]
    assert [share.gpu for share in plan_shares(None, (a, b), 2)] == [a, b, a, b]
    assert [share.gpu for share in plan_shares(1, (a, b))] == [a]
    places = plan_places((a, b), 2)
    assert [share.gpu for share in places] == [a, b, a, b]
    assert [share.cores for share in places][1:3] == [(4, 5, 6, 7), (0, 1, 2, 3)]


@pytest.mark.parametrize(
    ("gpu", "order"),
    [(Gpu(identifier="GPU-a", index=1), None), (Gpu(identifier="1", index=1), "PCI_BUS_ID")],
)
def test_a_worker_sees_its_card_alone(monkeypatch, gpu, order):
    """If it is named by its place on the bus, CUDA numbers the cards so, too."""
    environment = {"CUDA_VISIBLE_DEVICES": "0,1,2"}
    monkeypatch.setattr(module.os, "environ", environment)
    Share(gpu=gpu).take()
    assert environment["CUDA_VISIBLE_DEVICES"] == gpu.identifier
    assert environment.get("CUDA_DEVICE_ORDER") == order


@pytest.mark.parametrize(
    ("own", "set_by", "fraction"),
    [
        ({}, "XLA_CLIENT_MEM_FRACTION", "0.2250"),
        (JAX_LIMIT, "XLA_PYTHON_CLIENT_MEM_FRACTION", "0.5"),
    ],
)
def test_processes_that_share_a_gpu_have_a_limit(monkeypatch, own, set_by, fraction):
    """Half of nine tenths of what is free, which is half; a limit of the user stays, alone."""
    environment = dict(own)
    monkeypatch.setattr(module.os, "environ", environment)
    gpu = Gpu(identifier="GPU-a", total_mb=40_000, free_mb=20_000)
    share = Share(gpu=gpu, part=2)
    share.take()
    limits = {name: value for name, value in environment.items() if "FRACTION" in name}
    assert (limits, share.gpu_mb) == ({set_by: fraction}, 9_000)
    unknown = Share(gpu=Gpu(identifier="0"), part=3)
    assert (unknown.gpu_fraction, unknown.gpu_mb) == (0.9 / 3, None)


@pytest.mark.parametrize(
    ("own", "flags"),
    [
        ("", "--xla_gpu_autotune_level=2"),
        ("--xla_dump_to=x", "--xla_dump_to=x --xla_gpu_autotune_level=2"),
        ("--xla_gpu_autotune_level=0", "--xla_gpu_autotune_level=0"),
        ("my_flags.txt", "my_flags.txt"),
    ],
)
def test_flags_of_the_user_stay(own, flags):
    """A flag is added, and never replaced."""
    assert with_less_autotuning(own) == flags


ON_CPU = """
from autocnn.executors.resources import Share
from autocnn.executors.gpus import Gpu
Share(gpu=Gpu(identifier="GPU-none", total_mb=40_000, free_mb=20_000), part=2).take()
from autocnn.keras_startup import load_keras
load_keras()
import keras
if keras.backend.backend() == "jax":
    import jax
    print(jax.jit(lambda x: x + 1)(1.0))
else:
    import tensorflow as tf
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()])
    print(tf.function(lambda x: x + 1, jit_compile=True)(tf.constant(1.0)).numpy())
"""


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("jax", marks=pytest.mark.training),
        pytest.param("tensorflow", marks=pytest.mark.slow),
    ],
)
def test_the_backends_know_what_is_set(backend):
    """An unknown flag would abort them; TensorFlow takes a limit after Keras is loaded."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", ON_CPU], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "2.0"), done.stderr


def test_a_containers_memory_counts(monkeypatch, tmp_path):
    """The limit of a container counts if it is below the memory of the machine."""
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(module, "MAX_CGROUP", limit)
    free = module.available_mb()
    limit.write_text("max\n")
    assert module.available_mb() == pytest.approx(free, rel=0.2)
    limit.write_text(f"{64 * 2**20}\n")
    assert module.available_mb() == 64
