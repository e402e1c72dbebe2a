"""Images with the labels and splits that tables beside them give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autocnn.data.file_index import FileIndex, leads_out
from autocnn.data.folder_tree import Tree
from autocnn.data.label_table import Table, read_table
from autocnn.data.options import ImageOptions
from autocnn.data.part_names import (
    PART_NAMES,
    TEST,
    TRAIN,
    find_part,
    find_part_within,
    is_split_name,
)
from autocnn.data.reader import FileStat
from autocnn.data.table_columns import Roles, find_file_columns, find_roles, one_hot_names
from autocnn.errors import DatasetError

_NO_LABELS = "submission"  # in the name of a table whose labels are a form to fill in


@dataclass(frozen=True, slots=True)
class Place:
    """A table, and the images that it may name."""

    file: FileStat
    folder: Tree  # in which it lies
    images: Sequence[FileStat]
    part: int | None  # that its folder or its name says

    def read(self) -> Table:
        """The table itself."""
        return read_table(self.folder.path / self.file.name.rpartition("/")[2])

    def index(self) -> FileIndex:
        """The images by the names that the table may give them."""
        return FileIndex(self.images, self.folder.name)


@dataclass(frozen=True, slots=True)
class Labelled:
    """An image that a table names; the label is None if it has none."""

    image: FileStat
    part: int
    label: str | None
    row: str  # the place in the table


@dataclass(slots=True)
class TableImages:
    """All images that tables name, by file, and lines for the user."""

    images: dict[str, Labelled] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    used: list[FileStat] = field(default_factory=list)  # the tables that name images


def find_tables(top: Tree) -> list[Place]:
    """The files that may be tables, in the folder itself and in its splits; none is opened."""
    places = []
    splits = [folder for name, folder in top.filled.items() if is_split_name(name)]
    for file in top.tables:
        part = _part_within(file.name)
        own = [each for each in splits if part is not None and each.part == part]
        images = [image for each in own or [top] for image in each.all_images()]
        places.append(Place(file, top, images, part))
    for folder in splits:
        places += [Place(file, folder, folder.all_images(), folder.part) for file in folder.tables]
    return [place for place in places if _NO_LABELS not in place.file.name.casefold()]


def read_tables(places: Sequence[Place], options: ImageOptions) -> TableImages:
    """The images that the tables name; tables that name none are passed over.

    Raises: DatasetError for a table that cannot be read, for a file that is missing, for a missing
    label, and for an image with two labels or in two splits.
    """
    found, n_repeated = TableImages(), 0
    for place in places:
        table, index = place.read(), place.index()
        roles = find_roles(table, index, options)
        if roles is None:
            continue
        found.used.append(place.file)
        found.notes += [note for note in roles.notes if note not in found.notes]
        for image in _read_rows(place, table, index, roles):
            known = found.images.setdefault(image.image.name, image)
            n_repeated += known is not image
            _check_equal(known, image)
    if n_repeated:
        found.notes.append(f"{n_repeated:,} rows of the tables repeat another one")
    return found


def find_contradictions(place: Place, class_of: Mapping[str, str]) -> list[str]:
    """The columns of a table that give images other classes than `class_of` gives them.

    `class_of` has the class folder of an image by its file. A table in which one column says the
    same as the folders contradicts nothing, nor does a column that is another one in most rows.
    """
    try:
        table, index = place.read(), place.index()
    except DatasetError:  # it lies there for another purpose
        return []
    columns = find_file_columns(table, index)
    if not columns:
        return []
    images = [index.find(value) for value in table.columns[columns[0]]]
    rows = [i for i, each in enumerate(images) if len(each) == 1 and each[0].name in class_of]
    classes = [class_of[images[i][0].name] for i in rows]
    found = []
    for name, column in table.columns.items():
        values = [column[i] for i in rows]
        n_values, n_pairs = len(set(values)), len(set(zip(values, classes, strict=True)))
        if n_pairs == n_values == len(set(classes)):
            return []
        if name and name not in columns and 1 < n_values <= len(values) / 2:
            found.append(name)
    return found if len(set(classes)) > 1 else []


def find_moved(place: Place, part_of: Mapping[str, int]) -> str | None:
    """The first image that a table puts into another part than `part_of` does, or None.

    `part_of` has the part of an image by its file.
    """
    try:
        table, index = place.read(), place.index()
        columns = find_file_columns(table, index)
        splits = [values for values in table.columns.values() if _are_splits(values)]
        own = None if place.folder.name else find_part_within(place.file.name)
        if not columns or (own is None and not splits):
            return None
        n = len(table.numbers)
        parts = list(map(find_part, splits[0])) if splits else [own] * n
    except DatasetError:  # it lies there for another purpose
        return None
    for value, part in zip(table.columns[columns[0]], parts, strict=True):
        images = index.find(value)
        if len(images) == 1 and part_of.get(images[0].name, part) != part:
            return images[0].name
    return None


def _are_splits(values: Sequence[str]) -> bool:
    return len(set(values)) > 1 and all(map(is_split_name, values))


def _read_rows(place: Place, table: Table, index: FileIndex, roles: Roles) -> list[Labelled]:
    part = place.part if place.folder.name else find_part_within(place.file.name)
    found = []
    for i, value in enumerate(table.columns[roles.file]):
        row = table.row(i)
        image = _find_image(row, value, index)
        own = find_part(table.columns[roles.split][i]) if roles.split is not None else part
        if roles.label is not None:
            label: str | None = table.columns[roles.label][i] or None
        else:
            label = next(iter(one_hot_names(table, roles.one_hot, i)), None)
        found.append(Labelled(image, _find_part(row, image, own), label, row))
    _check_labels(table, roles, found)
    return found


def _find_image(row: str, value: str, index: FileIndex) -> FileStat:
    if not value:
        raise DatasetError(f"{row}: the file name is empty")
    if leads_out(value):
        raise DatasetError(f"{row}: {value!r} leads out of the data set; expected a path within it")
    images = index.find(value)
    if not images:
        raise DatasetError(f"{row}: there is no image {value!r}")
    if len(images) > 1:
        raise DatasetError(
            f"{row}: {value!r} may be {images[0].name} or {images[1].name}; add the folder or the "
            "suffix"
        )
    return images[0]


def _find_part(row: str, image: FileStat, own: int | None) -> int:
    """The part that a table gives an image, else that of the folders around it, else train."""
    try:
        parts = {find_part(name) for name in image.name.split("/")[:-1]} - {None}
    except DatasetError as error:
        raise DatasetError(f"{row}: {image.name}: {error}") from error
    if len(parts) > 1:
        raise DatasetError(f"{row}: the folders of {image.name} have the names of two splits")
    part = next(iter(parts), None)
    if own is None:
        return TRAIN if part is None else part
    if part is not None and part not in (own, TRAIN):
        raise DatasetError(
            f"{row}: {image.name} lies in a folder of {PART_NAMES[part]}, and the table says "
            f"{PART_NAMES[own]}"
        )
    return own


def _check_labels(table: Table, roles: Roles, found: Sequence[Labelled]) -> None:
    """Raise DatasetError for an image without a label, unless no test image has one."""
    no_test_labels = not any(each.label for each in found if each.part == TEST)
    for each in found:
        if each.label is None and not (each.part == TEST and no_test_labels):
            if roles.label is None:
                raise DatasetError(
                    f"{table.path}: expected a column with the labels, such as label, beside "
                    f"{roles.file!r}"
                )
            raise DatasetError(f"{each.row}: the label of {each.image.name} is empty")


def _check_equal(known: Labelled, other: Labelled) -> None:
    if known.label != other.label:
        raise DatasetError(
            f"{other.row}: {other.image.name} has the label {other.label!r}, and {known.label!r} "
            f"in {known.row}"
        )
    if known.part != other.part:
        raise DatasetError(
            f"{other.row}: {other.image.name} is in {PART_NAMES[other.part]}, and in "
            f"{PART_NAMES[known.part]} in {known.row}"
        )


def _part_within(name: str) -> int | None:
    """As `find_part_within`; None if that is unclear, which is an error if the table is read."""
    try:
        return find_part_within(name)
    except DatasetError:
        return None
