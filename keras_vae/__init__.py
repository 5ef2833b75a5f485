"""Gaussian autoencoder-based generative models: VAE, two-stage VAE and VAE+ with a learned decoder variance."""

__version__ = "0.1.0"
