"""browser.py - a headless Chromium for tests, over the pipe of its DevTools protocol; the standard library is enough for that.

A Browser is one process with one page. It records what a page should not do: errors, exceptions, requests."""

import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time


class BrowserError(AssertionError):
    """The browser answered with an error, not at all, or a script threw."""


def find_chromium():
    """The path of a Chromium, or None."""
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


class Browser:
    """One page of one browser. Commands wait for their answer; events are kept in `events`."""

    def __init__(self, path, timeout=60):
        self.timeout = timeout
        self.profile = tempfile.mkdtemp(prefix="isg-chromium-")
        self.number = 0
        self.pending = b""
        self.events = []
        self.session = None
        self.process = self._start(path)
        try:
            target = self.send("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
                self.send(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def _start(self, path):
        """The browser reads commands from its descriptor 3 and writes answers to 4."""
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 16) for end in (to_browser, from_browser)]

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                 "--force-color-profile=srgb", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "about:blank"]
        process = subprocess.Popen([path, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   pass_fds=(3, 4), preexec_fn=place, start_new_session=True)
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        return process

    def close(self):
        """Ends the browser with all its processes and removes its profile."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self.profile, ignore_errors=True)

    # ---- the protocol ----

    def _receive(self, deadline):
        """The next message; messages end with a NUL."""
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise BrowserError("the browser does not answer")
            got = os.read(self._from, 1 << 20)
            if not got:
                raise BrowserError("the browser ended")
            self.pending += got
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, **parameters):
        """Runs one command and returns its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data):]
        deadline = time.monotonic() + self.timeout
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait_for(self, method):
        """Waits for an event that comes, or came, since the events were last emptied."""
        deadline = time.monotonic() + self.timeout
        while not any(event["method"] == method for event in self.events):
            message = self._receive(deadline)
            if "method" in message:
                self.events.append(message)

    # ---- what tests do ----

    def open(self, path, width=1280, height=900):
        """Opens a file and waits until it is drawn."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.events.clear()
        self.send("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def media(self, scheme="light", kind=""):
        """The colour scheme that the user prefers; kind: "print" as on paper."""
        self.send("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{script[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def box(self, selector, number=0):
        """Where an element is, scrolled into view: {x, y, width, height} in the window."""
        found = self.run(f"(async () => {{ const e = document.querySelectorAll({json.dumps(selector)})[{number}];"
                         "if (!e) return null; e.scrollIntoView({block: 'center', behavior: 'instant'});"
                         "for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame);"
                         "const b = e.getBoundingClientRect(); return {x: b.x, y: b.y, width: b.width, height: b.height}; })()")
        if found is None:
            raise BrowserError(f"the page has no {selector} number {number}")
        return found

    def point(self, x, y, press=False):
        """Moves the mouse, and clicks."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        if press:
            for kind in ("mousePressed", "mouseReleased"):
                self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        """A key, by its DOM name: ArrowRight, Tab, Enter."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
                "ArrowDown": 40}[key]
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, path):
        """A PNG of the whole page."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def pdf(self):
        """The page printed, as bytes of a PDF on A4."""
        return base64.b64decode(self.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False,
                                          preferCSSPageSize=True)["data"])

    def faults(self):
        """What the page did since `open` that it should not: errors, warnings, exceptions."""
        self.run("0")  # what happened before this answer is in the events
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(parameters["exceptionDetails"])[:1000])
            elif event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                found.append(json.dumps(parameters["args"])[:1000])
            elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
        return found

    def requests(self):
        """The addresses asked for since `open`, without data: URLs."""
        self.run("0")
        asked = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith("data:")]
