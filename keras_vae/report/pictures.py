"""Pictures of a run, embedded."""

import base64
import pathlib
from html import escape

from PIL import Image, UnidentifiedImageError

from keras_vae.report.markup import section, slug

TALL = 640  # CSS pixels: the height that a picture has at most before it is clicked
NARROW = 340  # and the width that a square one asks for before it goes to the next row
SMALL = 320  # pixels: narrower pictures are always enlarged, and by squares; shrinking by squares would drop pixels


def pictures(workdir, entries):
    """One section for each group, its pictures side by side. entries: `pictures` of results.json."""
    groups = {}
    for number, entry in enumerate(entries):
        groups.setdefault(str(entry.get("group") or entry["title"]), []).append((f"picture-{number}", entry))
    sections = ""
    for group, members in groups.items():
        titles = {str(entry["title"]) for _, entry in members}
        heading = titles.pop() if len(titles) == 1 else group.replace("_", " ").capitalize()
        drawn = [_figure(pathlib.Path(workdir), entry, heading, name) for name, entry in members]
        room = sum(width for width, _ in drawn)
        body = "".join(figure for _, figure in drawn)
        body = section(heading, f'<div class="pictures">{body}</div>')
        sections += f'<div style="flex: 1 1 {room}px">{body}</div>'
    return f'<div class="groups">{sections}</div>' if sections else ""


def gallery(workdir, entries):
    """Small pictures, side by side under the name of their group. entries: `screened` of results.json."""
    groups = {}
    for entry in entries:
        groups.setdefault(str(entry["group"]), []).append(entry)
    body = ""
    for group, members in groups.items():
        drawn = [
            _figure(pathlib.Path(workdir), entry, group, slug(f"{group} {place}"))[1]
            for place, entry in enumerate(members)
        ]
        body += f'<h3>{escape(group)}</h3><div class="gallery">{"".join(drawn)}</div>'
    return body


def figure(workdir, entry, heading, name):
    """HTML of one picture. name: its own on the page."""
    return _figure(pathlib.Path(workdir), entry, heading, slug(name))[1]


def _figure(workdir, entry, heading, name):
    """The width in CSS pixels that a picture asks for, and its HTML."""
    title, caption = str(entry["title"]), str(entry.get("caption") or "")
    data, kind, (width, height) = _read(workdir / entry["file"], title)
    strong = "" if title.lower() == heading.lower() else f"<strong>{escape(title)}</strong> "
    full = width * max(2, 2 * SMALL // width)
    most = min(full, TALL * width // height)
    asked = min(most, round(NARROW * min(3, max(1, width / height))))
    alternative = escape(": ".join(filter(None, [title, caption])), quote=True)
    # A checkbox and its label: a click opens and closes the very same picture at full size, without a script or a copy.
    return asked, (
        f'<figure style="flex: 1 1 {asked}px; max-width: min(100%, {most}px)">'
        f'<div class="frame{" small" if width <= SMALL else ""}" '
        f'style="aspect-ratio: {width} / {height}; --full: {full}px">'
        f'<input type="checkbox" id="{name}" aria-label="Full size: {alternative}"><label for="{name}">'
        f'<img src="data:image/{kind};base64,{data}" width="{width}" height="{height}" alt="{alternative}">'
        f"</label></div><figcaption>{strong}{escape(caption)}</figcaption></figure>"
    )


def _read(path, title):
    try:
        data = path.read_bytes()
        with Image.open(path) as image:
            return base64.b64encode(data).decode(), image.format.lower(), image.size
    except FileNotFoundError:
        raise FileNotFoundError(f"picture {title!r} of results.json: there is no file {path}") from None
    except UnidentifiedImageError:
        raise ValueError(f"picture {title!r} of results.json: {path} is not an image") from None
