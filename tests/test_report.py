"""The report: one page that stands alone, says what the JSON says and nothing more."""

import json
import math
import re
import shutil
from html.parser import HTMLParser

import pytest
from PIL import Image

from keras_vae import report
from keras_vae.report import compare
from keras_vae.report.digits import digits
from keras_vae.report.figures import training_curves

VOID = {"meta", "img", "input", "br", "hr", "link"}
EVIL = '<script>alert("1")</script>'
RUN = {"dataset": "faces", "stages": ["ae", "vae"], "inference_stage": "vae", "seed": 20260101, "latent_dim": 8}
RESULTS = {
    "run": RUN | {"data_options": {"image_size": [4, 6]}, "versions": {"keras": "3.15.1"}},
    "protocol": {"split": "test", "images": 1000, "features": {"sha256": "1a2b"}},
    "verdict": {"word": "over-regularised", "evidence": ["3 of 8 are active"], "advice": ["more kappa"]},
    "headline": [{"name": "squared error", "value": 12345.6, "note": "held out"}, {"name": "NDB / K", "value": 0.08}],
    "tables": [
        {"title": "Frechet distance", "columns": ["", "pixels"], "rows": [["floor", 1.25], ["VAE+", None]], "note": "N"}
    ],
    "latents": {
        "active": [False, True, True, False, True, False, False, False],
        "variance_of_mean": [0.0, 0.9, 0.8, 0.001, 0.7, 0.0, 0.0, 0.0],
        "mean_of_variance": [1.0, 0.1, 0.2, 0.99, 0.3, 1.0, 1.0, 1.0],
        "variance_law": [1.0, 1.0, 1.0, 0.991, 1.0, 1.0, 1.0, 1.0],
        "kl": [0.0, 2.0, 1.5, 0.01, 1.0, 0.0, 0.0, math.nan],
    },
    "pictures": [
        {"title": "Samples", "group": "samples", "caption": "AE + VAE", "file": "evaluation/a.png"},
        {"title": EVIL, "group": "samples", "caption": '" onload="x', "file": "evaluation/b.png"},
    ],
}
HISTORY = [
    {"loss": 5.0 - e, "kl": 1.0 + e, "gamma": 0.1**e, "rmse": 0.5, "gradient_norm": 3.0, "active": e, "mmd": 0.1 * e}
    for e in range(1, 4)
]


class Page(HTMLParser):
    """Checks that tags are balanced, and collects text and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.text, self.tags = [], [], "", []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another tag, at {self.getpos()}"

    def handle_data(self, data):
        self.text += data

    def values(self, *names):
        return [value for name, value in self.attributes if name in names]


@pytest.fixture
def workdir(tmp_path):
    """A run directory with everything that the page reads but results.json."""
    (tmp_path / "evaluation").mkdir()
    for name, size in (("a", (20, 10)), ("b", (500, 300))):
        Image.new("RGB", size, "red").save(tmp_path / "evaluation" / f"{name}.png")
    (tmp_path / "config.json").write_text(json.dumps({"dataset": "faces", "note": EVIL}))
    (tmp_path / "environment.json").write_text(json.dumps({"python": "3.11"}))
    for stage in RUN["stages"]:
        (tmp_path / stage).mkdir()
        (tmp_path / stage / "history.json").write_text(json.dumps(HISTORY))
    return tmp_path


def write(workdir, results):
    """The page of these results, as text and parsed."""
    (workdir / "results.json").write_text(json.dumps(results))
    path = report.write(workdir)
    assert path == workdir / "report.html"
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def test_everything_is_on_the_page(workdir):
    text, page = write(workdir, RESULTS)
    for said in ("over-regularised", "3 of 8 are active", "more kappa", "12,346", "0.08", "Frechet distance", "1.25"):
        assert said in page.text
    assert "20260101" in page.text and "1,000" in page.text and "4 × 6" in page.text and "NaN" in page.text
    assert page.text.count("Decoder variance") == 2 and page.text.count("MMD") == 3  # charts, and the glossary
    assert "3 of 8 dimensions are active" in page.text
    assert text.count("data:image/png;base64,") == 2
    assert text.index("Verdict") < text.index("squared error") < text.index("Samples") < text.index("Configuration")


STAGES = [
    {"stage": "ae", "has_prior": False, "word": "under-regularised", "evidence": ["AE"], "advice": ["no prior: mend"]},
    {"stage": "vae", "has_prior": True, "word": "under-regularised", "evidence": ["VAE"], "advice": ["train longer"]},
    {"stage": "second", "has_prior": True, "word": "balanced", "evidence": ["SECOND"], "advice": ["Nothing."]},
]


def test_the_verdict_on_what_is_sampled_comes_first(workdir):
    """Then every stage; one without a prior, below others, is as it should be, and gets no advice."""
    text, page = write(workdir, RESULTS | {"verdicts": STAGES})
    assert text.index("drawn from the prior of stage second") < text.index("Stage ae") < text.index("Stage vae")
    assert text.index("SECOND") < text.index("AE") < text.index(">VAE<")
    assert re.search(r'class="verdict ([a-z-]+)"', text)[1] == "balanced"
    assert "no prior: mend" not in page.text and "as meant" in page.text and "train longer" in page.text
    poor = [STAGES[0] | {"word": "over-regularised"}, *STAGES[1:]]
    assert "no prior: mend" in write(workdir, RESULTS | {"verdicts": poor})[1].text
    assert "drawn from the prior of stage" not in write(workdir, RESULTS | {"verdicts": STAGES[:1]})[0]


def test_words_are_linked_once_to_the_glossary(workdir):
    text, page = write(workdir, RESULTS | {"verdicts": STAGES})
    assert page.values("href").count("#word-balanced") == 1 and 'id="word-balanced"' in text
    assert 'id="word-ndb"' in text and 'id="word-auroc"' not in text, "only what is on the page"


def test_scales_are_drawn(workdir):
    table = {"title": "SWD", "columns": ["", "16x16", "8x8", "mean"], "rows": [["floor", 1.0, None, 1.0]]}
    assert "SWD by scale" not in write(workdir, RESULTS | {"tables": [table]})[0]
    text, page = write(workdir, RESULTS | {"tables": [table | {"scales": ["16x16", "8x8"]}]})
    assert "SWD by scale" in text and "16x16" in page.text


def test_two_runs_side_by_side(workdir, tmp_path_factory):
    other = shutil.copytree(workdir, tmp_path_factory.mktemp("other") / "run")
    (workdir / "results.json").write_text(json.dumps(RESULTS))
    config = {"dataset": "faces", "note": EVIL, "stages": [{"name": "vae", "epochs": 3}]}
    (other / "config.json").write_text(json.dumps(config))
    tables = [{"title": "Frechet distance", "columns": ["", "pixels"], "rows": [["floor", 2.5], ["VAE+", 3.0]]}]
    (other / "results.json").write_text(json.dumps(RESULTS | {"verdicts": STAGES, "tables": tables}))
    path = compare.write(workdir, other)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert path == other / f"compare-{workdir.name}.html"
    for said in (
        "over-regularised",
        "balanced",
        "stages.vae.epochs",
        "12,346",
        "the same",
        "+100%",
        "Decoder variance",
    ):
        assert said in page.text, said
    assert text.count("data:image/png;base64,") == 4 and "Measured differently" not in text
    ids = page.values("id")
    assert len(ids) == len(set(ids)) and "http" not in text and "<script" not in text
    protocol = RESULTS["protocol"] | {"images": 300}
    (other / "results.json").write_text(json.dumps({"run": RUN, "protocol": protocol}))
    assert "images: 1,000 and 300" in compare.write(workdir, other).read_text(encoding="utf-8")


def test_runs_that_are_not_measured_are_not_compared(workdir):
    with pytest.raises(FileNotFoundError, match="has no results.json; measure it first"):
        compare.write(workdir, workdir)


def test_only_a_run(workdir):
    text, page = write(workdir, {"run": {"dataset": "mnist", "stages": ["vae"]}})
    assert "mnist" in page.text and "Active dimensions" in page.text and "Configuration" in page.text
    for absent in ("Verdict", "Headline", "Metrics", "Latent dimensions", "<img"):
        assert absent not in text


def test_nothing_is_fetched(workdir):
    text, page = write(workdir, RESULTS)
    assert "http" not in text and "@import" not in text and "script" not in page.tags and "link" not in page.tags
    assert all(value.startswith(("data:image/", "#")) for value in page.values("src", "href", "xlink:href"))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))


def test_ids_are_unique_and_references_are_met(workdir):
    text, page = write(workdir, RESULTS)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    references = [value[1:] for value in page.values("href")] + re.findall(r"url\(#([^)]*)\)", text)
    assert references and set(references) <= set(ids)


def test_text_is_escaped(workdir):
    for results in (RESULTS, RESULTS | {"run": RESULTS["run"] | {"dataset": EVIL}}):
        text, page = write(workdir, results)
        assert "<script" not in text and EVIL in page.text
        assert not page.values("onload")


def test_pictures_that_cannot_be_read_are_named(workdir):
    picture = {"title": "Samples", "file": "evaluation/none.png"}
    with pytest.raises(FileNotFoundError, match=r"picture 'Samples' of results.json.*none\.png"):
        write(workdir, {"run": RUN, "pictures": [picture]})
    (workdir / "evaluation" / "none.png").write_text("not a picture")
    with pytest.raises(ValueError, match=r"none\.png is not an image"):
        write(workdir, {"run": RUN, "pictures": [picture]})
    assert not (workdir / "report.html").exists()


def test_a_stage_without_history_is_said(workdir):
    (workdir / "vae" / "history.json").unlink()
    assert "there is no vae/history.json" in write(workdir, {"run": RUN})[1].text


def test_latents_of_different_lengths(workdir):
    with pytest.raises(ValueError, match="different lengths"):
        write(workdir, {"run": RUN, "latents": {"kl": [1.0, 2.0], "variance_law": [1.0]}})


@pytest.mark.parametrize(
    "history",
    [[], [{"loss": 1.0}], [{"loss": math.nan, "gamma": 0.0}, {"loss": math.inf, "gamma": None}], [{"kl": 0.0}] * 3],
)
def test_odd_histories_are_drawn(history):
    for _, svg in training_curves("vae", history):
        Page(svg)


def test_same_input_same_page(workdir):
    assert write(workdir, RESULTS)[0] == write(workdir, RESULTS)[0]


@pytest.mark.parametrize(
    "value, text",
    [
        (1234567, "1,234,567"),
        (-18314.84, "−18,315"),
        (30.12864, "30.13"),
        (9.99996, "10.00"),
        (0.08, "0.08"),
        (1.14003, "1.140"),
        (0.0000312, "3.12×10⁻⁵"),
        (0.0, "0"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
        (None, "–"),
        (True, "yes"),
        ("K = 100", "K = 100"),
        ([64, 64, 3], "64 × 64 × 3"),
    ],
)
def test_digits(value, text):
    assert digits(value) == text
