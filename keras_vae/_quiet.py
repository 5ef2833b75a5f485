"""TensorFlow, imported without what it prints before its own log level is in force: half a screen of no interest."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Import TensorFlow while standard error goes to a file, which is shown if the import fails.

    It redirects the file descriptor of the whole process: for the mains of programs, never for a library.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow leaves oneDNN's convolutions out where a processor has no AVX-512: they are faster there too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()  # looking for devices prints too
        except BaseException:
            hidden.seek(0)
            os.write(kept, hidden.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
