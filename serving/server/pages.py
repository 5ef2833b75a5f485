"""The demonstration at /: files of serving/page, read once."""

import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "page"
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class Pages:
    """Pages that are served outside the protocol."""

    def __init__(self, models):
        self._models = models
        self._files = {f"/{file.name}": file.read_text("utf-8") for file in FOLDER.iterdir() if file.suffix in KINDS}
        self._files["/"] = self._files.pop("/index.html")

    def find(self, path):
        """(text, content type) of a path, or None."""
        text = self._files.get(path)
        if text is None:
            return None
        # The protocol has no request that lists models, so the page is told. "<" could end the element that it is in.
        names = json.dumps(self._models.names()).replace("<", "\\u003c")
        return text.replace("{{models}}", names), KINDS.get(Path(path).suffix, "text/html")
