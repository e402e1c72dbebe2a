"""What does `autocnn serve` do under load, malformed requests among it?

    python benchmarks/serve_load.py MODEL --requests 2000 --malformed 200 --threads 8

Starts the server for a model's file on a free port of 127.0.0.1, asks for /metadata, and sends
requests of one drawn PNG image each from several threads, every tenth of them malformed in one of
MALFORMED ways. Prints the status codes by kind of request, the latency and the throughput of good
requests, and the server's memory before and after. The number of requests is bounded by MOST.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import psutil
from measuring import describe_machine
from PIL import Image

MOST = 100_000
FORM, JSON = "multipart/form-data; boundary=x", "application/json"
START_S, REQUEST_S = 120.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request and its answer."""

    kind: str
    status: int  # 0: the connection failed
    seconds: float


def form_of(content: bytes, name: str = "a.png") -> bytes:
    """A form with one file."""
    head = f'--x\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--x--\r\n"


MALFORMED: dict[str, Callable[[bytes], tuple[str, bytes]]] = {
    "no JSON": lambda image: (JSON, b"{"),
    "nested JSON": lambda image: (JSON, b"[" * 100_000),
    "no base64": lambda image: (JSON, b'{"images": ["?"]}'),
    "text as image": lambda image: (FORM, form_of(b"hello")),
    "half an image": lambda image: (FORM, form_of(image[: len(image) // 2])),
    "no boundary": lambda image: ("multipart/form-data", form_of(image)),
    "half a form": lambda image: (FORM, form_of(image)[:40]),
    "other content": lambda image: ("text/plain", image),
    "empty": lambda image: (JSON, b""),
    "21 MiB": lambda image: (FORM, form_of(b"\0" * (21 * 2**20))),
}


def main() -> None:
    """Start the server, send the requests, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--malformed", type=int, default=200)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    if not 0 <= options.malformed <= options.requests <= MOST:
        parser.error(f"expected 0 <= malformed <= requests <= {MOST}")
    port = free_port()
    words = ["-m", "autocnn", "serve", options.model, "--port", str(port)]
    with subprocess.Popen([sys.executable, *words], env=os.environ) as server:
        try:
            run(options, port, psutil.Process(server.pid))
        finally:
            server.terminate()


def run(options: argparse.Namespace, port: int, server: psutil.Process) -> None:
    """Send all requests and print what came back."""
    shape = wait_for_shape(port)
    image = draw(shape)
    wanted = ["good"] * options.requests
    kinds = list(MALFORMED)
    for n in range(options.malformed):
        wanted[n * options.requests // options.malformed] = kinds[n % len(kinds)]
    for _ in range(50):
        send(port, "good", image)
    before, cpu = server.memory_info().rss, sum(server.cpu_times()[:2])
    start = time.perf_counter()
    with ThreadPoolExecutor(options.threads) as threads:
        sent = list(threads.map(lambda kind: send(port, kind, image), wanted))
    wall = time.perf_counter() - start
    cpu = sum(server.cpu_times()[:2]) - cpu
    good = sorted(each.seconds for each in sent if each.kind == "good")
    print(describe_machine(), end="\n\n| request | answers by status |\n|---|---|\n")
    for kind in ["good", *MALFORMED]:
        statuses = Counter(each.status for each in sent if each.kind == kind)
        print(f"| {kind} | {', '.join(f'{s}: {n}' for s, n in sorted(statuses.items()))} |")
    p50, p99 = (1000 * float(np.percentile(good, p)) for p in (50, 99))
    print(f"\n{len(sent)} requests in {wall:.1f} s ({cpu:.1f} CPU s of the server), ", end="")
    print(f"{len(sent) / wall:.0f} a second; good ones: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    after = server.memory_info().rss
    print(f"memory of the server: {before / 2**20:.0f} MiB before, {after / 2**20:.0f} MiB after")


def free_port() -> int:
    """A port of 127.0.0.1 that nothing uses now."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    return port


def wait_for_shape(port: int) -> tuple[int, int]:
    """Height and width of the model's images, once the server answers."""
    end = time.monotonic() + START_S
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_S)
            connection.request("GET", "/metadata")
            image = json.loads(connection.getresponse().read())["image"]
            return image["height"], image["width"]
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def draw(shape: tuple[int, int]) -> bytes:
    """Noise of this height and width as PNG."""
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def send(port: int, kind: str, image: bytes) -> Sent:
    """Send one request on a connection of its own."""
    content, body = (FORM, form_of(image)) if kind == "good" else MALFORMED[kind](image)
    start = time.perf_counter()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_S)
        connection.request("POST", "/predict", body, {"content-type": content})
        answer = connection.getresponse()
        answer.read()
        status = answer.status
        connection.close()
    except OSError:
        status = 0
    return Sent(kind=kind, status=status, seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
