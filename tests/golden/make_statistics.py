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


def philox(key, c0, c1):
    """Philox 4x32-10 (Salmon et al. 2011), written from the paper; c0 and c1 are arrays of uint64."""
    mask, u = np.uint64(0xFFFFFFFF), np.uint64
    c = [c0 & mask, c0 >> u(32), c1 & mask, c1 >> u(32)]
    k = [u(key & 0xFFFFFFFF), u(key >> 32)]
    for _ in range(10):
        p0, p1 = u(0xD2511F53) * c[0], u(0xCD9E8D57) * c[2]
        c = [(p1 >> u(32)) ^ c[1] ^ k[0], p1 & mask, (p0 >> u(32)) ^ c[3] ^ k[1], p0 & mask]
        k = [(k[0] + u(0x9E3779B9)) & mask, (k[1] + u(0xBB67AE85)) & mask]
    return c


def bca(d, seed=42, draws=10000):
    """SciPy's BCa on resamples drawn with the program's own random numbers."""
    n = len(d)
    blocks, b = (n + 3) // 4, np.arange(draws, dtype=np.uint64)[:, None]
    words = np.stack(philox(seed, np.arange(blocks, dtype=np.uint64)[None, :] + 0 * b, b + np.uint64(1 << 62)), -1)
    index = (words.reshape(draws, -1)[:, :n] * np.uint64(n)) >> np.uint64(32)
    boot = d[index.astype(int)].mean(axis=1)
    mean = d.mean()
    bias = stats.norm.ppf((np.sum(boot < mean) + np.sum(boot <= mean)) / (2 * draws))
    u = mean - (d.sum() - d) / (n - 1)  # of the jackknife
    skew = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    z = bias + stats.norm.ppf([0.025, 0.975])
    return [float(x) for x in np.quantile(boot, stats.norm.cdf(bias + z / (1 - skew * z)))]


def permutation_p(d):
    """Exact, by SciPy."""
    return float(stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue)


def power(n, sd, distance):
    return stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, distance * np.sqrt(n) / sd)


def needed(sd, distance, wanted):
    n = 2
    while power(n, sd, distance) < wanted:
        n += 1
    return n


def korn_graubard(rows, column):
    p, se = clustered(rows, column)
    n, groups = len(rows), len({row[0] for row in rows})
    effective = min(n, p * (1 - p) / se**2) * (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, groups - 1)) ** 2
    x = p * effective
    return [float(stats.beta.ppf(0.025, x, effective - x + 1)), float(stats.beta.ppf(0.975, x + 1, effective - x))]


def woodruff(rows, share):
    values = [row[2] for row in rows]
    q = np.quantile(values, share)
    _, se = clustered([[row[0], 0, int(row[2] <= q)] for row in rows], 2)
    n, groups = len(rows), len({row[0] for row in rows})
    effective = min(n, share * (1 - share) / se**2) * (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, groups - 1)) ** 2
    x = share * effective
    ends = [stats.beta.ppf(0.025, x, effective - x + 1), stats.beta.ppf(0.975, x + 1, effective - x)]
    return [float(v) for v in np.quantile(values, ends)]


def exact_interval(k, n):
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    return [k, n, float(interval.low), float(interval.high)]


def budget_point(rows, budget):
    cut = [[row[0], row[1] * (row[2] <= budget), 0] for row in rows]
    return [budget, *clustered(cut, 1), float(np.mean([min(row[2], budget) for row in rows]))]


def pass_at_k(rows, k):
    """Mean over all subsets of k samples, one by one."""
    from itertools import combinations
    scores = []
    for i in sorted({row[0] for row in rows}):
        right = [row[1] for row in rows if row[0] == i]
        scores.append(np.mean([any(subset) for subset in combinations(right, k)]))
    return [float(np.mean(scores)), float(stats.sem(scores))]


d_accuracy, d_tokens = a["now"] - a["long"], t["now"] - t["long"]
signs = np.array([1.0] * 4 + [-1.0] * 13 + [0.0] * 9) / 4
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
    "beta": [[x, p, q, float(stats.beta.cdf(x, p, q))] for x, p, q in ((0.2, 0.5, 3), (0.9, 40, 2.5), (0.5, 900, 910), (0.999, 12, 0.5))],
    "normal": [[p, float(stats.norm.ppf(p))] for p in (1e-6, 0.025, 0.5, 0.8, 0.999)],
    "noncentral_t": [[v, v, c, float(stats.nct.sf(v, v, c))] for v, c in ((2, 1.5), (3, 5), (11, 8))]
                    + [[2.0, v, c, float(stats.nct.sf(2.0, v, c))] for v, c in ((1, 3), (30, 2.5), (2000, 2.8), (200000, 2.9))],
    "clopper_pearson": [exact_interval(*pair) for pair in ((0, 10), (10, 10), (1, 1), (27, 30), (412, 1319))],
    "korn_graubard": korn_graubard(sets["now"], 1),
    "woodruff": [woodruff(sets["now"], 0.5), woodruff(sets["now"], 0.9)],
    "bootstrap": {"accuracy": bca(d_accuracy), "tokens": bca(d_tokens)},
    "permutation": {"accuracy": permutation_p(d_accuracy), "tokens": permutation_p(d_tokens - np.mean(d_tokens) + 2)},
    "tokens_shift": float(np.mean(d_tokens) - 2),
    "mcnemar": float(stats.binomtest(4, 17).pvalue),
    "signs": [float(v) for v in signs],
    "non_inferiority_p": float(stats.ttest_1samp(d_accuracy + 0.05, 0, alternative="greater").pvalue),
    "needed": [[sd, m, w, needed(sd, m, w)] for sd, m, w in ((0.3, 0.05, 0.8), (0.45, 0.02, 0.9), (0.1, 0.3, 0.8))],
    "budget": [budget_point(sets["now"], b) for b in (0, 120, 160, 400)],
    "pass_at_k": [[k, *pass_at_k(sets["long"], k)] for k in (1, 2, 3, 4)],
    "student_t_975": [[v, float(stats.t.ppf(0.975, v))] for v in (1, 2, 5, 11, 29, 100, 999, 100000)],
}))
