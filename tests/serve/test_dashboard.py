"""Optuna's dashboard over a storage that refuses writes."""

from __future__ import annotations

import http.client
import json
import threading

import optuna
import pytest

pytest.importorskip("optuna_dashboard")

from autocnn.records.read_only import ReadOnlyStorage
from autocnn.serve.address import open_socket
from autocnn.serve.dashboard import open_server


@pytest.fixture
def inner() -> optuna.storages.InMemoryStorage:
    """A storage of one study "mine" with one trial of the value 0.5."""
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="mine")
    study.tell(study.ask(), 0.5)
    return storage


@pytest.fixture
def request_of(inner):
    """A function that sends a request to the dashboard: status, body."""
    bound = open_socket("127.0.0.1", 0)
    server = open_server(ReadOnlyStorage(inner, "mine"), bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def send(method: str, path: str, body: str = "{}", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*bound.getsockname(), timeout=30)
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    yield send
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_study_is_shown(request_of):
    """The page, and the data that it asks for."""
    status, page = request_of("GET", "/dashboard/studies/0")
    assert (status, b"<html" in page) == (200, True)
    status, body = request_of("GET", "/api/studies/0?after=0")
    assert (status, [trial["values"] for trial in json.loads(body)["trials"]]) == (200, [[0.5]])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/studies/0/note", '{"version": 1, "body": "text"}'),
        ("POST", "/api/studies", '{"study_name": "new", "directions": ["minimize"]}'),
        ("DELETE", "/api/studies/0", "{}"),
        ("POST", "/api/trials/0/user-attrs", '{"user_attrs": {"a": 1}}'),
    ],
)
def test_nothing_is_written(request_of, inner, method, path, body):
    """The answer says why."""
    status, answer = request_of(method, path, body)
    assert (status, b"changes nothing" in answer) == (405, True)
    assert [study.study_name for study in inner.get_all_studies()] == ["mine"]
    assert inner.get_study_system_attrs(0) == {}


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:80", 200), ("[::1]:80", 200), ("evil.example", 400), ("", 400)],
)
def test_other_names_of_the_machine_are_refused(request_of, host, status):
    """A page of another site could else read answers through a name that leads here."""
    assert request_of("GET", "/api/studies", Host=host)[0] == status
