"""A headless Chromium, driven over the DevTools protocol; no driver beyond a websocket."""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


def program():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def browser(directory):
    """A Tab of a fresh Chromium that keeps its files in `directory`."""
    command = [program(), *FLAGS, f"--user-data-dir={directory}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    loop = asyncio.new_event_loop()
    try:
        port_file = directory / "DevToolsActivePort"
        wait_until(lambda: port_file.exists() and port_file.read_text().count("\n"))
        port = port_file.read_text().split()[0]
        tab = Tab(loop)
        loop.run_until_complete(tab.open(f"http://127.0.0.1:{port}"))
        yield tab
        loop.run_until_complete(tab.close())
    finally:
        loop.close()
        process.terminate()
        process.wait()


def wait_until(condition, seconds=60):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "nothing came of it in time"
        time.sleep(0.02)
    return value


class Tab:
    """One page. `complaints` are the errors of its scripts and what it failed to load."""

    def __init__(self, loop):
        self.loop, self.numbers, self.complaints = loop, itertools.count(1), []

    async def open(self, address):
        self.session = aiohttp.ClientSession()
        async with self.session.get(f"{address}/json/list") as response:
            target = next(each for each in await response.json() if each["type"] == "page")
        self.socket = await self.session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
        for domain in ("Page", "Runtime", "Log"):
            await self.send(f"{domain}.enable")

    async def close(self):
        await self.socket.close()
        await self.session.close()

    async def send(self, method, **parameters):
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self.socket.receive(timeout=60)).data)
            if message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["exception"]["description"])
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.complaints.append(message["params"]["entry"]["text"])
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def call(self, method, **parameters):
        """The result of a DevTools method."""
        return self.loop.run_until_complete(self.send(method, **parameters))

    def evaluate(self, expression):
        """The value of a JavaScript expression, of a promise too."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression):
        """The first true value of a JavaScript expression."""
        return wait_until(lambda: self.evaluate(expression))

    def go(self, url):
        """Load a page."""
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def look(self, width, height, scheme="light"):
        """Size of the window, and the colour scheme that the user prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def choose_file(self, selector, path):
        """Put a file into an <input type=file>."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def screenshot(self):
        """PNG of the whole page."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])
