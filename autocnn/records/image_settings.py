"""`ImageSettings`: the settings of a study that say which images it has, and how they are split."""

from __future__ import annotations

from dataclasses import dataclass, field

from autocnn.data.options import CROP
from autocnn.records.setting import FOLDS, IMAGE_SIZE, NAME_OR_PATH, RESIZE, about, at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """Which images a study has, their size and split; the metadata are as in `StudySettings`."""

    dataset: str = field(  # own images: the absolute path
        default="digits",
        metadata=about(
            "Name of a data set (see autocnn datasets), or path of your own images (folder, .npz, "
            ".parquet)",
            NAME_OR_PATH,
        ),
    )
    image_size: str | None = field(  # None: see data.image_size.choose_size
        default=None,
        metadata=about(
            "Size of your own images: 64, or 48x64 (height x width); by default the size or the "
            "shape that they have, with at most 9,216 pixels, else a square",
            IMAGE_SIZE,
        ),
    )
    resize: str = field(
        default=CROP,
        metadata=about(
            "How your own images get that size (crop: cover it, pad: fit into it, on black)",
            RESIZE,
        ),
    )
    skip_corrupt: bool = field(
        default=False,
        metadata=about(
            "Leave out those of your own images that cannot be read",
            option="--skip-corrupt/--no-skip-corrupt",
        ),
    )
    label_column: str | None = field(  # None: the only column that fits
        default=None,
        metadata=about(
            "Column with the labels, in a table or in Parquet files of your own images; by default "
            "the only one that fits"
        ),
    )
    file_column: str | None = field(
        default=None,
        metadata=about(
            "Column with the file names of your own images, or in Parquet files the images; by "
            "default the only one that fits"
        ),
    )
    follow_links: bool = field(
        default=False,
        metadata=about(
            "Follow links that lead out of the folder of your own images",
            option="--follow-links/--no-follow-links",
        ),
    )
    split_seed: int = field(
        default=0, metadata=about("Seed of the train/validation split", at_least(0))
    )
    folds: int | None = field(  # None: data.folds.automatic_folds
        default=None,
        metadata=about(
            "Parts of the images that validate in turn, at most 20: each trial trains so many "
            "networks; 1: one hold-out; by default 5 for fewer than 1,000 images",
            FOLDS,
        ),
    )
    class_weights: bool = field(
        default=False,
        metadata=about(
            "Give rare classes the same weight in the loss as common ones",
            option="--class-weights/--no-class-weights",
        ),
    )
    subset: int | None = field(  # training images that are used; None: all
        default=None, metadata=about(rule=at_least(2))
    )
