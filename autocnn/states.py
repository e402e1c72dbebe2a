"""The states of a trial and the causes of its failure; `autocnn.trial` passes both on.

They have a module of their own because the help of the command line needs them, through the
objectives, and must not wait for the dataclasses of a configuration.
"""

from __future__ import annotations

from enum import StrEnum


class TrialState(StrEnum):
    """What has become of a trial."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    STOPPED = "stopped"  # cut by the budget, Ctrl-C or a crash; ranked by its best epoch
    FAILED = "failed"


class FailureCause(StrEnum):
    """Why a trial failed."""

    DIVERGED = "diverged"  # a loss that is NaN or infinite
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"  # the worker process died
    NODE_LOST = "node_lost"  # the machine of the worker process can no longer be reached
    TIMED_OUT = "timed_out"  # not one epoch within the trial's time
    ERROR = "error"  # an exception, with its traceback in log.txt
