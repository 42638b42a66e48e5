#!/usr/bin/env python3
"""What labels make of predictions, by plain dictionaries: the golden files of tests/e2e/labels.rs.

    python3 tests/golden/labels_oracle.py 60000   > tests/golden/labels_small.tsv
    python3 tests/golden/labels_oracle.py 1000000 > tests/golden/labels_large.tsv

The stream is made of integers alone, by splitmix64, one stream of numbers per prediction; tests/e2e/labelled.rs makes the
same one, and both say so by the SHA-256 of all records. The semantics are those of docs/labels.md and nothing of the
implementation: every label is held against every entry of its id.
"""

import hashlib
import sys
from collections import defaultdict

MASK = (1 << 64) - 1
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
START = 1_740_960_000_000  # midnight of a Monday
DAYS = 30
END = START + DAYS * DAY
SEED = 17
HORIZON, LEAD = 7 * DAY, HOUR
JITTER = 60_000
REUSED_AFTER_DAYS = 10
# An entry is alive for its horizon at least and never this much longer: nothing here lies in between.
DEAD_AFTER = HORIZON + 8 * HOUR

MODELS = [("churn", ""), ("fraud", "v2"), ("fraud", "v1")]
CLASSES = {"churn": ["stay", "leave", "pause"], "fraud": ["ok", "fraud"]}
COUNTRIES = ["de", "fr", "us", ""]
VARIANTS = ["default", "canary"]
SOURCES = ["human", "chargeback"]


class Random:
    """Steele's splitmix64."""

    def __init__(self, state):
        self.state = state & MASK

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % n


def predicted_class(model, cell):
    return int(cell >= 70) if model else cell // 34


# --- the stream: predictions (order, time, id, model, country, variant, class, cell),
# --- labels (order, arrival, made, unknown, id, class's name, source) -------------------------------------------


def generate(count):
    predictions, labels = [], []
    for i in range(count):
        random = Random(((SEED * 0x100000001B3) & MASK) ^ (i << 20))
        below = random.below
        time = min(START + DAYS * DAY * i // count + below(JITTER), END - 1)
        m = below(10)
        model = 0 if m < 3 else 1 if m < 6 else 2
        country, cell = below(4), below(100)
        back = count * REUSED_AFTER_DAYS // DAYS
        name = i - back if below(100) == 0 and i >= back else i
        answer = predicted_class(model, cell)
        classes = len(CLASSES[MODELS[model][0]])

        def predict(at, variant, cell):
            kind = predicted_class(model, cell)
            predictions.append((at + below(JITTER), at, name, model, country, variant, kind, cell))

        predict(time, 0, cell)
        if model and below(20) == 0:
            predict(time + below(SECOND), 1, below(100))
        again = below(100)
        if again == 0:
            predict(time, 0, cell)
        elif again == 1:
            predict(time + below(MINUTE), 0, 99 - cell)
        elif again == 2:
            predict(time + below(5 * DAY), 0, 99 - cell)
        label(below, labels, name, time, model, country, answer, classes)
    # Stable: what has the same order stays as it was made.
    predictions.sort(key=lambda p: p[0])
    labels.sort(key=lambda l: l[0])
    return predictions, labels


def label(below, labels, name, time, model, country, answer, classes):
    is_wrong = below(100) < 15 + 5 * country
    truth = (answer + 1) % classes if is_wrong else answer
    other = (truth + 1) % classes
    kind = below(100)
    if kind < 12:
        return
    if kind < 40:
        delay = below(HOUR)
    elif kind < 70:
        delay = below(DAY)
    elif kind < 88:
        delay = below(7 * DAY)
    elif kind < 92:
        delay = 7 * DAY + below(3 * DAY)
    elif kind < 95:
        delay = -below(HOUR)
    elif kind < 97:
        delay = -HOUR - below(HOUR)
    else:
        delay = [7 * DAY, -HOUR, 7 * DAY + 1][kind - 97]
    arrival, made = time + delay, time - 3 * HOUR

    def tell(after, later, kind, unknown=0, source=0):
        at = arrival + after
        labels.append((at + below(JITTER), at, made + later, unknown, name, (model, kind), source))

    tell(0, 0, truth)
    extra = below(20)
    if extra == 0:  # doubled
        tell(1 + below(DAY), 0, truth)
    elif extra == 1:  # corrected
        tell(1 + below(2 * DAY), 1, other)
    elif extra == 2:  # the correction comes before what it corrects
        tell(-1 - below(HOUR), 1, other)
    elif extra == 3:  # corrected, and corrected back
        after = 1 + below(DAY)
        tell(after, 2, other)
        tell(after + 1 + below(2 * DAY), 4, truth)
    elif extra == 4:  # superseded before it came
        tell(1 + below(DAY), -1, other)
    elif extra == 5:  # said again later
        tell(1 + below(DAY), 1, truth)
    elif extra == 6:  # of an id that nobody predicted
        tell(0, 0, truth, unknown=1)
    elif extra == 7:  # said by somebody else
        tell(1 + below(DAY), 1, truth, source=1)


def prediction_line(p):
    _, time, name, model, country, variant, kind, cell = p
    model, version = MODELS[model]
    version = f'"version":"{version}",' if version else ""
    segments = f'"segments":{{"country":"{COUNTRIES[country]}"}},' if COUNTRIES[country] else ""
    variant = '"variant":"canary",' if variant else ""
    return (
        f'{time}\t{{"id":"p{name}","model":"{model}",{version}"timestamp":{time},{segments}{variant}'
        f'"prediction":{{"label":"{CLASSES[model][kind]}","score":0.{cell:02}5}}}}\n'
    )


def label_line(l):
    _, arrival, made, unknown, name, (model, kind), source = l
    name = f"u{name}" if unknown else f"p{name}"
    truth = CLASSES[MODELS[model][0]][kind]
    return f'{arrival}\t{{"id":"{name}","label":"{truth}","timestamp":{made},"source":"{SOURCES[source]}"}}\n'


# --- the semantics ----------------------------------------------------------------------------------------------


class Entry:
    """A prediction that counts, and the story of its truth: (known at, old, new)."""

    __slots__ = ("time", "model", "country", "variant", "kind", "cell", "story")

    def __init__(self, p):
        _, self.time, _, self.model, self.country, self.variant, self.kind, self.cell = p
        self.story = []


def entries_of(predictions):
    """The earliest prediction of each answerer; those that come while it lives are duplicates."""
    by_id, duplicates = defaultdict(list), 0
    for p in sorted(predictions, key=lambda p: p[1]):
        entry = Entry(p)
        known = by_id[p[2]]
        same = [e for e in known if (e.model, e.variant) == (entry.model, entry.variant)]
        age = min((entry.time - e.time for e in same), default=DEAD_AFTER)
        assert not HORIZON < age < DEAD_AFTER
        if age <= HORIZON:
            duplicates += 1
        else:
            known.append(entry)
    return by_id, duplicates


def tell_stories(by_id, labels):
    """Answers how many labels were news to any entry."""
    said = defaultdict(list)
    for number, (_, arrival, made, unknown, name, truth, _) in enumerate(labels):
        if not unknown:
            said[name].append((arrival, made, truth[1], number))
    news = set()
    for name, entries in by_id.items():
        for entry in entries:
            tell_story(entry, sorted(said.get(name, ())), news)
    return len(news)


def tell_story(entry, said, news):
    pt = entry.time
    pairs = [s for s in said if pt - LEAD <= s[0] and max(pt, s[0]) <= pt + HORIZON]
    early = [s for s in pairs if s[0] < pt]
    pairs = [s for s in pairs if s[0] >= pt]
    if early:  # what is known when the prediction is made is one truth
        pairs.insert(0, max(early, key=lambda s: (s[1], -s[0])))
    best = None
    for arrival, made, truth, number in pairs:
        if best is not None and made <= best[0]:
            assert made < best[0] or truth == best[1]
            continue
        if best is None or best[1] != truth:
            entry.story.append((max(pt, arrival), best and best[1], truth))
            news.add(number)
        best = (made, truth)


# --- the windows ------------------------------------------------------------------------------------------------


class Row:
    __slots__ = ("predicted", "labelled", "corrections", "cells", "table")

    def __init__(self, model):
        self.predicted = self.labelled = self.corrections = self.cells = 0
        self.table = [0] * len(CLASSES[MODELS[model][0]]) ** 2

    def count(self, entry, truth, n):
        classes = len(CLASSES[MODELS[entry.model][0]])
        self.table[entry.kind * classes + truth] += n
        self.cells += n * entry.cell

    def hear(self, entry, old, new):
        self.count(entry, new, 1)
        if old is None:
            self.labelled += 1
        else:
            self.count(entry, old, -1)
            self.corrections += 1

    def is_empty(self):
        return not (self.predicted or self.labelled or self.corrections or any(self.table))

    def text(self):
        return f"{self.predicted}\t{self.labelled}\t{self.corrections}\t{self.cells}\t" + ",".join(map(str, self.table))


def scopes(entry):
    yield ""
    if COUNTRIES[entry.country]:
        yield "country=" + COUNTRIES[entry.country]
    yield "variant=" + VARIANTS[entry.variant]


def day_of(millis):
    return (millis - START) // DAY


def windows(by_id):
    """Rows by (window, the day it ends before, age in days, model, segment). A label known at the first instant of a day
    belongs to that day, and is not known at the end of the one before."""
    rows = {}

    def row(key):
        return rows.setdefault(key, None) or rows.__setitem__(key, Row(key[3])) or rows[key]

    for entry in (e for entries in by_id.values() for e in entries):
        made = day_of(entry.time)
        for segment in scopes(entry):
            scope = (entry.model, segment)
            for age in (0, 1, 3, 7):
                of_day = row(("day", made + 1, age, *scope))
                of_day.predicted += 1
                for known_at, old, new in entry.story:
                    if known_at < START + (made + 1 + age) * DAY:
                        of_day.hear(entry, old, new)
            row(("day-by-label", made + 1, 0, *scope)).predicted += 1
            for known_at, old, new in entry.story:
                row(("day-by-label", day_of(known_at) + 1, 0, *scope)).hear(entry, old, new)
            if segment:
                continue
            for end in range(made + 1, made + 8):
                week = row(("week", end, 0, *scope))
                week.predicted += 1
                for known_at, old, new in entry.story:
                    if known_at < START + end * DAY:
                        week.hear(entry, old, new)
    return {key: row for key, row in rows.items() if not row.is_empty()}


def main():
    count = int(sys.argv[1])
    predictions, labels = generate(count)
    digest = hashlib.sha256()
    for p in predictions:
        digest.update(prediction_line(p).encode())
    for l in labels:
        digest.update(label_line(l).encode())
    by_id, duplicates = entries_of(predictions)
    news = tell_stories(by_id, labels)
    entries = [e for of_id in by_id.values() for e in of_id]
    joined = sum(1 for e in entries if e.story)
    totals = {
        "stream_sha256": digest.hexdigest(),
        "predictions": len(predictions),
        "joined": joined,
        "expired": len(entries) - joined,
        "duplicates": duplicates,
        "labels": len(labels),
        "labels_joined": news,
        "corrections": sum(1 for e in entries for s in e.story if s[1] is not None),
    }
    for name, total in totals.items():
        print(f"# {name} {total}")
    print("# window\tend (day)\tage (days)\tmodel\tversion\tsegment\tpredicted\tlabelled\tcorrections\tcells\tcounts")
    for (window, end, age, model, segment), row in sorted(windows(by_id).items()):
        name, version = MODELS[model]
        print(f"{window}\t{end}\t{age}\t{name}\t{version}\t{segment}\t{row.text()}")


if __name__ == "__main__":
    main()
