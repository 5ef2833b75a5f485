"""Layers of a network that multiply or convolve."""


def products(network):
    """Yields each layer with a kernel, those inside other layers too."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from products(layer)
        elif getattr(layer, "kernel", None) is not None:
            yield layer
