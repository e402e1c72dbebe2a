"""Middleware: the size of a request and the time it may take to arrive; headers of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_DIGITS = 19  # of a length


class BodyLimit:
    """Middleware: a larger body than allowed ends with 413, one that comes too slowly with 408."""

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        """`most` is in bytes, `seconds` from the headers to the end of the body."""
        self._app, self._most, self._seconds = app, most, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, whose body is counted while the application reads it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length, seen = Headers(scope=scope).get("content-length", ""), 0
        deadline: float | None = asyncio.get_running_loop().time() + self._seconds

        async def prompt() -> Message:
            nonlocal deadline
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                late = f"expected the whole request within {self._seconds:g} s"
                raise HTTPException(408, late, {"Connection": "close"}) from None
            if not message.get("more_body", False):
                deadline = None  # what follows says that the client has gone, at any time
            return message

        async def counted() -> Message:
            nonlocal seen
            # The length is only what the client says, and saves reading a body that is too large.
            said = int(length) if length.isdecimal() and len(length) < MOST_DIGITS else 0
            message = {} if said > self._most else await prompt()
            seen += len(message.get("body", b""))
            if max(said, seen) > self._most:
                raise HTTPException(413, f"expected a request of at most {self._most} bytes")
            return message

        await self._app(scope, counted, send)


class AnswerHeaders:
    """Middleware that adds headers to every answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        """`headers` replace those of the same names."""
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""

        async def send_all(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_all)
