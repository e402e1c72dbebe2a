"""A data set in any form is one data set, decoded once."""

from __future__ import annotations

import os

import numpy as np
import pytest
from image_files import encode, noise, write_folder, write_npz, write_shards
from PIL import Image, ImageOps

from autocnn.data import decode_all as passes
from autocnn.data.catalog import dataset_info, load_train
from autocnn.data.options import ImageOptions
from autocnn.data.prepared import prepare
from autocnn.data.split import find_split, fingerprint, image_hashes, stratified_split
from autocnn.data.statistics import channel_statistics, pixel_counts
from autocnn.data.test_split import load_test
from autocnn.errors import DatasetError, SettingsError, UnknownDatasetError

LABELS = [i % 3 for i in range(60)]


def make_parts(*names, shape=(4, 5, 3)):
    """Sixty images to train and twelve in each other part; some training images are copies."""
    x = noise(60, *shape)
    x[[3, 30]] = x[[0, 6]]
    parts = {"train": (x, LABELS)}
    for seed, name in enumerate(names, start=1):
        parts[name] = noise(12, *shape, seed=seed), LABELS[:12]
    return parts


def write_forms(root, parts):
    """Write the data as a folder, as arrays and as Parquet."""
    return [
        str(write_folder(root / "folder", parts)),
        str(write_npz(root / "arrays.npz", parts)),
        str(write_shards(root / "parquet", parts, ["0", "1", "2"])),
    ]


@pytest.fixture
def decoded(monkeypatch):
    """The list of all images that were decoded."""
    seen = []
    real = passes.decode_image

    def count(content, shape, values, resize):
        seen.append(shape)
        return real(content, shape, values, resize)

    monkeypatch.setattr(passes, "decode_image", count)
    return seen


@pytest.mark.parametrize("names", [(), ("test",), ("validation",), ("validation", "test")])
@pytest.mark.parametrize("shape", [(4, 5, 3), (6, 6)])
def test_three_forms_are_one_data_set(tmp_path, names, shape):
    """Pixels, split, statistics and fingerprint of all three forms are equal."""
    forms = write_forms(tmp_path, make_parts(*names, shape=shape))
    first, *others = [(prepare(form), load_test(form), dataset_info(form)) for form in forms]
    data, test, info = first
    assert info.class_names == ("0", "1", "2")
    assert (info.n_validation is None) == ("validation" not in names)
    n_test = 12 if "test" in names else 9  # of 20 images of a class, a sixth is 3
    n_all = 60 + 12 * len(names)
    assert (data.train.n + data.validation.n, test.n) == (n_all - n_test, n_test)
    for other, other_test, other_info in others:
        assert other.fingerprint == data.fingerprint
        assert (other.mean, other.std, other.class_names) == (data.mean, data.std, data.class_names)
        assert other_info.n_validation == info.n_validation
        for part in ("train", "validation"):
            ours, theirs = getattr(data, part).copy(), getattr(other, part).copy()
            assert np.array_equal(ours.images, theirs.images)
            assert np.array_equal(ours.labels, theirs.labels)
            assert np.array_equal(getattr(data.split, part), getattr(other.split, part))
        assert np.array_equal(test.images, other_test.images)
        assert np.array_equal(test.labels, other_test.labels)


def test_the_metadata_are_those_of_the_images(tmp_path):
    """Hashes, counts and fingerprint are computed from the images."""
    form = str(write_folder(tmp_path / "x", make_parts("test")))
    train, data = load_train(form), prepare(form)
    assert train.hashes.tolist() == image_hashes(train).tolist()
    assert train.pixel_counts.tolist() == pixel_counts(train.images).tolist()
    assert train.fingerprint == fingerprint(train)
    assert (data.mean, data.std) == channel_statistics(pixel_counts(data.train.copy().images))
    split = stratified_split(train)
    assert data.split.validation.tolist() == split.validation.tolist()
    assert sorted(zip(train.labels, train.hashes, strict=True)) == list(
        zip(train.labels, train.hashes, strict=True)
    )


def test_every_image_keeps_its_label(tmp_path):
    """Labels follow the images into the new order."""
    parts = make_parts("test")
    form = str(write_folder(tmp_path / "x", parts))
    for found, part in ((load_train(form), "train"), (load_test(form), "test")):
        known = {x.tobytes(): label for x, label in zip(*parts[part], strict=True)}
        assert [known[x.tobytes()] for x in found.images] == found.labels.tolist()
        assert found.n == len(parts[part][1])


def test_the_second_start_decodes_nothing(tmp_path, decoded):
    """The second start prints no note; equivalent options share the cache entry."""
    form, reported = str(write_folder(tmp_path / "x", make_parts())), []
    dataset_info(form, on_read=lambda *words: reported.append(words))
    assert len(decoded) == 60
    assert reported[-1] == ("decoding images", 60, 60)
    reported.clear()
    prepare(form)
    load_test(form)
    dataset_info(form, on_read=lambda *words: reported.append(words))
    assert (len(decoded), reported) == (60, [])
    for size in ("4", "4x4"):
        dataset_info(form, ImageOptions(size))
    assert len(decoded) == 120


@pytest.mark.parametrize("change", ["touched", "added", "removed", "renamed"])
def test_changed_files_are_decoded_again(tmp_path, decoded, change):
    """The entry of the earlier files is deleted."""
    root = write_folder(tmp_path / "x", make_parts())
    prepare(str(root))
    file = root / "train" / "0" / "0000.png"
    if change == "touched":
        os.utime(file, ns=(1, 1))
    elif change == "added":
        (file.parent / "new.png").write_bytes(encode(noise(1, 4, 5, 3, seed=9)[0]))
    elif change == "removed":
        file.unlink()
    else:
        file.rename(file.with_name("new.png"))
    prepare(str(root))
    assert len(decoded) == {"added": 121, "removed": 119}.get(change, 120)


def test_own_validation_images_are_the_split(tmp_path):
    """Given validation images are the split, so --split-seed has no effect."""
    parts = make_parts("validation", "test")
    form = str(write_folder(tmp_path / "x", parts))
    data = prepare(form)
    assert data.validation.n == 12
    theirs = {x.tobytes() for x in parts["validation"][0]}
    assert {x.tobytes() for x in data.validation.copy().images} == theirs
    assert data.split.fraction == pytest.approx(12 / 72)
    with pytest.raises(SettingsError, match="--split-seed 3 is without effect"):
        prepare(form, split_seed=3)


def test_which_images_validate_is_part_of_the_fingerprint(tmp_path):
    """Equal images with and without a validation part are two data sets."""
    x, y = noise(30, 4, 5), [i % 2 for i in range(30)]
    test = noise(4, 4, 5, seed=1), [0, 1, 0, 1]
    one = write_npz(tmp_path / "a.npz", {"train": (x, y), "test": test})
    parts = {"train": (x[4:], y[4:]), "validation": (x[:4], y[:4]), "test": test}
    two = write_npz(tmp_path / "b.npz", parts)
    data = prepare(str(one)), prepare(str(two))
    assert data[0].fingerprint != data[1].fingerprint
    assert load_train(str(one)).images.tolist() == load_train(str(two)).images.tolist()


def test_copies_between_parts_are_reported(tmp_path):
    """A note that a search prints has the number of copies."""
    parts = make_parts("validation", "test")
    parts["validation"][0][0] = parts["train"][0][0]
    parts["test"][0][0] = parts["train"][0][0]
    notes = dataset_info(str(write_npz(tmp_path / "x.npz", parts))).notes
    assert notes == (
        "1 validation image is also a training image: the validation score is too high by up to "
        "8.33 points",
        "1 test image is also a training image: the test score is too high by up to 8.33 points",
    )


def test_images_of_several_sizes_get_one(tmp_path):
    """The size is the option, the common shape or a square; grey only if all images are."""
    root = write_folder(tmp_path / "x", {"": (noise(20, 8, 12), LABELS[:20])})
    (root / "0" / "large.png").write_bytes(encode(noise(1, 30, 20, 3)[0]))
    info = dataset_info(str(root))
    assert info.image_shape == (8, 12, 3)  # that of 20 of 21 images
    assert info.notes[0] == (
        "images from 8x12 to 30x20 are scaled and cropped to 8x12: 0 % of the pixels of the median "
        "image are cut, at most 55.6 % (of 30x20); --resize pad keeps all of an image, "
        "--image-size gives another size"
    )
    scaled = dataset_info(str(root), ImageOptions("5x7"))
    assert scaled.image_shape == (5, 7, 3)
    assert not any("scaled" in note for note in scaled.notes)
    (root / "0" / "large.png").unlink()
    assert dataset_info(str(root)).image_shape == (8, 12, 1)
    (root / "0" / "0000.png").write_bytes(encode(noise(1, 12, 8)[0]))
    (root / "0" / "0003.png").write_bytes(encode(noise(1, 12, 8)[0]))
    assert dataset_info(str(root)).image_shape == (8, 8, 1)


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_every_form_and_part_is_resized_by_one_rule(tmp_path, resize):
    """Folders and Parquet have the same pixels; each image is that of Pillow."""
    parts = make_parts("validation", "test", shape=(4, 12, 3))
    forms = write_forms(tmp_path, parts)
    options = ImageOptions("8", resize)
    rule = {
        "crop": lambda image: ImageOps.fit(image, (8, 8), Image.Resampling.BILINEAR),
        "pad": lambda image: ImageOps.pad(image, (8, 8), Image.Resampling.BILINEAR),
        "stretch": lambda image: image.resize((8, 8), Image.Resampling.BILINEAR),
    }[resize]
    wanted = {
        part: sorted(np.asarray(rule(Image.fromarray(x))).tobytes() for x in images)
        for part, (images, _) in parts.items()
    }
    for form in forms:
        train, test = load_train(form, options), load_test(form, options)
        found = sorted(x.tobytes() for x in train.images)
        assert found == sorted(wanted["train"] + wanted["validation"])
        assert sorted(x.tobytes() for x in test.images) == wanted["test"]


def test_every_rule_has_its_own_cache_entry(tmp_path, decoded):
    """A second start by another rule decodes again, by the same one it does not."""
    form = str(write_folder(tmp_path / "x", make_parts()))
    for resize, n in (("crop", 60), ("pad", 120), ("stretch", 180), ("pad", 180), ("crop", 180)):
        dataset_info(form, ImageOptions("8", resize))
        assert len(decoded) == n


def test_corrupt_images_are_refused_or_left_out(tmp_path):
    """The error is one line with their number and the first three names."""
    root = write_folder(tmp_path / "x", {"": (noise(60, 20, 20), LABELS)})
    for i in (0, 1, 2, 3):
        file = root / str(i % 3) / f"{i:04}.png"
        file.write_bytes(file.read_bytes()[: (0 if i == 2 else 200)])
    with pytest.raises(DatasetError) as caught:
        prepare(str(root))
    line = str(caught.value)
    assert line.startswith(f"{root}: 4 of 60 images cannot be read: 0/0000.png (")
    assert "0/0003.png (" in line
    assert line.endswith("…; mend them, or leave them out with --skip-corrupt")
    info = dataset_info(str(root), ImageOptions(skip_corrupt=True))
    assert info.n_train + info.n_test == 56
    assert info.notes[0].startswith("4 of 60 images cannot be read and are left out: 0/0000.png (")


def test_the_test_images_are_constant(tmp_path):
    """The choice of the sixth must not change, because it is the test split."""
    test = load_test(str(write_npz(tmp_path / "x.npz", make_parts())))
    assert np.bincount(test.labels).tolist() == [3, 3, 3]
    assert fingerprint(test) == ("f5eaa690937a3842fd3710acf61a4121d7b8137d6a528aa6772d43300d950ef4")


def test_a_class_that_is_too_small_is_refused(tmp_path):
    """The error names the path, and nothing is left in the cache."""
    parts = {"": (noise(7, 4, 4), [0, 0, 0, 1, 1, 1, 2])}
    root = write_folder(tmp_path / "x", parts)
    with pytest.raises(
        DatasetError, match=r"/x: class '2' has 1 image; it needs at least 3 differ"
    ):
        prepare(str(root))


def test_the_test_images_are_those_of_the_study(tmp_path):
    """Changed images are refused, because some may have been trained on."""
    root = write_folder(tmp_path / "x", make_parts())
    before = prepare(str(root)).fingerprint
    assert load_test(str(root), fingerprint=before).n == 9
    (root / "train" / "0" / "0000.png").unlink()
    with pytest.raises(DatasetError, match="/x: its images have changed since the study began"):
        load_test(str(root), fingerprint=before)


@pytest.mark.parametrize("name", ["photos", "photos/train", "a\nb", "~/photos", "x\0y", "x" * 300])
def test_an_unknown_name_or_path_is_refused(name, tmp_path, monkeypatch):
    """The error lists the names, and for a path also the place that was checked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UnknownDatasetError, match=r"choose one of digits, .* give the path") as e:
        prepare(name)
    assert str(e.value).startswith(f"no data set named {name!r}; ")
    assert str(e.value).endswith(f"; there is nothing at {tmp_path}/photos/train") == (
        name == "photos/train"
    )


def test_a_name_goes_before_a_path(tmp_path, monkeypatch):
    """A folder called digits is read with ./ before its name."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "digits", make_parts())
    assert dataset_info("digits").n_classes == 10
    assert dataset_info("./digits").n_classes == 3


@pytest.mark.parametrize("name", ["x.rar", "x.png", "x"])
def test_other_files_are_refused(tmp_path, name):
    """The error lists the accepted kinds of files."""
    (tmp_path / name).touch()
    with pytest.raises(DatasetError, match=r"/x.*: expected a folder, or a file .*\.npz, "):
        prepare(str(tmp_path / name))


def test_a_path_without_permission_is_refused(tmp_path, monkeypatch):
    """The error does not claim that the path is missing."""

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.stat", refuse)
    with pytest.raises(DatasetError, match=r"/x: cannot be read \(Permission denied\)"):
        prepare(str(tmp_path / "x"))


def test_options_are_for_own_images_only():
    """A data set with a name takes no options for images."""
    options = ImageOptions("16", "pad", skip_corrupt=True)
    with pytest.raises(SettingsError) as caught:
        dataset_info("digits", options)
    assert str(caught.value) == (
        "--image-size, --resize, --skip-corrupt: for images of your own only, and digits is a "
        "data set of the catalog; leave it out, or give the path of your images"
    )


def test_a_split_of_own_images_follows_the_seed(tmp_path):
    """Equal seeds give equal splits, and another seed another split."""
    train = load_train(str(write_folder(tmp_path / "x", make_parts("test"))))
    picks = [find_split(train, seed).validation.tolist() for seed in (0, 0, 1)]
    assert picks[0] == picks[1] != picks[2]


def test_fewer_than_two_classes_are_refused(tmp_path):
    """One class would be right on every test image."""
    parts = {"train": (noise(9, 4, 4), [1] * 9)}
    for form in write_forms(tmp_path, parts):
        with pytest.raises(DatasetError, match=r"one class is not enough|two classes, got '1' "):
            dataset_info(form)


def test_names_of_splits_are_no_classes(tmp_path):
    """A column that says which images train is not read as the label."""
    parts = {"train": (noise(20, 4, 4), [0, 1] * 10)}
    form = write_shards(tmp_path / "x", parts, ["Train", "test"])
    with pytest.raises(DatasetError, match="its classes would be 'Train' and 'test', which are"):
        dataset_info(str(form))


@pytest.mark.parametrize("option", ["label_column", "file_column", "follow_links"])
def test_options_without_an_effect_are_refused(tmp_path, option):
    """Arrays have neither columns nor links."""
    form = write_npz(tmp_path / "x.npz", make_parts())
    given = {option: True if option == "follow_links" else "kind"}
    line = (
        f"^--{option.replace('_', '-')} is without effect on {form}; leave it out: it is for fold"
    )
    with pytest.raises(SettingsError, match=line):
        dataset_info(str(form), ImageOptions(**given))


@pytest.mark.parametrize("name", ["x_train.npy", "train-images-idx3-ubyte.gz"])
def test_one_array_of_several_files_is_refused(tmp_path, name):
    """The line gives the folder, which is the data set."""
    (tmp_path / name).touch()
    with pytest.raises(DatasetError) as caught:
        dataset_info(str(tmp_path / name))
    line = f"{tmp_path / name}: is one array of a data set; give its folder, {tmp_path}"
    assert str(caught.value) == line


def test_links_to_arrays_are_followed_on_request(tmp_path):
    """The arrays lie elsewhere."""
    x, y = noise(20, 4, 4), np.arange(20) % 2
    (tmp_path / "x").mkdir()
    for name, array in (("x", x), ("y", y)):
        np.save(tmp_path / f"{name}.npy", array)
        (tmp_path / "x" / f"{name}.npy").symlink_to(tmp_path / f"{name}.npy")
    with pytest.raises(DatasetError, match=r"leads out of the data set, to .*--follow-links"):
        dataset_info(str(tmp_path / "x"))
    info = dataset_info(str(tmp_path / "x"), ImageOptions(follow_links=True))
    assert (info.source, info.class_names) == ("npy", ("0", "1"))
