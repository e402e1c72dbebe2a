"""Folders of images without a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wild.zoo import Case, Expected, Made, encode, picture, pictures, put, put_classes

OTHER = pictures(1, n=2)  # of validation
TESTS = pictures(2, n=2)


def classes_only(root: Path, **more: int) -> Made:
    """cat/ and dog/."""
    images = pictures()
    put_classes(root, images)
    return root, {"all": images}


def with_extra(*extra: tuple[str, bytes | str]) -> Callable[[Path], Made]:
    """cat/ and dog/ and some more files."""

    def make(root: Path) -> Made:
        for name, data in extra:
            put(root / name, data)
        return classes_only(root)

    return make


def split(train: str, test: str, validation: str = "") -> Callable[[Path], Made]:
    """Folders of splits with these names."""

    def make(root: Path) -> Made:
        expected: Expected = {"train": pictures(), "test": TESTS}
        if validation:
            expected["validation"] = OTHER
        for part, folder in {"train": train, "test": test, "validation": validation}.items():
            if folder:
                put_classes(root / folder, expected[part])
        return root, expected

    return make


def nested(root: Path) -> Made:
    """cat/2020/a/0.png."""
    images = pictures()
    for name, some in images.items():
        for i, pixels in enumerate(some):
            put(root / name / f"{name}{i % 2}" / "a" / f"{i}.png", encode(pixels))
    return root, {"all": images}


def years(root: Path) -> Made:
    """cat/2020, dog/2020: the inner folders may be the classes, too."""
    images = pictures()
    for name, some in images.items():
        for i, pixels in enumerate(some):
            put(root / name / f"{2020 + i % 2}" / f"{i}.png", encode(pixels))
    return root, {"all": images}


def beside(root: Path) -> Made:
    """cat/, dog/ and test/cat, test/dog."""
    put_classes(root, pictures())
    put_classes(root / "test", TESTS)
    return root, {"train": pictures(), "test": TESTS}


def flat_test(folder: str) -> Callable[[Path], Made]:
    """Class folders below `folder`, and a flat test/ of 3 images."""

    def make(root: Path) -> Made:
        put_classes(root / folder, pictures())
        for i in range(3):
            put(root / "test" / f"{i}.png", encode(picture(9, i)))
        return root, {"all": pictures()}

    return make


def flat(*names: str, n: int = 3) -> Callable[[Path], Path]:
    """Folders of images without class folders."""

    def make(root: Path) -> Path:
        for k, name in enumerate(names):
            for i in range(n):
                put(root / name / f"{i}.png", encode(picture(8, k, i)))
        return root

    return make


def class_names(*names: str) -> Callable[[Path], Made]:
    """Class folders of these names."""

    def make(root: Path) -> Made:
        images = pictures(classes=names)
        put_classes(root, images)
        return root, {"all": images}

    return make


def above(root: Path) -> Path:
    """One folder above the class folders."""
    put_classes(root / "photos", pictures())
    return root


def below(root: Path) -> Path:
    """A class folder."""
    put_classes(root, pictures())
    return root / "cat"


def below_split(root: Path) -> Path:
    """The training part of a data set that has a test part, too: a data set of its own."""
    put_classes(root / "train", pictures())
    put_classes(root / "test", TESTS)
    return root / "train"


def two_sets(root: Path) -> Path:
    """Two data sets, each with its splits."""
    for name in ("first", "second"):
        put_classes(root / name / "train", pictures())
        put_classes(root / name / "test", TESTS)
    return root


def class_then_split(root: Path) -> Path:
    """cat/train, cat/test."""
    for name, some in pictures().items():
        for i, pixels in enumerate(some):
            put(root / name / ("train" if i < 2 else "test") / f"{i}.png", encode(pixels))
    return root


def without_class(root: Path) -> Path:
    """An image beside class folders."""
    put_classes(root, pictures())
    put(root / "loose.png", encode(picture(7)))
    return root


def empty_class(root: Path) -> Path:
    """A class folder with a text file only."""
    put_classes(root, pictures())
    put(root / "owl" / "notes.txt", "none yet")
    return root


def extra_test_class(root: Path) -> Path:
    """test/owl, and no train/owl."""
    put_classes(root / "train", pictures())
    put_classes(root / "test", {**TESTS, "owl": [picture(6)]})
    return root


def small_class(root: Path) -> Path:
    """A class with one image."""
    images = pictures()
    put_classes(root, {**images, "owl": [picture(6)]})
    return root


def linked(root: Path) -> Made:
    """cat/ is a link that leads out."""
    images = pictures()
    put_classes(root / "set", {"dog": images["dog"]})
    put_classes(root / "away", {"cat": images["cat"]})
    (root / "set" / "cat").symlink_to(root / "away" / "cat", target_is_directory=True)
    return root / "set", {"all": images}


def linked_files(root: Path) -> Made:
    """The images are links to blobs, as in the cache of a hub."""
    images = pictures()
    for name, some in images.items():
        for i, pixels in enumerate(some):
            blob = put(root / "blobs" / f"{name}{i}", encode(pixels))
            link = root / "snapshot" / name / f"{i}.png"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(blob)
    return root / "snapshot", {"all": images}


def circle(root: Path) -> Path:
    """A link that leads to a folder above it."""
    put_classes(root, pictures())
    (root / "cat" / "again").symlink_to(root, target_is_directory=True)
    return root


def suffixes(suffix: str, kind: str, **options: object) -> Callable[[Path], Made]:
    """Images with this suffix, without a loss."""

    def make(root: Path) -> Made:
        images = pictures()
        for name, some in images.items():
            for i, pixels in enumerate(some):
                put(root / name / f"{i}{suffix}", encode(pixels, kind, **options))
        return root, {"all": images}

    return make


def two_spellings(root: Path, train: str, test: str) -> Path:
    """A class that train and test write otherwise."""
    put_classes(root / "train", pictures(classes=(train, "dog")))
    put_classes(root / "test", pictures(2, classes=(test, "dog")))
    return root


def divided(root: Path, name: str = "all.csv", column: str = ",data set") -> Path:
    """Class folders, and a table beside them that says the splits."""
    classes_only(root)
    lines = [
        f"{x}/{i}.png,{x}" + (f",{'test' if i == 3 else 'train'}" if column else "")
        for x in ("cat", "dog")
        for i in range(4)
    ]
    put(root / name, "\n".join([f"file,labels{column}", *lines]))
    return root


READ = [
    Case(
        "folder-alike-classes",
        class_names("Cat", "cat", "nan"),
        classes=("Cat", "cat", "nan"),
        notes=(r"different classes: 'Cat' and 'cat'$", r"read as a class: 'nan'; "),
    ),
    Case("folder-classes", classes_only),
    Case("folder-classes-upper-case-suffix", suffixes(".PNG", "PNG")),
    Case("folder-bmp", suffixes(".bmp", "BMP")),
    Case("folder-tif", suffixes(".tif", "TIFF")),
    Case("folder-tiff", suffixes(".TIFF", "TIFF")),
    Case("folder-webp", suffixes(".webp", "WEBP", lossless=True)),
    Case("folder-png-named-jpg", suffixes(".jpg", "PNG")),
    Case("folder-png-named-jfif", suffixes(".jfif", "PNG")),
    Case("folder-png-named-jpe", suffixes(".jpe", "PNG")),
    Case("folder-nested", nested, notes=(r"first (level|folder)",)),
    Case("folder-nested-alike", years, notes=(r"2020",)),
    Case("folder-train-test", split("train", "test")),
    Case("folder-train-val-test", split("train", "test", "val")),
    Case("folder-training-testing", split("training", "testing", "valid")),
    Case("folder-Training-Test", split("Training", "Test", "Validation")),
    Case("folder-training_set", split("training_set", "test_set", "validation_set")),
    Case("folder-train-images", split("train_images", "test-images", "dev")),
    Case("folder-TrainData", split("TrainData", "TestData", "ValData")),
    Case("folder-seg", split("trainset", "testset")),
    Case("folder-test-beside-classes", beside, notes=(r"test/",)),
    Case("folder-flat-test-beside-classes", flat_test("."), notes=(r"3 .*(label|class)",)),
    Case("folder-flat-test-beside-train", flat_test("train"), notes=(r"3 .*(label|class)",)),
    Case(
        "folder-numbers",
        class_names("10", "2", "1"),
        classes=("1", "2", "10"),
        notes=(r"Keras",),
    ),
    Case("folder-numbers-one-digit", class_names("0", "1"), classes=("0", "1")),
    Case("folder-unicode", class_names("Käse", "猫"), classes=("Käse", "猫")),
    Case("folder-markup", class_names("<b>", "a&b"), classes=("<b>", "a&b")),
    Case("folder-blanks", class_names("big cat", "big dog"), classes=("big cat", "big dog")),
    Case(
        "folder-split-like-class",
        class_names("train station", "test tube"),
        classes=("test tube", "train station"),
    ),
    Case(
        "folder-other-files",
        with_extra(("cat/a.txt", "x"), ("dog/b.csv", "y"), ("dog/c.heic", b"z")),
        notes=(r"not read: 1 \.heic, 1 \.csv, 1 \.txt",),
    ),
    Case("folder-readme", with_extra(("README.md", "x")), notes=(r"not read: 1 \.md",)),
    Case("folder-hidden", with_extra((".DS_Store", "x"), ("cat/.x.png", "y"))),
    Case("folder-clutter", with_extra(("Thumbs.db", "x"), ("__MACOSX/cat/0.png", "y"))),
    Case("folder-follow-link", linked, options={"follow_links": True}),
    Case("folder-follow-file-links", linked_files, options={"follow_links": True}),
    Case(
        "folder-training-part-alone",
        lambda root: (below_split(root), {"all": pictures()}),
        notes=(r"^test/ beside it is not read; .*/in is read with it$",),
    ),
]

REFUSED = [
    Case("folder-images-and-masks", class_names("images", "masks"), refused=r"in/images: .*masks"),
    Case(
        "folder-splits-and-more",
        class_names("seg_pred", "seg_test", "seg_train"),
        refused=r"folders seg_test, seg_train have names of splits",
    ),
    Case("folder-split-in-split", split("train/train", "test/test"), refused=r"give .*/in/train,"),
    Case("folder-unicode-twice", class_names("K\xe4se", "Ka\u0308se"), refused=r"look the same"),
    Case(
        "folder-unicode-in-test",
        lambda r: two_spellings(r, "K\xe4se", "Ka\u0308se"),
        refused=r"train has 'K\\xe4se', and not 'Ka\\u0308se'",
    ),
    Case("folder-line-break", class_names("a\nb", "c"), refused=r"line break"),
    Case("folder-table-divides", divided, refused=r"all\.csv: puts cat/3\.png into another split"),
    Case(
        "folder-test-table-divides",
        lambda r: divided(r, "test.csv", ""),
        refused=r"test\.csv: puts cat/0\.png into another split",
    ),
    Case("folder-empty-file", lambda r: with_extra(("cat/9.png", b""))(r)[0], refused=r"an empty"),
    Case(
        "folder-lfs",
        lambda r: with_extra(("cat/9.png", "version https://git-lfs.github.com/spec/v1\n"))(r)[0],
        refused=r"git lfs pull",
    ),
    Case("folder-flat-train-test", flat("train", "test"), refused=r"label|class folder"),
    Case("folder-flat-train-val-test", flat("train", "val", "test"), refused=r"label|class folder"),
    Case("folder-images-only", flat("images"), refused=r"class"),
    Case("folder-flat-root", flat("."), refused=r"class folder"),
    Case("folder-one-class", class_names("cat"), refused=r"class"),
    Case("folder-classes-and-flat-train", flat("cat", "dog", "train"), refused=r"train.*split"),
    Case("folder-classes-and-flat-val", flat("cat", "dog", "val"), refused=r"val.*split"),
    Case("folder-eval", split("train", "evaluation"), refused=r"validation or test"),
    Case("folder-holdout", split("train", "holdout"), refused=r"validation or test"),
    Case("folder-two-trains", split("train", "training_set"), refused=r"train"),
    Case("folder-test-only", split("", "test"), refused=r"train|split|class"),
    Case("folder-split-and-class", lambda r: _mixed(r), refused=r"owl"),
    Case("folder-one-level-above", above, refused=r"in/photos"),
    Case("folder-one-level-below", below, refused=r"give .*in\b"),
    Case("folder-two-sets", two_sets, refused=r"(first|second)"),
    Case(
        "folder-class-then-split",
        class_then_split,
        refused=r"cat/test: a split inside of a class folder; expected .*/test/cat",
    ),
    Case("folder-loose", without_class, refused=r"loose\.png"),
    Case("folder-empty-class", empty_class, refused=r"owl.*1 \.txt"),
    Case("folder-extra-test-class", extra_test_class, refused=r"'owl'"),
    Case("folder-small-class", small_class, refused=r"'owl' has 1 image"),
    Case("folder-link-out", lambda r: linked(r)[0], refused=r"--follow-links"),
    Case("folder-link-circle", circle, refused=r"."),
    Case("folder-link-circle-followed", circle, refused=r"again", options={"follow_links": True}),
    Case("folder-empty", lambda r: r.mkdir(parents=True) or r, refused=r"no images"),
    Case("folder-texts-only", lambda r: put(r / "a" / "x.txt", "x") and r, refused=r"no images"),
    Case(
        "folder-corrupt",
        lambda r: with_extra(("cat/bad.png", b"none"))(r)[0],
        refused=r"cat/bad\.png.*--skip-corrupt",
    ),
    Case(
        "folder-missing-column",
        lambda r: classes_only(r)[0],
        refused=r"label-column",
        options={"label_column": "x"},
    ),
]


def _mixed(root: Path) -> Path:
    """train/, test/ and a class folder beside them."""
    split("train", "test")(root)
    put_classes(root, {"owl": [picture(5, i) for i in range(3)]})
    return root


CASES = [*READ, *REFUSED]
