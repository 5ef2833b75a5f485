"""Image files of a directory: headers, files that cannot be used, splits by hash."""

import collections
import warnings
import zlib

import PIL.Image

Header = collections.namedtuple("Header", "size grey")  # size = (height, width)

# Pillow's names of the pixel formats without colour. A palette counts as colour.
GREY = {"1", "L", "LA", "I", "I;16"}

NAMED = 5  # files that a message names


def read_headers(paths, bad):
    """{path: Header} of the files whose header can be read; the others go to `bad`."""
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


class BadFiles:
    """Files under `root` that cannot be used: an error, or with `skip` a warning."""

    def __init__(self, root, skip):
        self.root = root
        self.skip = skip
        self.problems = []
        self.mixed_sizes = False

    def add(self, path, problem, another_size=False):
        self.problems.append(f"{path.relative_to(self.root)} {problem}")
        self.mixed_sizes |= another_size

    def report(self):
        """Raise ValueError, or warn, about the files added since the last report."""
        if not self.problems:
            return
        count, named = len(self.problems), "; ".join(self.problems[:NAMED])
        more = f"; and {count - NAMED} more" if count > NAMED else ""
        files = f"{count} image file{'s' if count > 1 else ''} in {self.root}"
        self.problems = []
        if self.skip:
            warnings.warn(f"skipped {files}: {named}{more}", stacklevel=3)
            return
        hint = "--skip_bad_files leaves such files out"
        if self.mixed_sizes:
            hint += "; --image_size=HxW brings all images to one size"
        raise ValueError(f"cannot use {files}: {named}{more}. {hint}")


def members(paths, root, split):
    """Those of `paths` that fall into `split`: 90 % train, 5 % validation, 5 % test, none of them empty.

    The hash is of the path relative to `root`, so moving the whole directory changes nothing.
    """
    if len(paths) < 3:
        raise ValueError(f"{root} holds too few usable images ({len(paths)}): train, validation and test need one each")
    hashed = {path: zlib.crc32(path.relative_to(root).as_posix().encode()) for path in paths}
    splits = {
        "train": [path for path in paths if hashed[path] % 100 < 90],
        "validation": [path for path in paths if 90 <= hashed[path] % 100 < 95],
        "test": [path for path in paths if hashed[path] % 100 >= 95],
    }
    # In a small directory chance may leave a split empty: it gets the file with the largest hash of the largest split.
    for empty in [name for name, inside in splits.items() if not inside]:
        largest = max(splits.values(), key=len)
        splits[empty].append(max(largest, key=hashed.get))
        largest.remove(splits[empty][0])
    return splits[split]
