"""Two plain charts as SVG text: horizontal bars, and lines over two logarithmic axes.

SPDX-License-Identifier: Apache-2.0
"""
import html
import math

COLOURS = ["#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b7791f", "#4a5568", "#b83280", "#00838f"]


def frame(width, height, title, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
            f'<text x="10" y="20" font-size="14">{html.escape(title)}</text>{"".join(body)}</svg>\n')


def bars(title, rows, label_columns, value_column):
    rows = [row for row in rows if row[value_column] not in ("", None)]
    labels = [" ".join(str(row[c]) for c in label_columns) for row in rows]
    values = [float(row[value_column]) for row in rows]
    kinds = list(dict.fromkeys(row[label_columns[-1]] for row in rows))
    left, span, most = 10 + 7 * max(map(len, labels)), 420, max(values + [1e-9])
    body = []
    for i, (row, label, value) in enumerate(zip(rows, labels, values)):
        y = 34 + 20 * i
        colour = COLOURS[kinds.index(row[label_columns[-1]]) % len(COLOURS)]
        body.append(f'<text x="{left}" y="{y + 12}" text-anchor="end">{html.escape(label)}</text>'
                    f'<rect x="{left + 6}" y="{y}" width="{span * value / most:.1f}" height="15" fill="{colour}"/>'
                    f'<text x="{left + 12 + span * value / most:.1f}" y="{y + 12}">{value:g}</text>')
    return frame(left + span + 90, 44 + 20 * len(rows), f"{title}: {value_column}", body)


def short(x):
    return f"{x / 1e6:.3g}M" if x >= 999999 else f"{x / 1e3:.3g}k" if x >= 9999 else f"{x:.0f}"


def lines(title, rows, x_column, y_column, series_columns):
    points = {}
    for row in rows:
        if float(row[x_column]) > 0 and float(row[y_column]) > 0:
            points.setdefault(" ".join(str(row[c]) for c in series_columns), []).append(
                (math.log10(float(row[x_column])), math.log10(float(row[y_column]))))
    every = [p for series in points.values() for p in series]
    low_x, high_x = min(p[0] for p in every), max(p[0] for p in every) + 1e-9
    low_y, high_y = math.floor(min(p[1] for p in every)), math.ceil(max(p[1] for p in every) + 1e-9)

    def place(p):
        return (70 + 480 * (p[0] - low_x) / (high_x - low_x), 330 - 290 * (p[1] - low_y) / (high_y - low_y))

    body = []
    for power in range(low_y, high_y + 1):
        y = place((low_x, power))[1]
        body.append(f'<path d="M70 {y:.0f}H550" stroke="#ddd"/><text x="64" y="{y + 4:.0f}" text-anchor="end">{10.0 ** power:g}</text>')
    free = 0.0  # where the next label fits
    for x in sorted({p[0] for p in every}):
        if place((x, 0))[0] < free:
            continue
        free = place((x, 0))[0] + 48
        body.append(f'<text x="{place((x, 0))[0]:.0f}" y="348" text-anchor="middle">{short(10 ** x)}</text>')
    body.append(f'<text x="310" y="368" text-anchor="middle">{html.escape(x_column)}</text>')
    for i, (name, series) in enumerate(points.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [place(p) for p in sorted(series)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        body.append(f'<text x="560" y="{50 + 18 * i}" fill="{colour}">{html.escape(name)}</text>')
    return frame(870, 380, f"{title}: {y_column}", body)
