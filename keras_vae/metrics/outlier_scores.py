"""How strange a model finds each image."""

from keras_vae.metrics.importance_weighted_nll import importance_weighted_nll


def outlier_scores(stack, images, samples=50, seed=0):
    """{"reconstruction", "negative_elbo", "negative_iwae"} of each image, (n,) nats each; higher is stranger.

    reconstruction is -E_q[log p(x|z)]; the others add what the code costs. A stack whose inference stage is
    deterministic has neither bound: it gives the reconstruction alone.
    """
    score = stack.score(images)
    if not stack.stage().stochastic:
        return {"reconstruction": score["reconstruction"]}
    return {
        "reconstruction": score["reconstruction"],
        "negative_elbo": -score["elbo"],
        "negative_iwae": importance_weighted_nll(stack, images, samples, seed),
    }
