#!/usr/bin/env python3
"""Newcombe's interval of a difference of shares (1998, method 10), by the roots of the score equation.

Usage: python3 tests/golden/alert_impact.py; with z = 1.96 the first line is row (a) of the paper's table II:
56/70 - 48/80 gives 0.0524 to 0.3339.
"""
from math import sqrt


def score_roots(k, n, z):
    """The p for which |k/n - p| = z * sqrt(p * (1 - p) / n), as roots of the quadratic."""
    a, b, c = 1 + z * z / n, -(2 * k / n + z * z / n), (k / n) ** 2
    root = sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


for z in (1.959963985, 3.3):
    (k1, n1), (k2, n2) = (56, 70), (48, 80)
    p, q = k1 / n1, k2 / n2
    (l1, u1), (l2, u2) = score_roots(k1, n1, z), score_roots(k2, n2, z)
    low = p - q - sqrt((p - l1) ** 2 + (u2 - q) ** 2)
    high = p - q + sqrt((u1 - p) ** 2 + (q - l2) ** 2)
    print(f"{z} {low:.15f} {high:.15f}")
