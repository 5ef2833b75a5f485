"""The embedded server, part by part."""
