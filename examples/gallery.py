"""gallery.py - what the examples share: options, running isg on arrays, drawing in a terminal or as SVG, the verdict."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
INK = {"grey": (120, 124, 134), "faint": (70, 74, 84), "blue": (70, 140, 220), "orange": (240, 140, 40), "green": (60, 180, 110),
       "red": (225, 70, 70), "violet": (150, 100, 210), "yellow": (225, 190, 50), "teal": (40, 175, 185), "pink": (230, 120, 170)}
RAMP = " .:-=+*#%@"
# The eight dots of a Braille character, by row and column.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Wrong(Exception):
    """The input or the surroundings are at fault; the text says how."""


class Example:
    """One example: its folder, its options, and a temporary folder while it runs."""

    def __init__(self, script, doc, svg=True, data="data.npz"):
        self.here = pathlib.Path(script).resolve().parent
        self.name = self.here.name
        parser = argparse.ArgumentParser(prog="run", description=doc.split(" - ", 1)[1])
        parser.add_argument("--isg", default=os.environ.get("ISG", ROOT / "build" / "bin" / "isg"), help="the compiler")
        parser.add_argument("--data", type=pathlib.Path, default=self.here / data, metavar="FILE", help="instead of the example's own")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--quick", action="store_true", help="a smaller run of some seconds")
        parser.add_argument("--plain", action="store_true", help="draw with characters, without colours")
        parser.add_argument("--inspect", action="store_true", help=f"also write {self.name}.html, which shows the Hamiltonian")
        if svg:
            parser.add_argument("--svg", type=pathlib.Path, metavar="FILE", help="write the picture there too")
        self.chosen = parser.parse_args()
        self.quick, self.seed = self.chosen.quick, self.chosen.seed
        self.plain = (self.chosen.plain or not sys.stdout.isatty() or "NO_COLOR" in os.environ or
                      os.environ.get("TERM", "dumb") == "dumb")
        self.folder = None
        self.inspected = False

    def main(self, body):
        """Runs body(self), which returns whether the answer is a good one, and exits: 0 good, 1 not, or the input is at fault."""
        try:
            if not pathlib.Path(self.chosen.isg).exists():
                raise Wrong(f"{self.chosen.isg} is not built. From the repository's root: ./demo")
            with tempfile.TemporaryDirectory(prefix=f"isg-{self.name}-") as name:
                self.folder = pathlib.Path(name)
                sys.exit(0 if body(self) else 1)
        except Wrong as wrong:
            print(f"{self.name}: error: {wrong}", file=sys.stderr)
            sys.exit(1)

    def load(self, **shapes):
        """The arrays of the data file, checked. shapes: name -> shape; None stands for any size."""
        try:
            with np.load(self.chosen.data, allow_pickle=False) as file:
                arrays = {name: file[name] for name in shapes}
        except KeyError as missing:
            raise Wrong(f"{self.chosen.data}: {missing.args[0]}") from None
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as fault:
            raise Wrong(f"{self.chosen.data}: not a file of arrays (.npz): {fault}") from None
        for name, shape in shapes.items():
            got = arrays[name]
            if got.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, got.shape)):
                want = ", ".join("any" if k is None else str(k) for k in shape)
                raise Wrong(f"{self.chosen.data}: '{name}' should have the shape [{want}], not {list(got.shape)}")
            if got.dtype.kind not in "fiub" or not np.isfinite(got).all():
                raise Wrong(f"{self.chosen.data}: '{name}' holds what is not a finite number")
        return arrays

    def run(self, inputs, outputs, *extra, model=None, weights=None):
        """`isg run` on NAME.attn. inputs: name -> array with the batch axis first. Returns (output name -> array, report)."""
        files = []
        for name, array in inputs.items():
            np.save(self.folder / f"{name}.npy", array)
            files += ["--input", f"{name}={self.folder / f'{name}.npy'}"]
        if model:
            files += ["--model", model]
        if weights:
            files += ["--weights", weights]
        program = self.here / f"{self.name}.attn"
        wanted = [part for name in outputs for part in ("--output", f"{name}={self.folder / f'{name}.out.npy'}")]
        self.call("run", program, *files, *wanted, "--report", self.folder / "report.json", "--seed", self.seed, "--quiet", *extra)
        if self.chosen.inspect and not self.inspected:
            self.inspected = True
            self.call("inspect", program, *files, "--format", "html", "-o", f"{self.name}.html")
        return {name: np.load(self.folder / f"{name}.out.npy") for name in outputs}, json.loads((self.folder / "report.json").read_text())

    def call(self, *arguments):
        done = subprocess.run([str(part) for part in (self.chosen.isg, *arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Wrong(f"isg {arguments[0]} ended with status {done.returncode}")

    def show(self, canvas):
        print("\n".join("  " + line for line in canvas.text(self.plain)))
        if self.chosen.svg:
            self.chosen.svg.write_text(canvas.svg())

    def verdict(self, good, ours, reached):
        """The last lines of every run: what a good answer is, ours, and whether it is one. Returns `reached`."""
        print(f"\n  A good answer: {good}\n  Ours: {ours} - {'reached' if reached else 'NOT REACHED'}.\n")
        if self.inspected:
            print(f"  The Hamiltonian, its numbers and its landscape: {self.name}.html\n")
        return bool(reached)


def save_safetensors(path, tensors):
    """Writes name -> float32 array, in the order of the names."""
    header, begin = {}, 0
    for name, array in sorted(tensors.items()):
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [begin, begin + 4 * array.size]}
        begin += 4 * array.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(np.ascontiguousarray(array, "<f4").tobytes() for _, array in sorted(tensors.items()))
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + data)


def load_safetensors(path):
    """What save_safetensors writes: name -> float32 array."""
    data = pathlib.Path(path).read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    return {name: np.frombuffer(data[begin:], "<f4", int(np.prod(entry["shape"])), entry["data_offsets"][0]).reshape(entry["shape"])
            for name, entry in json.loads(data[8:begin]).items()}


def paint(text, rgb, back=None):
    """Text in a colour, for terminals of 2^24 colours or of 256."""
    true = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")

    def code(colour, place):
        if true:
            return "{};2;{};{};{}".format(place, *(int(c) for c in colour))
        return f"{place};5;{16 + sum(int(c * 5.999 / 256) * k for c, k in zip(colour, (36, 6, 1)))}"

    return f"\x1b[{code(rgb, 38)}{';' + code(back, 48) if back is not None else ''}m{text}\x1b[0m"


def image(pixels, plain):
    """Lines of text for an image [height, width] of 0 .. 1, or [height, width, 3] of 0 .. 255 (colours only)."""
    pixels = np.asarray(pixels, float)
    if plain:
        grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2) / 255
        steps = np.clip(np.rint(grey[::2] * (len(RAMP) - 1)), 0, len(RAMP) - 1).astype(int)
        return ["".join(RAMP[k] for k in row) for row in steps]
    if pixels.ndim == 2:
        pixels = np.repeat(np.clip(pixels, 0, 1)[:, :, None] * 255, 3, axis=2)
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:] * 0])
    return ["".join(paint("▀", up, down) for up, down in zip(*rows)) for rows in zip(pixels[::2], pixels[1::2])]


class Canvas:
    """A drawing of lines, marks and words in a box of the plane, y upwards; it becomes text (Braille dots) or SVG."""

    def __init__(self, left, right, bottom, top, columns=None, rows=24):
        self.box = (left, right, bottom, top)
        self.columns = columns or min(100, shutil.get_terminal_size((80, 24)).columns - 4)
        self.rows = rows
        self.lines, self.marks, self.words = [], [], []

    def line(self, a, b, ink):
        self.lines.append((tuple(a), tuple(b), ink))

    def mark(self, at, ink, sign="●", plain="o"):
        self.marks.append((tuple(at), ink, sign, plain))

    def word(self, at, text, ink="grey"):
        self.words.append((tuple(at), text, ink))

    def place(self, at, wide, high):
        """A point of the plane in units of a grid of wide x high, the first row on top."""
        left, right, bottom, top = self.box
        return (at[0] - left) / (right - left) * (wide - 1), (top - at[1]) / (top - bottom) * (high - 1)

    def text(self, plain):
        dots = np.zeros((self.rows, self.columns), int)
        inks, signs = {}, {}
        for a, b, ink in self.lines:
            (x0, y0), (x1, y1) = (self.place(p, 2 * self.columns, 4 * self.rows) for p in (a, b))
            steps = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
            for k in range(steps + 1):
                x, y = round(x0 + (x1 - x0) * k / steps), round(y0 + (y1 - y0) * k / steps)
                if 0 <= x < 2 * self.columns and 0 <= y < 4 * self.rows:
                    dots[y // 4, x // 2] |= DOTS[y % 4][x % 2]
                    inks[y // 4, x // 2] = ink
        for at, ink, sign, poor in self.marks:
            x, y = (round(v) for v in self.place(at, self.columns, self.rows))
            signs[y, x] = (poor if plain else sign, ink)
        for at, text, ink in self.words:
            x, y = (round(v) for v in self.place(at, self.columns, self.rows))
            signs.update({(y, x + k): (letter, ink) for k, letter in enumerate(text)})
        rows = []
        for y in range(self.rows):
            cells = [signs.get((y, x)) or (self.cell(dots[y, x], plain), inks.get((y, x))) for x in range(self.columns)]
            rows.append("".join(letter if plain or ink is None else paint(letter, INK[ink]) for letter, ink in cells).rstrip())
        return rows

    @staticmethod
    def cell(dots, plain):
        if not dots:
            return " "
        return "." if plain else chr(0x2800 + dots)

    def svg(self, width=900):
        left, right, bottom, top = self.box
        height = round(width * (top - bottom) / (right - left))
        colour = {name: "rgb({},{},{})".format(*rgb) for name, rgb in INK.items()}
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 -20 {width + 40} {height + 40}" font-family="sans-serif">',
                 f'<rect x="-20" y="-20" width="{width + 40}" height="{height + 40}" fill="white"/>']
        for a, b, ink in self.lines:
            (x0, y0), (x1, y1) = (self.place(p, width, height) for p in (a, b))
            parts.append(f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour[ink]}" stroke-width="1.5"/>')
        for at, ink, sign, _ in self.marks:
            x, y = self.place(at, width, height)
            fill = "white" if sign == "○" else colour[ink]
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{fill}" stroke="{colour[ink]}" stroke-width="2"/>')
        for at, text, ink in self.words:
            x, y = self.place(at, width, height)
            parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="14" fill="{colour[ink]}">{text}</text>')
        return "\n".join([*parts, "</svg>"]) + "\n"
