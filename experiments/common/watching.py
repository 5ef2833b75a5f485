"""Watch a training: look at the stack between dispatches of steps."""

import tempfile

import keras

import keras_vae as kv


class Watch(keras.callbacks.Callback):
    """Watch callback: keep [step, look(stack)] before training and after every dispatch, in `seen`."""

    def __init__(self, look):
        super().__init__()
        self.look, self.seen = look, []

    def on_train_begin(self, logs=None):
        self._look()

    def on_train_batch_end(self, batch, logs=None):
        self._look()

    def _look(self):
        self.seen.append([int(self.model.optimizer.iterations.numpy()), self.look(self.model)])


def watch(lab, name, config, look):
    """Return [[step, look(stack)], ...] of the training of a stack of one stage; look gives what JSON can hold.

    Kept by the name and the whole configuration: another data set, width or schedule is watched anew.
    """

    def train():
        watching = Watch(look)
        with tempfile.TemporaryDirectory() as folder:  # a resumed run would not have seen its beginning
            kv.train(config, folder, callbacks=[watching])
        return watching.seen

    return lab.compute(name, lab.described(config), train, key=lab.key(config))
