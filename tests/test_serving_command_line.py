"""The command line of the client: from files to files, and its errors."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from serving import command_line
from serving.client import Client
from serving.pictures import from_png, grid, to_png
from tests import tiny_served
from tests.tiny_served import SCHEMES


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    with tiny_served.two_versions(tmp_path_factory.mktemp("vae")) as found:
        yield found


def noise(count):
    return np.random.default_rng(1).integers(0, 256, (count, *tiny_served.SHAPE), dtype=np.uint8)


def run(capsys, *arguments):
    """(exit code, standard output, standard error) of the command line."""
    code = command_line.main(Client, [str(each) for each in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_line_writes_a_grid_and_never_over_a_file(addresses, tmp_path):
    out = tmp_path / "grid.png"
    command = [sys.executable, "-m", "serving.client", "sample", "--count=7", "--seed=7", f"--out={out}"]
    command.append(f"--address={addresses['http']}")
    first = subprocess.run(command, cwd=tiny_served.ROOT, capture_output=True, text=True)
    size = f"{out.stat().st_size:,}"
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"{out}: 7 pictures of 10 by 8, {size} bytes\n"
    with Client(addresses["http"]) as client:
        expected = grid(client.sample(7, seed=7, png=True))
    np.testing.assert_array_equal(from_png(out.read_bytes()), expected)
    assert expected.shape == (2 + 3 * 10, 2 + 3 * 12, 3)
    before = out.read_bytes()
    second = subprocess.run(command, cwd=tiny_served.ROOT, capture_output=True, text=True)
    assert second.returncode == 2
    assert second.stderr == f"error: --out: {out} exists and is not overwritten; choose another name\n"
    assert out.read_bytes() == before


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_command_line_from_files_to_files(scheme, addresses, tmp_path, capsys):
    where = f"--address={addresses[scheme]}"
    pictures = np.kron(noise(2), np.ones((3, 3, 1), np.uint8))
    paths = [tmp_path / "one.png", tmp_path / "two.jpg"]
    for path, picture in zip(paths, pictures):
        Image.fromarray(picture).save(path)
    files = [path.read_bytes() for path in paths]
    with Client(addresses[scheme]) as client:
        mean, stddev = client.encode(files)
        score = client.score(files)
        decoded, (reconstructed, squared_error) = client.decode(mean, png=False), client.reconstruct(files, png=False)
        screened = client.screen(files)
    for suffix in ("npz", "json"):
        codes, images = tmp_path / f"codes.{suffix}", tmp_path / f"images_{suffix}.npz"
        code, printed, _ = run(capsys, "encode", where, *paths, f"--out={codes}")
        assert code == 0
        assert printed == f"{codes}: mean (2, 5), stddev (2, 5), {codes.stat().st_size:,} bytes\n"
        assert run(capsys, "decode", where, codes, f"--out={images}")[0] == 0
        np.testing.assert_array_equal(np.load(images)["images"], decoded)
    code, printed, _ = run(capsys, "encode", where, *paths)
    assert code == 0
    np.testing.assert_array_equal(np.float32(json.loads(printed)["mean"]), mean)
    np.testing.assert_array_equal(np.float32(json.loads(printed)["stddev"]), stddev)
    _, printed, _ = run(capsys, "reconstruct", where, *paths, f"--out={tmp_path / 'r.npz'}")
    assert "r.npz: 2 pictures of 10 by 8 and squared_error (2,), " in printed
    np.testing.assert_array_equal(np.load(tmp_path / "r.npz")["images"], reconstructed)
    np.testing.assert_array_equal(np.load(tmp_path / "r.npz")["squared_error"], squared_error)
    printed = json.loads(run(capsys, "score", where, *paths)[1])
    np.testing.assert_array_equal(np.float32(printed["elbo"]), score["elbo"])
    heat = tmp_path / "heat.png"
    _, printed, _ = run(capsys, "screen", where, *paths, f"--out={heat}")
    names = ("strangeness", "strangeness_elbo", "strangeness_reconstruction")
    shares = [tuple(f"{screened[name][place]:.3f}" for name in names) for place in range(2)]
    lines = [
        "{}: strangeness {} (elbo {}, reconstruction {})\n".format(path, *each) for path, each in zip(paths, shares)
    ]
    assert printed.startswith("".join(lines)) and f"{heat}: 2 pictures of 10 by 8 and " in printed
    np.testing.assert_array_equal(from_png(heat.read_bytes()), grid(screened["heat_maps"]))
    assert run(capsys, "screen", where, *paths)[1] == "".join(lines)
    assert json.loads(run(capsys, "status", where)[1])["versions"][0]["version"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encode", "{tmp}/absent.png"], "{tmp}/absent.png: No such file or directory; expected a PNG or JPEG file"),
        (["encode", "{tmp}"], "{tmp}: Is a directory; expected a PNG or JPEG file"),
        (["score", "{tmp}/empty.png"], "{tmp}/empty.png: it is empty; expected a PNG or JPEG file"),
        (["score", "{tmp}/empty.png/below"], "{tmp}/empty.png/below: Not a directory; expected a PNG or JPEG file"),
        (["encode", "{tmp}/other.json"], "{tmp}/other.json: expected a PNG or JPEG file"),
        (["score", "{tmp}/broken.png"], "INVALID_ARGUMENT: "),
        (["decode", "{tmp}/picture.png", "--out={tmp}/grid.png"], "{tmp}/picture.png: expected an .npz or .json file"),
        (["decode", "{tmp}/absent.npz", "--out={tmp}/grid.png"], "{tmp}/absent.npz: No such file or directory; expect"),
        (["decode", "{tmp}/words.json", "--out={tmp}/grid.png"], "or mean, finite numbers (n, latent_dim); found mean"),
        (["decode", "{tmp}/large.json", "--out={tmp}/grid.png"], "finite numbers (n, latent_dim); found mean"),
        (["decode", "{tmp}/lists.json", "--out={tmp}/grid.png"], "finite numbers (n, latent_dim); found 1"),
        (["encode", "{tmp}/picture.png", "--out={tmp}/x.png"], "--out: {tmp}/x.png; expected a file ending in .npz, ."),
        (["sample", "--out={tmp}/grid.gif"], "--out: {tmp}/grid.gif; expected a file ending in .png, .npz, .json"),
        (["sample", "--out={tmp}/absent/grid.png"], "--out: {tmp}/absent/grid.png: there is no folder {tmp}/absent"),
        (["decode", "{tmp}/other.json", "--out={tmp}/grid.png"], "finite numbers (n, latent_dim); found lengths"),
        (["status", "--model=absent"], "NOT_FOUND: Could not find any versions of model absent"),
        (["status", "--address=here"], "address: 'here'; expected grpc://host:port or http://host:port"),
        (["status", "--ca_file={tmp}/picture.png"], "ca_file: only for grpcs:// and https://"),
        (["status", "--address=https://127.0.0.1:1", "--ca_file={tmp}/absent.pem"], "absent.pem: No such file or dire"),
        (["status", "--address=grpcs://127.0.0.1:1", "--ca_file={tmp}/other.json"], "other.json: expected PEM certif"),
        (["status", "--address=http://127.0.0.1:99999"], "address: 'http://127.0.0.1:99999'; expected grpc://host:por"),
    ],
)
def test_mistakes_on_the_command_line_are_told_in_one_line(arguments, message, addresses, tmp_path, capsys):
    (tmp_path / "picture.png").write_bytes(to_png(noise(1)[0]))
    (tmp_path / "broken.png").write_bytes(to_png(noise(1)[0])[:100])
    (tmp_path / "empty.png").touch()
    (tmp_path / "other.json").write_text('{"lengths": [1]}')
    (tmp_path / "words.json").write_text('{"mean": [["one"]]}')
    (tmp_path / "large.json").write_text(f'{{"mean": [[{10**400}]]}}')
    (tmp_path / "lists.json").write_text("[[1, 2]]")
    before = sorted(tmp_path.iterdir())
    command = [f"{arguments[0]}", f"--address={addresses['http']}"]
    code, printed, error = run(capsys, *command, *[each.format(tmp=tmp_path) for each in arguments[1:]])
    asked = any(word in message for word in ("INVALID_ARGUMENT", "NOT_FOUND"))  # told by the server
    assert (code, printed, error.count("\n")) == (1 if asked else 2, "", 1)
    assert error.startswith("error: ")
    assert message.format(tmp=tmp_path) in error
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--seed=-1", "a whole number from 0 to 2147483647, not '-1'"),
        ("--seed=2147483648", "a whole number from 0 to 2147483647, not '2147483648'"),
        ("--count=0", "a whole number from 1 to 1000000, not '0'"),
        ("--count=1.5", "a whole number from 1 to 1000000, not '1.5'"),
        ("--temperature=-1", "a number from 0 to 1e+15, not '-1'"),
        ("--temperature=nan", "a number from 0 to 1e+15, not 'nan'"),
        ("--version=-1", "a whole number from 0 to 9223372036854775807, not '-1'"),
        ("--model=", "a name"),
        ("--label= ", "a name"),
        ("--deadline=-1", "a number from 0.001 to 1e+09, not '-1'"),
        ("--deadline=inf", "a number from 0.001 to 1e+09, not 'inf'"),
    ],
)
def test_values_of_flags_are_refused_before_there_is_a_client(flag, expected, capsys):
    with pytest.raises(SystemExit) as stop:
        command_line.main(None, ["sample", "--out=grid.png", flag])
    name = flag.partition("=")[0]
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: argument {name}: expected {expected}"


def test_a_file_that_may_not_be_read_is_named(monkeypatch):
    """Told by the system: whoever runs the tests may read everything, perhaps."""

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(pathlib.Path, "read_bytes", refused)
    with pytest.raises(PermissionError, match="^a.png: Permission denied; expected a PNG or JPEG file$"):
        command_line.read_files([pathlib.Path("a.png")])
