#!/usr/bin/env python3
"""Writes the golden values of tests/statistics.rs: scipy, numpy, statsmodels and mpmath on given counts.

Run from anywhere: `pip install scipy statsmodels mpmath && python3 tests/golden/stats_golden.py`.
The groups are drawn here a second time, with fractions and by brute force, straight from their definition.
"""

import json
import pathlib
from fractions import Fraction
from math import floor

import mpmath
import numpy as np
from scipy import special, stats
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.proportion import proportion_confint

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(20240607)
mpmath.mp.dps = 120


def level_of(keys, limit):
    level = 0
    while len({k >> level for k in keys}) > limit:
        level += 1
    return level


def cells(reference, window, limit):
    """{cell: [reference count, window count]} at the coarser level, and that level."""
    level = max(level_of(reference, limit), level_of(window, limit))
    table = {}
    for side, counts in enumerate((reference, window)):
        for key, count in counts.items():
            table.setdefault(key >> level, [0, 0])[side] += count
    return dict(sorted(table.items())), level


def half_up(x):
    return floor(x + Fraction(1, 2))


def cut(run, total, number, group):
    mass = sum(d for _, d in run)
    if mass == 0 or Fraction(mass, total) < Fraction(1, 20):
        for cell, _ in run:
            group[cell] = "rest"
        return
    pieces = max(1, half_up(Fraction(10 * mass, total)))
    before = 0
    for cell, own in run:
        group[cell] = ("run", number, floor(pieces * (before + Fraction(own, 2)) / mass))
        before += own


def groups(table, kind):
    known = [(cell, d) for cell, (d, _) in table.items() if d > 0]
    total = sum(d for _, d in known)
    group = {}
    if kind == "numbers":
        alone = {cell for cell, d in known if Fraction(d, total) >= Fraction(1, 10)}
        runs, run = [], []
        for cell, d in known:
            if cell in alone:
                runs.append(run)
                run = []
            else:
                run.append((cell, d))
        runs.append(run)
    else:
        common = sorted((-d, cell) for cell, d in known if Fraction(d, total) >= Fraction(1, 100))
        alone = {cell for _, cell in common[:50]}
        runs = [[(cell, d) for cell, d in known if cell not in alone]]
    for cell in alone:
        group[cell] = ("alone", cell)
    for number, run in enumerate(runs):
        cut(run, total, number, group)
    order = [cell for cell, _ in known]
    for cell in table:
        if cell in group:
            continue
        lower = [c for c in order if c < cell][-1:]
        upper = [c for c in order if c > cell][:1]
        candidates = [c for c in lower + upper if c not in alone]
        group[cell] = group[candidates[0]] if candidates else "rest"
    sums = {}
    for cell, counts in table.items():
        pair = sums.setdefault(group[cell], [0, 0])
        pair[0] += counts[0]
        pair[1] += counts[1]
    return sorted(sums.values())


def smoothed(counts):
    counts = np.asarray(counts, float) + 0.5
    return counts / counts.sum()


def compare(name, kind, reference, window):
    limit = 512 if kind == "numbers" else 4096
    table, level = cells(reference, window, limit)
    grouped = groups(table, kind)
    p, q = (smoothed([g[side] for g in grouped]) for side in (0, 1))
    pc, qc = (smoothed([c[side] for c in table.values()]) for side in (0, 1))
    g = stats.chi2_contingency(np.array(grouped), correction=False, lambda_="log-likelihood")
    ks = stats.ks_2samp(*(np.repeat(list(table), [c[side] for c in table.values()]) for side in (0, 1)), method="asymp")
    return {
        "name": name,
        "kind": kind,
        "reference": [[int(k), int(c)] for k, c in sorted(reference.items())],
        "window": [[int(k), int(c)] for k, c in sorted(window.items())],
        "level": level,
        "groups": [[int(d), int(c)] for d, c in grouped],
        "psi": float((special.rel_entr(q, p) + special.rel_entr(p, q)).sum()),
        "js_distance": float(jensenshannon(pc, qc, base=2)),
        "ks": float(ks.statistic),
        "g": float(g.statistic),
        "df": int(g.dof),
        "ln_p": float(mpmath.log(mpmath.gammainc(mpmath.mpf(g.dof) / 2, mpmath.mpf(g.statistic) / 2, regularized=True))),
    }


def count(values):
    keys, counts = np.unique(np.asarray(values, dtype=np.int64), return_counts=True)
    return {int(k): int(c) for k, c in zip(keys, counts)}


def comparisons():
    bell = lambda n, mean=0.0: count(np.clip(RNG.normal(5000 + 40 * mean, 40, n).round(), 0, 9999))
    wide = lambda n, factor=1.0: count((1e6 + 2e5 * factor * RNG.standard_normal(n)).astype(np.int64))
    zeros = lambda n, share: count(np.where(RNG.random(n) < share, 0, RNG.integers(10, 90, n)))
    zipf = lambda n, shift=0: count(7919 * (1 + RNG.zipf(1.3, n) % 700) + shift)
    yield compare("bell, no drift", "numbers", bell(4000), bell(300))
    yield compare("bell, half a deviation", "numbers", bell(4000), bell(1000, 0.5))
    yield compare("more cells than fit", "numbers", wide(3000), wide(900, 1.2))
    yield compare("half zeros, fewer zeros", "numbers", zeros(5000, 0.5), zeros(400, 0.45))
    yield compare("zeros and a thin tail", "numbers", zeros(5000, 0.97), zeros(400, 0.8))
    yield compare("constant, then 3 % of another", "numbers", {500: 5000}, {500: 970, 600: 20, 400: 10})
    yield compare("below and above all that was known", "numbers", bell(3000), {10: 150, 5000: 100, 9990: 250})
    yield compare("two values with strangers between", "numbers", {100: 600, 200: 400}, {90: 5, 100: 100, 150: 30, 200: 60, 300: 5})
    yield compare("short runs between common values", "numbers", {100: 400, 110: 30, 120: 400, 130: 20, 140: 150}, {100: 90, 112: 20, 120: 80, 135: 10, 140: 30})
    yield compare("a run of exactly a twentieth, round half up", "numbers", {10: 10, 20: 40, 100: 150, 110: 99, 111: 51, 120: 500, 130: 75, 140: 75}, {10: 20, 20: 20, 100: 30, 110: 40, 120: 70, 130: 20})
    yield compare("six categories", "categories", {1: 500, 5: 300, 9: 100, 11: 60, 30: 30, 31: 10}, {1: 90, 5: 80, 9: 20, 11: 7, 30: 2, 77: 9})
    yield compare("zipf", "categories", zipf(6000), zipf(500))
    yield compare("zipf among strangers", "categories", zipf(6000), zipf(500, 3))
    even = {100 + 3 * i: 11 for i in range(80)}
    yield compare("eighty equal categories", "categories", even, {k: 1 + k % 5 for k in even})


def ln_tail(shape, x):
    return mpmath.log(mpmath.gammainc(mpmath.mpf(shape), mpmath.mpf(x), mpmath.inf, regularized=True))


def tails():
    for df in (1, 2, 9, 19.5, 60, 400):
        for factor in (0.01, 0.5, 0.99, 1.0, 1.2, 2, 5, 40, 900):
            x = df * factor
            yield {"df": df, "x": x, "ln_survival": float(ln_tail(df / 2, x / 2))}
    for df, x in ((20_000, 21_000.0), (1_000_000, 1_007_000.0)):
        yield {"df": df, "x": x, "ln_survival": float(stats.chi2.logsf(x, df))}


def intervals():
    for k, n in ((0, 200), (1, 200), (4, 200), (100, 1000), (500, 1000), (999, 1000), (1000, 1000), (95, 100), (20_000, 1_000_000)):
        for z in (1.96, 2.0, 3.3):
            alpha = 2 * stats.norm.sf(z)
            ours = proportion_confint(k, n, alpha=alpha, method="wilson")
            scipys = stats.binomtest(k, n).proportion_ci(1 - alpha, method="wilson")
            assert np.allclose(ours, (scipys.low, scipys.high), atol=1e-9)
            yield {"count": k, "total": n, "z": z, "low": float(max(ours[0], 0)), "high": float(min(ours[1], 1))}


def coins():
    for q in (0.0, 0.001, 0.02, 0.3, 0.5, 0.97, 1.0):
        for p in (1e-7, 0.001, 0.04, 0.5, 0.95):
            yield {"q": q, "p": p, "divergence": float(special.rel_entr(q, p) + special.rel_entr(1 - q, 1 - p))}


def write(name, rows):
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / f"stats_{name}.json").write_text(f"[\n{lines}\n]\n")


write("comparisons", comparisons())
write("tails", tails())
write("intervals", intervals())
write("coins", coins())
