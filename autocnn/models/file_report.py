"""What was measured of an exported file, beside the network that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The answers of a file beside those of the network, for the same images."""

    n: int  # images
    equal: float  # share of the images for which both predict the same class
    accuracy: float  # of the file
    network_accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file that was written, and what was measured of it."""

    path: Path
    format: str  # as --format names it
    quantize: str | None
    bytes: int  # of all its files, without the contract beside it
    difference: float  # the largest one of a probability, for the checked images; 0 of a copy
    agreement: Agreement | None = None  # on validation images; None: not measured
    latency_s: float | None = None  # of one call with one image; None: not measured
    is_converted: bool = True  # False: a .keras file, which holds the network itself
