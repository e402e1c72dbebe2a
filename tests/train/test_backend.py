"""The abilities of the machine and its backend."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf

from autocnn.errors import SettingsError
from autocnn.train import backend
from autocnn.train.backend import (
    BF16_OPTION,
    Device,
    build_stepper,
    find_device,
    is_out_of_memory,
    keep_programs,
    limit_gpu_memory,
    peak_gpu_mb,
    set_precision,
)


def _device(kind: str, *, bfloat16: bool = True) -> Device:
    return Device(backend="tensorflow", kind=kind, names=("X",), bfloat16=bfloat16, reason="")


@pytest.fixture
def no_gpu(monkeypatch):
    """Hide the GPUs of this machine."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])


@pytest.mark.parametrize(
    ("flags", "able", "reason"),
    [
        ("flags : fpu avx512_bf16 sse", True, "the CPU has avx512_bf16"),
        ("flags : fpu amx_bf16 avx512_bf16", True, "the CPU has amx_bf16"),
        ("flags : fpu avx2", False, "the CPU has neither AMX nor AVX512-BF16"),
        (None, False, "the CPU has neither"),  # not Linux
    ],
)
def test_bfloat16_depends_on_the_processor(no_gpu, monkeypatch, tmp_path, flags, able, reason):
    """Linux lists the instructions of the processor."""
    file = tmp_path / "cpuinfo"
    if flags is not None:
        file.write_text(f"model name : Some processor\n{flags}\n")
    monkeypatch.setattr(backend, "_CPU_INFO", file)
    device = find_device()
    assert (device.backend, device.kind) == ("tensorflow", "cpu")
    assert device.names == ("CPU" if flags is None else "Some processor",)
    assert device.versions == (f"keras {keras.__version__}", f"tensorflow {tf.__version__}")
    assert device.bfloat16 is able
    assert device.reason.startswith(reason)


@pytest.mark.parametrize(
    ("details", "able", "reason"),
    [
        ({"compute_capability": (9, 0)}, True, "the GPU multiplies bfloat16"),
        ({"compute_capability": (8, 0)}, True, "the GPU multiplies bfloat16"),
        ({"compute_capability": (7, 5)}, False, "a GPU of compute capability 7.5 has none"),
        ({}, True, "the GPU multiplies bfloat16"),  # not NVIDIA's
    ],
)
def test_a_gpu_is_preferred(monkeypatch, details, able, reason):
    """A GPU is used if there is one, with bfloat16 unless it is too old."""
    gpus = [tf.config.PhysicalDevice(name="/physical_device:GPU:0", device_type="GPU")]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)
    device = find_device()
    assert (device.kind, device.names) == ("gpu", ("/physical_device:GPU:0",))
    assert device.bfloat16 is able
    assert device.reason.startswith(reason)


@pytest.mark.parametrize(
    ("capability", "version"), [("9.0", (9, 0)), ("7.5", (7, 5)), ("gfx90a", None), (None, None)]
)
def test_a_capability_is_a_number(capability, version):
    """JAX gives the compute capability of NVIDIA's GPUs as text."""
    assert backend._version(capability) == version


def test_a_backend_without_a_loop_is_refused(monkeypatch):
    """The error names the variable to set."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(SettingsError, match="KERAS_BACKEND=torch: autocnn trains on tensorflow or"):
        find_device()


@pytest.mark.parametrize(
    ("wanted", "able", "chosen"),
    [
        ("auto", True, "bfloat16"),
        ("auto", False, "float32"),
        ("float32", True, "float32"),
        ("bfloat16", False, "bfloat16"),
    ],
)
def test_precision_is_chosen_by_capability_or_forced(wanted, able, chosen):
    """An explicit bfloat16 is used even if the device is slow at it."""
    assert _device("cpu", bfloat16=able).choose_precision(wanted) == chosen


@pytest.fixture
def restored():
    """Restore the precision of the process after a test."""
    yield
    set_precision("float32", _device("cpu"))


@pytest.mark.parametrize(
    ("precision", "kind", "policy", "graph_option"),
    [
        ("float32", "cpu", "float32", False),
        ("bfloat16", "cpu", "float32", True),
        ("float32", "gpu", "float32", False),
        ("bfloat16", "gpu", "mixed_bfloat16", False),
    ],
)
def test_precision_is_a_graph_option_on_a_cpu_and_a_policy_on_a_gpu(
    restored, precision, kind, policy, graph_option
):
    """Only one of the two is ever set."""
    set_precision(precision, _device(kind))
    assert keras.config.dtype_policy().name == policy
    options = tf.config.optimizer.get_experimental_options()
    assert bool(options.get(BF16_OPTION)) is graph_option


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (MemoryError(), True),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes"), True),
        (RuntimeError("cuDNN: CUDNN_STATUS_ALLOC_FAILED"), True),
        (ValueError("shapes do not match"), False),
        (tf.errors.InvalidArgumentError(None, None, "no"), False),
    ],
)
def test_running_out_of_memory_is_recognised(error, answer):
    """Each backend has its own error of missing memory."""
    assert is_out_of_memory(error) is answer


def test_memory_of_a_gpu_is_limited_and_its_peak_is_read(monkeypatch):
    """TensorFlow has a limit for each GPU, and counts bytes; a CPU has neither."""
    limits = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["first"])
    monkeypatch.setattr(tf.config, "set_logical_device_configuration", lambda *a: limits.append(a))
    limit_gpu_memory(9_000)
    assert limits == [("first", [tf.config.LogicalDeviceConfiguration(memory_limit=9_000)])]
    statistic = {"current": 2**20, "peak": 5 * 2**20}
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", lambda name: statistic)
    assert (peak_gpu_mb(_device("gpu")), peak_gpu_mb(_device("cpu"))) == (5, None)


@pytest.mark.parametrize(("statistic", "mb"), [({"peak_bytes_in_use": 7 * 2**20}, 7), (None, None)])
def test_jax_counts_the_peak_if_its_allocator_does(monkeypatch, statistic, mb):
    """An allocator without statistics answers None."""
    import jax

    first = SimpleNamespace(memory_stats=lambda: statistic)
    monkeypatch.setattr(jax, "devices", lambda: [first])
    assert peak_gpu_mb(replace(_device("gpu"), backend="jax")) == mb


def test_the_loop_is_that_of_the_backend(data, device):
    """TensorFlow has TensorFlow's steps."""
    from autocnn.space.config import Augmentation, Loss
    from autocnn.train.stepper import TrainingParts
    from autocnn.train.tf_loop import TensorFlowStepper

    parts = TrainingParts(
        model=None,
        optimizer=None,
        loss=Loss(),
        augmentation=Augmentation(),
        images=data.images,
        train_indices=data.split.train,
        val_indices=data.split.validation,
    )
    assert isinstance(build_stepper(parts, device), TensorFlowStepper)


@pytest.fixture
def jax_config(monkeypatch):
    """The settings of JAX that a test made, which are restored after it."""
    jax = pytest.importorskip("jax", reason="JAX is not installed (the extra jax)")
    updates = {}
    monkeypatch.setattr(jax.config, "update", updates.__setitem__)
    return updates


def _gpu_of_jax():
    return Device(backend="jax", kind="gpu", names=("X",), bfloat16=True, reason="")


def test_programs_are_kept_in_a_private_folder(jax_config, tmp_path):
    """The folder is created if it is missing, for this user only."""
    keep_programs(_gpu_of_jax(), tmp_path / "cache" / "jax")
    assert jax_config["jax_compilation_cache_dir"] == str(tmp_path / "cache" / "jax")
    assert (tmp_path / "cache" / "jax").stat().st_mode & 0o777 == 0o700


def test_programs_that_others_may_have_written_are_not_loaded(jax_config, tmp_path, capsys):
    """Loading a program runs it, so a folder that others can write is refused in one line."""
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax").chmod(0o770)
    keep_programs(_gpu_of_jax(), tmp_path / "jax")
    assert jax_config == {}
    assert "others may write to it" in capsys.readouterr().out


def test_a_cpu_compiles_for_itself(jax_config, tmp_path):
    """A CPU keeps no programs: compiling takes a second, and they fit one CPU only."""
    keep_programs(Device(backend="jax", kind="cpu", names=(), bfloat16=False, reason=""), tmp_path)
    keep_programs(_device("gpu"), tmp_path)
    assert jax_config == {}
