"""Hooks of mkdocs: on the site, links to files outside docs/ are their names, for the site does not have them."""

import pathlib
import posixpath
import re

DOCS = pathlib.Path(__file__).resolve().parents[1]


def on_page_markdown(markdown, page, **_):
    """Return a page's Markdown with links that the site can follow."""
    folder = posixpath.dirname(page.file.src_uri)

    def link(found):
        text, target = found.groups()
        if "://" in target or target.startswith("#"):
            return found[0]
        path = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
        if path == "../README.md":
            return f"[{text}]({posixpath.relpath('index.md', folder or '.')})"
        return text if path.startswith("../") else found[0]

    return re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", link, markdown)
