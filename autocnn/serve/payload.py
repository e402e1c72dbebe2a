"""The images of a request: files of a form, or base64 in JSON."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile

from autocnn.input_files import parse_json
from autocnn.serve.classifier import Limits

FORM, JSON = "multipart/form-data", "application/json"
MOST_NESTING = 8  # of JSON
MOST_NAME = 200  # characters of a file's name

Encoded = list[tuple[str, bytes]]  # name and bytes of each image


async def read_images(request: Request, limits: Limits) -> Encoded:
    """The encoded images of a request.

    Raises: HTTPException 400, 413 or 415 if it has none, too many, or has another form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        images = await _from_form(request, limits)
    elif kind == JSON:
        images = _from_json(await request.body())
    else:
        raise HTTPException(415, f"expected {FORM} or {JSON}, got {kind or 'no content type'}")
    if not images:
        raise HTTPException(400, "expected at least one image, got none")
    if len(images) > limits.images:
        raise HTTPException(413, f"expected at most {limits.images} images, got {len(images)}")
    return images


async def _from_form(request: Request, limits: Limits) -> Encoded:
    images: Encoded = []
    # One file more than allowed is read, so that the number is refused by our own line.
    async with request.form(max_files=limits.images + 1, max_fields=limits.images) as form:
        for _, value in form.multi_items():
            if not isinstance(value, UploadFile):
                raise HTTPException(400, "expected files in the form, got a field of text")
            images.append(((value.filename or "")[:MOST_NAME], await value.read()))
    return images


def _from_json(body: bytes) -> Encoded:
    """Images of `{"images": ["base64", ...]}`; they are named by their places."""
    expected = 'expected {"images": ["base64 of an encoded image", ...]}'
    try:
        if body.count(b"[") + body.count(b"{") > MOST_NESTING:
            raise ValueError
        data: Any = parse_json(body)
        texts = data["images"]
        if not isinstance(texts, list):
            raise TypeError
        return [(str(at), base64.b64decode(text, validate=True)) for at, text in enumerate(texts)]
    except (ValueError, TypeError, KeyError) as error:
        raise HTTPException(400, expected) from error
