# SPDX-License-Identifier: Apache-2.0
"""What bench/guest.sh prints, as figures and tables."""
import json
import re
import statistics

BASE = "runner"


def read_points(lines, progress=None):
    """Yields a dictionary for each POINT and CALLS of bench/guest.sh; passes other lines on."""
    for line in lines:
        kind, _, rest = line.strip().partition(" ")
        if kind not in ("POINT", "CALLS"):
            if progress and line.strip():
                print(line.rstrip(), file=progress)
            continue
        values = dict(re.findall(r"(\w+)=(\S+)", rest))
        body = []
        for part in lines:
            if part.strip() == "END":
                break
            body.append(part)
        point = dict(values, kind=kind, **fio_figures("".join(body)))
        if progress and kind == "POINT":
            print(f"{point['workload']:>16} {point['candidate']:<18}{point['iops']:>10.0f} IOPS", file=progress, flush=True)
        yield point


def fio_figures(text):
    """IOPS and latencies in microseconds of a job that only reads or only writes."""
    # fio may print notes before its JSON.
    job = json.loads(text[text.index("{"):])["jobs"][0]
    if job["error"]:
        raise SystemExit(f"fio failed: error {job['error']} in {job['jobname']}")
    side = max(job["read"], job["write"], key=lambda s: s["total_ios"])
    percentiles = side["lat_ns"].get("percentile", {})
    return {
        "iops": side["iops"],
        "p50": percentiles.get("50.000000", 0) / 1000,
        "p99": percentiles.get("99.000000", 0) / 1000,
        "p99.9": percentiles.get("99.900000", 0) / 1000,
    }


def summarise(points):
    """Of each workload and candidate: medians over the rounds, per I/O where that makes sense."""
    groups = {}
    for point in points:
        groups.setdefault((point["workload"], point["candidate"]), []).append(point)
    figures = {}
    for (workload, candidate), group in groups.items():
        rounds = [point for point in group if point["kind"] == "POINT"]
        calls = [int(point["calls"]) / int(point["ios"]) for point in group if point["kind"] == "CALLS"]
        middle = lambda value: statistics.median(value(point) for point in rounds)
        figures.setdefault(workload, {})[candidate] = {
            "iops": middle(lambda p: p["iops"]),
            "ns_per_io": middle(lambda p: 1e9 / p["iops"]),
            "daemon_ns_per_io": middle(lambda p: int(p["cpu_ns"]) / int(p["ios"])),
            "switches_per_io": middle(lambda p: int(p["switches"]) / int(p["ios"])),
            "calls_per_io": statistics.median(calls) if calls else None,
            **{name: middle(lambda p, name=name: p[name]) for name in ("p50", "p99", "p99.9")},
        }
    for row in figures.values():
        for figure in row.values():
            if BASE in row:
                figure["ratio"] = figure["iops"] / row[BASE]["iops"]
    return figures


def print_table(title, figures, name, form):
    candidates = list(next(iter(figures.values())))
    print(f"\n{title:<24}" + "".join(f"{candidate:>18}" for candidate in candidates))
    for workload, row in figures.items():
        cells = [row[candidate].get(name) for candidate in candidates]
        print(f"{workload:<24}" + "".join(f"{'-' if cell is None else format(cell, form):>18}" for cell in cells))


def print_tables(figures):
    if all("ratio" in figure for row in figures.values() for figure in row.values()):
        print_table("IOPS / tcmu-runner's", figures, "ratio", ".2f")
    print_table("ns or instructions / I/O", figures, "ns_per_io", ".0f")
    print_table("of these the daemon", figures, "daemon_ns_per_io", ".0f")
    print_table("context switches / I/O", figures, "switches_per_io", ".2f")
    print_table("system calls / I/O", figures, "calls_per_io", ".2f")
    for name in ("p50", "p99", "p99.9"):
        print_table(f"{name}, us", figures, name, ".1f")
