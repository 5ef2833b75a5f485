"""The bodies of the REST API: JSON to arrays and tf.Examples, and arrays and results to JSON."""
