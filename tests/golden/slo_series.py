#!/usr/bin/env python3
"""Writes slo_series.txt: made-up counts per minute, four days each, of what may happen to a service.

Run from anywhere: `python3 tests/golden/slo_series.py`. One line per case: its name, then runs `minutes*bad/valid`.
`slo_promtool.py` shows the same file to Prometheus, `tests/statistics/slo_prometheus.rs` to our rules.
"""

import itertools
import pathlib
import random

HERE = pathlib.Path(__file__).parent
MINUTES = 4 * 1440
RNG = random.Random(20250114)

HOUR, DAY = 60, 1440


def steady(minutes, bad, valid):
    return [(bad, valid)] * minutes


def then(*parts):
    """The parts one after the other, and 100 good events a minute for the rest of the four days."""
    out = list(itertools.chain(*parts))[:MINUTES]
    return out + steady(MINUTES - len(out), 0, 100)


def fine(minutes):
    return steady(minutes, 0, 100)


def poisson(mean):
    """Knuth's, good enough for small means; a normal for large ones."""
    if mean > 50:
        return max(0, round(RNG.gauss(mean, mean**0.5)))
    limit, count, product = 2.718281828459045**-mean, 0, RNG.random()
    while product > limit:
        count, product = count + 1, product * RNG.random()
    return count


def noise(minutes, rate, valid):
    """Poisson traffic whose events fail independently at `rate(minute)`."""
    out = []
    for minute in range(minutes):
        n = poisson(valid(minute))
        out.append((sum(RNG.random() < rate(minute) for _ in range(n)), n))
    return out


def bursts(minute):
    return 0.2 if minute % 400 in range(20) else 0.0002


def flapping(minutes, period):
    return [(100 if minute // period % 2 else 0, 100) for minute in range(minutes)]


def ramp(minutes, worst):
    return [(worst * minute // minutes, 1000) for minute in range(minutes)]


def daytime(minutes):
    return [(0, 100) if 480 <= minute % DAY < 1200 else (0, 0) for minute in range(minutes)]


def at_night_broken(minutes):
    """The few events of the night all fail."""
    return [(0, 100) if 480 <= m % DAY < 1200 else (int(m % 30 == 0),) * 2 for m in range(minutes)]


CASES = {
    "all_good": then(),
    "all_bad": steady(MINUTES, 10, 10),
    "no_traffic": steady(MINUTES, 0, 0),
    "exactly_the_budget": steady(MINUTES, 1, 1000),
    "just_above_the_budget": [(2 if m % 100 == 0 else 1, 1000) for m in range(MINUTES)],
    "outage_of_two_minutes": then(fine(DAY), steady(2, 100, 100)),
    "outage_of_ten_minutes": then(fine(DAY), steady(10, 100, 100)),
    "outage_of_an_hour": then(fine(DAY), steady(HOUR, 100, 100)),
    "outage_at_the_start": then(steady(30, 100, 100)),
    "outage_then_silence": then(fine(DAY), steady(10, 100, 100), steady(DAY, 0, 0)),
    "silence_then_outage": then(steady(DAY, 0, 0), steady(5, 3, 3), steady(600, 0, 0)),
    "twice_the_budget_for_three_days": then(fine(120), steady(3 * DAY, 2, 1000)),
    "four_times_for_half_a_day": then(fine(DAY), steady(12 * HOUR, 4, 1000)),
    "seven_times_for_eight_hours": then(steady(DAY, 0, 1000), steady(8 * HOUR, 7, 1000), steady(DAY, 0, 1000)),
    "twenty_times_for_two_hours": then(steady(DAY, 0, 1000), steady(2 * HOUR, 20, 1000), steady(DAY, 0, 1000)),
    "exactly_14_4": then(steady(DAY, 144, 10000)),
    "just_above_14_4": then(steady(600, 0, 10000), steady(DAY, 145, 10000), steady(600, 0, 10000)),
    "exactly_14": then(steady(DAY, 14, 1000)),
    "exactly_6": then(steady(2 * DAY, 6, 1000)),
    "exactly_3_then_a_little_more": then(steady(2 * DAY, 3, 1000), steady(1, 4, 1000), steady(DAY, 3, 1000)),
    "exactly_14_4_for_one_minute": then(steady(DAY, 0, 1000), steady(1, 864, 1000), steady(4, 20, 1000), steady(DAY, 0, 1000)),
    "one_event_and_it_is_bad": then(steady(100, 0, 0), [(1, 1)], steady(3 * DAY, 0, 0)),
    "one_event_every_ten_minutes": [(int(m % 930 == 0), 1) if m % 10 == 0 else (0, 0) for m in range(MINUTES)],
    "flapping_by_five_minutes": then(fine(300), flapping(600, 5)),
    "flapping_by_the_hour": then(fine(300), flapping(1200, 60)),
    "relapse_after_an_hour": then(fine(DAY), steady(20, 30, 100), fine(HOUR), steady(20, 30, 100), fine(7 * HOUR), steady(20, 30, 100)),
    "day_and_night": daytime(MINUTES),
    "only_the_night_fails": at_night_broken(MINUTES),
    "ramp_over_a_day": then(steady(HOUR, 0, 1000), ramp(DAY, 40)),
    "diluted_by_a_surge": then(fine(DAY), steady(30, 10, 100), steady(60, 10, 10000)),
    "noise_at_the_budget": then(noise(1000, lambda _: 0.001, lambda _: 200)),
    "noise_at_three_budgets": then(noise(1500, lambda _: 0.003, lambda _: 100)),
    "noise_in_little_traffic": noise(MINUTES, lambda _: 0.004, lambda _: 0.3),
    "bursts": then(noise(1600, bursts, lambda m: 60 + 40 * (m % DAY < 700))),
}


def runs(minutes):
    return " ".join(
        f"{len(list(group))}*{bad}/{valid}" for (bad, valid), group in itertools.groupby(minutes)
    )


for name, minutes in CASES.items():
    assert len(minutes) == MINUTES and all(0 <= bad <= valid for bad, valid in minutes), name
text = "".join(f"{name} {runs(minutes)}\n" for name, minutes in CASES.items())
(HERE / "slo_series.txt").write_text(text)
