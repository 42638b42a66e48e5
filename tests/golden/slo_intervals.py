#!/usr/bin/env python3
"""Writes slo_difference.json and slo_likelihood.json: Newcombe's interval of a difference of two shares, by statsmodels, and
the likelihood interval of one share, by root finding on scipy's binomial law.

Run from anywhere: `pip install scipy statsmodels && python3 tests/golden/slo_intervals.py`.
"""

import json
import pathlib

from scipy import optimize, stats
from statsmodels.stats.proportion import confint_proportions_2indep

HERE = pathlib.Path(__file__).parent
SIDES = [(0, 30), (1, 30), (15, 30), (30, 30), (5, 1000), (12, 1000), (400, 1000), (50, 100_000), (700, 100_000)]


def rows():
    for good, valid in SIDES:
        for good_before, valid_before in SIDES:
            for z in (1.96, 3.3):
                low, high = confint_proportions_2indep(
                    good, valid, good_before, valid_before, method="newcomb", compare="diff", alpha=2 * stats.norm.sf(z)
                )
                yield {
                    "of": [good, valid],
                    "from": [good_before, valid_before],
                    "z": z,
                    "low": float(low),
                    "high": float(high),
                }


def deviance(good, valid, z, p):
    """Below 0 inside the interval."""
    fall = stats.binom.logpmf(good, valid, good / valid) - stats.binom.logpmf(good, valid, p)
    return fall - z * z / 2


def likelihoods():
    for good, valid in SIDES:
        for z in (1.96, 3.3):
            rate, tiny = good / valid, 1e-12
            edge = lambda a, b: optimize.brentq(lambda p: deviance(good, valid, z, p), a, b, xtol=1e-15)
            low = 0.0 if good == 0 else edge(tiny, min(rate, 1 - tiny))
            high = 1.0 if good == valid else edge(max(rate, tiny), 1 - tiny)
            yield {"good": good, "valid": valid, "z": z, "low": low, "high": high}


def write(name, rows):
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / f"slo_{name}.json").write_text(f"[\n{lines}\n]\n")


write("difference", rows())
write("likelihood", likelihoods())
