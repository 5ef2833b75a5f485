"""Serving exported models: an embedded server of TensorFlow Serving's protocol, a client, and container files."""
