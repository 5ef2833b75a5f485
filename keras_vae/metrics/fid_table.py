"""FIDs side by side with the two rows that give them a meaning."""

from keras_vae.metrics.downsample import downsample
from keras_vae.metrics.fid import chosen_fakes, chosen_reals, protocol_of, result, statistics


def fid_table(extractor, reals, fakes, protocol="clean", split="not stated", seed=0):
    """{"floor": ..., "downsample": ..., and one row for each entry of `fakes`}, each a result as `fid` gives it.

    fakes       {name: images}, for example {"reconstruction": ..., "sample": ...}; arguments otherwise as of `fid`.

    floor       one half of the real images against the other: what a perfect model would get from half as many images
                (FID is biased upwards, the more the fewer images).
    downsample  the real images at half their resolution and back, against themselves (Table 3 of regularisation
                balance): what details alone can cost.
    All rows treat their second set as the protocol treats fakes, and share one pass over the real images.
    """
    found = protocol_of(protocol)
    reals = chosen_reals(reals, found, seed)
    if len(reals) < 4:
        raise ValueError(f"reals has {len(reals)} images; expected at least 4, for two halves with a covariance each")
    fakes = {name: chosen_fakes(images, reals, found) for name, images in fakes.items()}
    first, second = reals[: len(reals) // 2], reals[len(reals) // 2 :]
    half, held_out = (statistics(extractor, part) for part in (first, second))
    prepared = found.prepare(second)
    as_fakes = held_out if prepared is second else statistics(extractor, prepared)
    whole = half.merged(held_out)

    def row(real_side, fake_side):
        return result(extractor, real_side, fake_side, protocol, split)

    table = {"floor": row(half, as_fakes)}
    for name, images in {"downsample": found.prepare(downsample(reals)), **fakes}.items():
        table[name] = row(whole, statistics(extractor, images))
    return table
