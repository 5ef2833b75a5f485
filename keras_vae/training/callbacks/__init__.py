"""Callbacks of the training of a stage, one file each."""
