"""Commands of Markdown pages: taken out of their blocks, and understood as the program would, without running."""

import importlib
import pathlib
import re
import shlex

from absl.testing import flagsaver

from keras_vae import cli, plugins

ROOT = pathlib.Path(__file__).resolve().parents[1]
OTHERS = {"activate", "curl", "kubectl", "mv", "pip", "sbatch", "tensorboard"}  # programs that are not ours
TOOLS = {"mypy", "pytest", "ruff", "build", "venv"}  # modules and programs of the environment


def blocks(page, *languages):
    """The texts of a page's fenced blocks in any of the languages."""
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def commands(page):
    """The words of each command in a page's bash blocks."""
    lines = "".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def understand(words):
    """Parse a command as the program that it names would; raises, or ends with SystemExit, where that would refuse."""
    words = words[1:] if words[0] == "." else words
    program = words[0]
    name = pathlib.PurePath(program).name
    if program == "make":
        makefile = (ROOT / "Makefile").read_text()
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:]), words
    elif name == "keras-vae":
        _ours(words[1], words[2:])
    elif name == "python" and words[1] in cli.SCRIPTS:
        _ours(words[1].removesuffix(".py"), words[2:])
    elif name == "python" and words[1] == "-m":
        _module(words[2], words[3:])
    elif name == "python":
        assert (ROOT / words[1]).is_file(), words
    else:
        assert name in OTHERS | TOOLS, f"unknown program: {words}"


def _module(module, words):
    if module in ("keras_vae", "keras_vae.diagnose"):
        _ours(*(("diagnose", words) if module.endswith("diagnose") else (words[0], words[1:])))
    elif module in ("serving.local", "serving.client"):
        _ours({"serving.local": "serve", "serving.client": "client"}[module], words)
    elif module == "serving.bulk":
        importlib.import_module("serving.bulk.__main__").parser().parse_args(words)
    elif module == "keras_vae.theory":
        names = [word for word in words if not word.startswith("--out=")]
        assert set(names) <= set(plugins.names("keras_vae.theory")), words
    else:
        assert module in TOOLS, f"unknown module: {module}"


def _ours(name, words):
    command = plugins.find(cli.COMMANDS, name, "command")
    if "--help" in words:
        return
    if name == "client":
        importlib.import_module("serving.command_line").parser().parse_args(words)
    elif name == "serve":
        server = importlib.import_module("serving.local_flags")
        with flagsaver.flagsaver():
            server.parse(["serve", *words])
    else:
        command.FLAGS.unparse_flags()
        try:
            names = cli.parse([name, *words], bool(command.FLAGS.names), command.FLAGS)[1:]
            assert not command.FLAGS.missing(), f"{words}: {command.FLAGS.missing()} missing"
            if name == "reproduce":
                assert set(names) <= {*plugins.names("experiments"), "all"}, words
            if "preset" in command.FLAGS:
                importlib.import_module("keras_vae.commands._recipe").configuration(command.FLAGS)
        finally:
            command.FLAGS.unparse_flags()  # or the next one who reads them has these, too
