"""python -m keras_vae.theory, and everything it claims."""

import importlib
import pathlib
import re
import sys

import pytest

from keras_vae import plugins
from keras_vae.theory import __main__ as command
from keras_vae.theory import kl_terms
from keras_vae.theory._claims import Claim, above, below, equal
from tests.scripts import Script

NAMES = plugins.names("keras_vae.theory")


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_holds(name):
    claims = plugins.find("keras_vae.theory", name, "theorem").check()
    assert claims and not [command.line(claim) for claim in claims if not claim.holds]


@pytest.mark.parametrize("name", plugins.names("keras_vae.theory", contract="figure"))
def test_figures_are_drawn(name, tmp_path):
    module = plugins.find("keras_vae.theory", name, "theorem")
    path = command.draw(module, tmp_path / "figures" / f"{name}.png")
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_one_command_checks_one_theorem(tmp_path):
    status, output = Script(tmp_path / "log", command.__file__, "beta", "--out", tmp_path).wait()
    assert status == 0, output
    assert "d, r, kappa, beta = 20, 3, 8, 1" in output and "expected 17; found 17" in output
    assert (tmp_path / "beta.png").exists()


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file", "a file; expected a directory"),
        ("file/below", "lies below a file"),
        ("link", "a symbolic link that leads nowhere"),
        ("", "--out is ''; expected a path"),
        ("~nobody_here/x", "there is no user 'nobody_here'"),
    ],
)
def test_where_no_figure_can_lie_is_told_before_anything_is_checked(out, message, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "link")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["theory", "beta", f"--out={out}"])
    with pytest.raises(SystemExit) as stop:
        command.main()
    told = capsys.readouterr()
    assert stop.value.code == 2 and message in told.err and not told.out


def test_a_claim_that_fails_fails_the_command(monkeypatch, capsys):
    monkeypatch.setattr(kl_terms, "check", lambda: [equal("two and two", 5, 4), below("one", 2, 1)])
    monkeypatch.setattr(sys, "argv", ["theory", "kl_terms"])
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 1
    assert "FAILS  two and two" in capsys.readouterr().out


def test_claims_compare_every_element():
    assert equal("", [1, 2], [1, 2 + 1e-12]).holds and not equal("", [1, 2], [1, 2.1]).holds
    assert below("", 1, [0, 0.5]).holds and not below("", 1, [0, 1.0]).holds
    assert above("", 1, [2, 3]).holds and not above("", 1, [2, float("nan")]).holds
    assert equal("", 1, float("nan")) == Claim("", "1", "nan", False)


def test_the_page_names_functions_that_exist_and_every_check():
    page = (pathlib.Path(__file__).parents[1] / "docs" / "theory.md").read_text(encoding="utf-8")
    modules = {path.stem for path in pathlib.Path(command.__file__).parent.glob("[a-z]*.py")}
    named = [
        pair for pair in re.findall(r"`(\w+)\.(\w+)`", page) if pair[0] in modules and pair[1] not in ("png", "py")
    ]
    missing = [pair for pair in named if not hasattr(importlib.import_module(f"keras_vae.theory.{pair[0]}"), pair[1])]
    assert not missing
    assert {module for module, _ in named} >= set(NAMES)
