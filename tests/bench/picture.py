"""picture.py - the energy gap against CPU time, a panel a class, one curve a solver, as SVG."""

import math
from xml.sax.saxutils import escape

import numpy as np

from published import POINTS

WIDTH, HEIGHT, MARGIN = 400, 300, (58, 16, 34, 46)  # of a panel; left, right, top, bottom
COLUMNS = 3
COLOURS = {"ours": "#0b62a4", "yardstick": "#d1495b", "published": "#555555"}
NAMES = {"ours": "Isinglass", "yardstick": "plain annealer (the yardstick)", "published": "published: best general solvers"}
FONT = 'font-family="Helvetica, Arial, sans-serif"'


def curves(result):
    """{solver: [(seconds, gap), ...]}: medians over repeats; gaps of 0 stay 0."""
    found = {}
    for name, table in result["solvers"].items():
        found[name] = sorted((float(np.median(row["seconds"])), max(0.0, float(np.median(row["gap"]))))
                             for row in table if row["sweeps"])
    return found


def published(key, result):
    """[(solver, seconds, gap)]."""
    points, best = [], result["best_known"][0]
    for solver, seconds, kind, value in POINTS.get(key, []):
        if kind == "density":
            value *= result["spins"] ** 1.5
        elif kind == "cut":
            value = result["weight"] - 2 * value
        points.append((solver, seconds, value if kind == "gap" else max(0.0, (value - best) / abs(best))))
    return points


def bounds(values):
    """Powers of ten around positive values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def tick_name(power, percent):
    if percent:
        return f"{10.0 ** (power + 2):g} %"
    seconds = 10.0 ** power
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale * 0.999:
            return f"{seconds / scale:g} {unit}"
    return f"{seconds / 1e-9:g} ns"


class Panel:
    """Axes of one class. A gap of 0 lies on the lowest line, below all others."""

    def __init__(self, key, result):
        self.lines, self.points, self.title = curves(result), published(key, result), result["title"]
        every = [p for line in self.lines.values() for p in line] + [(t, g) for _, t, g in self.points]
        self.x = bounds([t for t, _ in every])
        gaps = [g for _, g in every if g > 0] or [1e-3]
        low, high = bounds(gaps)
        self.zero = any(g <= 0 for _, g in every)
        self.y = (max(low, high - 6) - (1 if self.zero else 0), high)

    def place(self, seconds, gap):
        left, right, top, bottom = MARGIN
        low, high = self.y
        level = math.log10(gap) if gap > 0 else low
        level = min(max(level, low), high)
        x = left + (math.log10(seconds) - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - left - right)
        y = top + (high - level) / (high - low) * (HEIGHT - top - bottom)
        return x, y

    def axes(self):
        left, right, top, bottom = MARGIN
        out = [f'<text x="{left}" y="20" font-size="13" font-weight="bold" fill="#222">{escape(self.title)}</text>']
        for power in range(self.x[0], self.x[1] + 1):
            x, _ = self.place(10.0 ** power, 1)
            out.append(f'<path d="M{x:.1f} {top}V{HEIGHT - bottom}" stroke="#e3e3e3"/>')
            out.append(f'<text x="{x:.1f}" y="{HEIGHT - bottom + 15}" font-size="11" text-anchor="middle" fill="#444">'
                       f"{tick_name(power, False)}</text>")
        for power in range(self.y[0], self.y[1] + 1):
            _, y = self.place(1, 10.0 ** power)
            name = "0" if self.zero and power == self.y[0] else tick_name(power, True)
            out.append(f'<path d="M{left} {y:.1f}H{WIDTH - right}" stroke="#e3e3e3"/>')
            out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" font-size="11" text-anchor="end" fill="#444">{name}</text>')
        out.append(f'<path d="M{left} {top}V{HEIGHT - bottom}H{WIDTH - right}" fill="none" stroke="#888"/>')
        out.append(f'<text x="{(WIDTH + left - right) / 2}" y="{HEIGHT - 12}" font-size="11" text-anchor="middle" fill="#444">'
                   "CPU time of one problem, one thread</text>")
        return out

    def draw(self):
        out = self.axes()
        for name, line in self.lines.items():
            places = [self.place(*p) for p in line]
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            out.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[name]}"/>' for x, y in places]
        for solver, seconds, gap in self.points:
            x, y = self.place(seconds, gap)
            out.append(f'<path d="M{x - 5:.1f} {y:.1f}l5 -5l5 5l-5 5z" fill="{COLOURS["published"]}"/>')
            anchor, shift = ("end", -8) if x > WIDTH / 2 else ("start", 8)
            out.append(f'<text x="{x + shift:.1f}" y="{y - 4:.1f}" font-size="10" text-anchor="{anchor}" fill="#444">'
                       f"{escape(solver)}</text>")
        return out


def draw(results):
    """The SVG's text. results: class -> result, as JSON has it."""
    panels = [Panel(key, result) for key, result in results.items()]
    columns = min(COLUMNS, max(1, len(panels)))
    width, rows = columns * WIDTH, (len(panels) + columns - 1) // columns
    height = rows * HEIGHT + 64
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" {FONT}>',
           f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
           '<text x="16" y="24" font-size="15" font-weight="bold" fill="#222">Energy above the best known</text>']
    x = 16
    for name, text in NAMES.items():
        out.append(f'<path d="M{x} 44h22" stroke="{COLOURS[name]}" stroke-width="{3 if name != "published" else 0}"/>')
        if name == "published":
            out.append(f'<path d="M{x + 6} 44l5 -5l5 5l-5 5z" fill="{COLOURS[name]}"/>')
        out.append(f'<text x="{x + 28}" y="48" font-size="12" fill="#222">{escape(text)}</text>')
        x += 44 + 6.6 * len(text)
    for i, panel in enumerate(panels):
        out.append(f'<g transform="translate({i % columns * WIDTH} {i // columns * HEIGHT + 60})">')
        out += panel.draw()
        out.append("</g>")
    return "\n".join(out) + "\n</svg>\n"
