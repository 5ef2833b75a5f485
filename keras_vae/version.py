"""Version of the library: the one place of it."""

VERSION = "0.2.0"
