"""Decides defaults of the search on recorded trainings: `record` a pool, then `replay` searches.

    python benchmarks/replay.py record --dataset fashion_mnist --n 60 --seconds 1800
    python benchmarks/replay.py replay --datasets fashion_mnist digits --times 5 10
    python benchmarks/replay.py report

`record` trains configurations of the space `cnn` once, with whole schedules of several horizons,
and keeps every epoch: validation, a second held-out part of the training images, CPU seconds. It
goes on where the last run ended. `replay` plays whole searches over these trainings in virtual CPU
seconds, and `report` prints what each policy brings beside one horizon: the held-out accuracy
of the network that it chooses by validation. A search gets the nearest recorded configuration to
what it asks for (`--model nearest`), or one of a pool that a random forest has enlarged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measuring import describe_machine
from replay_describe import describe_pool
from replay_draws import Draws
from replay_images import DATASETS, Sizes, load_images
from replay_pool import read_pool
from replay_record import Plan, record
from replay_report import DEFAULT, Games, Played, play, read_played, report, write_played

from autocnn.engines.recipes import NetworkSize

POOLS = Path(__file__).parents[1] / "results" / "replay"
PLAYED = "searches.parquet"  # beside the folders of the pools; not kept in the repository


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    _add_record(actions.add_parser("record", help="train the configurations of a pool"))
    _add_replay(actions.add_parser("replay", help="play searches over recorded pools"))
    _add_report(actions.add_parser("report", help="print the tables"))
    options = parser.parse_args()
    {"record": run_record, "replay": run_replay, "report": run_report}[options.action](options)


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    parser.add_argument("--folder", type=Path, help="of the pool; by default results/replay/NAME")
    parser.add_argument("--cifar", type=Path, help="folder of CIFAR-10's Parquet files")
    parser.add_argument("--n", type=int, default=60, help="configurations")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them")
    parser.add_argument("--horizons", type=int, nargs="+", default=[4, 12])
    parser.add_argument("--train", type=int, default=2000, help="images")
    parser.add_argument("--validation", type=int, default=1000, help="images")
    parser.add_argument("--held-out", type=int, default=1000, help="images")
    parser.add_argument("--filters", type=int, default=8, help="of the first block of recipes")
    parser.add_argument("--batch", type=int, default=32, help="of recipes")
    parser.add_argument("--most-cost", type=float, default=2.0, help="times the first recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="wall, after which no training is begun")
    parser.add_argument("--limit", type=int, help="configurations of this run")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--datasets", nargs="+", help="names of pools; by default all")
    parser.add_argument("--pools", type=Path, default=POOLS, help="the folder of all pools")
    parser.add_argument("--models", nargs="+", choices=("nearest", "forest"), default=["nearest"])
    parser.add_argument("--times", type=float, nargs="+", default=[5, 10], help="typical trainings")
    parser.add_argument("--resampled", type=int, default=60, help="bootstrapped pools")
    parser.add_argument("--seeds", type=int, default=10, help="searches on each of them")
    parser.add_argument("--compile-share", type=float, default=1.0, help="0: compiling is free")
    parser.add_argument("--recipe-order", choices=("drawn", "fixed"), default="drawn")
    parser.add_argument("--file", type=Path, help="of the searches; by default in --pools")


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pools", type=Path, default=POOLS, help="the folder of all pools")
    parser.add_argument("--file", type=Path, help="of the searches; by default in --pools")
    parser.add_argument("--against", default=DEFAULT, help="policy whose searches are subtracted")


def run_replay(options: argparse.Namespace) -> None:
    """Play all policies on the pools, and write the outcomes to one file."""
    played = Played()
    for folder in pool_folders(options.pools, options.datasets):
        for model in options.models:
            games = Games(
                model=model,
                times=options.times,
                pools=options.resampled,
                seeds=options.seeds,
                compile_share=options.compile_share,
                shuffle=options.recipe_order == "drawn",
            )
            played += play(read_pool(folder), games, lambda text: print(text, flush=True))
    write_played(options.file or options.pools / PLAYED, played)


def run_report(options: argparse.Namespace) -> None:
    """Print the tables of the searches, and what the pools are."""
    played = read_played(options.file or options.pools / PLAYED)
    print(describe_machine(), end="\n\n")
    for folder in pool_folders(options.pools, sorted({row["dataset"] for row in played})):
        print(*describe_pool(read_pool(folder)), sep="\n", end="\n\n")
    print(*report(played, options.against), sep="\n")


def pool_folders(pools: Path, names: list[str] | None) -> list[Path]:
    """The folders of the named pools, or of all. Raises: SystemExit if a pool is empty."""
    folders = [pools / n for n in names] if names else [p for p in pools.glob("*") if p.is_dir()]
    empty = [folder for folder in folders if not any(folder.glob("*.parquet"))]
    if empty or not folders:
        where = empty[0] if empty else pools
        raise SystemExit(f"{where}: no recorded pool; `replay.py record` makes one")
    return sorted(folders)


def run_record(options: argparse.Namespace) -> None:
    """Train what is missing in a pool."""
    sizes = Sizes(train=options.train, validation=options.validation, held_out=options.held_out)
    images = load_images(options.dataset, sizes, options.cifar)
    size = NetworkSize(filters=options.filters, batch_size=options.batch)
    plan = Plan(
        folder=options.folder or POOLS / options.dataset,
        n=options.n,
        first=options.first,
        horizons=tuple(sorted(options.horizons)),
        seconds=options.seconds,
        limit=options.limit,
    )
    record(plan, images, Draws.of(images.data, size, options.seed, options.most_cost))


if __name__ == "__main__":
    main()
