"""Data sets, one file each. The contract of a data set NAME.py:

PRESET           name of the preset that suits it.
SPLITS           names of its splits: "train", "validation" and "test".
load(split, *, options)
                 the examples of a split: uint8 images (n, H, W, C), or float32 points (n, d), always in the same order;
                 as an array, or as store.Examples, which are read block by block, if they may not fit in memory.
                 Its keyword-only parameters are the options that configurations may set.
read(encoded, shape)
                 optional: what load() makes of the bytes of one PNG or JPEG, as TensorFlow operations, uint8 of
                 `shape` = (H, W, C). Exports read pictures by it. Without one they take the centre of a picture,
                 resized (preprocessing.read), so a data set that crops otherwise must define it.
"""
