#!/usr/bin/env python3
"""Draws README's picture of the demonstration: accuracy against tokens a reply, before and after, on the test set.

    runs/demo_picture.py out/demo docs/demo-frontier.svg

Reads OUT/eval/first.jsonl and second.jsonl (the test problems, 4 replies each) and OUT/run/log.jsonl (the checkpoints,
on the development set). The band is the margin of 2 points below the model that one started from; bars are one
standard error, clustered by problem. Standard library only.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 64, 20, 20, 48
LOW, HIGH, MOST_TOKENS, MARGIN = 94.0, 100.0, 200.0, 2.0
INK, MUTED, BEFORE, AFTER, BAND = "#1f2937", "#6b7280", "#b45309", "#0f766e", "#d1fae5"


def x(tokens):
    return LEFT + (WIDTH - LEFT - RIGHT) * tokens / MOST_TOKENS


def y(accuracy):
    return TOP + (HEIGHT - TOP - BOTTOM) * (HIGH - accuracy) / (HIGH - LOW)


def measured(path):
    """Accuracy in %, its standard error clustered by problem, mean tokens."""
    groups = collections.defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "verdict" in row:
            groups[row["id"]].append((row["verdict"] == "right", row["num_tokens"]))
    count = sum(map(len, groups.values()))
    mean = sum(right for rows in groups.values() for right, _ in rows) / count
    squares = sum((sum(right for right, _ in rows) - len(rows) * mean) ** 2 for rows in groups.values())
    error = math.sqrt(len(groups) / (len(groups) - 1) * squares) / count
    return 100 * mean, 100 * error, sum(tokens for rows in groups.values() for _, tokens in rows) / count


def text(at_x, at_y, words, anchor="middle", colour=INK, size=13):
    return (f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}" fill="{colour}" '
            f'font-size="{size}">{words}</text>')


def point(value, colour, words, side):
    """A point with its bar, and its words on the left (-1) or below it, ending there (0)."""
    accuracy, error, tokens = value
    at_x, at_y = x(tokens), y(accuracy)
    return [f'<line x1="{at_x:.1f}" x2="{at_x:.1f}" y1="{y(accuracy - error):.1f}" y2="{y(accuracy + error):.1f}" '
            f'stroke="{colour}" stroke-width="2"/>',
            f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="7" fill="{colour}"/>',
            text(at_x + (-14 if side else 7), at_y + (5 if side else 26),
                 f"{words}: {accuracy:.1f} %, {tokens:.0f} tokens", "end", colour)]


def main():
    out, picture = map(pathlib.Path, sys.argv[1:3])
    before, after = measured(out / "eval/first.jsonl"), measured(out / "eval/second.jsonl")
    log = [json.loads(line) for line in (out / "run/log.jsonl").read_text().splitlines()]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
             f'aria-label="Before: {before[0]:.1f} % right with {before[2]:.0f} tokens a reply. After: {after[0]:.1f} % '
             f'with {after[2]:.0f}." font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
             f'<rect x="{LEFT}" width="{WIDTH - LEFT - RIGHT}" y="{y(before[0]):.1f}" '
             f'height="{y(before[0] - MARGIN) - y(before[0]):.1f}" fill="{BAND}"/>',
             text(LEFT + 8, y(before[0] - MARGIN) - 8, f"equal accuracy: within {MARGIN:.0f} points", "start", AFTER, 12)]
    for accuracy in range(int(LOW), int(HIGH) + 1):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(accuracy):.1f}" y2="{y(accuracy):.1f}" stroke="#e5e7eb"/>')
        parts.append(text(LEFT - 8, y(accuracy) + 4, accuracy, "end", MUTED, 12))
    for tokens in range(0, int(MOST_TOKENS) + 1, 50):
        parts.append(text(x(tokens), HEIGHT - BOTTOM + 18, tokens, colour=MUTED, size=12))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "tokens a reply", colour=MUTED))
    parts.append(f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" text-anchor="middle" '
                 f'fill="{MUTED}" font-size="13">accuracy %</text>')
    for row in log:
        if row["type"] == "eval" and row["step"] > 0 and 100 * row["accuracy"] > LOW:
            parts.append(f'<circle cx="{x(row["tokens"]):.1f}" cy="{y(100 * row["accuracy"]):.1f}" r="4" fill="none" '
                         f'stroke="{MUTED}"><title>checkpoint {row["step"]}, development set</title></circle>')
    parts.append('<defs><marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
                 f'<path d="M0,0 L9,4 L0,8 z" fill="{INK}"/></marker></defs>')
    parts.append(f'<line x1="{x(before[2]) - 12:.1f}" y1="{y(before[0]):.1f}" x2="{x(after[2]) + 12:.1f}" '
                 f'y2="{y(after[0]):.1f}" stroke="{INK}" stroke-width="2" marker-end="url(#tip)"/>')
    parts += point(before, BEFORE, "before", 0) + point(after, AFTER, "after", -1)
    parts.append(f'<circle cx="{WIDTH - RIGHT - 220}" cy="{HEIGHT - BOTTOM - 14}" r="4" fill="none" stroke="{MUTED}"/>')
    parts.append(text(WIDTH - RIGHT - 210, HEIGHT - BOTTOM - 10, "a checkpoint, on other problems", "start", MUTED, 12))
    picture.write_text("\n".join(parts) + "\n</svg>\n", encoding="utf-8")


main()
