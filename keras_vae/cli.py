"""Command line: flags in groups, mistakes in one line, TensorFlow only once the flags are understood.

    keras-vae COMMAND --name=value ...      a file of keras_vae/commands, found by name
    python train.py --name=value ...        the same command, as a script

Exit codes: 0 done, 1 a run that failed, 2 wrong input.
"""

import os
import pathlib
import re
import shlex
import sys
import textwrap
import typing
import warnings
from collections.abc import Callable, Sequence

from absl import flags, logging

from keras_vae import _quiet, plugins
from keras_vae.files import expanded
from keras_vae.status import passing

flags.disclaim_key_flags()  # --help of a script lists what it defines through DEFINE_path as its own

COMMANDS = "keras_vae.commands"
SCRIPTS = ("train.py", "evaluate.py", "export.py", "reproduce.py")
MODULES = {"serve": "-m serving.local", "client": "-m serving.client", "diagnose": "-m keras_vae.diagnose"}
HELP = ("--help", "-help", "-h", "--helpfull", "--helpshort", "-?")
WRONG_INPUT = (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
CACHE_DIR = "Where large data lie once decoded; beside data_dir by default."  # a flag of several commands
TRACE = "KERAS_VAE_TRACE"  # set in the environment, it shows where an error comes from
WIDTH = 100  # of --help


class Flags(flags.FlagValues):
    """Flags of one command, in groups, with an example of its use.

    summary: what the command does, in a line; example: words that one would write behind its name.
    """

    def __init__(self, summary: str, example: str, names: str = "") -> None:
        super().__init__()
        self.__dict__.update(summary=summary, example=example, names=names, groups={}, needed={})

    def group(self, title: str) -> None:
        """Begin a group: flags that are defined from here on belong to it."""
        self.__dict__["groups"][title] = []

    def define(
        self,
        kind: str,
        name: str,
        default: object,
        help: str,
        required: bool = False,
        unless: str = "",
        **options: typing.Any,
    ) -> None:
        """Define a flag. kind: "path", or what absl calls it: string, integer, bool, list, multi_string.

        unless: the flag that a required one is not needed beside.
        """
        if kind == "path":
            flags.DEFINE(_Path(), name, default, help, self, flags.ArgumentSerializer())
        else:
            getattr(flags, f"DEFINE_{kind}")(name, default, help, flag_values=self, **options)
        if required:
            self.__dict__["needed"][name] = unless
        self.__dict__["groups"][next(reversed(self.__dict__["groups"]))].append(name)

    def missing(self) -> list[str]:
        """Return the required flags that were not given."""
        needed = self.__dict__["needed"].items()
        return [name for name, unless in needed if getattr(self, name) is None and not (unless and self[unless].value)]

    def help_screen(self, command: str) -> str:
        """Return the text of --help. command: how it was called, "python train.py" say."""
        own = self.__dict__
        width = max(len(self._spelled(name)) for names in own["groups"].values() for name in names) + 4
        lines = [f"{command} {own['names']}".rstrip() + f": {own['summary']}", f"  {command} {own['example']}"]
        for title, names in own["groups"].items():
            lines += ["", title]
            for name in names:
                text = textwrap.wrap(self._meaning(name), WIDTH - width)
                lines.append(f"  {self._spelled(name):{width - 2}}{text[0]}")
                lines += [" " * width + line for line in text[1:]]
        return "\n".join(lines)

    def _spelled(self, name: str) -> str:
        flag = self[name]
        if flag.boolean:
            return f"--no{name}" if flag.default else f"--{name}"
        return f"--{name}=..."

    def _meaning(self, name: str) -> str:
        flag = self[name]
        if name in self.__dict__["needed"]:
            unless = self.__dict__["needed"][name]
            return f"{flag.help} Required" + (f", unless --{unless} is given." if unless else ".")
        text = flag.help.partition(";\n")[0]  # absl adds that a flag may be repeated
        if flag.boolean:
            return f"{text} On by default." if flag.default else text
        return (
            text
            if flag.default is None or flag.default == []
            else f"{text} [{str(flag.default_as_str).strip(chr(39))}]"
        )


def DEFINE_path(name: str, default: str | None, help: str, required: bool = False) -> None:
    """Define a flag of a script without groups that is a path: a ~ at its beginning is the home directory."""
    flags.DEFINE(_Path(), name, default, help, serializer=flags.ArgumentSerializer(), required=required)


class _Path(flags.ArgumentParser):
    """A path: a ~ at its beginning is the home directory, which no shell puts after an =."""

    syntactic_help = "a path"

    def parse(self, argument: str) -> str:
        if not argument.strip():
            raise ValueError("expected a path")
        return expanded(argument)


def main() -> typing.NoReturn:
    """Run the command that the first word names: the console script keras-vae."""
    known, words = plugins.names(COMMANDS), sys.argv[1:]
    if words[1:] and words[0] in (*HELP, "help", "--version"):
        _refuse(f"left over on the command line: {' '.join(words[1:])}", "keras-vae COMMAND --help shows its flags")
    if not words or words[0] in (*HELP, "help"):
        summaries = {name: (plugins.find(COMMANDS, name, "command").__doc__ or "").splitlines()[0] for name in known}
        print("keras-vae COMMAND --help shows the flags of a command.\n")
        print("\n".join(f"  keras-vae {name:10} {text}" for name, text in summaries.items()))
        print("\nA first run, of some minutes: keras-vae train --dataset=faces --quick --workdir=runs/demo")
        sys.exit(0)
    if words[0] == "--version":
        from keras_vae.version import VERSION

        print(f"keras_vae {VERSION}")
        sys.exit(0)
    if words[0] not in known:
        nearest = plugins.nearest(words[0], known, "keras-vae {}")
        message = f"unknown command {words[0]!r}; known: {', '.join(known)}{nearest}"
        _refuse(message, "keras-vae --help says what each does")
    command(words[0], words[1:])


def command(name: str, words: Sequence[str] | None = None) -> typing.NoReturn:
    """Run the command of that name; words: of the command line, by default those of this process."""
    try:
        code = plugins.find(COMMANDS, name, "command").run(list(sys.argv[1:] if words is None else words))
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("keras_vae", "serving", "experiments"):
            raise
        _refuse(f"{error.name} is not installed; pip install 'keras_vae[serving]' has all of it", code=1)
    except BrokenPipeError:  # whoever read the output, head say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def run(values: Flags, main: Callable[..., object], words: list[str], takes_names: bool = False) -> typing.NoReturn:
    """Run main(values) on the words of a command line, or main(values, *names) where names are taken; exit.

    What a user can mend is told in one message without a stack trace.
    """
    name = main.__module__.rpartition(".")[2]
    called = spelled(name)
    if any(word in HELP for word in words):
        print(values.help_screen(called))
        sys.exit(0)
    values.unparse_flags()  # of an earlier command in this process
    names = parse([called, *words], takes_names, values)[1:]
    if missing := values.missing():
        _refuse(f"--{missing[0]}=... is missing: {values[missing[0]].help}")
    guarded(lambda: main(values, *names))
    sys.exit(0)


def spelled(name: str) -> str:
    """Return how a user who called this process would call another command: "keras-vae export", "python export.py"."""
    if pathlib.Path(sys.argv[0]).name in SCRIPTS:
        return f"python {MODULES.get(name, f'{name}.py')}"
    return f"keras-vae {name}"


def told(what: str, path: object, *steps: str, note: str = "") -> None:
    """Print where the output of a command is, and the commands to run next: "evaluate --workdir=W"."""
    print(f"{what}: {path}")
    for step in steps:
        name, _, rest = step.partition(" ")
        print(f"next: {spelled(name)} {rest}".rstrip())
    if note:
        print(note)


def flag(name: str, value: object) -> str:
    """Return --name=value as a shell wants it."""
    return f"--{name}={shlex.quote(str(value))}"


def parse(argv: list[str], takes_names: bool = False, values: flags.FlagValues = flags.FLAGS) -> list[str]:
    """Parse the flags; return the words that are left over, the script first. A mistake ends the program."""
    try:
        words = values(argv)
    except SystemExit:  # of --help, which absl ends with 1
        sys.exit(0)
    except flags.Error as error:
        _refuse(_plain(error, values))
    except ValueError as error:  # of a --noswitch=value
        _refuse(str(error))
    dashed = [word for word in words[1:] if word.startswith("-")]  # behind a lone --
    if words[1:] and (dashed or not takes_names):
        wrong = (dashed or words[1:])[0]
        _refuse(f"left over on the command line: {' '.join(words[1:])}\n{_hint(wrong, values)}")
    return words


def _plain(error: flags.Error, values: flags.FlagValues) -> str:
    """Return what is wrong with a flag, without the words of Python's own conversions."""
    if isinstance(error, flags.UnrecognizedFlagError):
        return f"unknown flag --{error.flagname}{plugins.nearest(error.flagname, list(values), '--{}')}"
    found = re.fullmatch(r"flag --(\w+)=(.*?): (.*)", str(error), re.DOTALL)
    if not (found and isinstance(error, flags.IllegalFlagValueError)):
        return str(error)
    name, value, message = found.groups()
    parser = values[name].parser
    if isinstance(parser, _Path):
        return f"--{name}={value}: {message}"
    return f"--{name}={value}: expected {parser.syntactic_help or 'true or false'}"


def _hint(word: str, values: flags.FlagValues) -> str:
    """Return what the user may have meant by a left-over word."""
    name, equals, _ = word.lstrip("-").partition("=")
    if word.startswith("-"):
        return f"nothing after a lone -- is read; write {word} before it, or leave it out"
    if equals and name in values:
        return f"did you mean --{word}?"
    if equals and "set" in values:
        return f"did you mean --set {word}? Each assignment needs its own --set"
    if word.lower() in ("true", "false", "yes", "no", "0", "1"):
        return "a switch takes no word behind it: --quick and --noquick, say, or --quick=false"
    return "values belong to flags, as in --name=value" + plugins.nearest(word, list(values), "--{}")


def _refuse(message: str, hint: str = "pass --help for the flags", code: int = 2) -> typing.NoReturn:
    print(f"error: {message}\n{hint}", file=sys.stderr)
    sys.exit(code)


def guarded(main: Callable[[], object]) -> None:
    """Call main() with TensorFlow's noise left out; what a user can mend ends the process with one message."""
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    with passing("loading TensorFlow ..."):
        _quiet.import_tensorflow()
    import tensorflow as tf

    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("ERROR")  # it takes each new graph of encode, decode, ... for a retracing
    if not flags.FLAGS.is_parsed():
        flags.FLAGS([sys.argv[0]])  # those of libraries keep their defaults
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command goes on from the last backup")
    except WRONG_INPUT as error:
        _fail(error, 2)
    except (ArithmeticError, OSError, MemoryError, tf.errors.OpError) as error:
        _fail(error, 1)


def _fail(error: BaseException, code: int) -> typing.NoReturn:
    if os.environ.get(TRACE):
        raise error
    print(f"error: {str(error) or type(error).__name__}", file=sys.stderr)
    sys.exit(code)
