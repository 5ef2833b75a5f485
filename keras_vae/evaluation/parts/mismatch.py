"""How far the aggregate posterior is from the prior that samples are drawn from."""

from keras_vae.metrics import mmd_to_prior


def results(subject):
    """The MMD of every stage that has a prior; the floor is what two samples of the prior show."""
    stack, seed = subject.stack, subject.seed
    rows, zero = [], None
    for name in subject.samples:
        mean, stddev = stack.encode(subject.test, stage=name)
        zero = mmd_to_prior(0 * mean, 0 * stddev + 1, seed)
        rows.append([f"stage {name}", mmd_to_prior(mean, stddev, seed), zero])
    if not rows:
        return {}
    note = f"Unbiased MMD^2, inverse multiquadratics at 7 scales, {len(subject.test):,} codes against as many draws."
    columns = ["", "MMD(q(z), N(0, I))", "floor: prior against prior"]
    return {"tables": [{"title": "Mismatch to the prior", "columns": columns, "rows": rows, "note": note}]}
