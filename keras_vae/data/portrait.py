"""Draw faces from their factors, back to front. Distances are in units of half the image's shorter side, y is down."""

import types

import numpy as np

from keras_vae.data.canvas import Canvas, between, blob, ellipse, smoothstep

FACTORS = (
    "head_width",
    "head_length",
    "head_tilt",
    "skin_tone",
    "hair_colour",
    "hair_length",
    "hair_parting",
    "eye_spacing",
    "eye_openness",
    "gaze",
    "brow_tilt",
    "nose_length",
    "mouth_width",
    "smile",
    "light",
    "background",
)

SKIN = (0xFFE3D0, 0xF6CFB2, 0xE5B08A, 0xC68A60, 0x96603F, 0x6B4129)
HAIR = (0x1E191C, 0x3B2720, 0x6A4028, 0x96562C, 0xC48A48, 0xE6C684)
IRIS = (0x4A2E1C, 0x5A3A22, 0x6F5A2C, 0x4F7A4E, 0x3F7F9C, 0x5B86C4)
BACKGROUND = (0x7FB7BE, 0x86A8D4, 0xA79AD0, 0xD79FB8, 0xE8B28E, 0xD9C98A, 0x97BF94)
CLOTHES = (0xB5533C, 0xC9803A, 0x4E7A5A, 0x2F6E77, 0x355C86, 0x57457F, 0x8A3E5D)


def render(factors, height, width):
    """Images [n, height, width, 3] uint8 of `factors` [n, r]."""
    unit = types.SimpleNamespace(**dict(zip(FACTORS, factors.T, strict=True)))
    face = _measures(unit)
    canvas = Canvas(len(factors), height, width)
    _backdrop(canvas, face, unit)
    # From here on x and y are the head's own coordinates: it is tilted about the neck.
    across, down = canvas.x, canvas.y - 0.75
    face.x = across * np.cos(face.tilt) + down * np.sin(face.tilt)
    face.y = down * np.cos(face.tilt) - across * np.sin(face.tilt) + 0.72
    face.side = np.abs(face.x)  # What comes in pairs is drawn once, mirrored.
    _back_hair(canvas, face)
    _neck_and_clothes(canvas, face)
    _head(canvas, face)
    _features(canvas, face)
    _front_hair(canvas, face)
    return canvas.images()


def _measures(unit):
    """Lengths [n, 1, 1] and colours [n, 3] of each face from its factors [n] in [0, 1]."""

    def length(low, high, factor):
        return (np.float32(low) + np.float32(high - low) * factor)[:, None, None]

    return types.SimpleNamespace(
        width=length(0.43, 0.56, unit.head_width),
        length=length(0.55, 0.68, unit.head_length),
        tilt=length(-0.16, 0.16, unit.head_tilt),
        skin=between(SKIN, unit.skin_tone),
        hair=between(HAIR, unit.hair_colour),
        iris=between(IRIS, unit.hair_colour),
        hair_length=length(0.0, 1.0, unit.hair_length),
        parting=length(-0.24, 0.24, unit.hair_parting),
        eye=length(0.185, 0.245, unit.eye_spacing),
        open=length(0.045, 0.095, unit.eye_openness),
        gaze=length(-0.05, 0.05, unit.gaze),
        brow=length(-0.22, 0.22, unit.brow_tilt),
        nose=length(0.17, 0.27, unit.nose_length),
        mouth=length(0.15, 0.25, unit.mouth_width),
        smile=length(-0.25, 1.0, unit.smile),
        light=length(-1.0, 1.0, unit.light),
    )


def _backdrop(canvas, face, unit):
    """A plain wall, brighter on the side that the light comes from."""
    for plane in canvas.planes:
        plane[:] = 0
    canvas.paint(between(BACKGROUND, unit.background), np.float32(1))
    canvas.shade(1.02 + 0.10 * face.light * canvas.x - 0.16 * canvas.y - 0.08 * np.square(canvas.x))
    face.clothes = between(CLOTHES, unit.background)


def _back_hair(canvas, face):
    """Hair behind the head: an ellipse around the skull that grows downward with the hair's length."""
    height = 0.50 + 0.43 * face.hair_length
    outside = ellipse(face.x, face.y + 0.72 - height, face.width + 0.10 + 0.05 * face.hair_length, height)
    canvas.paint(face.hair * 0.72, canvas.cover(outside))


def _neck_and_clothes(canvas, face):
    x, y = canvas.x, canvas.y
    neck = np.maximum(np.abs(x) - 0.20 - 0.5 * np.square(np.maximum(y - 0.62, 0)), 0.2 - y)
    cover = canvas.cover(neck)
    canvas.paint(face.skin * 0.80, cover)
    # The shadow of the chin.
    canvas.paint(face.skin * 0.58, cover * blob(x, y - 0.60, 0.3, 0.14))
    shoulders = ellipse(x, y - 1.28, np.float32(0.86), np.float32(0.50))
    collar = -ellipse(x, y - 0.74, np.float32(0.25), np.float32(0.17))
    cover = canvas.cover(np.maximum(shoulders, collar))
    canvas.paint(face.clothes, cover)
    canvas.paint(face.clothes * 0.6, cover * smoothstep(-face.light * x, np.float32(0), np.float32(0.9)) * 0.7)


def _head(canvas, face):
    """Ears, and an egg-shaped head that is lit from one side."""
    x, y = face.x, face.y
    ears = ellipse(face.side - face.width - 0.015, y - 0.02, np.float32(0.075), np.float32(0.125))
    canvas.paint(face.skin * 0.86, canvas.cover(ears))
    canvas.paint(face.skin * 0.68, 0.6 * blob(face.side - face.width - 0.015, y - 0.03, 0.035, 0.07))
    down = y / face.length
    # Narrower towards the chin.
    narrow = face.width * (1 - 0.16 * smoothstep(down, np.float32(-0.1), np.float32(1.0)))
    face.edge = ellipse(x, y, narrow, face.length)
    cover = canvas.cover(face.edge)
    canvas.paint(face.skin, cover)
    # The shading of an egg: its normal against the direction of the light.
    right = x / narrow
    facing = np.sqrt(np.maximum(1 - np.square(right) - np.square(down), 0.02))
    lit = 0.34 * face.light * right - 0.20 * down + 0.72 * facing
    shadow = smoothstep(lit, np.float32(0.72), np.float32(0.02))
    canvas.paint(face.skin * np.array([0.56, 0.46, 0.44], np.float32), 0.62 * cover * shadow)
    canvas.paint((1, 0.96, 0.88), 0.30 * cover * smoothstep(lit, np.float32(0.66), np.float32(0.92)))
    rosy = face.skin * np.array([0.98, 0.62, 0.58], np.float32)
    canvas.paint(rosy, 0.38 * cover * blob(face.side - 0.62 * face.width, y - 0.20, 0.13, 0.10))


def _features(canvas, face):
    """Eyes, brows, nose and mouth, painted on the middle of the canvas only, which saves a third of the time."""
    rows = slice(*np.searchsorted(canvas.y.ravel(), (-0.50, 0.72)))
    columns = slice(*np.searchsorted(canvas.x.ravel(), (-0.78, 0.78)))
    canvas, face = canvas.part(rows, columns), types.SimpleNamespace(**vars(face))
    face.x, face.y, face.side = (array[:, rows, columns] for array in (face.x, face.y, face.side))
    _eyes(canvas, face)
    _brows(canvas, face)
    _nose(canvas, face)
    _mouth(canvas, face)


def _eyes(canvas, face):
    x, y = face.side - face.eye, face.y + 0.02
    # Mirrored coordinates turn the gaze of one eye around.
    iris_x = x - np.sign(face.x) * face.gaze
    socket = face.skin * np.array([0.55, 0.45, 0.45], np.float32)
    canvas.paint(socket, 0.30 * blob(x, y + 0.03, 0.15, 0.10))
    # An almond: the lids are two parabolas, the upper one higher, that meet in the corners.
    bend = 1 - np.square(x / 0.125)
    upper, lower = -y - face.open * bend, y - 0.75 * face.open * bend
    lids = np.maximum(upper, lower)
    inside = canvas.cover(lids)
    canvas.paint((0.97, 0.96, 0.95), inside)
    canvas.paint((0.60, 0.58, 0.60), 0.55 * inside * smoothstep(upper, np.float32(-0.05), np.float32(0)))
    away = np.sqrt(np.square(iris_x) + np.square(y + 0.006))
    canvas.paint(face.iris * 0.55, inside * canvas.cover(away - 0.066))
    canvas.paint(face.iris * 1.15, inside * canvas.cover(away - 0.054, 0.02))
    canvas.paint((0.04, 0.03, 0.04), inside * canvas.cover(away - 0.028))
    # The highlight sits on the light's side of both eyes, so it is not mirrored.
    shine = np.sign(face.x) * (0.022 * face.light)
    canvas.paint((1, 1, 1), inside * blob(iris_x - shine, y + 0.028, 0.020, 0.020))
    lash = np.abs(upper) - 0.015 * np.sqrt(np.clip(bend + 0.1, 0, 1))
    lash = np.maximum(lash, np.abs(x) - 0.135)
    canvas.paint(face.hair * 0.35, 0.9 * canvas.cover(lash))
    crease = np.maximum(np.abs(upper - 0.040) - 0.004, np.abs(x) - 0.11)
    canvas.paint(socket * 0.9, 0.45 * canvas.cover(crease, 0.02))


def _brows(canvas, face):
    x, y = face.side - face.eye - 0.01, face.y + 0.195
    middle = 0.9 * np.square(x) - 0.012 - face.brow * x
    thickness = 0.030 * np.clip(1 - np.square((x + 0.02) / 0.17), 0, 1)
    brow = np.maximum(np.abs(y - middle) - thickness, np.abs(x) - 0.16)
    canvas.paint(face.hair * 0.62 + 0.04, 0.88 * canvas.cover(brow, 0.01))


def _nose(canvas, face):
    """A bridge and a tip that are light on one side and shaded on the other, and two nostrils."""
    x, y = face.x, face.y
    shadow = face.skin * np.array([0.62, 0.50, 0.47], np.float32)
    tip = y - face.nose
    along = smoothstep(y, np.float32(-0.16), np.float32(0.12))
    along = along * (1 - smoothstep(tip, np.float32(-0.02), np.float32(0.05)))
    canvas.paint(shadow, 0.50 * along * np.exp(-np.square((x + 0.055 * face.light) / 0.035)))
    canvas.paint((1, 0.95, 0.88), 0.30 * along * np.exp(-np.square((x - 0.012 * face.light) / 0.026)))
    canvas.paint(shadow, 0.55 * blob(x, tip - 0.035, 0.085, 0.022))
    canvas.paint(shadow * 0.55, 0.75 * blob(face.side - 0.042, tip - 0.022, 0.022, 0.014))
    canvas.paint((1, 0.96, 0.90), 0.38 * blob(x - 0.015 * face.light, tip + 0.03, 0.036, 0.030))


def _mouth(canvas, face):
    """Lips along a curve that bends up with the smile; a broad smile shows teeth."""
    x, y = face.x, face.y - 0.60 * face.length - 0.10 * (face.nose - 0.22)
    across = np.square(x / (face.mouth * (1 + 0.12 * face.smile)))
    taper = 1 - across
    y = y - 0.075 * face.smile * (0.45 - across)
    parted = 0.042 * np.square(np.maximum(face.smile, 0)) * taper
    lip = face.skin * np.array([0.80, 0.46, 0.46], np.float32) + np.array([0.04, 0.0, 0.01], np.float32)
    # Two bows make the upper lip.
    bow = 0.80 + 0.35 * np.square(face.side / face.mouth * 1.6) * np.exp(-4 * across)
    upper = -y - (0.046 * bow * taper + parted)
    lower = y - (0.062 * taper + parted)
    cover = canvas.cover(np.maximum(upper, lower))
    canvas.paint(lip, cover)
    canvas.paint((1, 0.85, 0.82), 0.35 * cover * blob(x - 0.03 * face.light, y - 0.036 - parted, 0.07, 0.014))
    gap = np.abs(y) - parted - 0.006 * np.sqrt(np.clip(taper, 0, 1))
    gap = np.maximum(gap, np.abs(x) - face.mouth * (1 + 0.12 * face.smile))
    cover = canvas.cover(gap)
    canvas.paint(lip * 0.42, cover)
    canvas.paint((0.96, 0.94, 0.90), cover * canvas.cover(np.abs(y + 0.010) - parted + 0.012))
    canvas.paint(face.skin * 0.7, 0.35 * blob(x, y - 0.125, 0.10, 0.022))


def _front_hair(canvas, face):
    """Hair over the forehead, parted, and strands down both sides that grow with the hair's length."""
    x, y = face.x, face.y
    skull = ellipse(x, y + 0.06, face.width + 0.09 + 0.03 * face.hair_length, face.length + 0.085)
    from_parting = np.abs(x - face.parting)
    # The hairline falls away from the parting to both sides.
    hairline = -0.66 * face.length - 0.06 + 0.40 * np.power(from_parting / (face.width + 0.10), 1.4)
    above = (y - hairline) / np.sqrt(1 + np.square(1.2 * from_parting))
    # Strands cover the rim of the face, more of it where the hair is long, and leave the inner face open.
    opening = -ellipse(x, y - 0.10, face.width * (1.0 - 0.14 * face.hair_length), face.length * 1.02)
    hair = np.maximum(skull, np.minimum(above, opening))
    # Short hair ends at the ears, long hair goes on.
    end = y - (-0.02 + 0.95 * face.hair_length)
    cover = canvas.cover(np.maximum(hair, end), 0.012)
    canvas.paint(face.hair, cover)
    # A sheen that follows the skull, on the light's side, and fine strands that fan out from the parting.
    ring = blob(skull + 0.16, x - 0.22 * face.light, 0.055, 0.34)
    canvas.paint(face.hair * 0.55 + 0.42, 0.42 * cover * ring)
    strands = np.sin(26 * (x - face.parting) / (1.25 + y))
    canvas.paint(face.hair * 0.55, cover * (0.10 + 0.10 * strands))
    canvas.paint(face.hair * 0.45, 0.5 * cover * smoothstep(-face.light * x, np.float32(0.05), np.float32(0.7)))
