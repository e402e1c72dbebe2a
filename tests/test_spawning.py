"""What holds while a worker process is being started."""

from __future__ import annotations

import multiprocessing.spawn
import signal
import sys

from autocnn.spawning import signals_deferred, without_main


def test_a_process_is_given_no_main_module():
    """So a script without a guard is not run again."""
    before = sys.modules["__main__"]
    with without_main():
        data = multiprocessing.spawn.get_preparation_data("worker")
    assert not {key for key in data if key.startswith("init_main")}
    assert sys.modules["__main__"] is before


def test_a_signal_waits_until_the_process_is_started():
    """It arrives at the end of the block."""
    steps = []
    before = signal.signal(signal.SIGINT, lambda *_: steps.append("signal"))
    try:
        with signals_deferred():
            signal.raise_signal(signal.SIGINT)
            steps.append("in the block")
        steps.append("after it")
    finally:
        signal.signal(signal.SIGINT, before)
    assert steps == ["in the block", "signal", "after it"]
