"""The negative log-likelihood of images under a stack."""

from keras_vae.metrics.importance_sampling import importance_sampling
from keras_vae.models.checks import checked_data


def importance_weighted_nll(stack, images, samples=50, seed=0):
    """Nats per image, (n,): the importance-weighted bound of Burda et al. (2015) with q(z|x) as the proposal.

    z is the inference code and p(x|z) = N(mu_x(z), gamma I) in pixels, so it is the density of continuous x in [0, 1]^d
    and usually negative (Table 1 of regularisation balance). Where the VAE lies on an autoencoder and measures in the
    autoencoder's codes, gamma is the autoencoder's: codes pass down as they are decoded, without noise.
    A deterministic inference stage has no likelihood: ValueError.
    """
    name = stack.inference_stage
    stage = stack.stage(name)
    if not stage.stochastic:
        raise ValueError(
            f"stack has a deterministic inference stage, {name!r} ({type(stage).__name__}): with one code per image "
            "there is no q(z|x) to draw from and no likelihood; expected a stack whose inference stage is a GaussianVAE"
        )
    images, index = checked_data(images, stack.data_shape), stack.stages.index(name)
    return importance_sampling(
        lambda x: stack._encode(x, index),
        lambda z: stack._decode(z, index),
        stack.gamma,
        images,
        samples,
        seed,
    )
