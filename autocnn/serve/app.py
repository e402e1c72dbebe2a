"""The web application: a page for people, /predict, /layers, /health, /metadata, /openapi.json."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from typing import Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from autocnn.data.decoding import CorruptImageError
from autocnn.models.contract import contract_to_json
from autocnn.models.feature_maps import LayerMaps
from autocnn.models.loaded import LoadedModel
from autocnn.models.map_pictures import as_url, picture
from autocnn.models.predictor import KerasPredictor
from autocnn.serve.classifier import Answer, Busy, Classifier, Late, Limits
from autocnn.serve.middleware import AnswerHeaders, BodyLimit
from autocnn.serve.payload import read_images

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
ASSETS = {"page.js": "text/javascript", "page.css": "text/css"}
IMAGES = {  # of the request, for /openapi.json: the body is read piece by piece, not by FastAPI
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["images"],
                    "properties": {
                        "images": {"type": "array", "items": {"type": "string", "format": "byte"}}
                    },
                }
            },
        },
    }
}


def build_app(model: LoadedModel, hosts: list[str], limits: Limits | None = None) -> FastAPI:
    """The application for one model; requests for a host that is not in `hosts` are refused.

    "*" in `hosts` stands for every host.
    """
    classifier = Classifier(model, limits or Limits())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        classifier.close()

    app = FastAPI(
        title="autocnn",
        description="Classes of images, by a network that autocnn has found.",
        docs_url=None,  # FastAPI's pages load scripts from another machine
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    app.add_middleware(AnswerHeaders, headers=HEADERS)
    most, seconds = classifier.limits.request_bytes, classifier.limits.arrival_s
    app.add_middleware(BodyLimit, most=most, seconds=seconds)
    _add_pages(app, model)
    _add_answers(app, classifier)
    return app


def _add_pages(app: FastAPI, model: LoadedModel) -> None:
    page = _render_page(model)
    texts = {name: _template_text(name) for name in ASSETS}

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def index() -> str:
        return page

    @app.get("/{name}.{ending}", include_in_schema=False)
    def asset(name: str, ending: str) -> Response:
        file = f"{name}.{ending}"
        if file not in texts:
            raise HTTPException(404, "no such file")
        return Response(texts[file], media_type=ASSETS[file])


def _add_answers(app: FastAPI, classifier: Classifier) -> None:
    contract = classifier.model.contract

    @app.get("/health")
    def health() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/metadata")
    def metadata() -> dict[str, Any]:
        """The contract of the model: classes in the order of the outputs, and its images."""
        return contract_to_json(contract)

    @app.post("/predict", openapi_extra=IMAGES)
    async def predict(request: Request, top: int = Query(default=5, ge=1, le=1000)) -> Any:
        """The likeliest classes of each image, in the order of the request."""
        images = await read_images(request, classifier.limits)
        with _refusals(classifier.limits):
            answers = await run_in_threadpool(classifier.classify, images)
        if all(answer.problem for answer in answers):
            raise HTTPException(422, f"{answers[0].name}: {answers[0].problem}".lstrip(": "))
        return {"images": [_to_json(answer, top) for answer in answers]}

    @app.post("/layers", openapi_extra=IMAGES)
    async def layers(request: Request) -> Any:
        """What each layer makes of one image, as a picture of its maps; of Keras models only."""
        images = await read_images(request, classifier.limits)
        if len(images) > 1:
            raise HTTPException(400, f"expected one image, got {len(images)}")
        with _refusals(classifier.limits):
            try:
                found = await run_in_threadpool(classifier.layers, images[0][1])
            except CorruptImageError as error:
                raise HTTPException(422, str(error)) from error
        if found is None:
            raise HTTPException(404, "the layers of a .keras file or a study are known, not these")
        return {"layers": [_layer_to_json(each) for each in found]}


@contextmanager
def _refusals(limits: Limits) -> Iterator[None]:
    try:
        yield
    except Busy:
        raise HTTPException(503, "too many requests wait", {"Retry-After": "1"}) from None
    except Late:
        raise HTTPException(503, f"no answer within {limits.seconds:g} s") from None


def _layer_to_json(layer: LayerMaps) -> dict[str, Any]:
    url = as_url(picture(layer.maps))
    return {"name": layer.name, "kind": layer.kind, "shape": layer.maps.shape, "picture": url}


def _to_json(answer: Answer, top: int) -> dict[str, Any]:
    if answer.problem:
        return {"name": answer.name, "error": answer.problem}
    best = answer.classes[:top]
    return {"name": answer.name, "top": [{"class": name, "probability": p} for name, p in best]}


def _render_page(model: LoadedModel) -> str:
    environment = Environment(
        loader=PackageLoader("autocnn.serve"), autoescape=True, undefined=StrictUndefined
    )
    contract = model.contract
    return environment.get_template("page.html").render(
        contract=contract,
        n_classes=len(contract.class_names),
        has_layers=isinstance(model.predictor, KerasPredictor),
    )


def _template_text(name: str) -> str:
    return (resources.files("autocnn.serve") / "templates" / name).read_text(encoding="utf-8")
