"""Is it faster to train several networks of one architecture in one program? In JAX, on a GPU.

    python benchmarks/packs.py --dataset fashion_mnist --filters 16 32 64 --pack 4
    python benchmarks/packs.py --dataset fashion_mnist --filters 32 --pack 2 4 8

A pack is `--pack` networks that differ in their weights and in the order of their images. Sides:

- alone: one network in a process, the steps of an epoch in one compiled scan
- vmap: the same program, vmapped over the networks; convolutions become grouped ones
- im2col: vmapped, and a convolution is a product of the images' patches with the filters, so that
  those of a pack are one batched matrix product
- processes: as many processes as networks, each as alone, all at the same time

All sides train the same networks: `--blocks` times two 3x3 convolutions with batch normalisation,
ReLU and max pooling, of `--filters` filters in the first block and twice as many in each that
follows, global average pooling, a dense layer; SGD with momentum. One epoch compiles, `--epochs`
are timed. Images a second are those of all networks together, so a side that is worth building has
1.5 times those of "alone". Losses of all sides are alike: they do the same arithmetic.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from measuring import alternate, describe_machine, median_and_spread, watch_load
from rich.console import Console
from rich.table import Table

PACKED = ("vmap", "im2col")
SIDES = ("alone", *PACKED, "processes")
RATE, MOMENTUM, EPSILON = 0.02, 0.9, 1e-3

Found = dict[str, Any]  # what a side measured


def main() -> None:
    """Measure the sides for every width and size of pack, or be a process of one."""
    options = read_options()
    if options.side is not None:
        be_process(options)
        return
    tables = []
    with watch_load() as load:
        for filters in options.filters:
            tables += [compare(options, filters, pack) for pack in options.pack]
    console = Console(width=None if sys.stdout.isatty() else 130)
    for line in (describe_machine(), *tables, load.warning()):
        console.print(line, highlight=False)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--filters", type=int, nargs="+", default=[16, 32, 64], help="first block")
    parser.add_argument("--pack", type=int, nargs="+", default=[4], help="networks at a time")
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--images", type=int, default=20_000, help="at most, for training")
    parser.add_argument("--epochs", type=int, default=2, help="timed, after one to warm up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


# --- the parent ---


def compare(options: argparse.Namespace, filters: int, pack: int) -> Table:
    """All sides in rounds, for one width and one size of pack."""
    sides = {side: partial(measure, side, filters, pack) for side in SIDES}
    found = alternate(sides, options.rounds, lambda text: print(text, file=sys.stderr))
    titles = ("side", "images/s", "over alone", "CPU s for 1,000", "loss")
    title = f"{options.dataset}: {filters} filters, packs of {pack}, {options.precision}"
    table = Table(*titles, title=title)
    for side, rounds in found.items():
        speeds = [one["images"] / one["wall"] for one in rounds]
        alone = [one["images"] / one["wall"] for one in found["alone"]]
        table.add_row(
            side,
            median_and_spread(speeds, 0),
            median_and_spread([a / b for a, b in zip(speeds, alone, strict=True)]),
            median_and_spread([1000 * one["cpu"] / one["images"] for one in rounds]),
            f"{statistics.median(one['loss'] for one in rounds):.4f}",
        )
    return table


def measure(side: str, filters: int, pack: int) -> Found:
    """What the processes of a side take together, from a common start to the last one's end."""
    n_processes = pack if side == "processes" else 1
    n_networks = pack if side in PACKED else 1
    given = ["--side", side, "--filters", str(filters), "--pack", str(n_networks)]
    command = [sys.executable, *sys.argv, *given]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as stack:
        started: list[Any] = []
        for seed in range(n_processes):
            process = subprocess.Popen([*command, "--seed", str(seed)], env=environment, **pipes)
            started.append(stack.enter_context(process))
        for process in started:
            _line(process)  # it has compiled
        start = time.perf_counter()
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        found = [json.loads(_line(process)) for process in started]
        wall = time.perf_counter() - start
    totals = {key: sum(one[key] for one in found) for key in ("images", "cpu")}
    return {**totals, "wall": wall, "loss": statistics.mean(one["loss"] for one in found)}


def _line(process: Any) -> str:
    """The next line that it prints. Raises: SystemExit if it ended instead."""
    line: str = process.stdout.readline()
    if not line:
        raise SystemExit(f"a side ended with code {process.wait()}: {' '.join(process.args)}")
    return line


# --- a process of a side ---


def be_process(options: argparse.Namespace) -> None:
    """Compile, tell so, and train when told; the cost of that."""
    train, images = build(options, pack=options.pack[0])
    train()
    print("ready", flush=True)
    sys.stdin.readline()
    before = _cpu_seconds()
    losses = [train() for _ in range(options.epochs)]
    found = {"images": images * options.epochs, "cpu": _cpu_seconds() - before}
    print(json.dumps({**found, "loss": losses[-1]}), flush=True)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def build(options: argparse.Namespace, pack: int) -> tuple[Callable[[], float], int]:
    """A function that trains one epoch of the networks (their mean loss), and its images."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from autocnn.data.prepared import prepare

    data = prepare(options.dataset)
    n = min(options.images, data.train.n) // options.batch * options.batch
    whole = data.train.copy()
    images, labels = jnp.asarray(whole.images), jnp.asarray(whole.labels, jnp.int32)
    drawn = [np.random.default_rng(options.seed + i) for i in range(pack)]
    widths = [options.filters[0] * 2**i for i in range(options.blocks)]
    channels = data.image_shape[2]
    networks = [draw_weights(rng, channels, widths, data.n_classes) for rng in drawn]
    product = patches_times_filters if options.side == "im2col" else convolution
    epoch: Any = partial(train_epoch, product, jnp.dtype(options.precision))
    join: Callable[[Any], Any] = first
    if options.side in PACKED:
        epoch, join = jax.vmap(epoch, in_axes=(0, None, None, 0)), stack_arrays
    weights = jax.tree.map(lambda *each: jnp.asarray(join(each)), *networks)
    state = (weights, jax.tree.map(jnp.zeros_like, weights))
    compiled = jax.jit(epoch, donate_argnums=(0,))

    def train() -> float:
        nonlocal state
        rows = [rng.permutation(data.train.n)[:n].reshape(-1, options.batch) for rng in drawn]
        state, losses = compiled(state, images, labels, jnp.asarray(join(rows), jnp.int32))
        return float(losses.mean())

    return train, n * pack


def stack_arrays(each: Any) -> Any:
    """All of them along a new first axis."""
    import numpy as np

    return np.stack(each)


def first(each: Any) -> Any:
    """The only one."""
    (one,) = each
    return one


def draw_weights(rng: Any, channels: int, widths: list[int], classes: int) -> dict[str, Any]:
    """He's initial weights of one network, as arrays of NumPy."""
    import numpy as np

    convolutions = []
    for width in widths:
        for _ in range(2):
            deviation = (2 / (9 * channels)) ** 0.5
            filters = deviation * rng.standard_normal((3, 3, channels, width))
            scale, offset = np.ones(width), np.zeros(width)
            convolutions.append([each.astype("float32") for each in (filters, scale, offset)])
            channels = width
    dense = rng.standard_normal((channels, classes)) / channels**0.5
    return {"convolutions": convolutions, "dense": dense.astype("float32")}


def train_epoch(product: Any, dtype: Any, state: Any, images: Any, labels: Any, rows: Any) -> Any:
    """A step for each row of indices; the new state, and the mean loss."""
    import jax

    def step(state: Any, row: Any) -> Any:
        weights, slots = state
        x, y = images[row].astype(dtype) / 255, labels[row]

        def objective(weights: Any) -> Any:
            return cross_entropy(predict(product, weights, x), y)

        loss, gradients = jax.value_and_grad(objective)(weights)
        slots = jax.tree.map(lambda slot, g: MOMENTUM * slot + g, slots, gradients)
        weights = jax.tree.map(lambda weight, slot: weight - RATE * slot, weights, slots)
        return (weights, slots), loss

    state, losses = jax.lax.scan(step, state, rows)
    return state, losses.mean()


def predict(product: Any, weights: Any, x: Any) -> Any:
    """Logits in float32; a block is two convolutions, then pooling."""
    import jax
    import jax.numpy as jnp

    for i, (filters, scale, offset) in enumerate(weights["convolutions"]):
        x = normalise(product(x, filters.astype(x.dtype)), scale, offset)
        x = jax.nn.relu(x)
        if i % 2 == 1:
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return x.mean((1, 2)).astype("float32") @ weights["dense"]


def convolution(x: Any, filters: Any) -> Any:
    """A 3x3 convolution that keeps height and width."""
    import jax

    return jax.lax.conv_general_dilated(
        x, filters, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def patches_times_filters(x: Any, filters: Any) -> Any:
    """The same as a matrix product: each pixel's 3x3 surroundings times the filters."""
    import jax.numpy as jnp

    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    shifted = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return jnp.concatenate(shifted, axis=-1) @ filters.reshape(-1, filters.shape[-1])


def normalise(x: Any, scale: Any, offset: Any) -> Any:
    """Batch normalisation with the batch's own mean and variance, computed in float32."""
    import jax

    wide = x.astype("float32")
    mean = wide.mean((0, 1, 2))
    variance = (wide * wide).mean((0, 1, 2)) - mean * mean
    return ((wide - mean) * jax.lax.rsqrt(variance + EPSILON) * scale + offset).astype(x.dtype)


def cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean over the batch."""
    import jax
    import jax.numpy as jnp

    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()


if __name__ == "__main__":
    main()
