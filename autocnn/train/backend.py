"""The capabilities of the machine and of Keras' backend, queried from TensorFlow or JAX."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras

from autocnn.errors import SettingsError
from autocnn.trial import Device

BF16_OPTION = "auto_mixed_precision_onednn_bfloat16"
BF16_CAPABILITY = (8, 0)  # of NVIDIA's GPUs: Ampere and later
OUT_OF_MEMORY = (  # what the backends, cuDNN, cuBLAS and CUDA say
    "ResourceExhausted",
    "RESOURCE_EXHAUSTED",
    "OOM when",
    "ALLOC_FAILED",
    "CUDA_ERROR_OUT_OF_MEMORY",
)
_CPU_INFO = Path("/proc/cpuinfo")


def find_device() -> Device:
    """The device that Keras' backend will use.

    Raises: SettingsError for a backend that autocnn has no training loop for.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        version = tf.__version__
        found = tf.config.list_physical_devices("GPU")
        gpus = [device.name for device in found]
        details = [tf.config.experimental.get_device_details(device) for device in found]
        versions = [each.get("compute_capability") for each in details]
    elif backend == "jax":
        import jax

        version = jax.__version__
        found = [device for device in jax.devices() if device.platform == "gpu"]
        gpus = [str(device) for device in found]
        versions = [_version(getattr(device, "compute_capability", None)) for device in found]
    else:
        raise SettingsError(
            f"KERAS_BACKEND={backend}: autocnn trains on tensorflow or jax; "
            "set KERAS_BACKEND to one of them"
        )
    able, reason = _gpu_bfloat16(versions) if gpus else _cpu_bfloat16(backend)
    return Device(
        backend=backend,
        kind="gpu" if gpus else "cpu",
        names=tuple(gpus) or (_cpu_name(),),
        bfloat16=able,
        reason=reason,
        versions=(f"keras {keras.__version__}", f"{backend} {version}"),
    )


def keep_programs(device: Device, folder: Path) -> None:
    """Let JAX store compiled programs in `folder`, and load those of earlier processes.

    Only on a GPU. Loaded programs are run, so a folder that other users can write to is not used.
    """
    if (device.backend, device.kind) != ("jax", "gpu"):
        return
    import jax

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        print(f"{folder}: not used, others may write to it; make it private (chmod 700)")
        return
    config: Any = jax.config
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_persistent_cache_min_compile_time_secs", 1.0)


def limit_gpu_memory(limit_mb: int) -> None:
    """Let TensorFlow take `limit_mb` MiB of each GPU at most; called before it uses one.

    JAX reads its limit from the environment.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    limited = [tf.config.LogicalDeviceConfiguration(memory_limit=limit_mb)]
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.set_logical_device_configuration(gpu, limited)


def peak_gpu_mb(device: Device) -> int | None:
    """MiB that the backend had allocated on its first GPU at most; None if it does not count."""
    if device.kind != "gpu":
        return None
    if device.backend == "tensorflow":
        import tensorflow as tf

        peak: int | None = tf.config.experimental.get_memory_info("GPU:0")["peak"]
    else:
        import jax

        peak = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    return None if peak is None else peak // 2**20


def _version(capability: Any) -> tuple[int, ...] | None:
    """A compute capability as numbers, such as (9, 0) for "9.0"; None if it is none (AMD)."""
    parts = str(capability).split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else None


def _gpu_bfloat16(versions: list[tuple[int, ...] | None]) -> tuple[bool, str]:
    """Whether GPUs of these compute capabilities multiply bfloat16, and why; unknown ones do."""
    old = [version for version in versions if version is not None and version < BF16_CAPABILITY]
    if old:
        return False, f"a GPU of compute capability {'.'.join(map(str, old[0]))} has none (8.0 has)"
    return True, "the GPU multiplies bfloat16 (mixed_bfloat16 policy)"


def _cpu_name() -> str:
    """The model of the processor, or "CPU" if the system does not name it."""
    text = _CPU_INFO.read_text("utf-8", errors="replace") if _CPU_INFO.exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return models[0] if models else "CPU"


def _cpu_bfloat16(backend: str) -> tuple[bool, str]:
    if backend != "tensorflow":
        return False, f"on a CPU only TensorFlow gains from bfloat16, the backend is {backend}"
    flags = _CPU_INFO.read_text("utf-8", errors="replace") if _CPU_INFO.exists() else ""
    for flag in ("amx_bf16", "avx512_bf16"):
        if flag in flags:
            return True, f"the CPU has {flag} (TensorFlow graph option {BF16_OPTION})"
    return False, "the CPU has neither AMX nor AVX512-BF16"


def set_precision(precision: str, device: Device) -> None:
    """Let models that are built and traced later compute in `precision`."""
    policy = "float32"
    if device.backend == "tensorflow" and device.kind == "cpu":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({BF16_OPTION: precision == "bfloat16"})
    elif precision == "bfloat16":
        policy = "mixed_bfloat16"
    keras.config.set_dtype_policy(policy)


def build_stepper(parts: Any, device: Device) -> Any:
    """The compiled training and evaluation steps of the backend, for `TrainingParts`."""
    if device.backend == "tensorflow":
        from autocnn.train.tf_loop import TensorFlowStepper

        return TensorFlowStepper(parts)
    from autocnn.train.jax_loop import JaxStepper

    return JaxStepper(parts, loops=device.kind == "gpu")


def is_out_of_memory(error: BaseException) -> bool:
    """True for the errors that the backends raise if memory runs out."""
    text = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY)


def cpu_seconds() -> float:
    """CPU seconds that this process has used, all its threads together."""
    times = os.times()
    return times.user + times.system
