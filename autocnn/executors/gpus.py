"""The GPUs of this machine, as NVIDIA's management library (NVML) and CUDA's variables name them.

NVML numbers the cards by their place on the PCI bus; CUDA does so only with
CUDA_DEVICE_ORDER=PCI_BUS_ID. A worker is therefore given the identifier (UUID) of its card, which
means the same card in any order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from autocnn.errors import SettingsError

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER, BY_BUS = "CUDA_DEVICE_ORDER", "PCI_BUS_ID"
HIDDEN = "NoDevFiles"  # what some batch systems set to hide all cards
OLD_MIG = "MIG-GPU-"  # GPU instances as drivers before 470 name them: MIG-GPU-<card>/<a>/<b>
MIB = 2**20
FULL = 0.1  # share of a card's memory below which what is free is said to be little
MPS_FOLDER, MPS_PIPES = "/tmp/nvidia-mps", "CUDA_MPS_PIPE_DIRECTORY"
MPS_DAEMON = "nvidia-cuda-mps-control.pid"  # a file of the running daemon

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A card, or a GPU instance (MIG) of one."""

    identifier: str  # as CUDA_VISIBLE_DEVICES takes it
    index: int | None = None  # of the card, by its place on the PCI bus; None: not known
    name: str = ""
    total_mb: int | None = None  # MiB; None: not known
    free_mb: int | None = None

    @property
    def is_numbered(self) -> bool:
        """True if the identifier is the card's place on the PCI bus."""
        return self.identifier == str(self.index)

    @property
    def free_share(self) -> float:
        """The part of the memory that is free; 1 if that is not known."""
        if self.free_mb is None or not self.total_mb:
            return 1.0
        return self.free_mb / self.total_mb

    def __str__(self) -> str:
        memory = "memory unknown"
        if self.total_mb is not None and self.free_mb is not None:
            memory = f"{self.free_mb:,} of {self.total_mb:,} MiB free"
        return f"{self.name}, {memory}, {self.identifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSurvey:
    """What NVML answered."""

    gpus: tuple[Gpu, ...] = ()
    is_known: bool = True  # False: NVML gave no answer
    notes: tuple[str, ...] = ()  # why there is no answer, or why a card is left out


def survey_gpus() -> GpuSurvey:
    """All cards that NVML shows to this process, by their place on the PCI bus."""
    answer = _ask(_survey)
    return GpuSurvey(is_known=False, notes=(answer,)) if isinstance(answer, str) else answer


def _ask(question: Callable[[ModuleType], T]) -> T | str:
    """The answer of NVML, or the reason why there is none."""
    try:
        import pynvml
    except ImportError:
        return "the package nvidia-ml-py is not installed"
    try:
        pynvml.nvmlInit()
        try:
            return question(pynvml)
        finally:
            pynvml.nvmlShutdown()
    except (pynvml.NVMLError, pynvml.NVMLLibraryMismatchError) as error:
        return f"NVML: {error}"


def _survey(nvml: ModuleType) -> GpuSurvey:
    found: list[tuple[tuple[int, int, int], Any]] = []
    notes: list[str] = []
    for place in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(place)
            bus = nvml.nvmlDeviceGetPciInfo(handle)
        except nvml.NVMLError as error:  # such as a card that has fallen off the bus
            notes.append(f"GPU {place} is left out: {error}")
            continue
        found.append(((bus.domain, bus.bus, bus.device), handle))
    found.sort(key=lambda each: each[0])
    gpus: list[Gpu] = []
    for index, (_, handle) in enumerate(found):
        try:
            gpus.extend(_gpu(nvml, each, index) for each in _instances(nvml, handle))
        except nvml.NVMLError as error:
            notes.append(f"GPU {index} is left out: {error}")
    return GpuSurvey(gpus=tuple(gpus), notes=tuple(notes))


def _instances(nvml: ModuleType, card: Any) -> Iterator[Any]:
    """The card, or its GPU instances if it is divided: CUDA then runs on those alone."""
    try:
        is_divided = nvml.nvmlDeviceGetMigMode(card)[0] == nvml.NVML_DEVICE_MIG_ENABLE
    except nvml.NVMLError_NotSupported:
        is_divided = False
    if not is_divided:
        yield card
        return
    for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(card)):
        try:
            yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(card, place)
        except nvml.NVMLError_NotFound:  # so many instances there can be, not are
            continue


def _gpu(nvml: ModuleType, handle: Any, index: int) -> Gpu:
    total_mb = free_mb = None
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        total_mb, free_mb = memory.total // MIB, memory.free // MIB
    except nvml.NVMLError_NotSupported:  # where the card uses the memory of the machine
        pass
    return Gpu(
        identifier=nvml.nvmlDeviceGetUUID(handle),
        index=index,
        name=nvml.nvmlDeviceGetName(handle),
        total_mb=total_mb,
        free_mb=free_mb,
    )


def usable_gpus(
    wanted: str | None = None,
    survey: Callable[[], GpuSurvey] = survey_gpus,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Gpu, ...]:
    """The GPUs of `wanted` ("0,1", UUIDs), else those of CUDA_VISIBLE_DEVICES, else all.

    A number of `wanted` is a place on the PCI bus, as nvidia-smi shows it. One of the variable is
    CUDA's: it stands for a card that is known only if CUDA numbers the cards by the bus, too, or
    if all are of one model.
    Raises: SettingsError if NVML answers and has no such card.
    """
    named = wanted if wanted is not None else environment.get(VISIBLE)
    if named is not None and not _listed(named):
        return (Gpu(identifier=named),) if wanted else ()
    found = survey()
    if named is None:
        return found.gpus if found.is_known else _device_files()
    if not found.is_known:
        return tuple(_unknown(part, is_by_bus=wanted is not None) for part in _listed(named))
    is_by_bus = wanted is not None or environment.get(ORDER) == BY_BUS
    is_clear = is_by_bus or len({gpu.name for gpu in found.gpus}) == 1
    where = "--gpus" if wanted is not None else VISIBLE
    gpus: list[Gpu] = []
    for part in _listed(named):
        chosen = _chosen(part, found.gpus)
        if not chosen:
            raise SettingsError(f"{where} {named}: there is no GPU {part}; {_described(found)}")
        own = chosen if is_clear or not part.isdigit() else [Gpu(identifier=part)]
        gpus.extend(gpu for gpu in own if gpu not in gpus)
    return tuple(gpus)


def _unknown(part: str, *, is_by_bus: bool) -> Gpu:
    """The card that a number or an identifier stands for, without NVML."""
    return Gpu(identifier=part, index=int(part) if is_by_bus and part.isdigit() else None)


def _listed(named: str) -> list[str]:
    """The parts of a list up to the first that hides the rest, as CUDA reads it: -1, say."""
    parts: list[str] = []
    for part in (each.strip() for each in named.split(",")):
        if part.startswith("-") or part == HIDDEN:
            break
        if part:
            parts.append(part)
    return parts


def _chosen(part: str, gpus: tuple[Gpu, ...]) -> list[Gpu]:
    """The GPUs that a number, or the beginning of an identifier, stands for."""
    if part.isdigit():
        return [gpu for gpu in gpus if gpu.index == int(part)]
    if part.startswith(OLD_MIG):  # NVML has another name for it
        return [Gpu(identifier=part)]
    return [gpu for gpu in gpus if gpu.identifier.startswith(part)]


def _described(found: GpuSurvey) -> str:
    listed = ", ".join(f"GPU {gpu.index} ({gpu})" for gpu in found.gpus)
    return f"there is {listed}" if listed else "; ".join(("NVML shows none", *found.notes))


def _device_files() -> tuple[Gpu, ...]:
    """The cards of which only the number is known, from the driver's files."""
    n = len(list(Path("/dev").glob("nvidia[0-9]*")))
    return tuple(Gpu(identifier=str(place), index=place) for place in range(n))


def full_lines(gpus: tuple[Gpu, ...]) -> list[str]:
    """A line for each card of which other processes hold nearly all memory."""
    return [
        f"GPU {gpu.index} ({gpu.name}) has {gpu.free_mb:,} of {gpu.total_mb:,} MiB free: other "
        "processes hold the rest; trials may run out of memory there (--gpus chooses cards)"
        for gpu in gpus
        if gpu.free_share < FULL
    ]


def process_mb(identifier: str, pid: int) -> int | None:
    """MiB that process `pid` holds on a GPU; None if NVML does not know.

    In a container NVML may number processes otherwise than the container does.
    """
    answer = _ask(lambda nvml: _process_mb(nvml, identifier, pid))
    return answer if isinstance(answer, int) else None


def _process_mb(nvml: ModuleType, identifier: str, pid: int) -> int | None:
    card = nvml.nvmlDeviceGetHandleByUUID(identifier)
    processes = nvml.nvmlDeviceGetComputeRunningProcesses(card)
    processes = [*processes, *nvml.nvmlDeviceGetMPSComputeRunningProcesses(card)]
    held = [each.usedGpuMemory for each in processes if each.pid == pid]
    known = [each for each in held if each is not None]
    return max(known) // MIB if known else None


def mps_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of CUDA's Multi-Process Service (MPS), if its daemon runs."""
    folder = Path(environment.get(MPS_PIPES) or MPS_FOLDER)
    return folder if (folder / MPS_DAEMON).exists() else None
