#!/usr/bin/env python3
"""Writes detectable.json for tests/statistics/detectable.rs: smallest changes that are found, by scipy.

Run from anywhere: `pip install scipy && python3 tests/golden/detectable_golden.py`. The mean and the variance of PSI are
computed here by another way: the derivatives of PSI by central differences instead of formulas.
"""

import json
import pathlib

import numpy as np
from scipy import optimize, stats

HERE = pathlib.Path(__file__).parent
Z = stats.norm.ppf(0.9)


def psi(now, before, n, m):
    k = len(now)
    q = (n * now + 0.5) / (n + 0.5 * k)
    p = (m * before + 0.5) / (m + 0.5 * k)
    return float(np.sum((q - p) * np.log(q / p)))


def derivatives(of, shares, scale):
    """First and second derivative of PSI by each smoothed share."""
    first, second = [], []
    for i in range(len(shares)):
        step = np.zeros(len(shares))
        step[i] = 1e-4 * (shares[i] + scale)
        up, middle, down = of(shares + step), of(shares), of(shares - step)
        first.append((up - down) / (2 * step[i]))
        second.append((up - 2 * middle + down) / step[i] ** 2)
    return np.array(first), np.array(second)


def scatter(now, before, n, m):
    k = len(now)
    # By shares that are smoothed already, as the formula takes its slopes.
    q = (n * now + 0.5) / (n + 0.5 * k)
    p = (m * before + 0.5) / (m + 0.5 * k)
    of = lambda q, p: float(np.sum((q - p) * np.log(q / p)))
    u, uu = derivatives(lambda x: of(x, p), q, 0.0)
    variance = lambda share, slope: np.sum(share * slope**2) - np.sum(share * slope) ** 2
    bias = np.sum(uu * now * (1 - now)) / (2 * n)
    return psi(now, before, n, m) + bias, variance(now, u) / n + 2 * (k - 1) / n**2


def ratio(now, before, n, m):
    counts = np.array([n * now, m * before])
    pooled = counts.sum(axis=0) / (n + m)  # shares of both sides together
    expected = np.array([n * pooled, m * pooled])
    held = counts > 0
    moved = 2 * float(np.sum(counts[held] * np.log(counts[held] / expected[held])))
    df = len(now) - 1
    part = m / (n + m)
    slope = np.where(now > 0, np.log(np.where(now > 0, now, 1) / pooled), 0)
    scatter = np.sum(now * slope**2) - np.sum(now * slope) ** 2
    return moved + part * df, 4 * n * scatter + 2 * part**2 * df


def shares(kind, counts, size):
    before = np.array(counts) / sum(counts)
    if kind == "mean":
        edges = stats.norm.ppf(np.cumsum(before)[:-1])
        return np.diff(np.r_[0, stats.norm.cdf(edges - size), 1])
    if kind == "share":
        place = len(counts) - 1 - int(np.argmax(counts[::-1]))
        now = before[place] + (size if before[place] <= 0.5 else -size)
        moved = before * (1 - now) / (1 - before[place])
        moved[place] = now
        return moved
    change = size if kind == "rise" else -size
    return np.clip(before + np.array([change, -change]), 0, 1)


def smallest(kind, counts, n, distance, least_ratio):
    before, m = np.array(counts) / sum(counts), sum(counts)

    def lacks(size):
        now = shares(kind, counts, size)
        if kind in ("rise", "fall"):
            angle = lambda r: 2 * np.arcsin(np.sqrt(r))
            mean, variance = abs(angle(now[0]) - angle(before[0])), 1 / n
            share = lambda a: np.sin(np.clip(a, 0, np.pi) / 2) ** 2
            # Whole counts: the first one that is far enough, less half a count.
            if kind == "rise":
                count = np.ceil(n * share(angle(before[0]) + distance)) - 0.5
            else:
                count = np.floor(n * share(angle(before[0]) - distance)) + 0.5
            least = abs(angle(count / n) - angle(before[0]))
            far = (mean - least) / np.sqrt(variance) - Z
        else:
            mean, variance = scatter(now, before, n, m)
            far = (mean - distance**2) / np.sqrt(variance) - Z
        mean, variance = ratio(now, before, n, m)
        return min(far, (mean - least_ratio) / np.sqrt(variance) - Z)

    first = before[0]
    most = {"mean": 8.0, "share": max(before.max(), 1 - before.max()), "rise": 1 - first, "fall": first}[kind]
    if lacks(most * (1 - 1e-12)) < 0:
        return None
    return optimize.brentq(lacks, 1e-9, most * (1 - 1e-12), xtol=1e-10)


def main():
    rows = []
    tenths = [10_000] * 10
    cases = [
        ("mean", tenths, 200), ("mean", tenths, 1_500), ("mean", tenths, 100_000), ("mean", [700, 100, 120, 80], 500),
        ("mean", [300, 400, 300], 60), ("mean", [2_000] * 5, 150), ("share", [900, 400, 300, 50], 200),
        ("share", [8_000, 1_000, 500], 1_000), ("rise", [0, 50_000], 200), ("rise", [0, 1_000], 100_000),
        ("rise", [500, 20_000], 1_500), ("fall", [3_000, 2_000], 300), ("fall", [20, 50_000], 1_500),
    ]
    for kind, counts, n in cases:
        for alpha in (1e-5, 4.6e-8):
            for ordinary in (0.0, 0.3, 1.0):
                df, f = len(counts) - 1, 1 / n + 1 / sum(counts)
                point = float(stats.chi2.isf(alpha, df))
                distance = max(ordinary + np.sqrt(f * point), np.sqrt(0.04 + df * f))
                rows.append({
                    "kind": kind, "reference": counts, "window": n, "distance": float(distance), "ratio": point,
                    "smallest": smallest(kind, counts, n, distance, point),
                })
    (HERE / "detectable.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
