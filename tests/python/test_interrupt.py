"""Ctrl-C during a call."""

from __future__ import annotations

import signal
import threading

import pytest

from autocnn.python.interrupt import interruption


@pytest.fixture(autouse=True)
def handler():
    """The handler of this process is the same after each test."""
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) == before


def test_the_first_signal_asks_and_the_second_ends():
    """Once the training polls."""
    with interruption() as is_set:
        assert not is_set()
        signal.raise_signal(signal.SIGINT)
        assert is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_before_the_training_a_signal_ends_the_call():
    """No loop polls while libraries are loaded."""
    with interruption(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_another_thread_receives_no_signal():
    """Only the main thread may set a handler."""
    found = []

    def call():
        with interruption() as is_set:
            found.append(is_set())

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert found == [False]
