"""Pictures that are drawn from a random generator: textures, shapes, glyphs and short words.

Each function draws one picture of the class with the given number, as 8-bit pixels of (height,
width) or (height, width, 3). Colours, places, sizes, angles and noise vary, so that no single pixel
and no mean colour says the class.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Points = list[tuple[float, float]]

TEXTURES = ("blobs", "checks", "dots", "rings", "stripes")
TEXTURE_SHAPE = (90, 120)
SHAPES = ("circle", "cross", "half_disc", "square", "star", "triangle")
GLYPHS = tuple(f"glyph_{number:02d}" for number in range(20))
WORDS = ("CAR", "CAT", "COD", "COT", "DOT", "RAT", "ROT", "TAR")
LARGER = 4  # lines are drawn this many times larger, then scaled down

LETTERS = {  # five columns, seven rows, a row a number: the highest bit is the leftmost column
    "A": (0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001),
    "C": (0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110),
    "D": (0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110),
    "O": (0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110),
    "R": (0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001),
    "T": (0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100),
}


def draw_texture(label: int, rng: np.random.Generator) -> Pixels:
    """A made photo of a texture, (90, 120, 3): two colours, slanted light, blur and noise."""
    height, width = TEXTURE_SHAPE
    pattern = _pattern(TEXTURES[label], rng)
    dark, light = _two_colours(rng, least=0.3)
    image = dark + pattern[..., None] * (light - dark)
    y, x = np.mgrid[:height, :width]
    angle = rng.uniform(0, 2 * math.pi)
    slope = (math.cos(angle) * x / width + math.sin(angle) * y / height) * rng.uniform(0, 0.5)
    image = image * (1 + slope - slope.mean())[..., None] * rng.uniform(0.6, 1.2)
    image = _blurred(image, rng.uniform(0, 1.2))
    return _to_pixels(image + rng.normal(0, rng.uniform(0.02, 0.08), image.shape))


def _pattern(kind: str, rng: np.random.Generator) -> Floats:
    """The texture from 0 to 1, (height, width), bent a little."""
    period = float(np.exp(rng.uniform(math.log(11), math.log(18))))
    u, v = _bent_axes(rng)
    wave, across = np.cos(2 * math.pi * u / period), np.cos(2 * math.pi * v / period)
    if kind == "stripes":
        value = wave
    elif kind == "checks":
        value = 3 * wave * across
    elif kind == "dots":
        value = 1.6 * (wave + across - rng.uniform(0.5, 1.0))
    elif kind == "rings":
        angle, away = rng.uniform(0, 2 * math.pi), rng.uniform(0, 55)
        radius = np.hypot(u - away * math.cos(angle), v - away * math.sin(angle))
        value = np.cos(2 * math.pi * radius / period + rng.uniform(0, 2 * math.pi))
    else:
        value = 2 * _smooth_noise(rng, period / 3.5)
    steepness = rng.uniform(1, 4)
    pattern: Floats = 1 / (1 + np.exp(-steepness * value))
    return pattern


def _bent_axes(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Coordinates of each pixel in a turned, moved and slightly bent system, in pixels."""
    height, width = TEXTURE_SHAPE
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y = x - width / 2, y - height / 2
    angle = rng.uniform(0, 2 * math.pi)
    u = math.cos(angle) * x + math.sin(angle) * y + rng.uniform(-13, 13)
    v = -math.sin(angle) * x + math.cos(angle) * y + rng.uniform(-13, 13)
    bend = rng.uniform(0, 1.5)
    return u + bend * _smooth_noise(rng, 12), v + bend * _smooth_noise(rng, 12)


def _smooth_noise(rng: np.random.Generator, radius: float) -> Floats:
    """Noise of mean 0 and deviation 1 whose hills are about `radius` pixels wide."""
    height, width = TEXTURE_SHAPE
    rows = np.exp(-2 * (math.pi * radius * np.fft.fftfreq(height)) ** 2)
    columns = np.exp(-2 * (math.pi * radius * np.fft.rfftfreq(width)) ** 2)
    spectrum = np.fft.rfft2(rng.normal(size=TEXTURE_SHAPE)) * rows[:, None] * columns
    noise = np.fft.irfft2(spectrum, TEXTURE_SHAPE)
    scaled: Floats = (noise - noise.mean()) / noise.std()
    return scaled


def draw_shape(label: int, rng: np.random.Generator) -> Pixels:
    """One drawn shape among lines and specks, (48, 48)."""
    side = 48
    back, front = _two_greys(rng, least=50)
    image = Image.new("L", (side * LARGER, side * LARGER), back)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 6)):
        _clutter(draw, side, int(rng.integers(0, 256)), rng)
    radius = rng.uniform(8, 15)
    centre = rng.uniform(radius, side - radius, 2)
    outline = _shape_outline(SHAPES[label], rng.uniform(0, 2 * math.pi))
    squeeze = rng.uniform(0.75, 1.0)
    points = [
        (LARGER * (centre[0] + radius * x), LARGER * (centre[1] + radius * squeeze * y))
        for x, y in outline
    ]
    draw.polygon(points, fill=front)
    return _noisy(image, side, rng)


def _shape_outline(name: str, angle: float) -> Points:
    """The corners of a shape of radius 1 around (0, 0), turned by `angle`."""
    corners = {"circle": 40, "half_disc": 40, "square": 4, "triangle": 3, "star": 10, "cross": 12}
    turns = np.arange(corners[name]) * 2 * math.pi / corners[name]
    radii = np.ones(len(turns))
    if name == "half_disc":
        turns = turns / 2
    elif name == "star":
        radii[1::2] = 0.45
    elif name == "cross":  # the ends of four arms, and the four inner corners between them
        arms = np.arange(4) * math.pi / 2
        half, inner = math.atan(0.35), math.pi / 4
        turns = np.stack([arms - half, arms + half, arms + inner], axis=1).ravel()
        radii[2::3] = 0.35 * math.sqrt(2)
    turns = turns + angle
    return list(
        zip((radii * np.cos(turns)).tolist(), (radii * np.sin(turns)).tolist(), strict=True)
    )


def _clutter(draw: ImageDraw.ImageDraw, side: int, grey: int, rng: np.random.Generator) -> None:
    """A line or a small speck anywhere."""
    x, y, other_x, other_y = (rng.uniform(0, side, 4) * LARGER).tolist()
    if rng.random() < 0.5:
        draw.line([(x, y), (other_x, other_y)], fill=grey, width=int(rng.integers(1, 3)) * LARGER)
    else:
        size = rng.uniform(1, 4) * LARGER
        draw.ellipse([(x - size, y - size), (x + size, y + size)], fill=grey)


def draw_glyph(label: int, rng: np.random.Generator) -> Pixels:
    """A written sign of a few strokes, (64, 64), turned, stretched and trembling."""
    side = 64
    back, front = _two_greys(rng, least=70)
    image = Image.new("L", (side * LARGER, side * LARGER), back)
    draw = ImageDraw.Draw(image)
    angle, shear = rng.normal(0, 0.22), rng.normal(0, 0.15)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = turn @ np.array([[1, shear], [0, 1]]) * rng.uniform(0.75, 1.05, 2)
    move = rng.uniform(-7, 7, 2) + side / 2
    width = int(rng.uniform(1.5, 4) * LARGER)
    for stroke in _strokes(label):
        curve = _bezier(stroke + rng.normal(0, 1.3, stroke.shape)) @ matrix.T + move
        points: Points = [(x, y) for x, y in (curve * LARGER).tolist()]
        draw.line(points, fill=front, width=width, joint="curve")
    return _noisy(image, side, rng)


def _strokes(label: int) -> list[Floats]:
    """The strokes of a sign: three or four curves of four points each, within 22 pixels of 0."""
    rng = np.random.default_rng([2026, label])
    return [rng.uniform(-22, 22, (4, 2)) for _ in range(3 + label % 2)]


def _bezier(points: Floats) -> Floats:
    """24 points along the cubic curve of four points."""
    t = np.linspace(0, 1, 24)[:, None]
    a, b, c, d = points
    curve: Floats = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    return curve


def draw_word(label: int, rng: np.random.Generator) -> Pixels:
    """A word of three letters anywhere on a strip with lines and noise, (32, 128, 3)."""
    height, width = 32, 128
    dark, light = _two_colours(rng, least=0.3)
    mask = Image.new("L", (width, height), 0)
    size = int(rng.integers(2, 4))  # pixels of a dot of the alphabet
    gap, place = int(rng.integers(1, 4)), int(rng.integers(0, width - 3 * (5 * size + 4)))
    for letter in WORDS[label]:
        dots = np.array([[row >> bit & 1 for bit in (4, 3, 2, 1, 0)] for row in LETTERS[letter]])
        tile = Image.fromarray((255 * dots.repeat(size, 0).repeat(size, 1)).astype(np.uint8))
        mask.paste(tile, (place, int(rng.integers(0, height - 7 * size + 1))))
        place += 5 * size + gap
    draw = ImageDraw.Draw(mask)
    for _ in range(rng.integers(0, 4)):
        x, y, other_x, other_y = (rng.random(4) * (width, height, width, height)).tolist()
        draw.line([(x, y), (other_x, other_y)], fill=int(rng.integers(120, 256)))
    turned = mask.rotate(rng.normal(0, 2.5), Image.Resampling.BILINEAR)
    pattern = np.asarray(turned, np.float64)[..., None] / 255
    ink, paper = (dark, light) if rng.random() < 0.5 else (light, dark)
    image = _blurred(paper + pattern * (ink - paper), rng.uniform(0, 0.8))
    return _to_pixels(image + rng.normal(0, rng.uniform(0.03, 0.15), image.shape))


def _two_colours(rng: np.random.Generator, *, least: float) -> tuple[Floats, Floats]:
    """A darker and a lighter colour from 0 to 1 whose means differ by `least` or more."""
    while True:
        first, second = rng.random(3), rng.random(3)
        if abs(first.mean() - second.mean()) >= least:
            return (first, second) if first.mean() < second.mean() else (second, first)


def _two_greys(rng: np.random.Generator, *, least: int) -> tuple[int, int]:
    """Two values from 0 to 255 that differ by `least` or more, in any order."""
    while True:
        first, second = (int(grey) for grey in rng.integers(0, 256, 2))
        if abs(first - second) >= least:
            return first, second


def _noisy(image: Image.Image, side: int, rng: np.random.Generator) -> Pixels:
    """The picture in its final size, with noise."""
    small = image.resize((side, side), Image.Resampling.BOX)
    values = np.asarray(small, np.float64) / 255
    return _to_pixels(values + rng.normal(0, rng.uniform(0.03, 0.14), values.shape))


def _blurred(image: Floats, radius: float) -> Floats:
    """The picture (height, width, 3) through a soft lens."""
    soft = Image.fromarray(_to_pixels(image)).filter(ImageFilter.GaussianBlur(radius))
    values: Floats = np.asarray(soft, np.float64) / 255
    return values


def _to_pixels(image: npt.NDArray[Any]) -> Pixels:
    """8 bits of values from 0 to 1; what is outside is cut."""
    pixels: Pixels = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    return pixels
