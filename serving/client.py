"""A client of served models, over gRPC or REST: arrays in, arrays out.

    client = Client("grpc://localhost:8500", model="vae")
    pictures = client.sample(64, seed=7)

and a command line: python -m serving.client sample --count=64 --seed=7 --out=grid.png
"""

import functools
import sys

import numpy as np

from serving import pictures, transports
from serving.transports.patience import Patience

ROWS_PER_REQUEST = 64
LARGEST_SEED = 2**31 - 1
Images = np.ndarray | list[bytes]  # uint8 or float in [0, 1], (n, H, W, C), or the bytes of n PNG or JPEG files


class Client:
    """One model of a server; without version or label, whatever version is the newest when a request comes.

    address: grpc://host:port or http://host:port, grpcs:// or https:// for a secure port; the arrays are equal.
    version: a number; label: stable, say. deadline_s: of each method call, all its requests, attempts and pauses
    together. retries: more attempts of a request that meets UNAVAILABLE. ca_file: PEM certificates to trust on a secure
    port; those of the system by default. Many pictures travel 64 at a time.

    Pictures are float32 in [0, 1]: over gRPC the model's own; over REST, where those are long text, of 8 bits.
    `png=False` asks for the model's own over REST too, `png=True` for uint8, in whichever form costs the server least.
    uint8 images are sent as PNG, without loss, where that is smaller.

    Raises ValueError for wrong arguments, serving.transports.errors.RequestError for what goes wrong on the way.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8501",
        model: str = "vae",
        version: int | None = None,
        label: str | None = None,
        deadline_s: float = 30.0,
        retries: int = 6,
        ca_file: str | None = None,
    ) -> None:
        self._transport = transports.connect(address, model, version, label, ca_file)
        self._patience = functools.partial(Patience, deadline_s, retries)
        self._signatures = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def status(self) -> list[dict]:
        """The versions of the model, newest first: [{"version", "state", "code", "message"}]."""
        found = self._patience().call(self._transport.status)["model_version_status"]
        for each in found:
            told = each.pop("status", {})
            each["version"] = int(each["version"])
            each["code"], each["message"] = told.get("error_code", "OK"), told.get("error_message", "")
        return found

    def sample(self, count: int, seed: int = 0, temperature: float = 1.0, png: bool | None = None) -> np.ndarray:
        """`count` pictures (n, H, W, C); picture i depends on seed and i alone.

        temperature: factor on the deviation of every draw.
        """
        seeds = _row_seeds(count, seed)
        if temperature == 1.0:
            return self._pictures(self._patience(), "sample", png, seed=seeds)
        temperatures = np.full(count, temperature, np.float32)
        return self._pictures(self._patience(), "sample_at_temperature", png, seed=seeds, temperature=temperatures)

    def encode(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of q(z|x), each (n, latent_dim).

        images: uint8 or float in [0, 1], (n, H, W, C), or a list of the bytes of PNG or JPEG files, of any size.
        """
        answer = self._ask_about("encode", images)
        return answer["mean"], answer["stddev"]

    def decode(self, codes: np.ndarray, png: bool | None = None) -> np.ndarray:
        """The pictures (n, H, W, C) of codes (n, latent_dim)."""
        patience = self._patience()
        shape = self._signature(patience, "decode").shapes["codes"]
        return self._pictures(patience, "decode", png, codes=_codes(codes, shape[1:]))

    def reconstruct(self, images: Images, png: bool | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The pictures of the images' codes (n, H, W, C), and each one's squared error, summed over the picture.

        images: as for encode.
        """
        answer = self._ask_about("reconstruct", images, png_will_do=self._in_8_bits(png))
        return _finished(answer, png), answer["squared_error"]

    def score(self, images: Images) -> dict[str, np.ndarray]:
        """{"elbo", "reconstruction", "kl"} per image, in nats; reconstruction and kl grow with strangeness."""
        return self._ask_about("score", images)

    def screen(self, images: Images) -> dict[str, np.ndarray]:
        """{"strangeness_elbo", "strangeness_reconstruction", "strangeness"}: shares of held-out images less strange.

        And "heat_maps", uint8 (n, H, W, 3): where each image is strange. images: as for encode.
        """
        answer = self._ask_about("screen", images)
        if "strangeness_png_bytes" in answer:  # not of points
            answer["heat_maps"] = _unpacked(answer.pop("strangeness_png_bytes"))
        return answer

    def _pictures(self, patience, subject, png, **inputs):
        """The pictures of `subject`, sample or decode, from the signature that costs least of those that are served."""
        forms = self._transport.forms_of_pictures if self._in_8_bits(png) else ()
        names = [subject + form for form in forms if subject + form in self._known(patience)]
        return _finished(self._ask(patience, names[0] if names else subject, **inputs), png)

    def _in_8_bits(self, png):
        return self._transport.numbers_are_text if png is None else png

    def _ask_about(self, subject, images, png_will_do=False):
        """The answer of `subject`, encode say, or of its variant for the way in which the images travel best."""
        patience = self._patience()
        given = isinstance(images, list) and images and all(isinstance(each, bytes) for each in images)
        files = images if given else []
        if not given:
            images = _images(images, self._signature(patience, "encode").shapes["images"][1:])
            if images.dtype == np.uint8 and images.shape[-1] in pictures.CHANNELS:
                files = [pictures.to_png(image) for image in images]
        if files and png_will_do and f"{subject}_png" in self._known(patience):
            return self._ask(patience, f"{subject}_png", image_bytes=np.array(files, object))
        if given or (files and sum(map(len, files)) < images.size * self._transport.bytes_per_value):
            return self._ask(patience, f"{subject}_bytes", image_bytes=np.array(files, object))
        return self._ask(patience, f"{subject}_uint8" if images.dtype == np.uint8 else subject, images=images)

    def _ask(self, patience, name, **inputs):
        """{output: (n, ...)} of a signature, for inputs (n, ...)."""
        signature = self._signature(patience, name)
        answers = []
        for start in range(0, len(next(iter(inputs.values()))), ROWS_PER_REQUEST):
            rows = {alias: value[start : start + ROWS_PER_REQUEST] for alias, value in inputs.items()}
            answers.append(patience.call(self._transport.predict, signature, rows))
        return {alias: np.concatenate([answer[alias] for answer in answers]) for alias in signature.dtypes}

    def _known(self, patience):
        """{name: Signature} of the model."""
        if self._signatures is None:
            self._signatures = transports.signatures(patience.call(self._transport.metadata))
        return self._signatures

    def _signature(self, patience, name):
        known = self._known(patience)
        if name not in known:
            raise ValueError(f"the model has no signature {name}; it has {', '.join(sorted(known))}")
        return known[name]


def _images(value, shape):
    """uint8, or float32 in [0, 1], (n, *shape), of an argument."""
    array = np.asarray(value)
    expected = f"images: expected (n, {', '.join(map(str, shape))})"
    if array.shape[1:] != shape or not len(array):
        raise ValueError(f"{expected} with n of at least 1, got {array.shape}")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{expected} of uint8, or of float in [0, 1], got {array.dtype}")
    if len(shape) == 3 and not (array.min() >= 0.0 and array.max() <= 1.0):  # false for NaN too
        raise ValueError(f"{expected} in [0, 1], got values in [{array.min():g}, {array.max():g}]")
    return array.astype(np.float32)


def _codes(value, shape):
    """float32 (n, *shape) of an argument."""
    array = np.asarray(value)
    if array.shape[1:] != shape or not len(array):
        raise ValueError(f"codes: expected (n, {shape[0]}) with n of at least 1, got {array.shape}")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError("codes: expected finite numbers")
    return array.astype(np.float32)


def _row_seeds(count, seed):
    """int64 (count,): one seed a picture, which the picture depends on alone."""
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"count: expected a whole number of at least 1, got {count!r}")
    if not isinstance(seed, (int, np.integer)) or not -LARGEST_SEED - 1 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed: expected a whole number in [{-LARGEST_SEED - 1}, {LARGEST_SEED}], got {seed!r}")
    return (np.int64(seed) << np.int64(32)) + np.arange(count, dtype=np.int64)


def _unpacked(files):
    """uint8 (n, H, W, C) of PNGs."""
    return np.stack([pictures.from_png(data) for data in files])


def _finished(answer, png):
    """The pictures of an answer: uint8 for png=True, else float32 in [0, 1]; points (n, d) as they are."""
    images = _unpacked(answer["image_bytes"]) if "image_bytes" in answer else answer["images"]
    if png and images.ndim == 4:
        return pictures.to_uint8(images)
    return images / np.float32(255) if images.dtype == np.uint8 else images


if __name__ == "__main__":
    from serving.command_line import main

    sys.exit(main(Client))
