"""Replays public data sets through Kafka, runs Tidegauge over them, and compares its alerts with scipy. See scripts/tour."""

import argparse
import io
import json
import math
import subprocess
import sys
import time
import urllib.request
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from scipy.spatial.distance import jensenshannon

# A chunk of data drifted if its Jensen-Shannon distance from the reference is at least this. It is the default of NannyML.
JS_DRIFTED = 0.1
WEEK = timedelta(days=7)


def say(text):
    print(f"scripts/tour: {text}", file=sys.stderr, flush=True)


# --- data sets ---------------------------------------------------------------------------------------------------------


class DataSet:
    """Predictions of one model in the order of time: a frame with `time`, its features, and what else is named here."""

    def __init__(self, model, frame, features, label=None, score=None, value=None, truth=None, label_delay=timedelta(days=1)):
        self.model, self.frame, self.features = model, frame.reset_index(drop=True), features
        self.label, self.score, self.value, self.truth, self.label_delay = label, score, value, truth, label_delay


def packaged(packages, pattern, member):
    """Bytes of one file in a package."""
    wheel = next(packages.glob(pattern))
    return io.BytesIO(zipfile.ZipFile(wheel).read(member))


def car_loan(packages):
    read = lambda name: pd.read_csv(packaged(packages, "nannyml*.whl", f"nannyml/datasets/data/synthetic_car_loan_{name}.csv"))
    analysis = read("analysis").merge(read("analysis_target"), on="id")
    frame = pd.concat([read("reference"), analysis])
    frame["time"] = pd.to_datetime(frame["timestamp"], utc=True)
    frame["repaid_loan_on_prev_car"] = frame["repaid_loan_on_prev_car"].astype(bool)
    features = ["car_value", "salary_range", "debt_to_income_ratio", "loan_length", "repaid_loan_on_prev_car", "size_of_downpayment", "driver_tenure"]
    return DataSet("car-loan", frame, features, label="y_pred", score="y_pred_proba", truth="repaid")


def census(packages):
    read = lambda name: pd.read_parquet(packaged(packages, "nannyml*.whl", f"nannyml/datasets/data/employment_MA_{name}.pq"))
    analysis = read("analysis").merge(read("analysis_target"), on="id")
    # The survey has no order in time within a year. Its file is sorted by household, and institutions stand together.
    years = pd.concat([read("reference"), analysis]).groupby("year")
    frame = pd.concat([year.sample(frac=1, random_state=1) for _, year in years])
    frame["time"] = paced(len(frame), "2015-01-05", timedelta(seconds=18))
    outcome = {"id", "employed", "year", "prediction", "predicted_probability", "time"}
    features = [name for name in frame.columns if name not in outcome]
    return DataSet("census", frame, features, label="prediction", score="predicted_probability", truth="employed")


def electricity(packages):
    frame = pd.read_csv(packaged(packages, "scikit_multiflow*.whl", "skmultiflow/data/datasets/elec.csv"))
    frame.columns = [name.strip() for name in frame.columns]
    frame["time"] = paced(len(frame), "1996-05-07", timedelta(minutes=30))
    truth = frame.columns[-2]
    frame["guess"] = frame[truth].shift(1).fillna(frame[truth].iloc[0])  # the price will do what it did half an hour ago
    features = [name for name in frame.columns if name not in {truth, "guess", "time", "date"}]
    return DataSet("electricity", frame, features, label="guess", truth=truth, label_delay=timedelta(minutes=30))


def bikes(packages):
    frame = pd.read_csv(packaged(packages, "islp*.whl", "ISLP/data/Bikeshare.csv"))
    hours = (frame["day"] - 1) * 24 + frame["hr"].astype(int)
    frame["time"] = pd.Timestamp("2011-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h")
    frame["guess"] = frame["bikers"].shift(24).fillna(frame["bikers"].iloc[0])  # as many as a day ago
    features = ["weathersit", "temp", "atemp", "hum", "windspeed", "workingday", "weekday", "hr"]
    return DataSet("bikes", frame, features, value="guess", truth="bikers", label_delay=timedelta(hours=1))


def paced(rows, start, step):
    """Times of `rows` events, `step` apart."""
    return pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(rows) * step.total_seconds(), unit="s")


DATASETS = {"car-loan": car_loan, "census": census, "electricity": electricity, "bikes": bikes}


# --- through Kafka -----------------------------------------------------------------------------------------------------


def plain(value):
    """A value as JSON has it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def prediction(data, row, number):
    answer = {name: plain(getattr(data, name) and row[getattr(data, name)]) for name in ("label", "score", "value")}
    if answer["label"] is not None:
        answer["label"] = str(answer["label"])
    return {
        "id": f"{data.model}-{number}",
        "model": data.model,
        "timestamp": row["time"].isoformat(),
        "features": {name: plain(row[name]) for name in data.features},
        "prediction": {name: value for name, value in answer.items() if value is not None},
    }


def truth(data, row, number):
    value = plain(row[data.truth])
    return {"id": f"{data.model}-{number}", **({"value": value} if data.value else {"label": str(value)})}


def produce(brokers, data):
    """Writes predictions and labels, each with the Kafka timestamp that it would have had."""
    topics = [f"{data.model}.predictions", f"{data.model}.labels"]
    forever = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
    admin = AdminClient({"bootstrap.servers": brokers})
    for made in admin.create_topics([NewTopic(topic, 1, 1, config=forever) for topic in topics]).values():
        made.result()
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 50, "queue.buffering.max.messages": 1_000_000})
    for number, row in enumerate(data.frame.to_dict("records")):
        at = row["time"]
        records = [(topics[0], prediction(data, row, number), at), (topics[1], truth(data, row, number), at + data.label_delay)]
        for topic, record, when in records:
            producer.produce(topic, json.dumps(record, allow_nan=False), timestamp=int(when.timestamp() * 1000))
        producer.poll(0)
    producer.flush()
    return topics


def end_of(consumer, topic):
    return consumer.get_watermark_offsets(TopicPartition(topic, 0))[1]


def watch(options, data, topics, settings):
    """Runs Tidegauge with its defaults until it has read and judged everything; returns its alerts and the seconds it took."""
    port = 9465
    config = {
        "kafka": {"brokers": [options.brokers], "group": data.model},
        "topics": {"predictions": [topics[0]], "labels": [topics[1]], "prefix": data.model},
        "runtime": {"from": "earliest"},
        "time": {"ticks": False},
        "http": {"listen": f"127.0.0.1:{port}"},
        **settings,
    }
    options.logs.mkdir(parents=True, exist_ok=True)
    path = options.logs / f"{data.model}.yaml"
    path.write_text(json.dumps(config))  # JSON is YAML
    begun = time.monotonic()
    with open(options.logs / f"{data.model}.log", "w") as log:
        process = subprocess.Popen([options.tidegauge, "run", "--config", str(path)], stdout=log, stderr=log)
        try:
            seconds = wait_until_still(process, port, data) - begun
        finally:
            process.terminate()
            process.wait(30)
    names = [f"{data.model}.{topic}" for topic in ("alerts.drift", "alerts.anomaly", "alerts.slo", "reports", "references")]
    published = {name.removeprefix(f"{data.model}."): records(options.brokers, name) for name in names}
    for name, found in published.items():
        (options.logs / f"{data.model}.{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in found))
    return [alert for name, found in published.items() if name.startswith("alerts.") for alert in found], seconds


def wait_until_still(process, port, data):
    """Waits until everything was read and judged; returns when that was."""
    end = data.frame["time"].iloc[-1].floor("min").tz_localize(None)
    judged = None
    while True:
        time.sleep(2)
        if process.poll() is not None:
            raise SystemExit(f"scripts/tour: tidegauge ended with {process.returncode}; see target/tour/logs")
        try:
            status = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=10))
        except OSError:
            continue
        ends = [pd.Timestamp(volume["end"]).tz_localize(None) for model in status["models"] for volume in model["volume"]]
        if ends and max(ends) != judged:
            judged = max(ends)
            say(f"{data.model}: judged up to {judged}")
        if judged is not None and judged >= end - timedelta(minutes=20):  # volume is judged by the quarter of an hour
            time.sleep(10)  # the last flushes
            return time.monotonic()


def records(brokers, topic):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "tour", "isolation.level": "read_committed", "enable.partition.eof": True})
    partitions = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found, ended = [], 0
    while ended < len(partitions):
        message = consumer.poll(10)
        if message is None or message.error():
            ended += 1
        else:
            found.append(json.loads(message.value()))
    consumer.close()
    return found


# --- the judgement of others -------------------------------------------------------------------------------------------


def js_distance(reference, chunk):
    """Jensen-Shannon distance in base 2: of 20 bins of equal count for numbers, of the values for all others."""
    if pd.api.types.is_bool_dtype(reference) or not pd.api.types.is_numeric_dtype(reference) or reference.nunique() <= 20:
        names = sorted(set(reference.astype(str)) | set(chunk.astype(str)))
        counts = lambda values: values.astype(str).value_counts().reindex(names, fill_value=0)
    else:
        edges = np.unique(np.quantile(reference.dropna(), np.linspace(0, 1, 21)))
        edges[0], edges[-1] = -np.inf, np.inf
        counts = lambda values: np.histogram(values.dropna(), edges)[0]
    return float(jensenshannon(counts(reference), counts(chunk), base=2))


def subjects(data):
    named = {f"feature:{name}": name for name in data.features}
    for kind in ("label", "score", "value"):
        if getattr(data, kind):
            named[kind] = getattr(data, kind)
    return named


def drifted(data, days):
    """First chunk of `days` days in which each subject lies far from the first week, and the largest distance."""
    frame, begin = data.frame, data.frame["time"].iloc[0]
    reference = frame[frame["time"] < begin + WEEK]
    rows = {}
    for subject, column in subjects(data).items():
        distances = []
        chunks = (frame["time"] - begin - WEEK) // timedelta(days=days)
        for number, chunk in frame[chunks >= 0].groupby(chunks[chunks >= 0]):
            if len(chunk) >= 300:
                distances.append((begin + WEEK + number * timedelta(days=days), js_distance(reference[column], chunk[column])))
        first = next((start for start, distance in distances if distance >= JS_DRIFTED), None)
        rows[subject] = (first, max((distance for _, distance in distances), default=0.0))
    return rows


# --- tables ------------------------------------------------------------------------------------------------------------


def first_seen(alerts):
    """The first record of each subject that pages, by subject."""
    seen = {}
    for alert in sorted(alerts, key=lambda alert: alert["at"]):
        if alert["severity"] in ("info", "none") or alert["change"] in ("resolved", "withdrawn", "assessed"):
            continue
        for cause in alert["causes"]:
            subject = cause["subject"] or "(volume)"
            seen.setdefault(subject, (alert["at"], alert["severity"], cause["detector"], cause["window"]["length"]))
    return seen


def table(data, alerts, seconds, days):
    oracle, seen = drifted(data, days), first_seen(alerts)
    begin = data.frame["time"].iloc[0]
    span = (data.frame["time"].iloc[-1] - begin).days
    print(f"\n## {data.model}\n")
    print(f"{len(data.frame):,} predictions over {span} days, judged in {seconds:.0f} s.\n")
    print(f"| subject | largest distance from week one, by {days} days | drifted from | first paged | by | verdict |")
    print("|---|---|---|---|---|---|")
    for subject in sorted(set(oracle) | set(seen)):
        first, largest = oracle.get(subject, (None, float("nan")))
        paged = seen.get(subject)
        verdict = {(True, True): "found", (True, False): "missed", (False, True): "false", (False, False): "quiet"}[(first is not None, paged is not None)]
        day = lambda at: "" if at is None else f"day {(pd.Timestamp(at) - begin).days}"
        by = f"{paged[2]}/{paged[3]}, {paged[1]}" if paged else ""
        print(f"| {subject} | {largest:.2f} | {day(first)} | {day(paged and paged[0])} | {by} | {verdict} |")
    changes = pd.Series([f"{alert['kind']} {alert['change']}" for alert in alerts]).value_counts()
    print("\nRecords: " + ", ".join(f"{count} {name}" for name, count in changes.items()) + ".")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--tidegauge", required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("datasets", nargs="*")
    options = parser.parse_args()
    for name in options.datasets or DATASETS:
        say(f"{name}: reading")
        data = DATASETS[name](options.packages)
        say(f"{name}: producing {len(data.frame):,} predictions and their labels")
        topics = produce(options.brokers, data)
        say(f"{name}: judging")
        alerts, seconds = watch(options, data, topics, {})
        table(data, alerts, seconds, 30)


if __name__ == "__main__":
    main()
