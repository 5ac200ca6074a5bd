"""page_case.py - what the tests of the page share: drawing a report in a browser, and asking what came of it."""

import json
import pathlib
import re
import subprocess
import unittest

import numpy as np

from browser import Browser, find_chromium
from common import Case, isg_path

LIMIT = 3_000_000  # bytes of a page

# The contrast of each piece of text with what is behind it, by the formula of WCAG 2.1: the worst ones as [ratio, text].
CONTRAST = """(() => {
  const channels = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const over = (a, b) => [0, 1, 2].map((k) => a[k] * a[3] + b[k] * (1 - a[3])).concat(1);
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { const layers = [];
    for (; e; e = e.parentElement) layers.push(channels(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]); };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement, style = getComputedStyle(e);
    if (!node.data.trim() || !e.getClientRects().length || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName)) continue;
    const back = behind(e), front = over(channels(e.closest("svg") ? style.fill : style.color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), node.data.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]).slice(0, 5);
})()"""

# The pixels of a grid's picture: {width, height, data: [r, g, b, a, ...]}.
PIXELS = """(async () => { const image = new Image(); image.src = document.querySelectorAll(%s)[%d].getAttribute("href");
  await image.decode(); const canvas = document.createElement("canvas"); canvas.width = image.width; canvas.height = image.height;
  const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
  const data = [...context.getImageData(0, 0, image.width, image.height).data];
  return {width: image.width, height: image.height, data}; })()"""

# All numbers of the page: [place in the report, value, text].
NUMBERS = "[...document.querySelectorAll('.number')].map((e) => [e.dataset.path, e.dataset.value, e.textContent])"

# [text of the tooltip or null, text of the status line, whether the tooltip is in the window]
SAID = """(() => {
  const e = document.getElementById("tip"), b = e.getBoundingClientRect();
  const inside = b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.bottom <= innerHeight;
  return [e.hidden ? null : e.textContent, document.getElementById("status").textContent, e.hidden || inside];
})()"""


UNITS = {"": 1, "%": 0.01, "s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "min": 60, "h": 3600}
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def at_path(document, path):
    """The value at a path such as hamiltonians[0].numbers.offset."""
    for step in re.findall(r"[^.\[\]]+", path):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def read_number(text):
    """What the page wrote: (number, half a step of its last digit), both without a unit: 12 ms is 0.012."""
    plain = text.replace("\u2212", "-").replace("\u202f", " ").strip()
    found = re.fullmatch(r"(-?[\d ]+(?:\.(\d+))?)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)| ?(%|s|ms|µs|ns|min|h))?", plain)
    if not found:
        raise AssertionError(f"no number: {text!r}")
    unit = 10.0 ** int(found[3].translate(SUPERSCRIPTS)) if found[3] else UNITS[found[4] or ""]
    return float(found[1].replace(" ", "")) * unit, 0.5 * 10.0 ** -len(found[2] or "") * unit




class Page(Case):
    """One browser for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = None
        if not find_chromium():
            raise unittest.SkipTest("there is no chromium: tools/setup installs it")
        cls.maker = isg_path().parents[1] / "tests" / "make_page"
        cls.browser = Browser(find_chromium())

    @classmethod
    def tearDownClass(cls):
        if cls.browser:
            cls.browser.close()

    def page_of(self, document):
        """The page of a report (or of the bytes that stand for one), as a file."""
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        source = self.folder / "report.json"
        source.write_bytes(text)
        html = subprocess.run([self.maker, source], capture_output=True, check=True).stdout
        (self.folder / "page.html").write_bytes(html)
        return self.folder / "page.html"

    def show(self, document, width=1280, scheme="light"):
        """Opens a report, or a page, and makes sure that it draws as it should. Returns the text of the page."""
        path = document if isinstance(document, pathlib.Path) else self.page_of(document)
        self.browser.media(scheme)
        self.browser.open(path, width=width)
        self.assertEqual(self.browser.faults(), [])
        self.assertEqual(self.browser.requests(), [path.resolve().as_uri()])
        return self.browser.run("document.getElementById('page').innerText")

    def check_numbers(self, document):
        """Every number in the page against the JSON: as kept beside the text, and as the text says it. Returns the places."""
        numbers = self.browser.run(NUMBERS)
        for path, value, text in numbers:
            expected = at_path(document, path)
            self.assertEqual(float(value), expected, path)
            shown, step = read_number(text)
            self.assertLessEqual(abs(shown - expected), 1.001 * step, f"{path}: {text} for {expected}")
            self.assertLessEqual(abs(shown - expected), 0.06 * abs(expected), f"{path}: {text} for {expected}")
        return {path for path, _, _ in numbers}

    def cell(self, selector, number, row, column):
        """The middle of a cell of a grid, in the window."""
        box = self.browser.box(f"{selector} .cells", number)
        root = f"document.querySelectorAll({json.dumps(selector)})[{number}]"
        rows, columns = self.browser.run(f"[Number({root}.dataset.rows), Number({root}.dataset.columns)]")
        return box["x"] + (column + 0.5) * box["width"] / columns, box["y"] + (row + 0.5) * box["height"] / rows

    def said(self):
        """The text of the tooltip and of the status line; the tooltip must be in the window."""
        tip, status, inside = self.browser.run(SAID)
        self.assertTrue(inside, "the tooltip is outside of the window")
        return tip, status

    def texts(self, selector):
        """The texts of all elements that it selects."""
        return self.browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def seen(self, selector):
        """How many of the elements are drawn."""
        elements = f"[...document.querySelectorAll({json.dumps(selector)})]"
        return self.browser.run(f"{elements}.filter((e) => e.getClientRects().length).length")

    def width(self):
        """Of what the page fills, with what runs out of the window."""
        return self.browser.run("document.documentElement.scrollWidth")

    def milliseconds(self):
        """That the page's script took to draw it."""
        return float(self.browser.run("document.documentElement.dataset.milliseconds"))

    def pixels(self, selector, number=0):
        got = self.browser.run(PIXELS % (json.dumps(selector), number))
        return np.array(got["data"], int).reshape(got["height"], got["width"], 4)
