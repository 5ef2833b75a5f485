"""Diagnose a PyTorch VAE, and give it a second stage: python examples/diagnose_pytorch.py (needs torch)

Its images are (n, C, H, W) in [-1, 1] and it gives a log variance: the two lambdas say so, and nothing else has to.
"""

import argparse
import pathlib

import numpy as np
import torch
from torch import nn

import keras_vae as kv


class VAE(nn.Module):
    """A convolutional VAE, channels first, with a tanh at its end."""

    def __init__(self, size, latent_dim):
        super().__init__()
        side = size // 8
        self.encoder = nn.Sequential(
            *(nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * side**2, 2 * latent_dim)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent_dim, 64 * side**2), nn.ReLU(), nn.Unflatten(1, (64, side, side))),
            *(nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh()),
        )

    def loss(self, x):
        """Squared error and KL divergence of a batch, as most code has it: the variance of the decoder is 1/2."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1)
        return ((x - self.decoder(z)) ** 2).sum((1, 2, 3)).add(kl).mean()


def trained(images, epochs, latent_dim=16):
    """Return a VAE trained on uint8 images (n, H, W, 3)."""
    torch.manual_seed(0)
    vae = VAE(images.shape[1], latent_dim)
    data = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1))).float() / 127.5 - 1
    adam = torch.optim.Adam(vae.parameters(), 1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(data)).split(64):
            adam.zero_grad()
            vae.loss(data[batch]).backward()
            adam.step()
    return vae.eval()


def main(out="diagnosis-pytorch", size=32, count=4000, epochs=10, **second):
    """Train their model, diagnose it, and diagnose what a second stage makes of it; returns both Diagnoses."""
    train = kv.data.load("faces", "train", image_size=(size, size), count=count)
    test = kv.data.load("faces", "test", image_size=(size, size), count=min(count, 1000))
    vae = trained(train, epochs)

    @torch.no_grad()
    def encode(images):
        mean, log_variance = vae.encoder(torch.from_numpy(np.moveaxis(images, -1, 1)) * 2 - 1).chunk(2, dim=1)
        return mean, torch.exp(log_variance / 2)

    @torch.no_grad()
    def decode(codes):
        return np.moveaxis(vae.decoder(torch.from_numpy(codes)).numpy() / 2 + 0.5, 1, -1)

    alone = kv.diagnose(encode, decode, test, name="PyTorch VAE")
    stage = kv.second_stage(encode, train, **second)
    upside_down = test[:, ::-1]
    both = kv.diagnose(
        *(encode, decode, test),
        sample=lambda n, seed: decode(stage.sample(n, seed)),
        outliers=upside_down,
        name="PyTorch VAE, second stage",
    )
    both.write(out)
    return alone, both


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "directory", nargs="?", default="diagnosis-pytorch", help="of the page, new or of an earlier one"
    )
    directory = parser.parse_args().directory
    _, found = main(directory)
    print(f"{found}\nlook at {pathlib.Path(directory, 'report.html')}")
