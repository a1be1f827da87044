"""Golden numbers for src/eval/statistics_test.cc: an independent computation with numpy and scipy.

Versions: numpy 2.4, scipy 1.17 (any recent pair gives the same 12 digits). Run from the repository root:
    python tests/golden/make_statistics.py > tests/golden/statistics.json
"""
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20250602)
G = 12
sets = {}
for name, p, length in (("long", 0.8, 300), ("short", 0.4, 80), ("now", 0.7, 150)):
    rows = []
    for g in range(G):
        for sample in range(int(rng.integers(1, 5)) if name == "now" else 4):
            rows.append([f"p{g:02d}", int(rng.random() < np.clip(p + 0.03 * (g - 6), 0, 1)),
                         int(rng.normal(length + 10 * g, 15))])
    sets[name] = rows


def clustered(rows, column):
    # Sandwich estimator of an intercept-only regression with clusters: (X'X)^-1 sum(X_g'u_g u_g'X_g) (X'X)^-1.
    values = np.array([row[column] for row in rows], float)
    ids = np.array([row[0] for row in rows])
    mean = values.mean()
    meat = sum((values[ids == i] - mean).sum() ** 2 for i in np.unique(ids))
    groups = len(np.unique(ids))
    return [mean, float(np.sqrt(groups / (groups - 1) * meat) / len(values))]


def means(rows, column):
    ids = sorted({row[0] for row in rows})
    return np.array([np.mean([r[column] for r in rows if r[0] == i]) for i in ids])


def paired(first, second):
    result = stats.ttest_rel(second, first)
    interval = result.confidence_interval(0.95)
    return {"mean": float(np.mean(second - first)), "se": float(stats.sem(second - first)),
            "low": float(interval.low), "high": float(interval.high)}


def ratio_se_jacobian(columns, gradient):
    # Delta method in matrix form: gradient' Cov(means) gradient.
    covariance = np.cov(np.array(columns), ddof=1) / len(columns[0])
    return float(np.sqrt(gradient @ covariance @ gradient))


t = {k: means(v, 2) for k, v in sets.items()}
a = {k: means(v, 1) for k, v in sets.items()}
T = {k: v.mean() for k, v in t.items()}
A = {k: v.mean() for k, v in a.items()}
y = T["long"] - T["short"]
g_short = (T["now"] - T["short"]) / y
z = A["long"] - A["short"]
g_long = (A["long"] - A["now"]) / z
log_se = ratio_se_jacobian([t["long"], t["now"]], np.array([-1 / T["long"], 1 / T["now"]]))
half = stats.t.ppf(0.975, G - 1) * log_se
ratio = T["now"] / T["long"]
everything = [row[2] for row in sets["now"]]
print(json.dumps({
    "samples": sets,
    "accuracy": clustered(sets["now"], 1),
    "tokens": clustered(sets["now"], 2),
    "median": float(np.quantile(everything, 0.5)),
    "p90": float(np.quantile(everything, 0.9)),
    "accuracy_difference": paired(a["long"], a["now"]),
    "tokens_difference": paired(t["long"], t["now"]),
    "token_ratio": [float(ratio), float(ratio * np.exp(-half)), float(ratio * np.exp(half))],
    "gain_se": [
        ratio_se_jacobian([t["now"], t["short"], t["long"]], np.array([1, g_short - 1, -g_short]) / y),
        ratio_se_jacobian([a["now"], a["long"], a["short"]], np.array([-1, 1 - g_long, g_long]) / z),
    ],
    "student_t_975": [[v, float(stats.t.ppf(0.975, v))] for v in (1, 2, 5, 11, 29, 100, 999, 100000)],
}))
