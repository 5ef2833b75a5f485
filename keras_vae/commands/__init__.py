"""Commands of keras-vae, one file each, found by file name. The contract of a command NAME.py:

the docstring's first line  what it does, for keras-vae --help
run(words)                  does it, given the words behind its name on the command line; returns or exits with the
                            exit code: 0 done, 1 a run that failed, 2 wrong input

Importing it imports no TensorFlow, which --help and mistakes do not wait for. Most define a cli.Flags and a
main(args), and hand both to cli.run.
"""
