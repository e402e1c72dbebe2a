"""A fake of the module pynvml, with the names of the real one, and cards of one's choice."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import pytest

MIB = 2**20


class NVMLError(Exception):
    """An error of the library."""


class NVMLError_NotSupported(NVMLError):
    """The device cannot answer."""


class NVMLError_NotFound(NVMLError):
    """There is no such device."""


class NVMLLibraryMismatchError(Exception):
    """The driver's library is older than the module."""


@dataclass
class Memory:
    """Bytes."""

    total: int
    free: int


@dataclass
class Bus:
    """The place on the PCI bus."""

    bus: int
    domain: int = 0
    device: int = 0


@dataclass
class Process:
    """A process on a card; None: the library does not know its memory."""

    pid: int
    usedGpuMemory: int | None


@dataclass
class Card:
    """A device, or an instance of one."""

    uuid: str
    bus: int = 0
    name: str = "NVIDIA A"
    total_mb: int | None = 40_000
    free_mb: int = 39_000
    instances: list[Card | None] = field(default_factory=list)
    lost: str = ""
    processes: list[Process] = field(default_factory=list)
    served: list[Process] = field(default_factory=list)  # by MPS


class Nvml:
    """The module: its functions, and what they raise."""

    NVMLError = NVMLError
    NVMLError_NotSupported = NVMLError_NotSupported
    NVMLError_NotFound = NVMLError_NotFound
    NVMLLibraryMismatchError = NVMLLibraryMismatchError
    NVML_DEVICE_MIG_ENABLE = 1

    def __init__(self, cards: list[Card], error: str = "") -> None:
        self.cards, self.error = cards, error
        self.opened = 0  # times that it was opened and not closed

    def nvmlInit(self) -> None:
        """Open the library."""
        if self.error:
            raise NVMLError(self.error)
        self.opened += 1

    def nvmlShutdown(self) -> None:
        """Close the library."""
        self.opened -= 1

    def nvmlDeviceGetCount(self) -> int:
        """The cards, also those that cannot be asked."""
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, place: int) -> Card:
        """A card by NVML's number."""
        if self.cards[place].lost:
            raise NVMLError(self.cards[place].lost)
        return self.cards[place]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Card:
        """A card or an instance."""
        instances = [each for card in self.cards for each in card.instances if each]
        for card in (*self.cards, *instances):
            if card.uuid == uuid:
                return card
        raise NVMLError_NotFound("Not Found")

    def nvmlDeviceGetPciInfo(self, card: Card) -> Bus:
        """The place on the bus."""
        return Bus(card.bus)

    def nvmlDeviceGetName(self, card: Card) -> str:
        """The model."""
        return card.name

    def nvmlDeviceGetUUID(self, card: Card) -> str:
        """The identifier."""
        return card.uuid

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> Memory:
        """Total and free memory."""
        if card.total_mb is None:
            raise NVMLError_NotSupported("Not Supported")
        return Memory(card.total_mb * MIB, card.free_mb * MIB)

    def nvmlDeviceGetMigMode(self, card: Card) -> list[int]:
        """The mode now, and after the next reset."""
        if card.name == "NVIDIA A":
            raise NVMLError_NotSupported("Not Supported")
        return [int(bool(card.instances)), 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, card: Card) -> int:
        """The instances that there can be."""
        return len(card.instances)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: Card, place: int) -> Card:
        """An instance, if it is there."""
        found = card.instances[place]
        if found is None:
            raise NVMLError_NotFound("Not Found")
        return found

    def nvmlDeviceGetComputeRunningProcesses(self, card: Card) -> list[Process]:
        """The processes that compute on a card."""
        return card.processes

    def nvmlDeviceGetMPSComputeRunningProcesses(self, card: Card) -> list[Process]:
        """Those that do so through MPS."""
        return card.served


def fake_nvml(monkeypatch: pytest.MonkeyPatch, cards: list[Card], error: str = "") -> Nvml:
    """Put a fake of pynvml in place of the module, until the end of the test."""
    fake = Nvml(cards, error)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake
