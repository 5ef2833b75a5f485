"""The page at / of the embedded server, in a real browser; what it shows is compared with what the client says."""

import base64
import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving.client import Client
from serving.pictures import from_png, to_png
from tests import chromium, tiny_served

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="no Chromium found on the PATH")

CONFIG = """model_config_list {{
  config {{ name: "vae" base_path: "{0}/vae" model_platform: "tensorflow" }}
  config {{ name: "older" base_path: "{0}/older" model_platform: "tensorflow" }}
  config {{ name: "points" base_path: "{0}/points" model_platform: "tensorflow" }}
}}"""
WATCH_REQUESTS = """
  window.requests = {running: 0, most: 0, count: 0};
  const plain = window.fetch;
  window.fetch = async (...args) => {
    if (!String(args[1]?.body).includes('decode_png')) return plain(...args);
    requests.count += 1;
    requests.most = Math.max(requests.most, requests.running += 1);
    try { return await plain(...args); } finally { requests.running -= 1; }
  };
"""
SETTLED = "document.querySelectorAll('#grid img').length && document.querySelectorAll('#strip img').length === 9"


def export_points(path):
    """A model that describes points, and has no signature of pictures."""
    module = tf.Module()
    spec = tf.TensorSpec([None, 2], tf.float32, "images")
    encode = tf.function(lambda images: {"mean": images, "stddev": images}, input_signature=[spec])
    tf.saved_model.save(module, str(path / "1"), {"encode": encode.get_concrete_function()})


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    tiny_served.export(base / "vae", version=3)
    tiny_served.export(base / "older", screens=False)
    export_points(base / "points")
    (base / "models.config").write_text(CONFIG.format(base))
    with tiny_served.served(f"--model_config_file={base / 'models.config'}") as (rest, _):
        yield rest


@pytest.fixture(scope="module")
def client(address):
    with Client(address) as client:
        yield client


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browser(tmp_path_factory.mktemp("browser")) as tab:
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH_REQUESTS)
        yield tab


@pytest.fixture
def tab(browser, address):
    """The page, with all that it asks for at first."""
    browser.complaints.clear()
    browser.look(1400, 1000)
    browser.go(f"{address}/")
    browser.wait_for(SETTLED)
    yield browser
    assert not browser.complaints


def shown(tab, selector):
    """uint8 (n, H, W, C) of the pictures that a selector finds."""
    sources = tab.evaluate(f"[...document.querySelectorAll('{selector}')].map((each) => each.src)")
    return np.stack([from_png(base64.b64decode(source.split(",")[1])) for source in sources])


def text(tab, selector):
    return tab.evaluate(f"document.querySelector('{selector}').textContent")


def enter(tab, selector, value):
    """Type into a field, or drag a slider."""
    tab.evaluate(
        f"(() => {{ const field = document.querySelector('{selector}'); field.value = {json.dumps(value)};"
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def number(words):
    return float(words.replace(",", ""))


def picture_file(path, size=(31, 24), seed=0):
    """A PNG of another size than the model's."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    path.write_bytes(to_png(np.kron(pixels, np.ones((2, 2, 1), np.uint8))))
    return path


def test_it_says_which_model_it_is(tab):
    assert text(tab, "h1") == "vae"
    assert text(tab, "#about") == "Version 3, pictures of 10 by 8, 5 latent dimensions"
    assert text(tab, "#picker") == "Model vaeolderpoints"


@pytest.mark.parametrize("seed", [7, 2**31 - 1, -5])
def test_a_typed_seed_gives_its_samples(seed, tab, client):
    """The seeds of rows go beyond 2^53, where JavaScript's numbers are no longer whole ones."""
    np.testing.assert_array_equal(shown(tab, "#grid img"), client.sample(64, 0, png=True))
    enter(tab, "#seed", str(seed))
    tab.wait_for(f"document.querySelector('#grid img').alt === 'sample 0 of seed {seed}'")
    np.testing.assert_array_equal(shown(tab, "#grid img"), client.sample(64, seed, png=True))


def test_how_many_samples_and_another_seed(tab):
    tab.evaluate("document.querySelector('#count').value = '8'")
    tab.evaluate("document.querySelector('#dice').click()")
    tab.wait_for("document.querySelectorAll('#grid img').length === 8")
    assert text(tab, "#trouble") == ""


def test_sliders_start_at_the_mean_with_the_busiest_dimension_first(tab, client):
    assert tab.evaluate("[...document.querySelectorAll('#sliders span')].map((each) => each.textContent)") == [
        "z2", "z4", "z3", "z0",
    ]  # fmt: skip
    ends = tab.evaluate("(() => { const s = document.querySelector('#sliders input'); return [s.min, s.max]; })()")
    np.testing.assert_allclose([float(end) for end in ends], [0.3 - 3 * 1.4, 0.3 + 3 * 1.4], rtol=1e-6)
    expected = client.decode([tiny_served.TABLE_MEAN], png=True)
    np.testing.assert_array_equal(shown(tab, "#decoded"), expected)


def test_a_dragged_slider_changes_the_picture_with_one_request_at_a_time(tab, client):
    tab.evaluate("requests.count = requests.most = 0")
    tab.evaluate(
        "(() => { const slider = document.querySelector('#sliders input');"
        "for (let step = 1; step <= 40; step += 1) {"
        "slider.value = step / 20; slider.dispatchEvent(new Event('input')); } })()"
    )
    code = np.array([tiny_served.TABLE_MEAN], np.float32)
    code[0, 2] = 2.0
    expected = client.decode(code, png=True)
    tab.wait_for("requests.count === 2 && requests.running === 0")
    chromium.wait_until(lambda: np.array_equal(shown(tab, "#decoded"), expected))
    # The first, and the last of all that came meanwhile.
    assert tab.evaluate("[requests.most, requests.count]") == [1, 2]
    assert text(tab, "#sliders output") == "2.00"


def test_a_sample_goes_to_the_sliders(tab, client):
    sample = client.sample(64, 0, png=True)[5:6]
    mean, _ = client.encode(sample)
    tab.evaluate("document.querySelectorAll('#grid button')[5].click()")
    expected = client.decode(mean, png=True)
    chromium.wait_until(lambda: np.array_equal(shown(tab, "#decoded"), expected))
    assert text(tab, "#sliders output") == f"{mean[0, 2]:.2f}"


def check_slot(tab, client, slot, file):
    expected, squared_error = client.reconstruct([file], png=True)
    chromium.wait_until(lambda: np.array_equal(shown(tab, f"#{slot} .reconstruction"), expected))
    score = client.score([file])
    assert number(text(tab, f"#{slot} .squared-error")) == pytest.approx(squared_error[0], rel=1e-4)
    assert number(text(tab, f"#{slot} .elbo")) == pytest.approx(score["elbo"][0], rel=1e-4)
    assert number(text(tab, f"#{slot} .reconstruction-term")) == pytest.approx(score["reconstruction"][0], rel=1e-4)
    assert number(text(tab, f"#{slot} .kl")) == pytest.approx(score["kl"][0], rel=1e-4)
    screened = client.screen([file])
    assert text(tab, f"#{slot} .strangeness") == f"{100 * screened['strangeness'][0]:.1f} %"
    np.testing.assert_array_equal(shown(tab, f"#{slot} .heat"), screened["heat_maps"])
    assert not tab.evaluate(f"document.querySelector('#{slot} .heat').closest('figure').hidden")


def test_pictures_by_choice_and_by_drop_and_the_way_between_them(tab, client, tmp_path):
    one, other = (picture_file(tmp_path / f"{seed}.png", seed=seed).read_bytes() for seed in (0, 1))
    tab.choose_file("#first input[type=file]", tmp_path / "0.png")
    check_slot(tab, client, "first", one)
    assert text(tab, "#first .caption") == "0.png"
    tab.evaluate(
        f"(() => {{ const bytes = Uint8Array.from(atob('{base64.b64encode(other).decode()}'), (c) => c.charCodeAt(0));"
        "const dataTransfer = new DataTransfer();"
        "dataTransfer.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));"
        "document.querySelector('#second .drop').dispatchEvent("
        "new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true})); })()"
    )
    check_slot(tab, client, "second", other)
    means, _ = client.encode([one, other])
    codes = means[0] + np.linspace(0, 1, 9)[:, None] * (means[1] - means[0])
    expected = client.decode(codes, png=True)
    # JavaScript adds in float64, NumPy here in float32: a pixel may be rounded the other way.
    chromium.wait_until(lambda: np.abs(shown(tab, "#strip img").astype(int) - expected).max() <= 1)


def test_a_photograph_in_another_format_is_taken_upright(tab, client, tmp_path):
    """A JPEG that says "turn me": what the browser shows is what the model gets."""
    pixels = np.kron(np.random.default_rng(3).integers(0, 256, (4, 5, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels[::-1, ::-1]).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    upright = io.BytesIO()
    Image.fromarray(pixels).save(upright, format="PNG")
    expected = client.reconstruct([upright.getvalue()], png=True)[0].astype(int)
    tab.choose_file("#first input[type=file]", tmp_path / "turned.jpg")
    tab.wait_for("document.querySelector('#first .caption').textContent === 'turned.jpg'")
    assert np.abs(shown(tab, "#first .reconstruction") - expected).mean() < 12  # JPEG is lossy; upside down it is > 60


def test_mistakes_are_told_in_words(tab, tmp_path):
    before = shown(tab, "#grid img")
    enter(tab, "#seed", "1.5")
    tab.wait_for("!document.querySelector('#trouble').hidden")
    assert text(tab, "#trouble") == "A seed is a whole number between -2147483648 and 2147483647."
    np.testing.assert_array_equal(shown(tab, "#grid img"), before)
    (tmp_path / "notes.png").write_text("no picture")
    tab.choose_file("#first input[type=file]", tmp_path / "notes.png")
    tab.wait_for("document.querySelector('#trouble').textContent.includes('notes.png')")
    assert text(tab, "#trouble") == "notes.png is not a picture that this browser can read."
    enter(tab, "#seed", "2")
    tab.wait_for("document.querySelector('#trouble').hidden")


def test_a_mistake_stays_on_the_page_while_earlier_requests_come_back(tab):
    tab.evaluate("document.querySelectorAll('#grid button')[5].click()")
    enter(tab, "#seed", "1.5")
    tab.wait_for("requests.running === 0 && document.querySelector('#sliders output').textContent !== '0.30'")
    assert "A seed is a whole number" in text(tab, "#trouble")


def test_a_model_that_cannot_screen_shows_no_strangeness(browser, address):
    browser.look(1400, 1000)
    browser.go(f"{address}/?model=older")
    browser.wait_for(SETTLED)
    assert text(browser, "#first .elbo")
    assert browser.evaluate("[...document.querySelectorAll('.screened')].every((each) => each.hidden)")


def test_models_without_pictures_and_without_an_existence(browser, address):
    browser.go(f"{address}/?model=points")
    browser.wait_for("!document.querySelector('#trouble').hidden")
    assert "This model makes no pictures" in text(browser, "#trouble")
    assert "It has: encode" in text(browser, "#trouble")
    assert browser.evaluate("document.querySelector('main').hidden")
    browser.go(f"{address}/?model=absent")
    browser.wait_for("!document.querySelector('#trouble').hidden")
    assert text(browser, "#trouble") == "The server says: Servable not found for request: Latest(absent)"


@pytest.mark.parametrize("width", [1400, 500])
@pytest.mark.parametrize(("scheme", "lightness"), [("light", 251), ("dark", 20)])
def test_it_fits_the_window_and_the_scheme(width, scheme, lightness, tab):
    tab.look(width, 900, scheme)
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB"))
    assert shot.shape[1] <= width
    assert shot[2, 2, 0] == lightness
