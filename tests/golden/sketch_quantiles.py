#!/usr/bin/env python3
"""Writes sketch_quantiles.csv: quantiles as numpy sees them of the samples that src/sketch/accuracy.rs makes up too.

Needs `pip install numpy`. Run from anywhere: python3 tests/golden/sketch_quantiles.py
"""
import math
import pathlib

import numpy

N = 10_000
QUANTILES = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]


class Lcg:
    """Knuth's MMIX generator; the upper 53 bits as a uniform number."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())


def exponential(r):
    return -math.log(1 - r.uniform())


def cauchy(r):
    return math.tan(math.pi * (r.uniform() - 0.5))


def bimodal(r):
    return -3 + 0.5 * r.normal() if r.uniform() < 0.4 else 3 + r.normal()


def zero_inflated(r):
    return 0.0 if r.uniform() < 0.6 else math.exp(r.normal())


SHAPES = {
    "normal": lambda r: r.normal(),
    "log_normal": lambda r: math.exp(r.normal()),
    "uniform": lambda r: r.uniform(),
    "exponential": exponential,
    "cauchy": cauchy,
    "bimodal": bimodal,
    "integers": lambda r: float(math.floor(100 * r.uniform() ** 2)),
    "latitude": lambda r: 52.52 + 0.05 * r.normal(),
    "zero_inflated": zero_inflated,
}

lines = ["shape,q,value"]
for seed, (name, draw) in enumerate(SHAPES.items()):
    lcg = Lcg(seed)
    sample = [draw(lcg) for _ in range(N)]
    for q in QUANTILES:
        value = numpy.quantile(sample, q, method="inverted_cdf")
        lines.append(f"{name},{q},{float(value)!r}")
path = pathlib.Path(__file__).with_name("sketch_quantiles.csv")
path.write_text("\n".join(lines) + "\n")
