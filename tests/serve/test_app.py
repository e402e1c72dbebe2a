"""The web application: answers, refusals, headers."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace

import pytest

pytest.importorskip("fastapi")

import keras
from fastapi.testclient import TestClient
from image_files import png_bomb

from autocnn.models.predictor import KerasPredictor
from autocnn.serve.app import build_app
from autocnn.serve.classifier import Busy, Classifier, Limits

LIMITS = Limits(request_bytes=20_000, images=3, waiting=2, seconds=5.0)
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def client(model):
    """A client of an application with small limits, for the host `testserver` alone."""
    with TestClient(build_app(model, ["testserver"], LIMITS)) as client:
        yield client


def _form(*contents):
    return [("image", (f"{n}.png", content, "image/png")) for n, content in enumerate(contents)]


def test_files_of_a_form_are_classified(client, black, white):
    """In their order, with their names, the likeliest class first."""
    answer = client.post("/predict?top=1", files=_form(black, white)).json()
    assert answer == {
        "images": [
            {"name": "0.png", "top": [{"class": "dark", "probability": 1.0}]},
            {"name": "1.png", "top": [{"class": EVIL, "probability": 1.0}]},
        ]
    }


def test_base64_in_json_is_classified(client, white):
    """Images without names have their places."""
    body = {"images": [base64.b64encode(white).decode()]}
    (answer,) = client.post("/predict", json=body).json()["images"]
    assert answer["name"] == "0"
    assert answer["top"][0]["class"] == EVIL


def test_an_unreadable_image_leaves_the_others(client, black):
    """It has the reason in place of classes; a request of nothing else is refused."""
    done = client.post("/predict", files=_form(b"hello", black))
    first, second = done.json()["images"]
    assert (done.status_code, first["name"], "top" in second) == (200, "0.png", True)
    assert "error" in first
    done = client.post("/predict", files=_form(b"hello"))
    assert done.status_code == 422
    assert done.json()["detail"].startswith("0.png: ")


def test_a_huge_image_is_refused_before_it_is_decoded(client):
    """Its header says 50,000 x 50,000 pixels."""
    done = client.post("/predict", files=_form(png_bomb()))
    assert done.status_code == 422
    assert done.json()["detail"] == "0.png: more than the 80 million pixels that are decoded"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"images": "abc"}', "application/json", 400),
        (b'{"images": [1]}', "application/json", 400),
        (b'{"images": ["?"]}', "application/json", 400),
        (b'{"images": []}', "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (json.dumps({"images": ["AAAA"] * 4}).encode(), "application/json", 413),
        (b'{"images": ["' + b"A" * 30_000 + b'"]}', "application/json", 413),
        (b"x", "text/plain", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=b", 400),
    ],
)
def test_what_is_no_request_is_refused(client, body, kind, status):
    """A status of the client's fault, and one line that says what was expected."""
    done = client.post("/predict", content=body, headers={"content-type": kind})
    assert done.status_code == status
    assert "\n" not in done.json()["detail"]


def test_a_form_has_a_limit(client, black):
    """Of files, of fields of text, and of bytes."""
    assert client.post("/predict", files=_form(*[black] * 4)).status_code in (400, 413)
    assert client.post("/predict", data={"a": "b"}, files=_form(black)).status_code == 400
    assert client.post("/predict", files=_form(b"x" * 30_000)).status_code == 413


def test_a_body_without_a_length_has_the_same_limit(client):
    """The bytes are counted while they come."""
    parts = (b"x" * 1_000 for _ in range(50))
    head = {"content-type": "application/json"}
    assert client.post("/predict", content=parts, headers=head).status_code == 413


def test_layers_are_those_of_a_keras_model(model, black):
    """Each has its name, its shape and a picture; of other models they are not known."""
    inputs = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(5, 3, name="look")(inputs)
    outputs = keras.layers.Dense(len(model.class_names))(keras.layers.GlobalMaxPooling2D()(maps))
    network = KerasPredictor(keras.Model(inputs, outputs))
    with TestClient(build_app(replace(model, predictor=network), ["*"], LIMITS)) as client:
        (layer,) = client.post("/layers", files=_form(black)).json()["layers"]
        assert (layer["name"], layer["kind"], layer["shape"]) == ("look", "Conv2D", [6, 6, 5])
        assert layer["picture"].startswith("data:image/png;base64,")
        assert client.post("/layers", files=_form(black, black)).status_code == 400
        assert client.post("/layers", files=_form(b"hello")).status_code == 422
        assert "What the layers see" in client.get("/").text


def test_layers_of_other_models_are_not_known(client, black):
    """The page does not offer them."""
    assert client.post("/layers", files=_form(black)).status_code == 404
    assert "What the layers see" not in client.get("/").text


def test_the_contract_is_metadata(client, model):
    """Classes stand in the order of the outputs."""
    assert client.get("/metadata").json()["class_names"] == list(model.class_names)
    assert client.get("/health").json() == {"status": "ok"}


def test_the_interface_is_described(client):
    """Pages that load scripts from another machine are off."""
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/predict", "/layers", "/health", "/metadata"}
    assert set(described["paths"]["/predict"]["post"]["requestBody"]["content"]) == {
        "multipart/form-data",
        "application/json",
    }
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404


def test_the_page_runs_nothing_of_others(model):
    """Names are escaped, and the policy allows scripts and styles of this server alone."""
    evil = replace(model, contract=replace(model.contract, study=EVIL))
    with TestClient(build_app(evil, ["*"])) as client:
        page = client.get("/")
        assert EVIL not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for name in ("page.js", "page.css"):
            assert client.get(f"/{name}").status_code == 200
        assert client.get("/page.html").status_code == 404


def test_another_host_is_refused(client):
    """A name of another site that leads to this machine reads no answer."""
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400


def test_few_requests_may_wait(model, black):
    """Two requests are taken; the third is refused until one has its answer."""
    go_on, begun = threading.Event(), threading.Event()

    def slow(images):
        begun.set()
        assert go_on.wait(10)
        return model.predictor(images)

    classifier = Classifier(replace(model, predictor=slow), LIMITS)
    threads = [
        threading.Thread(target=classifier.classify, args=([("a", black)],)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    while classifier._places._value:  # until the second one waits, too
        pass
    with pytest.raises(Busy):
        classifier.classify([("a", black)])
    go_on.set()
    for thread in threads:
        thread.join()
    assert classifier.classify([("a", black)])[0].classes[0] == ("dark", 1.0)
    classifier.close()


def test_a_late_answer_is_an_error(model, black):
    """The client has 503 and a reason, while the model is still at it."""
    go_on = threading.Event()

    def slow(images):
        assert go_on.wait(10)
        return model.predictor(images)

    app = build_app(replace(model, predictor=slow), ["*"], replace(LIMITS, seconds=0.05))
    with TestClient(app) as client:
        done = client.post("/predict", files=_form(black))
        assert (done.status_code, done.json()["detail"]) == (503, "no answer within 0.05 s")
        go_on.set()
