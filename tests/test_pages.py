"""README and docs: commands are understood, links lead somewhere, numbers are those of the results, and README runs."""

import contextlib
import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import urllib.parse

import numpy as np
import pytest
from PIL import Image

from experiments.common import pages
from keras_vae.files import read_json
from keras_vae.training import local_workers
from tests import chromium, tiny
from tests.commands import ROOT, blocks, commands, understand

README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_COMMANDS = [page for page in PAGES if blocks(page, "bash")]


def named(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=named)
def test_every_command_is_understood(page):
    for words in commands(page):
        understand(words)


def test_the_pages_that_tell_what_to_type_do_so_in_blocks_that_are_checked():
    assert {"README.md", "docs/guide.md", "docs/faq.md", "docs/release.md"} <= set(map(named, WITH_COMMANDS))
    for page in PAGES:
        loose = [
            text for text in blocks(page, "", "sh", "shell", "console") if re.search(r"^(python|keras-vae) ", text)
        ]
        assert not loose, f"{named(page)}: a block of commands that is not marked as bash:\n{loose}"
    assert len(commands(README)) > 20


def test_a_wrong_command_would_be_found():
    with pytest.raises(SystemExit):
        understand(["python", "train.py", "--no_such_flag"])
    with pytest.raises(ValueError):
        understand(["python", "train.py", "--set", "vae.no_such_number=1"])
    with pytest.raises(AssertionError):
        understand(["make", "no_such_target"])


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if urllib.parse.urlparse(target).scheme:
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{named(page)}: {target}"
        if anchor:
            assert anchor in anchors(file), f"{named(page)}: {target}"


def anchors(page):
    """Those of the headings of a page, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    explicit = re.findall(r"\{ *#([\w-]+) *\}|id=\"([\w-]+)\"", page.read_text(encoding="utf-8"))
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | {one or other for one, other in explicit}


def test_the_promises_name_tests_that_are_there():
    """`test_file.py::test_name`, or `test_name` alone, of the file named before it in the line."""
    tests = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py")}
    lines = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    found = [re.findall(r"`(test_\w+\.py)?(?:::)?(test_\w+)?`", line) for line in lines]
    assert sum(map(len, found)) > 50
    for names in found:
        file = ""
        for named_file, name in names:
            file = named_file or file
            assert file in tests and (not name or f"def {name}(" in tests[file]), (file, name)


def test_the_results_of_the_readme_are_those_of_the_pages():
    rows = re.findall(
        r"^\| \[[^]]+\]\((docs/results/\w+\.md)\).*?\|(.*)\|(.*)\|(.*)\|$", README.read_text(), re.MULTILINE
    )
    assert len(rows) > 5
    for path, *cells in rows:
        page = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(r"\d+ of \d+", cells[2])[0] + " checks hold" in page, path
        for number in re.findall(r"[−\d.]*\d\.\d+|−\d+", " ".join(cells)):
            assert number in page, f"README: {number} is not in {path}"


def test_each_page_of_results_says_why_as_its_experiment_does():
    """A page that was measured earlier must not keep what is no longer true."""
    summary = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    records = sorted((ROOT / "docs" / "results").glob("*.json"))
    assert len(records) > 15
    for path in records:
        for why in pages.reasons(read_json(path)):
            assert f"{pages.NOT_HELD} {why}\n" in path.with_suffix(".md").read_text(encoding="utf-8"), path
            assert why in summary, path


@pytest.mark.slow
def test_the_readme_runs(tmp_path, real_data_dir):
    """All of README.md in its order, at a small size; programs that are not ours apart from curl are left out."""
    ports = dict(zip(("8500", "8501"), local_workers.free_ports(2)))
    shell = Shell(tmp_path, ports, real_data_dir)
    faces(tmp_path / "my_images", 400)  # of which 5% are for tests, and a diagnosis needs 16
    (tmp_path / "test_pictures").mkdir()
    for kind, count in (("normal", 50), ("abnormal", 20)):
        faces(tmp_path / "test_pictures" / kind, count)
    shutil.copy(next((tmp_path / "my_images").glob("*.png")), tmp_path / "photo.png")
    shell.python(
        "import keras_vae as kv; from keras_vae.networks import asperti_dense as net; shape = (64, 64, 3)\n"
        "model = kv.GaussianVAE(net.encoder(shape, 4, hidden=[8]), net.decoder(4, shape, hidden=[8]))\n"
        "model.save('theirs.keras')"
    )
    with contextlib.ExitStack() as stack:
        for words in commands(README):
            if words == ["make", "demo"]:
                for line in re.findall(r"^\t\$\(BIN\)/(python .*)$", recipe("demo"), re.MULTILINE):
                    shell.run(line.split())
            elif "serving.local" in words:
                stack.enter_context(shell.served(words))
                chromium.wait_until(shell.answers, seconds=300)
            elif words[0] in ("python", "curl"):
                shell.run(words)
        first, diagnosis, client = blocks(README, "python")
        small = "import functools\nkv.second_stage = functools.partial(kv.second_stage, model='mixture')\n"
        theirs = "encode, decode = stack.encode, stack.decode\n"
        shell.python(f"{first}\n{small}{theirs}images = images[:300]\n{diagnosis}\nimages = images[:4]\n{client}")
    made = {path.name for path in tmp_path.iterdir()}
    assert {"runs", "export", "grid.png", "heat.png", "back.png", "diagnosis"} <= made
    assert (tmp_path / "runs" / "demo" / "report.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["guide", "faq", "diagnose"])
def test_the_python_of_the_docs_runs(page, run, tmp_path, monkeypatch):
    """Each block for itself, on small data, with the names that the text around it speaks of."""
    import keras_vae as kv

    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "runs" / "demo")
    stored = kv.data.load

    def small(name, split, **options):
        if name == "mnist":
            return np.random.default_rng(0).integers(0, 256, (200, 28, 28, 1), dtype=np.uint8)
        return stored(name, split, **tiny.CONFIG.data_options)

    quick = kv.config.override(kv.presets.mnist_vae.quick(), ["vae.epochs=1"])
    search = functools.partial(kv.find_balance, latent_dims=[2], betas=[1.0])
    for module, name, other in (
        (kv.data, "load", small),
        (kv.presets.mnist_vae, "quick", lambda: quick),
        (kv, "find_balance", search),
        (kv, "second_stage", functools.partial(kv.second_stage, model="mixture")),
    ):
        monkeypatch.setattr(module, name, other, raising=False)
    for block in blocks(ROOT / "docs" / f"{page}.md", "python"):
        if "@torch" not in block or importlib.util.find_spec("torch"):
            exec(compile(block, f"{page}.md", "exec"), {"kv": kv, **theirs(tmp_path)})


def theirs(folder):
    """The names of docs/diagnose.md: a VAE of somebody else, in Keras, as a SavedModel and, where it is, in PyTorch."""
    import keras
    import tensorflow as tf

    images = tiny.images(40)
    inputs = keras.Input(tiny.SHAPE)
    flat = keras.layers.Flatten()(inputs)
    encoder = keras.Model(inputs, [keras.layers.Dense(3)(flat), keras.layers.Dense(3)(flat)])
    decoder = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(24, activation="sigmoid"), keras.layers.Reshape(tiny.SHAPE)]
    )
    saved = tf.Module()
    saved.models = [encoder, decoder]  # whose variables it must own
    spec = [tf.TensorSpec([None, *tiny.SHAPE], tf.float32)]
    saved.encode = tf.function(lambda x: (encoder(x)[0], tf.exp(encoder(x)[1] / 2)), input_signature=spec)
    saved.decode = tf.function(decoder, input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    tf.saved_model.save(saved, str(folder / "model"))
    found = {"np": np, "tf": tf, "encoder": encoder, "decoder": decoder, "vae": None}
    found |= {"encode": saved.encode, "decode": saved.decode, "their_encoder": encoder, "their_decoder": decoder}
    if importlib.util.find_spec("torch"):
        found["torch"] = importlib.import_module("torch")
    return found | {"images": images, "held_out_images": images, "training_images": images}


class Shell:
    """Commands of a page in a scratch folder. Networks are made small, ports free ones."""

    def __init__(self, folder, ports, data_dir):
        self.folder, self.ports, self.data_dir = folder, ports, data_dir
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "PWD": str(folder)}

    def run(self, words):
        """Run a command to its end, which must be a good one."""
        done = subprocess.run(self.real(words), cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def python(self, code):
        """Run Python code."""
        self.run(["python", "-c", code])

    @contextlib.contextmanager
    def served(self, words):
        """Run a server meanwhile."""
        with subprocess.Popen(self.real(words), cwd=self.folder, env=self.environment) as server:
            try:
                yield
            finally:
                server.terminate()

    def answers(self):
        """True when the model is served."""
        address = f"http://127.0.0.1:{self.ports['8501']}/v1/models/vae"
        done = subprocess.run(["curl", "-s", address], capture_output=True, text=True)
        return "AVAILABLE" in done.stdout

    def real(self, words):
        """The command with this Python, the scripts' paths, and small numbers where it trains."""
        words = [word.replace("$PWD", str(self.folder)) for word in words]
        for old, new in self.ports.items():
            words = [word.replace(old, str(new)) for word in words]
        if words[0] != "python":
            return words
        words = [sys.executable, *words[1:]]
        if words[1].endswith(".py"):
            words[1] = str(ROOT / words[1])
        if words[1].endswith("evaluate.py"):
            return [*words, "--count=100"]
        if "serving.client" in words and not any(word.startswith("--address") for word in words):
            return [*words, f"--address=http://127.0.0.1:{self.ports['8501']}"]  # by default 8501, which may be taken
        return words + self.small(words) if words[1].endswith("train.py") or "balance" in words else words

    def small(self, words):
        """Flags that make training short."""
        if "--dataset=mnist" in words:
            return [f"--data_dir={self.data_dir}", "--set=vae.epochs=1"]
        found = [
            "--set=ae.epochs=1",
            "--set=ae.network_options.width=0.1",
            "--set=vae.epochs=1",
            "--set=second.epochs=1",
        ]
        if "--dataset=celeb_a" in words:
            found += [f"--data_dir={self.data_dir}", "--image_size=16x16", "--set=ae.latent_dim=16"]
        if "--dataset=faces" in words:
            found += ["--set=data_options.count=400"]
        return found + (["--latent_dims=2", "--betas=1"] if "balance" in words else [])


def recipe(target):
    """The lines of a target of the Makefile."""
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]


def faces(folder, count):
    """A folder of PNG files."""
    from keras_vae.data.sets import faces

    folder.mkdir()
    drawn = faces.draw(np.random.default_rng(count).random((count, len(faces.FACTORS))), (64, 64))
    for number, image in enumerate(drawn):
        Image.fromarray(image).save(folder / f"{number:03d}.png")
