"""A small SavedModel with the signatures of an exported stack, made without the project, and a server of it."""

import contextlib
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.training.local_workers import free_ports
from tests.scripts import Script
from tests.served_models import eventually

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHAPE, LATENT_DIM = (8, 10, 3), 5
TABLE_MEAN, TABLE_STDDEV = [0.1, 0.2, 0.3, 0.4, 0.5], [0.6, 0.0, 1.4, 0.9, 1.1]


class Model(tf.Module):
    """Sigmoid of a random linear map, and its transpose."""

    def __init__(self, shape=SHAPE, latent_dim=LATENT_DIM, seed=0):
        self.shape = shape
        weights = np.random.default_rng(seed).normal(size=(latent_dim, int(np.prod(shape))))
        self.weights = tf.Variable(weights, dtype=tf.float32)

    def encode(self, images):
        mean = tf.reshape(images - 0.5, [-1, self.weights.shape[1]]) @ tf.transpose(self.weights) / 10.0
        return {"mean": mean, "stddev": tf.exp(-tf.abs(mean))}

    def decode(self, codes):
        return {"images": tf.reshape(tf.sigmoid(codes @ self.weights), [-1, *self.shape])}

    def reconstruct(self, images):
        decoded = self.decode(self.encode(images)["mean"])["images"]
        return {"images": decoded, "squared_error": tf.reduce_sum((decoded - images) ** 2, [1, 2, 3])}

    def score(self, images):
        reconstruction = self.reconstruct(images)["squared_error"]
        kl = tf.reduce_sum(self.encode(images)["mean"] ** 2, 1)
        return {"elbo": -reconstruction - kl, "reconstruction": reconstruction, "kl": kl}

    def screen(self, images):
        reconstruction = tf.tanh(self.score(images)["reconstruction"] / 100.0)
        maps = packed(tf.abs(self.reconstruct(images)["images"] - images))
        shares = {"strangeness_elbo": reconstruction / 2.0, "strangeness_reconstruction": reconstruction}
        return {**shares, "strangeness": reconstruction**2, "strangeness_png_bytes": maps}

    def sample(self, seed, temperature=(1.0,)):
        phase = tf.cast(seed % 1000003, tf.float32)[:, None] * tf.range(1.0, self.weights.shape[0] + 1)
        return self.decode(tf.convert_to_tensor(temperature)[:, None] * tf.sin(phase))

    def latent_table(self, dimension):
        stddev, mean = (tf.gather(tf.constant(column), dimension) for column in (TABLE_STDDEV, TABLE_MEAN))
        return {"active": stddev > 0.01, "latent_mean": mean, "latent_stddev": stddev}


def unit(images):
    """uint8 -> float in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def packed(images):
    """float in [0, 1] -> PNGs."""
    return tf.map_fn(tf.io.encode_png, tf.cast(tf.round(images * 255.0), tf.uint8), fn_output_signature=tf.string)


def unpacked(files, shape):
    """PNG or JPEG files -> float in [0, 1]."""

    def one(data):
        image = tf.io.decode_image(data, shape[2], expand_animations=False)
        return tf.ensure_shape(tf.image.resize(unit(image), shape[:2]), shape)

    return tf.map_fn(one, files, fn_output_signature=tf.float32)


def export(base_path, version=1, screens=True, **options):
    """Writes base_path/version, and gives base_path; without screens, what older exports had."""
    model = Model(**options)
    shape, latent_dim = model.shape, model.weights.shape[0]

    def signature(function, **specs):
        return tf.function(function).get_concrete_function(
            **{name: tf.TensorSpec([None, *size], dtype, name) for name, (dtype, *size) in specs.items()}
        )

    def reconstruct_png(image_bytes):
        answer = model.reconstruct(unpacked(image_bytes, shape))
        return {"image_bytes": packed(answer["images"]), "squared_error": answer["squared_error"]}

    signatures = {
        "decode": signature(lambda codes: model.decode(codes), codes=(tf.float32, latent_dim)),
        "decode_png": signature(
            lambda codes: {"image_bytes": packed(model.decode(codes)["images"])}, codes=(tf.float32, latent_dim)
        ),
        "reconstruct_png": signature(reconstruct_png, image_bytes=(tf.string,)),
        "sample": signature(lambda seed: model.sample(seed), seed=(tf.int64,)),
        "sample_at_temperature": signature(
            lambda seed, temperature: model.sample(seed, temperature), seed=(tf.int64,), temperature=(tf.float32,)
        ),
        "sample_png": signature(lambda seed: {"image_bytes": packed(model.sample(seed)["images"])}, seed=(tf.int64,)),
        "latent_table": signature(lambda dimension: model.latent_table(dimension), dimension=(tf.int64,)),
    }
    if screens:
        signatures["sample_uint8"] = signature(
            lambda seed: {"images": tf.cast(tf.round(model.sample(seed)["images"] * 255.0), tf.uint8)},
            seed=(tf.int64,),
        )
    for name in ("encode", "reconstruct", "score") + ("screen",) * screens:
        method = getattr(model, name)
        signatures |= {
            name: signature(lambda images, method=method: method(images), images=(tf.float32, *shape)),
            f"{name}_uint8": signature(lambda images, method=method: method(unit(images)), images=(tf.uint8, *shape)),
            f"{name}_bytes": signature(
                lambda image_bytes, method=method: method(unpacked(image_bytes, shape)), image_bytes=(tf.string,)
            ),
        }
    signatures["serving_default"] = signatures["encode"]
    tf.saved_model.save(model, str(pathlib.Path(base_path) / str(version)), signatures)
    return pathlib.Path(base_path)


@contextlib.contextmanager
def served(*flags):
    """(http address, grpc address) of `python -m serving.local` with these flags, in a process of its own."""
    rest_port, grpc_port = free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        ports = f"--rest_api_port={rest_port}", f"--port={grpc_port}"
        server = Script(pathlib.Path(folder) / "log", "-m", "serving.local", *ports, *flags)
        try:
            eventually(lambda: "REST API at" in server.text or server.status is not None)
            assert server.status is None, f"the server ended: {server.text}"
            yield f"http://127.0.0.1:{rest_port}", f"grpc://127.0.0.1:{grpc_port}"
        finally:
            server.send(signal.SIGTERM)
            server.wait(60)


def certificate(folder):
    """(files of a key and of a certificate of 127.0.0.1, signed by itself)"""
    key, cert = folder / "key", folder / "cert"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return key, cert


def forward(port, target, context=None):
    """Pass on connections to `port` to the port `target`, in threads that end with the process.

    context: an ssl.SSLContext that makes them secure.
    """
    listener = socket.create_server(("127.0.0.1", port))
    listener = context.wrap_socket(listener, server_side=True) if context else listener

    def copy(source, sink):
        with contextlib.suppress(OSError):  # either end may leave first
            while data := source.recv(2**16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept():
        while True:
            try:
                near = listener.accept()[0]
            except ssl.SSLError:  # a client that does not trust
                continue
            except OSError:  # closed
                return
            far = socket.create_connection(("127.0.0.1", target))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


SCHEMES = ("http", "grpc")
CONFIG = """model_config_list {{ config {{ name: "vae" base_path: "{}" model_platform: "tensorflow"
  model_version_policy {{ all {{}} }}
  version_labels {{ key: "stable" value: 1 }} version_labels {{ key: "canary" value: 2 }} }} }}"""


@contextlib.contextmanager
def two_versions(base):
    """{scheme: address} of a server with two versions of the model."""
    for version in (1, 2):
        export(base, version, seed=version)
    (base / "models.config").write_text(CONFIG.format(base))
    flags = (f"--model_config_file={base / 'models.config'}", "--allow_version_labels_for_unavailable_models")
    with served(*flags) as both:
        yield dict(zip(SCHEMES, both))
