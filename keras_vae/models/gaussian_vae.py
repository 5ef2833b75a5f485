"""The Gaussian VAE with a learned decoder variance."""

import keras
import tensorflow as tf

from keras_vae.checks import number
from keras_vae.maths.gaussians import dimensions, kl_divergence, squared_error
from keras_vae.models.posterior_encoder import checked_networks, posterior_encoder
from keras_vae.models.stage import Stage


@keras.saving.register_keras_serializable("keras_vae")
class GaussianVAE(Stage):
    """q(z|x) = N(mu_z(x), diag sigma_z(x)^2), p(x|z) = N(mu_x(z), gamma I), p(z) = N(0, I).

    Minimises eq. (2) of both papers by Dai and Wipf (eq. (3) of infinite gradients is twice it, less its constants),

        -E_q[log p(x|z)] + beta KL(q(z|x) || p(z)),

    in nats per example with every constant, by one draw of z each time.

    spread   of an encoder that gives something else than [mean, stddev], (batch, latent_dim) each: "log_variance" where
             the second output is one, or where there is one output (batch, 2 latent_dim), means and log variances;
             "stddev" where these are means and deviations.
    """

    TERMS = ("loss", "reconstruction", "kl", "squared_error")
    stochastic = True
    has_prior = True

    def __init__(self, encoder, decoder, beta=1.0, spread=None, **kwargs):
        checked_networks(encoder, decoder)
        super().__init__(posterior_encoder(encoder, decoder.input_shape[-1], spread), decoder, **kwargs)
        self.beta = number("beta", beta, above=0)

    def objective(self, x, target, below, training, noise=None):
        """The terms of the loss and z. noise: (batch, latent_dim), where it is not to be the next draw."""
        mean, stddev = self.encode(x, training)
        z = mean + stddev * (self.noise.normal(mean, self.in_xla) if noise is None else noise)
        x_hat = below(self.decode(z, training))
        error = squared_error(target, x_hat)
        if training:
            self.gamma.observe(tf.reduce_mean(error) / dimensions(target))
        reconstruction = -self.log_likelihood(target, x_hat)
        kl = kl_divergence(mean, stddev)
        terms = {"loss": reconstruction + self.beta * kl, "reconstruction": reconstruction, "kl": kl}
        return {**terms, "squared_error": error, **self.gamma.bounds_hit()}, z

    def get_config(self):
        return {**super().get_config(), "beta": self.beta}


MODEL = GaussianVAE
