"""What does each format of an export keep of trained networks of each kind?

    python benchmarks/export_formats.py -o build/formats --networks digits,mlp

Trains seven small networks, each by the script that an export of it writes, exports each in every
format, and runs each file by its own run time on images that the network has not seen. Prints a
Markdown table: kilobytes, the largest difference of a probability, the share of equal predictions,
accuracy of the network and of the file, and the median time of a call for one image. Weights and
rows are kept in the folder of --output: a second call goes on where the first one ended.
Fashion-MNIST comes from KERAS_HOME; the photos are drawn. Trainings are bounded by NETWORKS.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from drawn_images import TEXTURES, draw_texture
from measuring import describe_machine
from PIL import Image

from autocnn.api.exported_files import size_of
from autocnn.data.value_range import EIGHT_BITS
from autocnn.engines.recipes import NetworkSize, TrainingSet, recipes_for
from autocnn.errors import AutocnnError
from autocnn.exports.check import checked_images
from autocnn.exports.formats import EXPORTS, SCRIPT, Format, export_as
from autocnn.exports.litert_file import QUANTIZED, Quantization
from autocnn.exports.measure import agreement, latency
from autocnn.exports.script_file import for_training
from autocnn.exports.script_text import script_text
from autocnn.exports.targets import quantize
from autocnn.keras_startup import load_keras
from autocnn.models.contract import ModelContract
from autocnn.models.script_plan import ScriptPlan
from autocnn.space.config import Augmentation, Block, Dense, Optimizer, Schedule, TrialConfig
from autocnn.space.toml import load_space

N_TEST = 500  # images, at most
CALIBRATION = 200  # images of the training part
PHOTO = 96  # pixels of a side
HEADER = (
    "| network | format | kB | largest difference | equal | accuracy | of the file | one image |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Images:
    """Images and labels, of training and of test."""

    train: tuple[Any, Any]
    test: tuple[Any, Any]
    classes: tuple[str, ...]


def digits(side: int = 8) -> Images:
    """The digits of scikit-learn, enlarged to `side` pixels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = np.rint(found.images[..., None] * (255 / 16)).astype(np.uint8)
    factor = side // 8
    pixels = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    order = np.random.default_rng(0).permutation(len(pixels))
    train, test = order[:-360], order[-360:]
    ours, theirs = ((pixels[part], found.target[part]) for part in (train, test))
    return Images(ours, theirs, tuple("0123456789"))


def fashion() -> Images:
    """6,000 images of Fashion-MNIST to train on."""
    import keras

    (x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    test = x_test[:N_TEST, ..., None], y_test[:N_TEST].astype(np.int64)
    return Images((x[:6000, ..., None], y[:6000].astype(np.int64)), test, tuple("0123456789"))


def photos() -> Images:
    """Made photos of textures, 96 x 96 x 3."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, len(TEXTURES), 900)
    drawn = [Image.fromarray(draw_texture(int(label), rng)).convert("RGB") for label in labels]
    pixels = np.array([np.asarray(image.resize((PHOTO, PHOTO))) for image in drawn])
    return Images((pixels[:700], labels[:700]), (pixels[700:], labels[700:]), TEXTURES)


def recipe(shape: tuple[int, int, int], n: int, filters: int) -> TrialConfig:
    """The first recipe of a search for such images."""
    size = NetworkSize(filters=filters, batch_size=128)
    space = load_space("cnn")
    first = recipes_for(TrainingSet(shape=shape, n=n), size)[0]
    return space.config(first.point_in(space))


ADAM = Optimizer(name="adamw", learning_rate=0.004, weight_decay=0.01)
ONE_CYCLE = Schedule(name="one_cycle", warmup=0.2)
PLAIN = TrialConfig(optimizer=ADAM, schedule=ONE_CYCLE, batch_size=64, head="global_max")
RESIDUAL = replace(
    PLAIN,
    blocks=(
        Block(filters=(16,), normalisation="batch"),
        Block(filters=(32, 32), normalisation="batch", residual=True, pool="max"),
        Block(filters=(32, 32), normalisation="batch", residual=True, activation="gelu"),
    ),
    optimizer=Optimizer(name="muon", learning_rate=0.01, weight_decay=0.01),
)
SEPARABLE = replace(
    PLAIN,
    blocks=(
        Block(filters=(16, 32), convolution="separable", normalisation="batch", pool="max"),
        Block(filters=(64,), convolution="separable", normalisation="group", activation="silu"),
    ),
)
AIRBENCH94 = replace(
    PLAIN,
    architecture="airbench94",
    logits_bias=False,
    logits_scale=1 / 9,
    optimizer=Optimizer(name="nesterov", learning_rate=0.4, momentum=0.85, weight_decay=0.00133043),
    augmentation=Augmentation(shift=1, shift_padding="reflect"),
)
MLP = replace(
    PLAIN,
    head="flatten",
    dense=(Dense(units=128, dropout=0.2), Dense(units=64, normalisation="layer")),
)
NETWORKS: dict[str, tuple[Callable[[], Images], Callable[[], TrialConfig], int]] = {
    "digits": (digits, lambda: recipe((8, 8, 1), 1437, 32), 20),
    "Fashion-MNIST recipe": (fashion, lambda: recipe((28, 28, 1), 60000, 16), 2),
    "96x96x3 photos": (photos, lambda: recipe((96, 96, 3), 700, 16), 6),
    "residual": (digits, lambda: RESIDUAL, 12),
    "separable": (digits, lambda: SEPARABLE, 20),
    "airbench94": (lambda: digits(16), lambda: AIRBENCH94, 4),
    "mlp": (digits, lambda: MLP, 20),
}


def plan_of(name: str, images: Images, config: TrialConfig, epochs: int) -> ScriptPlan:
    """The training of one network."""
    from autocnn.nn.model import ImageSpec

    pixels = images.train[0]
    spec = ImageSpec(
        shape=pixels.shape[1:],
        n_classes=len(images.classes),
        mean=tuple(float(v) for v in pixels.mean(axis=(0, 1, 2))),
        std=tuple(float(v) for v in np.maximum(pixels.std(axis=(0, 1, 2)), 1.0)),
    )
    return ScriptPlan(
        config=config,
        image=spec,
        value_range=EIGHT_BITS,
        trial=0,
        keras_dataset=None,
        epochs=epochs,
        schedule_epochs=epochs,
        class_weights=False,
        score=f"Trained by benchmarks/export_formats.py: {name}.",
    )


def weights_of(plan: ScriptPlan, contract: ModelContract, images: Images, file: Path) -> None:
    """Train by the script, and keep the weights in `file`; once."""
    from autocnn.nn.weights import save_weights

    if file.is_file():
        return
    names: dict[str, Any] = {"__name__": "trained"}
    exec(compile(script_text(plan, contract), "script", "exec"), names)
    save_weights(file, names["train"](*images.train, 0).get_weights())


def formats_for(plan: ScriptPlan, model: Any, images: Images) -> dict[str, Format]:
    """Every format, by the name in the table."""
    calibration = images.train[0][:CALIBRATION].astype(np.float32)
    found: dict[str, Format] = {}
    for each in EXPORTS.values():
        found[each.key] = for_training(each, plan, model) if each is SCRIPT else each
        for name in each.quantizations:
            how = Quantization(name=name, images=calibration if name == "int8" else None)
            found[f"{each.key} {name}"] = quantize(each, how)
    assert set(QUANTIZED) <= {name.partition(" ")[2] for name in found}
    return found


def measure(chosen: Format, model: Any, contract: ModelContract, images: Images, path: Path) -> Any:
    """One row: what the file keeps; or the error, as a text."""
    from autocnn.models.predictor import predict_all

    pixels, labels = images.test
    try:
        exported = export_as(chosen, model, contract, path)
    except AutocnnError as error:
        return {"error": str(error)}
    predictor, n = exported.load(), len(images.classes)
    ours, theirs = (predict_all(each, pixels, n) for each in (model.predictor(), predictor))
    found = agreement(ours, theirs, labels)
    return {
        "kB": size_of(path, chosen) / 1000,
        "difference": max(exported.difference, float(np.abs(ours - theirs).max())),
        "equal": found.equal,
        "network": found.network_accuracy,
        "file": found.accuracy,
        "ms": 1000 * latency(predictor, checked_images(contract.image_shape)[-1:]),
    }


def rows_of(name: str, folder: Path) -> None:
    """All formats of one network; each row is written when it is measured."""
    from autocnn.models.trained import TrainedModel

    source, config, epochs = NETWORKS[name]
    images, own = source(), folder / name.replace(" ", "-")
    own.mkdir(parents=True, exist_ok=True)
    plan = plan_of(name, images, config(), epochs)
    contract = ModelContract(
        class_names=images.classes,
        image_shape=plan.image.shape,
        value_range=EIGHT_BITS,
        dataset=name,
        study="export-formats",
        trial=0,
        autocnn="0",
    )
    weights_of(plan, contract, images, own / "weights.npz")
    model = TrainedModel(
        config=plan.config,
        image=plan.image,
        class_names=images.classes,
        weights=own / "weights.npz",
    )
    for key, chosen in formats_for(plan, model, images).items():
        row = own / f"{key.replace(' ', '-')}.row"
        if not row.is_file():
            path = own / f"{key.replace(' ', '-')}{chosen.suffix}"
            row.write_text(json.dumps(measure(chosen, model, contract, images, path)))
            print(name, key, row.read_text(), flush=True)


def table(folder: Path) -> str:
    """The rows that were measured, as Markdown."""
    lines = [HEADER]
    for name in NETWORKS:
        for key in _keys():
            row = folder / name.replace(" ", "-") / f"{key.replace(' ', '-')}.row"
            if row.is_file():
                lines.append(f"| {name} | {key} | {_cells(json.loads(row.read_text()))} |")
    return "\n".join(lines)


def _keys() -> list[str]:
    return [
        key
        for each in EXPORTS.values()
        for key in (each.key, *(f"{each.key} {name}" for name in each.quantizations))
    ]


def _cells(row: dict[str, Any]) -> str:
    if "error" in row:
        return f"{row['error']} | | | | |"
    share = (f"{100 * row[key]:.1f} %" for key in ("equal", "network", "file"))
    return f"{row['kB']:.0f} | {row['difference']:.1e} | {' | '.join(share)} | {row['ms']:.2f} ms"


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    given = parser.parse_args()
    load_keras()
    for name in given.networks.split(","):
        rows_of(name, given.output)
    print(describe_machine())
    print(table(given.output))


if __name__ == "__main__":
    main()
