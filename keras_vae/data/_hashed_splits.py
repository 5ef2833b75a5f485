"""Splits a set of files by the hash of their paths: adding or removing a file moves no other file to another split."""

import zlib


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
