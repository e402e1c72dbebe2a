"""Settings as keyword arguments."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

from autocnn.api.settings_sources import SPELLINGS
from autocnn.errors import SettingsError
from autocnn.python.arguments import argument_names, read_arguments, takes_settings
from autocnn.records.study_settings import SETTINGS


def test_every_setting_is_an_argument():
    """The table of settings is the only list; the time of the creation is no argument."""
    assert {*argument_names()} == {*SETTINGS} - {"created"} | {*SPELLINGS} | {"baseline"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"time_budget": "5m"}, {"time_budget_s": 300.0}),
        ({"time_budget_s": 300}, {"time_budget_s": 300.0}),
        ({"worker_memory": "4G"}, {"worker_memory_mb": 4096}),
        ({"max_latency": "5ms"}, {"max_latency_ms": 5.0}),
        ({"trials": None, "space": None}, {}),
        ({"trials": np.int64(3), "recipes": np.bool_(False)}, {"trials": 3, "recipes": False}),
        ({"results": Path("a") / "b"}, {"results": "a/b"}),
        ({"image_size": 64}, {"image_size": "64"}),
        ({"image_size": (48, 64)}, {"image_size": "48x64"}),
        ({"gpus": [0, 1]}, {"gpus": "0,1"}),
        ({"gpus": 0}, {"gpus": "0"}),
        ({"workers_per_gpu": "auto"}, {"workers_per_gpu": 0}),
        ({"workers_per_gpu": 2}, {"workers_per_gpu": 2}),
        ({"warm_start": ["one", Path("a/two")]}, {"warm_start": "one,a/two"}),
        ({"objective": ["accuracy", "size"]}, {"objective": "accuracy,size"}),
        ({"baseline": "lenet"}, {"baseline": "lenet"}),
    ],
)
def test_values_have_the_types_of_python(given, expected):
    """Numbers of NumPy, paths, lists and pairs are the settings that they look like."""
    assert read_arguments(given, "search") == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"time_bugdet": "5m"},
            r"^search\(\) has no argument 'time_bugdet'; did you mean 'time_bud",
        ),
        ({"created": "now"}, r"has no argument 'created'"),
        ({"time_budget": 5}, "time_budget must be a text such as '5m', got 5; a number"),
        ({"worker_memory": 4}, "worker_memory must be a text such as '4G', got 4"),
        ({"time_budget": "5"}, r"search\(\): time_budget needs a unit"),
        ({"time_budget": "5m", "time_budget_s": 5}, "are one setting; leave one"),
        ({"trials": "3"}, r"search\(\): trials must be an integer, got '3'"),
        ({"trials": True}, r"search\(\): trials must be an integer, got True"),
        ({"seed": -1}, r"search\(\): seed must be at least 0, got -1"),
    ],
)
def test_a_wrong_argument_is_named(given, message):
    """The line begins with the function, and names no option."""
    with pytest.raises(SettingsError, match=message) as caught:
        read_arguments(given, "search")
    assert "--" not in str(caught.value)


def test_the_settings_are_in_the_signature_and_the_docstring():
    """A parameter of the function itself is not there twice."""

    @takes_settings()
    def function(study: str, **settings: object) -> None:
        """Do it."""

    signature = inspect.signature(function)
    assert next(iter(signature.parameters)) == "study"
    assert signature.parameters["trials"].annotation == int | None
    assert signature.parameters["max_latency"].annotation == str | None
    assert function.__doc__ is not None
    assert "    seed: Seed of search and training; by default 0." in function.__doc__
    assert "    max_latency_ms: The same as max_latency, as a number of milliseconds." in (
        function.__doc__
    )
    assert "    study:" not in function.__doc__


def test_only_some_settings():
    """A function may take a part of them."""

    @takes_settings(("trials", "time_budget"))
    def function(**settings: object) -> None:
        """Do it."""

    assert list(inspect.signature(function).parameters) == ["trials", "time_budget"]
