#!/usr/bin/env python3
"""Golden ids of alerts, by Python's hashlib: name, kind, start, at, sequence -> fingerprint, id, traceparent.

Usage: python3 tests/golden/alert_ids.py > tests/golden/alert_ids.tsv
"""
import hashlib


def digest(*parts):
    return hashlib.sha256(b"\0".join(str(p).encode() for p in parts)).hexdigest()[:32]


NOON = 29_539_440 * 60_000  # 2026-03-01T12:00:00Z, in milliseconds

for name, kind, start, at, sequence in [
    ("fraud", "drift", NOON, NOON, 0),
    ("fraud", "drift", NOON, NOON + 60_000, 1),
    ("größe/ß", "data_quality", NOON, NOON, 0),
]:
    fingerprint = digest("tidegauge/v1", name, kind)
    record = digest(fingerprint, start, at, sequence)
    traceparent = f"00-{record}-{digest('traceparent', record)[:16]}-00"
    print(name, kind, start, at, sequence, fingerprint, record, traceparent, sep="\t")
