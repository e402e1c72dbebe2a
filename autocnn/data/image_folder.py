"""Reader of folders of images, whose labels are class folders or a table beside the images."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from autocnn.data.class_folders import ClassFolders, find_classes, has_class_folders
from autocnn.data.decoding import Content
from autocnn.data.folder_advice import describe_siblings, refuse_no_images
from autocnn.data.folder_tree import Tree, count_kinds, describe_kinds, read_tree
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.reader import (
    Contents,
    FileStat,
    Source,
    natural_key,
    refuse_unknown_classes,
)
from autocnn.data.table_images import (
    Place,
    TableImages,
    find_contradictions,
    find_moved,
    find_tables,
    read_tables,
)
from autocnn.errors import DatasetError, SettingsError

Labelled = tuple[FileStat, int, str]  # an image, its part and the name of its class


def list_folder(root: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """List the images and tables below `root`; no image is opened.

    Raises: DatasetError if the folder has another layout, cannot be read, or has a link that leads
    out of it; SettingsError for columns without a table.
    """
    top = read_tree(root, follow_links=options.follow_links)
    if not top.n_images:
        refuse_no_images(top)
    places = find_tables(top)
    wants_table = options.label_column is not None or options.file_column is not None
    if wants_table and not places:
        raise SettingsError(
            f"{root}: --label-column and --file-column are for a table beside the images, and "
            "there is none; leave them out"
        )
    by_table = bool(places) and (wants_table or not has_class_folders(top))
    classes = None if by_table else find_classes(top)

    def read() -> Contents:
        if classes is not None:
            return _read_classes(top, classes, places, options)
        return _read_tables(top, places, options)

    files = [*(place.file for place in places), *top.all_images()]
    return Source(kind="folder", path=root, files=files, open=read)


def _read_classes(
    top: Tree, classes: ClassFolders, places: Sequence[Place], options: ImageOptions
) -> Contents:
    """The images of the class folders, and of a flat test split that a table describes."""
    images = [
        (image, part, name)
        for part, folders in classes.parts.items()
        for name, folder in folders.items()
        for image in folder.all_images()
    ]
    tested = TableImages()
    if classes.unlabelled is not None:
        tested = read_tables([place for place in places if place.part == TEST], options)
    others = [place for place in places if place.file not in tested.used]
    _check_tables(others, {image.name: name for image, _, name in images})
    _check_splits(others, {image.name: part for image, part, _ in images})
    left_out = _describe_left_out(classes.unlabelled, tested)
    labelled = [*images, *_labelled(tested)]
    notes = (*describe_siblings(top.path), *classes.notes, *tested.notes, *left_out)
    return _contents(top, labelled, classes.names, (*notes, *_not_read(top, tested)))


def _check_tables(places: Sequence[Place], class_of: dict[str, str]) -> None:
    """Raise DatasetError for a table beside class folders that gives images other classes."""
    for place in places:
        columns = find_contradictions(place, class_of)
        if columns:
            raise DatasetError(
                f"{place.folder.path / os.path.basename(place.file.name)}: names images of the "
                "class folders and groups them otherwise; if the folders are the classes, take it "
                f"away, else choose its column with --label-column ({', '.join(columns[:8])})"
            )


def _check_splits(places: Sequence[Place], part_of: dict[str, int]) -> None:
    """Raise DatasetError for a table beside class folders that divides their images otherwise."""
    for place in places:
        image = find_moved(place, part_of)
        if image is not None:
            raise DatasetError(
                f"{place.folder.path / os.path.basename(place.file.name)}: puts {image} into "
                "another split than its folder does; if the table divides the images, choose its "
                "column of labels with --label-column, else take it away"
            )


def _read_tables(top: Tree, places: Sequence[Place], options: ImageOptions) -> Contents:
    """The images that tables name.

    Raises: DatasetError as `read_tables`, and if no table names an image.
    """
    found = read_tables(places, options)
    if not found.used:
        tables = ", ".join(place.file.name for place in places)
        try:
            find_classes(top)
        except DatasetError as error:
            raise DatasetError(f"{error} (no column of {tables} names images)") from error
        raise DatasetError(f"{top.path}: no column of {tables} names images in it")
    labelled = _labelled(found)
    names = sorted({name for _, part, name in labelled if part == TRAIN}, key=natural_key)
    if not names:
        raise DatasetError(f"{top.path}: its tables name no training images")
    notes = (*found.notes, *_describe_left_out(top, found), *_not_read(top, found))
    return _contents(top, labelled, names, notes)


def _labelled(found: TableImages) -> list[Labelled]:
    return [(x.image, x.part, x.label) for x in found.images.values() if x.label is not None]


def _describe_left_out(folder: Tree | None, found: TableImages) -> list[str]:
    """Lines on the images in `folder` that have no label, and on those that no table names."""
    if folder is None:
        return []
    notes = []
    if not found.used:
        return [
            f"{folder.name} has no class folders: its {folder.n_images:,} images without labels "
            "are left out"
        ]
    if n := sum(each.label is None for each in found.images.values()):
        notes.append(f"{n:,} test images without labels are left out")
    unnamed = [image.name for image in folder.all_images() if image.name not in found.images]
    if unnamed:
        notes.append(
            f"{len(unnamed):,} images that no table names are left out, such as {unnamed[0]}"
        )
    return notes


def _not_read(top: Tree, found: TableImages) -> list[str]:
    kinds = describe_kinds(count_kinds([top], found.used))
    return [f"not read: {kinds}"] if kinds else []


def _contents(
    top: Tree, labelled: Sequence[Labelled], names: Sequence[str], notes: Sequence[str]
) -> Contents:
    label_of = {name: label for label, name in enumerate(names)}
    for part in (TRAIN, VALIDATION, TEST):
        unknown = {name for _, p, name in labelled if p == part} - label_of.keys()
        refuse_unknown_classes(top.path, part, sorted(unknown, key=natural_key), names)

    def images() -> Iterator[tuple[str, Content]]:
        for file, _, _ in labelled:
            yield file.name, os.path.join(top.path, file.name)

    return Contents(
        class_names=tuple(names),
        parts=np.array([part for _, part, _ in labelled], np.int8),
        labels=np.array([label_of[name] for _, _, name in labelled], np.int64),
        images=images,
        notes=tuple(notes),
    )
