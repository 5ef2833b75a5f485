"""Fit a mixture of Gaussians to codes: EM by scikit-learn, the number of components by held-out likelihood."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from keras_vae.models.mixture import Mixture
from keras_vae.status import print_status


def fit_mixture(name, codes, held_out, most, passes, seed):
    """Return the Mixture of that name, and a history: components, loss and val_loss of every number that was tried.

    codes, held_out  (n, d), (m, d): draws of q(z|x), of training images and of others.
    most, passes     components and passes of EM, at most.

    Numbers are doubled from 1 until the held-out loss, -log p(z) in nats, is no longer less: with too many, components
    fit the sample and not its law.
    """
    history, best = [], None
    for count in (2**k for k in range(int(np.log2(min(most, len(codes)))) + 1)):
        found = GaussianMixture(count, max_iter=passes, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the held-out likelihood judges, whatever the passes
            found.fit(codes)
        losses = {"loss": -float(found.score(codes)), "val_loss": -float(found.score(held_out))}
        history.append({"components": float(count), **losses})
        print_status(f"{name}: {count} components, {losses['loss']:.2f} nats, held out {losses['val_loss']:.2f}")
        if best is not None and losses["val_loss"] >= min(epoch["val_loss"] for epoch in history[:-1]):
            break
        best = found
    mixture = Mixture(codes.shape[1], best.n_components, name=name)
    mixture.assign(best.weights_, best.means_, best.covariances_)
    return mixture, history
