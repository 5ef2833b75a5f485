"""What the headers of image files say, read without decoding the pixels."""

import collections

Header = collections.namedtuple("Header", "size grey")  # size = (height, width)

# Pillow's names of the pixel formats without colour. A palette counts as colour.
GREY = {"1", "L", "LA", "I", "I;16"}


def read(paths, bad):
    """{path: Header} of the files whose header can be read; the others go to `bad`."""
    import PIL.Image

    headers = {}
    for path in paths:
        try:
            with PIL.Image.open(path, formats=("PNG", "JPEG")) as image:
                headers[path] = Header((image.height, image.width), image.mode in GREY)
        except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
            bad.add(path, "cannot be read")
    return headers


def of_one_size(headers, bad):
    """The most frequent size, and the headers that have it; files of another size go to `bad`."""
    if not headers:
        return None, headers
    (height, width), _ = collections.Counter(header.size for header in headers.values()).most_common(1)[0]
    for path, header in headers.items():
        if header.size != (height, width):
            bad.add(path, f"is {header.size[0]}x{header.size[1]}, not {height}x{width} as most", another_size=True)
    return (height, width), {path: header for path, header in headers.items() if header.size == (height, width)}
