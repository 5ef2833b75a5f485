"""Callbacks of the training of a stage, one file each, with what they write.

Each Keras callback here acts on its own; what must happen in an order at the end of an epoch is one method,
record.Record.on_epoch_end.
"""
