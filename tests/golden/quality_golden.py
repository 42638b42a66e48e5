#!/usr/bin/env python3
"""Writes the golden values of tests/statistics/quality_golden.rs: scikit-learn, statsmodels, numpy and Python's fsum.

Run from anywhere: `pip install scikit-learn statsmodels xxhash && python3 tests/golden/quality_golden.py`.
Measures on score cells are given twice: `raw` of the scores themselves, log loss clipped to 0.005..0.995, which the cells
meet within a bound; and `cells` of the middles of the cells, which they meet exactly.
"""

import json
import math
import pathlib
import warnings
from fractions import Fraction

import numpy as np
import xxhash
from scipy.stats import norm
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(20250611)
Z = 1.96
WORD_SEED = 0x74696465
CLASSES_MAX = 64
warnings.filterwarnings("ignore")


def alpha_of(z):
    return 2 * norm.sf(z)


def wilson(good, valid):
    low, high = proportion_confint(good, valid, alpha=alpha_of(Z), method="wilson")
    return [float(low) if low > 1e-15 else 0.0, float(high)]


def measured(value, count, interval=None):
    return {"value": float(value), "count": int(count), "interval": interval}


def share(good, valid):
    return measured(good / valid, valid, wilson(good, valid)) if valid else None


def calibration_error(event, score):
    """From calibration_curve, whose bins are closed above; ours are closed below, so edges are moved off by a trifle."""
    edges = np.isin(score, np.linspace(0, 1, 11)[1:-1].round(1))
    score = np.where(edges, score + 1e-13, score)
    rate, mean = calibration_curve(event, score, n_bins=10, strategy="uniform")
    weight = np.bincount(np.digitize(score, np.linspace(0, 1, 11)[1:-1]), minlength=10)
    return float(np.sum(weight[weight > 0] * abs(rate - mean)) / len(score))


def of_scores(event, score, is_probability):
    """The measures of scores against whether their event came true."""
    found = {
        "brier": metrics.brier_score_loss(event, score),
        "calibration_error": calibration_error(event, score),
    }
    if is_probability:
        found["log_loss"] = metrics.log_loss(event, np.clip(score, 0.005, 0.995), labels=[0, 1])
        if 0 < sum(event) < len(event):
            found["auc"] = metrics.roc_auc_score(event, score)
    return {name: float(value) for name, value in found.items()}


def middles(scores):
    return np.array([(min(math.floor(s * 100), 99) + 0.5) / 100 for s in scores])


def kept(names):
    ranked = sorted((xxhash.xxh3_64_intdigest(n.encode(), WORD_SEED) >> 32, n) for n in names)
    return sorted(name for _, name in ranked[:CLASSES_MAX])


def of_positive(predicted, truth, positive):
    p = np.array([x == positive for x in predicted])
    t = np.array([x == positive for x in truth])
    (tn, fp), (fn, tp) = metrics.confusion_matrix(t, p, labels=[False, True])
    if tp + fp:
        assert math.isclose(metrics.precision_score(t, p), tp / (tp + fp))
    return {
        "precision": share(tp, tp + fp),
        "recall": share(tp, tp + fn),
        "f1": measured(metrics.f1_score(t, p), tp + fp + fn) if tp + fp + fn else None,
        "false_positive_rate": share(fp, fp + tn),
    }, t


def of_average(predicted, truth):
    labels = kept(set(predicted) | set(truth))
    options = {"average": "macro", "labels": labels, "zero_division": 0}
    n = len(truth)
    return {
        "precision": measured(metrics.precision_score(truth, predicted, **options), n),
        "recall": measured(metrics.recall_score(truth, predicted, **options), n),
        "f1": measured(metrics.f1_score(truth, predicted, **options), n),
        "false_positive_rate": None,
    }, np.array([p == t for p, t in zip(predicted, truth)])


def classified(name, predicted, truth, scores, positive):
    predicted, truth = [str(x) for x in predicted], [str(x) for x in truth]
    scores = np.array([round(float(s), 6) for s in scores])
    exact, event = of_positive(predicted, truth, positive) if positive else of_average(predicted, truth)
    exact["accuracy"] = share(int(sum(p == t for p, t in zip(predicted, truth))), len(truth))
    return {
        "name": name,
        "positive": positive,
        "rows": [list(row) for row in zip(predicted, truth, scores.tolist())],
        "exact": exact,
        "raw": of_scores(event, scores, positive is not None),
        "cells": of_scores(event, middles(scores), positive is not None),
    }


def threshold(scores, at, yes="1", no="0"):
    return [yes if s >= at else no for s in scores]


def classifications():
    n = 400
    s = RNG.random(n)
    drawn = np.where(RNG.random(n) < s, "1", "0")
    yield classified("binary balanced", threshold(s, 0.5), drawn, s, "1")
    s = RNG.beta(0.5, 8, 1_200)
    fraud = np.where(RNG.random(1_200) < 0.3 * s, "fraud", "ok")
    yield classified("rare positive", threshold(s, 0.3, "fraud", "ok"), fraud, s, "fraud")
    truth = np.where(RNG.random(200) < 0.4, "yes", "no")
    yield classified("perfect", truth, truth, np.where(truth == "yes", 1.0, 0.0), "yes")
    wrong = np.where(truth == "yes", "no", "yes")
    yield classified("always wrong", wrong, truth, np.where(truth == "yes", 0.0, 1.0), "yes")
    yield classified("constant score", ["1"] * 150, RNG.choice(["0", "1"], 150), [0.5] * 150, "1")
    yield classified("never predicted", ["0"] * 50, ["0"] * 47 + ["1"] * 3, RNG.random(50) / 2, "1")
    yield classified("no positives", threshold(s[:80], 0.1), ["0"] * 80, s[:80], "1")
    edges = np.arange(0, 101) / 100
    yield classified("scores on the edges", threshold(edges, 0.4), threshold(1 - edges, 0.7), edges, "1")
    names = np.array(["cat", "dog", "owl", "eel", "bee"])
    t = RNG.choice(names, 300, p=[0.5, 0.3, 0.15, 0.04, 0.01])
    c = 0.3 + 0.7 * RNG.random(300)
    p = np.where(RNG.random(300) < c, t, RNG.choice(names[:4], 300))
    yield classified("several classes", p, t, c, None)
    t = RNG.integers(0, 90, 900)
    p = np.where(RNG.random(900) < 0.7, t, RNG.integers(0, 90, 900))
    c = RNG.random(900)
    yield classified("ninety classes", [f"class {x}" for x in p], [f"class {x}" for x in t], c, None)


def of_mean(x):
    """Mean and its interval, by fsum and fractions: numpy's would lose what ours keep."""
    n, mean = len(x), math.fsum(x) / len(x)
    exact = [Fraction(float(v)) for v in x]
    spread = sum((v - sum(exact) / n) ** 2 for v in exact)
    root = math.sqrt(Fraction(spread, n - 1) / n) if n > 1 else None
    return measured(mean, n, [mean - Z * root, mean + Z * root] if n > 1 else None)


def valued(name, predicted, truth):
    e = predicted - truth
    n = len(e)
    exact = [Fraction(float(y)) for y in truth]
    spread = sum((y - sum(exact) / n) ** 2 for y in exact)
    missed = sum(Fraction(float(x)) ** 2 for x in e)
    r2 = float(1 - missed / spread) if spread else None
    mae = of_mean(abs(e))
    if mae["interval"]:
        mae["interval"][0] = max(mae["interval"][0], 0.0)
    rmse = metrics.root_mean_squared_error(truth, predicted)
    assert math.isclose(metrics.mean_absolute_error(truth, predicted), mae["value"], rel_tol=1e-13)
    if r2 is not None:  # scikit-learn rounds its mean: of a mean 10^12 times the spread nothing else is to be had
        far = abs(np.mean(truth)) / np.std(truth)
        assert math.isclose(metrics.r2_score(truth, predicted), r2, rel_tol=1e-12 * max(1.0, far**2)), name
    size = abs(e)
    return {
        "name": name,
        "rows": [list(row) for row in zip(predicted.tolist(), truth.tolist())],
        "exact": {
            "mae": mae,
            "rmse": measured(rmse, n),
            "r2": measured(r2, n) if r2 is not None else None,
            "bias": of_mean(e),
        },
        "near": {
            "error_p50": float(np.quantile(size, 0.5, method="inverted_cdf")),
            "error_p95": float(np.quantile(size, 0.95, method="inverted_cdf")),
        },
    }


def regressions():
    y = RNG.normal(20, 5, 300)
    yield valued("ordinary", y + RNG.normal(0.5, 1, 300), y)
    yield valued("huge", (y + RNG.normal(0, 1, 300)) * 1e100, y * 1e100)
    yield valued("tiny", (y + RNG.normal(0, 1, 300)) * 1e-100, y * 1e-100)
    far = 1e9 + RNG.normal(0, 1e-3, 200)
    yield valued("far from zero", far + RNG.normal(0, 1e-3, 200), far)
    mixed = RNG.choice([1e60, 1.0, 1e-60], 200) * RNG.normal(0, 1, 200)
    yield valued("huge beside tiny", mixed * 1.01, mixed)
    yield valued("always the same", RNG.normal(3, 1, 50), np.full(50, 3.0))
    yield valued("one pair", np.array([2.5]), np.array([2.0]))
    yield valued("perfect", y[:40], y[:40])
    heavy = RNG.standard_cauchy(400)
    yield valued("heavy tails", heavy, np.zeros(400) + np.arange(400) % 7)


def differences():
    pairs = [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (10, 10, 0, 20), (5, 1_000, 2, 1_100),
             (120, 100_000, 95, 98_000), (1, 1, 0, 1), (300, 310, 4_000, 4_100)]
    for z in (1.96, 3.3):
        for good_a, valid_a, good_b, valid_b in pairs:
            low, high = confint_proportions_2indep(
                good_a, valid_a, good_b, valid_b, method="newcomb", compare="diff", alpha=alpha_of(z))
            yield {"a": [good_a, valid_a], "b": [good_b, valid_b], "z": z, "low": float(low), "high": float(high)}


def sums():
    yield [0.1] * 10
    yield [1e308, -1e308, 1.0, -1e308, 1e308, 1e-300]
    for size in (5, 50, 400):
        yield (RNG.normal(0, 1, size) * 10.0 ** RNG.integers(-300, 300, size)).tolist()
        yield (RNG.normal(0, 1, size) * 1e-310).tolist()
        x = RNG.normal(1e8, 1, size)
        yield np.concatenate([x, -x[::-1] * (1 + 2**-50)]).tolist()


def write(name, rows):
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


write("quality_classes.json", classifications())
write("quality_values.json", regressions())
write("quality_differences.json", differences())
write("quality_sums.json", ({"numbers": x, "sum": math.fsum(x)} for x in sums()))
