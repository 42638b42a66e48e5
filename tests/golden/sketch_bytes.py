#!/usr/bin/env python3
"""Writes sketch_partial_v2.hex: a partial counted and encoded from the definitions alone, sharing no code with the crate.

Needs `pip install xxhash`. Run from anywhere: python3 tests/golden/sketch_bytes.py
"""
import pathlib
import struct
from collections import Counter

import xxhash

SIGN = 1 << 63


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def text(s):
    return varint(len(s.encode())) + s.encode()


def option(x, encode):
    return b"\0" if x is None else b"\1" + encode(x)


def plain_key(x):
    bits = struct.unpack("<Q", struct.pack("<d", x + 0.0))[0]
    return (bits | SIGN if bits < SIGN else ~bits & (1 << 64) - 1) >> 32


def score_key(x):
    if x <= 0.5:
        return plain_key(x)
    assert x <= 1
    return 2 * plain_key(0.5) - plain_key(1 - x)


def word_key(word, tag):
    return xxhash.xxh3_64_intdigest(word.encode(), seed=0x74696465 ^ tag) >> 32


def histogram(keys, limit):
    level = next(s for s in range(33) if len({k >> s for k in keys}) <= limit)
    cells = sorted(Counter(k >> level for k in keys).items())
    out, last = bytes([1]) + varint(limit) + bytes([level]) + varint(len(cells)), 0
    for index, count in cells:
        out, last = out + varint(index - last) + varint(count), index
    return out


def value_sketch(values, key):
    numbers = [v for v in values if type(v) is float]
    words = [v for v in values if type(v) is str]
    truths = [v for v in values if type(v) is bool]
    types = [len(numbers), len(words), len(truths), values.count(None), values.count([]), 0]
    keyed = [(word_key(w, 0), w) for w in words]
    keyed += [(word_key(str(t).lower(), 1), str(t).lower()) for t in truths]
    names = sorted(set(keyed))
    out = b"".join(map(varint, types)) + histogram([key(x) for x in numbers], 512)
    out += option(numbers or None, lambda xs: struct.pack("<dd", min(xs), max(xs)))
    out += histogram([k for k, _ in keyed], 4096) + varint(len(names))
    return out + b"".join(varint(k) + text(w) for k, w in names)


def exemplar(h, i):
    trace = option(f"t{i}" if i % 2 == 0 else None, text)
    return varint(h) + text(f"p{i}") + trace + text("predictions") + zigzag(3) + zigzag(i)


N = range(700)
FEATURES = {
    "amount": [i * 0.25 - 10.0 for i in N],
    "country": [["DE", "FR", "NL"][i % 3] for i in N],
    "gone": [None if i % 5 == 0 else [] for i in N],
    "new": [i % 7 == 0 for i in N],
}
subjects = [varint(0) + text(name) + value_sketch(v, plain_key) for name, v in FEATURES.items()]
subjects.append(varint(2) + value_sketch([i % 100 / 128 for i in N], score_key))
smallest = sorted((xxhash.xxh3_64_intdigest(f"p{i}".encode()), i) for i in N)[:3]
partial = varint(len(N)) + varint(sum(i % 10 == 0 for i in N)) + varint(len(subjects)) + b"".join(subjects)
partial += varint(len(smallest)) + b"".join(exemplar(h, i) for h, i in smallest)
partial += varint(0)  # no objectives

path = pathlib.Path(__file__).with_name("sketch_partial_v2.hex")
path.write_text(partial.hex() + "\n")
print(path, len(partial), "bytes")
