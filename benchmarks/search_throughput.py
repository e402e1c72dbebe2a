"""How many trial-epochs does a search train in an hour? autocnn, Keras Tuner, plain Optuna.

    python benchmarks/search_throughput.py --dataset digits --trials 6 --epochs 3
    python benchmarks/search_throughput.py --dataset fashion_mnist --images 10000 --rounds 3

All sides train the very same networks, drawn from the space with `--seed`, on the same split for
the same epochs, and validate after each; none stops early and nothing is pruned. So what is
proposed costs nobody anything: it is the list, as a plan for autocnn, as the only choice of Keras
Tuner's random search and of an Optuna study. The peers train with `model.fit`, nothing printed.
What passes from the start of a side's process to its first trial (imports, data, autocnn's probe
and first worker) is start-up and stands apart; a second worker starts during the search. CPU
seconds are those of all processes of a side.
Augmentation is off unless `--augment` is given: Keras has other layers for it, which take longer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from functools import partial

from measuring import alternate, describe_machine, median_and_spread, watch_load
from rich.console import Console
from rich.table import Table
from search_throughput_sides import PEER, SIDES, Found, be_side, draw_networks

from autocnn.data.catalog import dataset_info
from autocnn.space.toml import load_space


def main() -> None:
    """Run the sides and print their table, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--space", default="cnn")
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int, help="for training; by default all")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", default="auto", help="of autocnn; its peers: float32")
    parser.add_argument("--only", choices=SIDES, action="append", help="this side; repeatable")
    parser.add_argument("--augment", action="store_true", help="flips and shifts of the networks")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is not None:
        print(json.dumps(be_side(options)))
        return
    console = Console(width=None if sys.stdout.isatty() else 150)
    with watch_load() as load:
        table = compare(options)
    for line in (describe_machine(), describe_task(options), table, load.warning()):
        console.print(line, highlight=False)


def run_side(side: str) -> Found:
    """What a fresh process measures that is one side of this command."""
    command = [sys.executable, *sys.argv, "--side", side]
    environment = {**os.environ, "KERAS_BACKEND": backend_name()}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def backend_name() -> str:
    """The backend of all sides."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def describe_task(options: argparse.Namespace) -> str:
    """What is trained, in one line."""
    info, space = dataset_info(options.dataset), load_space(options.space)
    networks = [
        space.network(config, info.image_shape, info.n_classes) for config in draw_networks(options)
    ]
    macs = [network.macs / 1e6 for network in networks]
    images = "all" if options.images is None else f"{options.images:,}"
    return (
        f"{options.dataset}, {images} training images; {options.trials} networks of the space "
        f"{options.space} (seed {options.seed}), {options.epochs} epochs each, "
        f"{'with' if options.augment else 'without'} augmentation; "
        f"million MACs {median_and_spread(macs, 1)}; backend {backend_name()}"
    )


def compare(options: argparse.Namespace) -> Table:
    """All sides in rounds."""
    names = [side for side in SIDES if options.only is None or side in (*options.only, PEER)]
    sides = {name: partial(run_side, name) for name in names}
    found = alternate(sides, options.rounds, lambda text: print(text, file=sys.stderr))
    titles = ["side", "trial-epochs/h", f"over {PEER}", "CPU s a trial-epoch", "CPU over it"]
    titles += ["search s", "start-up s", "start-up CPU s", "failed", "best validation"]
    table = Table(*titles)
    for name in names:
        table.add_row(name, *_cells(found[name], found[PEER]))
    return table


def _cells(rounds: list[Found], peers: list[Found]) -> list[str]:
    """The cells of one side, from its rounds and those of the peer."""
    speeds, peer_speeds = ([3600 * r["epochs"] / r["wall"] for r in rs] for rs in (rounds, peers))
    costs, peer_costs = ([r["cpu"] / r["epochs"] for r in rs] for rs in (rounds, peers))
    return [
        median_and_spread(speeds, 0),
        median_and_spread([a / b for a, b in zip(speeds, peer_speeds, strict=True)]),
        median_and_spread(costs),
        median_and_spread([a / b for a, b in zip(costs, peer_costs, strict=True)]),
        *(median_and_spread([r[k] for r in rounds], 1) for k in ("wall", "startup", "startup_cpu")),
        str(max(r["failed"] for r in rounds)),
        f"{100 * statistics.median(r['best'] for r in rounds):.2f} %",
    ]


if __name__ == "__main__":
    main()
