#!/usr/bin/env python3
"""Writes slo_firing.json: in which minutes Prometheus fires for the counts of slo_series.txt.

Run from anywhere: `python3 tests/golden/slo_promtool.py` (promtool 2.42 from Debian's `prometheus`; later versions open
the left end of a range and count one sample less). Two minutes of computing.

The rules are those of the SRE workbook, chapter 5, and of pyrra for 28 days, written with recording rules. `increase` over counters
that begin at 0 and are scraped on the minute is exact: nothing is extrapolated. Over windows longer than an hour it takes a quarter
of an hour of computing, so there it is written as the difference of two samples, which is what it comes to. `promtool test rules` tells firing alerts
of every minute by expecting none and saying what it got. Intervals are [first, last] evaluation minutes, both inclusive.
"""

import json
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
LITERAL = {"5m", "30m", "1h"}
WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "4d"]
SRE = [("page", "1h", "5m", "14.4"), ("page", "6h", "30m", "6"), ("ticket", "1d", "2h", "3"), ("ticket", "3d", "6h", "1")]
PYRRA = [("1h", "5m", "14", "2m"), ("6h", "30m", "7", "15m"), ("1d", "2h", "2", "1h"), ("4d", "6h", "1", "3h")]


def cases():
    for line in (HERE / "slo_series.txt").read_text().splitlines():
        name, *runs = line.split()
        minutes = []
        for run in runs:
            times, counts = run.split("*")
            minutes += [tuple(map(int, counts.split("/")))] * int(times)
        yield name, minutes


def counter(values):
    total, out = 0, ["0"]
    for value in values:
        total += value
        out.append(str(total))
    return " ".join(out)


def grown(counter, window):
    if window in LITERAL:
        return f"increase({counter}[{window}])"
    return f"({counter} - ({counter} offset {window} or {counter} * 0))"


def ratio(window):
    return f"sum by (case) ({grown('bad', window)}) / sum by (case) ({grown('valid', window)})"


def burns(long, short, factor):
    bound = f"({factor} * 0.001)"
    return f"(case:bad:ratio{long} > {bound} and case:bad:ratio{short} > {bound})"


def rules():
    recorded = [{"record": f"case:bad:ratio{w}", "expr": ratio(w)} for w in WINDOWS]
    single = [{"alert": f"sre_{long}", "expr": burns(long, short, factor)} for _, long, short, factor in SRE]
    urgency = [
        {"alert": f"sre_{kind}", "expr": " or ".join(burns(*row[1:]) for row in SRE if row[0] == kind)}
        for kind in ("page", "ticket")
    ]
    pyrra = [
        {"alert": f"pyrra_{long}", "expr": burns(long, short, factor), "for": hold}
        for long, short, factor, hold in PYRRA
    ]
    return {"groups": [{"name": "slo", "interval": "1m", "rules": recorded + single + urgency + pyrra}]}


def unit_test(data):
    last = max(len(minutes) for _, minutes in data)
    series = [
        {"series": f'{name}{{case="{case}"}}', "values": counter(m[i] for m in minutes)}
        for case, minutes in data
        for i, name in enumerate(("bad", "valid"))
    ]
    silent = [
        {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minute}m", "exp_samples": []}
        for minute in range(1, last + 1)
    ]
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": silent}]
    return {"rule_files": ["rules.json"], "evaluation_interval": "1m", "tests": tests}


def minutes_of(text):
    units = {"d": 1440, "h": 60, "m": 1, "s": 0}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([dhms])", text))


def firing(output):
    """{(case, alert): [minutes]}"""
    found = {}
    for block in re.split(r'\n\s*expr: ', output)[1:]:
        minute = minutes_of(re.search(r"time: (\S+?),", block).group(1))
        for labels in re.findall(r"\{([^}]*)\}", block.split("got:", 1)[1]):
            label = dict(re.findall(r'(\w+)=\\?"([^"\\]*)\\?"', labels))
            found.setdefault((label["case"], label["alertname"]), []).append(minute)
    return found


def intervals(minutes):
    out = []
    for minute in sorted(minutes):
        if out and out[-1][1] == minute - 1:
            out[-1][1] = minute
        else:
            out.append([minute, minute])
    return out


def main():
    data = list(cases())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # JSON is YAML
        (folder / "rules.json").write_text(json.dumps(rules()))
        (folder / "test.json").write_text(json.dumps(unit_test(data)))
        run = subprocess.run(["promtool", "test", "rules", "test.json"], cwd=folder, capture_output=True, text=True)
    found = firing("\n" + run.stdout + run.stderr)
    alerts = [rule["alert"] for rule in rules()["groups"][0]["rules"] if "alert" in rule]
    out = {case: {alert: intervals(found.get((case, alert), [])) for alert in alerts} for case, _ in data}
    (HERE / "slo_firing.json").write_text(
        "{\n" + ",\n".join(f"{json.dumps(case)}: {json.dumps(rows)}" for case, rows in out.items()) + "\n}\n"
    )


if __name__ == "__main__":
    main()
