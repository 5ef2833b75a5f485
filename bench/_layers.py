"""Layers of a network that multiply or convolve, and the residual block of our networks in PyTorch."""


def products(network):
    """Yields each layer with a kernel, those inside other layers too."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from products(layer)
        elif getattr(layer, "kernel", None) is not None:
            yield layer


def torch_residual(width):
    """networks/_blocks.py: residual_block with tanh, as a PyTorch module."""
    from torch import nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())

        def forward(self, x):
            return x + self.inner(x)

    return Residual()
