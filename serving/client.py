"""A client of served models, over gRPC or REST: arrays in, arrays out.

    client = Client("grpc://localhost:8500", model="vae")
    pictures = client.sample(64, seed=7)

and a command line: python -m serving.client sample --count=64 --seed=7 --out=grid.png
"""

import functools
import sys

import numpy as np

from serving import arguments, pictures, transports
from serving.transports.patience import Patience

ROWS_PER_REQUEST = 64


class Client:
    """One model of a server; without version or label, whatever version is the newest when a request comes.

    address: grpc://host:port or http://host:port; the arrays are equal. version: a number; label: stable, say.
    deadline_s: of each method call, all its requests, attempts and pauses together. retries: more attempts of a request
    that meets UNAVAILABLE. Many pictures travel 64 at a time.

    Floats travel exactly; over REST that is long text. uint8 images travel as PNG, without loss, where that is smaller.
    `png=True` asks for pictures as PNG and gives them as uint8: far smaller, and rounded to multiples of 1/255.

    Raises ValueError for wrong arguments, serving.transports.errors.RequestError for what goes wrong on the way.
    """

    def __init__(
        self, address="http://127.0.0.1:8501", model="vae", version=None, label=None, deadline_s=30.0, retries=6
    ):
        self._transport = transports.connect(address, model, version, label)
        self._patience = functools.partial(Patience, deadline_s, retries)
        self._signatures = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the connections."""
        self._transport.close()

    def status(self):
        """The versions of the model, newest first: [{"version", "state", "code", "message"}]."""
        return self._patience().call(self._transport.status)

    def sample(self, count, seed=0, temperature=1.0, png=False):
        """`count` pictures (n, H, W, C); picture i depends on seed and i alone.

        temperature: factor on the deviation of every draw, 1 with `png`.
        """
        inputs = {"seed": arguments.row_seeds(count, seed)}
        if temperature == 1.0:
            answer = self._ask(self._patience(), "sample_png" if png else "sample", **inputs)
            return _unpacked(answer) if png else answer["images"]
        if png:
            raise ValueError("temperature: expected 1 with png=True")
        inputs["temperature"] = np.full(count, temperature, np.float32)
        return self._ask(self._patience(), "sample_at_temperature", **inputs)["images"]

    def encode(self, images):
        """Mean and standard deviation of q(z|x), each (n, latent_dim).

        images: uint8 or float in [0, 1], (n, H, W, C), or a list of the bytes of PNG or JPEG files, of any size.
        """
        answer = self._ask_about("encode", images)
        return answer["mean"], answer["stddev"]

    def decode(self, codes, png=False):
        """The pictures (n, H, W, C) of codes (n, latent_dim)."""
        patience = self._patience()
        latent_dim = self._signature(patience, "decode").inputs["codes"].shape[1]
        codes = arguments.codes(codes, latent_dim)
        if png:
            return _unpacked(self._ask(patience, "decode_png", codes=codes))
        return self._ask(patience, "decode", codes=codes)["images"]

    def reconstruct(self, images, png=False):
        """The pictures of the images' codes (n, H, W, C), and each one's squared error, summed over the picture.

        images: as for encode; with `png` uint8 or files.
        """
        if not png:
            answer = self._ask_about("reconstruct", images)
            return answer["images"], answer["squared_error"]
        patience = self._patience()
        images = self._checked(patience, images)
        if not isinstance(images, list) and images.dtype != np.uint8:
            raise ValueError("images: expected uint8, or files, with png=True")
        answer = self._ask(patience, "reconstruct_png", image_bytes=_packed(images))
        return _unpacked(answer), answer["squared_error"]

    def score(self, images):
        """{"elbo", "reconstruction", "kl"} per image, in nats; reconstruction and kl grow with strangeness."""
        return self._ask_about("score", images)

    def _ask_about(self, subject, images):
        """The answer of `subject`, encode say, or of its variant for the way in which the images travel best."""
        patience = self._patience()
        images = self._checked(patience, images)
        if isinstance(images, list):
            return self._ask(patience, f"{subject}_bytes", image_bytes=_packed(images))
        if images.dtype != np.uint8:
            return self._ask(patience, subject, images=images)
        if images.shape[-1] in pictures.CHANNELS:
            packed = _packed(images)
            if sum(map(len, packed)) < images.size * self._transport.bytes_per_value:
                return self._ask(patience, f"{subject}_bytes", image_bytes=packed)
        return self._ask(patience, f"{subject}_uint8", images=images)

    def _checked(self, patience, images):
        """An array (n, *shape of the model), or a list of files."""
        if isinstance(images, list) and images and all(isinstance(each, bytes) for each in images):
            return images
        return arguments.images(images, self._signature(patience, "encode").inputs["images"].shape[1:])

    def _ask(self, patience, name, **inputs):
        """{output: (n, ...)} of a signature, for inputs (n, ...)."""
        signature = self._signature(patience, name)
        answers = []
        for start in range(0, len(next(iter(inputs.values()))), ROWS_PER_REQUEST):
            rows = {alias: value[start : start + ROWS_PER_REQUEST] for alias, value in inputs.items()}
            answers.append(patience.call(functools.partial(self._transport.predict, signature, rows)))
        return {alias: np.concatenate([answer[alias] for answer in answers]) for alias in signature.outputs}

    def _signature(self, patience, name):
        if self._signatures is None:
            self._signatures = patience.call(self._transport.signatures)
        if name not in self._signatures:
            raise ValueError(f"the model has no signature {name}; it has {', '.join(sorted(self._signatures))}")
        return self._signatures[name]


def _packed(images):
    """(n,) bytes: the files, or PNGs of the arrays."""
    files = images if isinstance(images, list) else [pictures.to_png(image) for image in images]
    return np.array(files, object)


def _unpacked(answer):
    """uint8 (n, H, W, C) of an answer's PNGs."""
    return np.stack([pictures.from_png(data) for data in answer["image_bytes"]])


if __name__ == "__main__":
    from serving.command_line import main

    sys.exit(main(Client))
