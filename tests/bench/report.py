# SPDX-License-Identifier: Apache-2.0
"""What a run prints at its end, and the files that it leaves."""

import json
import os
import time

import options
from goals import GOALS, verdict

ORDER = ["direct", "bare-relay", *options.CONTENDERS, "link"]
RATIOS = {
    "isthmus / java": ("isthmus", "java"),
    "default / java": ("isthmus-default", "java"),
    "record / java": ("isthmus-record", "java"),
    "isthmus / loop": ("isthmus", "raw-loop"),
    "link / isthmus": ("link", "isthmus"),
    "isthmus / direct": ("isthmus", "direct"),
    "isthmus / bare": ("isthmus", "bare-relay"),
}


def save(section, results):
    options.OUT.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "quick": options.QUICK, "time": int(time.time())}
    text = json.dumps({"name": section, "machine": machine, "results": results}, indent=2)
    (options.OUT / f"{section}.json").write_text(text + "\n")


def print_table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def number(value):
    return "-" if value is None else f"{value:,}"


def ratio(figures, over, under):
    left, right = figures.get(over), figures.get(under)
    return f"{left / right:.2f}" if left is not None and right else "-"


def figure_row(name, figure, by_contender, columns, ratios):
    figures = {contender: found.get(figure) for contender, found in by_contender.items()}
    cells = [number(figures.get(contender)) for contender in columns]
    return [f"{name} {figure}", *cells, *(ratio(figures, *RATIOS[r]) for r in ratios)]


def print_figures(results):
    """One line per figure: each contender, and the ratios that count."""
    columns = [c for c in ORDER if any(c in found for found in results.values())]
    ratios = [name for name, pair in RATIOS.items() if set(pair) <= set(columns)]
    rows = []
    for name, by_contender in results.items():
        for figure in next(iter(by_contender.values()), {}):
            rows.append(figure_row(name, figure, by_contender, columns, ratios))
    print_table(["figure", *columns, *ratios], rows)


def print_goals(results):
    rows = []
    for goal in GOALS:
        found, met = verdict(goal, results)
        rows.append([goal.text, f"{goal.sense} {goal.limit:.3g}", found, met])
    print_table(["goal", "wanted", "found", "verdict"], rows)
    return [dict(zip(("goal", "wanted", "found", "verdict"), row)) for row in rows]
