"""Frechet distances of samples and reconstructions, with their floors, by both protocols."""

from keras_vae import plugins
from keras_vae.metrics import fid_table

OPTIONS = {"features": (), "feature_path": ("features",)}


def prepare(evaluation):
    """Load the features."""
    return evaluation.extractor if evaluation.are_images else None


def results(evaluation):
    """One table a protocol: the floor, the Downsample row, reconstructions, and samples of each stage."""
    if not evaluation.are_images:
        return {}
    extractor = evaluation.extractor
    fakes = {"reconstruction": evaluation.reconstructions}
    fakes |= {f"samples of {name}": samples for name, samples in evaluation.samples.items()}
    split = f"{evaluation.dataset} test, {'x'.join(map(str, evaluation.stack.data_shape))}"
    protocols = plugins.names("keras_vae.metrics.fid_protocols")
    found = {name: fid_table(extractor, evaluation.test, fakes, name, split, evaluation.seed) for name in protocols}
    rows = [[row, *(found[name][row]["value"] for name in protocols)] for row in found[protocols[0]]]
    any_row = found[protocols[0]]["reconstruction"]
    facts = "".join(f", {key} {value}" for key, value in extractor.facts.items())
    note = (
        f"Features {extractor.name} (SHA-256 {extractor.sha256[:12]}{facts}), N = {any_row['n_real']:,}, {split}. "
        "Compare only with the same features, N and protocol; published FIDs need inception_2015."
    )
    title = f"Frechet distance, {extractor.name}"
    return {
        "tables": [{"title": title, "columns": ["", *protocols], "rows": rows, "note": note}],
        "frechet": found,
    }
