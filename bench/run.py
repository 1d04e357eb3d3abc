#!/usr/bin/env python3
"""Speed and size, measured on this machine and printed as the tables of docs/performance.md.

    make bench                                   everything, about ten minutes
    bench/run.py ingest --runs 1                 one part
    bench/run.py writer clocks                   both back ends: moves, and legal clocks
    bench/run.py lists --rows 1000000 --backend sqlite
    bench/run.py growth                          moves and verifying beside 10,000 to 1,000,000 records
    bench/run.py --points 44000                  a smaller house

Server and load share the machine's cores, so the figures are lower bounds. Each figure is the median of --runs runs; the spread stands beside
it. A server with all its points defined is prepared once in build/bench and copied for each run.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests"))
os.environ.setdefault("ANLAN", os.path.join(ROOT, "build", "release", "anlan"))
import harness  # noqa: E402

LOAD = os.path.join(os.path.dirname(harness.program()), "bench_load")
WORK = os.path.join(ROOT, "build", "bench")
ALARM_POINTS = 1000
NATION = 800_000_000 / 86_400  # samples a second of the published national load
STEP_MS = 47_520  # and so the time between two samples of one of its 440,000 points: history of an hour is closed on the way


def prepare(points):
    """A data directory with the points, a gateway and two users; made once."""
    place = os.path.join(WORK, f"house-{points}")
    data, tokens = os.path.join(place, "data"), os.path.join(place, "tokens.json")
    if not os.path.exists(tokens):
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        harness.load("region", harness.REGIONS, data)
        harness.load("enterprise", "code,name,region,kind\nBENCH,测试企业,320411,chemical\n", data)
        harness.load("device", "code,name\nGW,测试网关\n", data)
        header = "code,name,enterprise,measure,unit,range_low,range_high,limit_low_low,limit_low,limit_high,limit_high_high,hysteresis\n"
        row = "{},测点 {},BENCH,temperature,℃,0,200,5,10,90,95,1\n"
        codes = [f"BENCH.{i:06d}" for i in range(points)] + [f"ALARM.{i:04d}" for i in range(ALARM_POINTS)]
        start = time.monotonic()
        path = os.path.join(place, "points.csv")
        with open(path, "w") as file:
            file.write(header)
            file.writelines(row.format(code, i) for i, code in enumerate(codes))
        harness.command_ok("load", "point", path, data=data, timeout=1800)
        print(f"defined {len(codes):,} points in {time.monotonic() - start:.0f} s", file=sys.stderr)
        harness.add_user("county", "county_inspector", data, region="320411")
        harness.add_user("safety", "enterprise_safety", data, enterprise="BENCH")
        token = harness.device_token("GW", data)
        with open(tokens, "w") as file:
            json.dump({"device": token}, file)
    with open(tokens) as file:
        return data, json.load(file)["device"]


class House:
    """A running copy of the prepared directory."""

    def __init__(self, points):
        data, self.token = prepare(points)
        self.directory = os.path.join(WORK, "run")
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(data, os.path.join(self.directory, "data"))
        self.server = harness.Server(os.path.join(self.directory, "data"))

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def load(self, *arguments, wait=True):
        process = subprocess.Popen([LOAD, *map(str, arguments), "--port", str(self.server.port)], stdout=subprocess.PIPE, text=True)
        return finish(process) if wait else process

    def settled(self):
        """Waits until all acknowledged samples are evaluated; gives the time when they were."""
        target = self.server.metrics()["anlan_log_sequence"]
        while self.server.metrics()["anlan_engine_sequence"] < target:
            time.sleep(0.002)
        return time.monotonic()

    def cpu_seconds(self):
        with open(f"/proc/{self.server.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def finish(process):
    output, _ = process.communicate(timeout=900)
    if process.returncode != 0:
        raise SystemExit("bench_load failed")
    return json.loads(output)


def ingest(options):
    """Samples durable and evaluated, restart after a kill, memory."""
    figures = {c: [] for c in options.connections}
    restarts, memories, clean = [], [], []
    for run in range(options.runs):
        for connections in options.connections:
            with House(options.points) as house:
                before, cpu = house.server.metrics(), house.cpu_seconds()
                got = house.load("ingest", "--token", house.token, "--connections", connections, "--points", options.points,
                                 "--rounds", options.rounds, "--step-ms", STEP_MS, "--batch", 1000)
                end = house.settled()
                after = house.server.metrics()
                evaluated = after["anlan_samples_evaluated_total"] - before["anlan_samples_evaluated_total"]
                assert evaluated == got["done"] == options.points * options.rounds, (evaluated, got)
                cpu = house.cpu_seconds() - cpu
                figures[connections].append({"rate": got["done"] / (end - got["start"]), "durable": got["done"] / (got["end"] - got["start"]),
                                             "p50": got["p50_ms"], "p99": got["p99_ms"], "busy": got["busy"], "cpu": cpu})
                memories.append(house.server.memory_kib() / 1024)
                if connections == options.connections[-1]:
                    house.server.kill()
                    restarts.append(start_time(house))
                    house.server.stop()
                    clean.append(start_time(house))
    print(f"\n**Samples in, durable and evaluated** ({options.points:,} points, batches of 1,000 lines over HTTP, {options.rounds} samples a point, {STEP_MS / 1000:.1f} s apart)\n")
    print("| connections | samples/s until evaluated | spread | samples/s until durable | request p50 ms | p99 ms | server CPU s per M samples | asked to wait |")
    print("|---|---|---|---|---|---|---|---|")
    for connections, runs in figures.items():
        rates = [r["rate"] for r in runs]
        print(f"| {connections} | {median(rates):,.0f} | {min(rates):,.0f}–{max(rates):,.0f} | {median([r['durable'] for r in runs]):,.0f} | "
              f"{median([r['p50'] for r in runs]):.2f} | {median([r['p99'] for r in runs]):.2f} | "
              f"{median([r['cpu'] for r in runs]) / options.points / options.rounds * 1e6:.2f} | {median([r['busy'] for r in runs]):.0f} |")
    print("\n| what | median | spread |\n|---|---|---|")
    for what, values, unit in (("resident memory after the load", memories, "MiB"), ("start after kill -9 under load, to /readyz", restarts, "s"),
                               ("start after a clean stop, to /readyz", clean, "s")):
        print(f"| {what} | {median(values):.2f} {unit} | {min(values):.2f}–{max(values):.2f} |")


def start_time(house):
    start = time.monotonic()
    house.server.start()
    return time.monotonic() - start


def moves(options):
    """Moves of hazards: rights, guard, journal, clock; durable."""
    print("\n**Moves of records** (assign, submit, accept, close of hazards over HTTP; each with rights, guard, journal, clocks; durable)\n")
    print("| clients | moves/s | spread | p50 ms | p99 ms |\n|---|---|---|---|---|")
    for clients, hazards in ((1, 250), (64, 60)):
        runs = []
        for _ in range(options.runs):
            with House(options.moves_points) as house:
                county, safety = house.server.client("county"), house.server.client("safety")
                got = house.load("moves", "--token", county.token, "--token-enterprise", safety.token, "--connections", clients,
                                 "--hazards", hazards, "--due", harness.day_after(20))
                runs.append((got["done"] / (got["end"] - got["start"]), got["p50_ms"], got["p99_ms"]))
        rates = [r[0] for r in runs]
        print(f"| {clients} | {median(rates):,.0f} | {min(rates):,.0f}–{max(rates):,.0f} | {median([r[1] for r in runs]):.2f} | {median([r[2] for r in runs]):.2f} |")


def stream(options):
    """From the moment a sample is sent to the alarm on a live stream, while other samples come in."""
    print("\n**Sample sent → alarm on the live stream**\n\n| load, samples/s | alarms | p50 ms | p99 ms | worst ms |\n|---|---|---|---|---|")
    for rate in (0, 50_000, 200_000):
        with House(options.points) as house:
            county = house.server.client("county")
            arrived = {}
            reader = harness.Stream(house.server, county.token)
            watch = threading.Thread(target=note_arrivals, args=(reader, arrived), daemon=True)
            watch.start()
            seconds = 15
            process = None
            if rate:
                process = house.load("ingest", "--token", house.token, "--connections", 4, "--points", options.points, "--batch", 1000,
                                     "--rounds", max(1, round(rate * (seconds + 5) / options.points)), "--rate", rate, wait=False)
                time.sleep(2)
            device, sent = harness.Client(house.server, token=house.token, scheme="Token"), {}
            for i in range(ALARM_POINTS // 2):
                point = f"ALARM.{i:04d}"
                sent[point] = time.monotonic()
                assert device.write([f"{point} value=92 {harness.now_ms()}"]).status == 204
                time.sleep(max(0, seconds / (ALARM_POINTS // 2) - (time.monotonic() - sent[point])))
            harness.wait_for(lambda: len(arrived) == len(sent), 30, "alarms are missing on the stream")
            reader.close()
            if process:
                process.terminate()
                process.communicate()
            delays = sorted((arrived[p] - sent[p]) * 1000 for p in sent)
            print(f"| {rate:,} | {len(delays)} | {delays[len(delays) // 2]:.1f} | {delays[int(len(delays) * 0.99)]:.1f} | {delays[-1]:.1f} |")


def note_arrivals(reader, arrived):
    seen = 0
    while not reader.ended:
        events = reader.events
        while seen < len(events):
            data = events[seen].get("data")
            if isinstance(data, dict) and data.get("type") == "alarm" and data.get("action") == "create":
                arrived.setdefault(data["record"]["point"], time.monotonic())
            seen += 1
        time.sleep(0.0005)


def nation(options):
    """What the published load of the nation costs: 440,000 points, 800 M samples a day."""
    with House(options.points) as house:
        seconds = 30
        before = house.cpu_seconds()
        idle_start = time.monotonic()
        time.sleep(10)
        idle = (house.cpu_seconds() - before) / (time.monotonic() - idle_start)
        process = house.load("ingest", "--token", house.token, "--connections", 1, "--points", options.points, "--batch", 1000, "--rounds", 2,
                             "--rate", NATION, wait=False)
        time.sleep(3)
        before, start = house.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        share = (house.cpu_seconds() - before) / (time.monotonic() - start)
        memory = house.server.memory_kib() / 1024
        process.terminate()
        process.communicate()
    print(f"\n**The nation's published load** ({options.points:,} points, {NATION:,.0f} samples/s)\n")
    print(f"| idle, share of a core | under the load, share of a core | resident memory |\n|---|---|---|\n| {idle:.1%} | {share:.1%} | {memory:.0f} MiB |")


TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


class Filled:
    """A database of so many hazards (bench_lists.c), filled once and kept in --data."""

    def __init__(self, options, backend, rows):
        self.backend, self.rows, self.place = backend, rows, os.path.join(options.data, "postgres")
        os.makedirs(options.data, exist_ok=True)
        self.uri = f"sqlite:{options.data}/lists-{rows}.db"
        if backend == "postgres":
            self.uri = f"postgresql:///postgres?user=anlan&host={self.place}&options=-csearch_path%3Dl{rows}"
            subprocess.run(["psql", "-q", f"postgresql:///postgres?user=anlan&host={self.place}", "-c", "SET client_min_messages = warning",
                            "-c", f"CREATE SCHEMA IF NOT EXISTS l{rows}"], check=True)

    def run(self, program, *arguments):
        """What the program prints."""
        path = os.path.join(os.path.dirname(harness.program()), program)
        return subprocess.run([path, self.uri, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout

    def lists(self, *arguments):
        return self.run("bench_lists", self.rows, *arguments)


def each_filled(options):
    """Every database of the sizes asked for; the server of the PostgreSQL ones runs meanwhile."""
    tool = os.path.join(ROOT, "tests", "postgres")
    for backend in options.backend:
        if backend == "postgres":
            os.makedirs(options.data, exist_ok=True)
            os.chmod(options.data, 0o755)
            subprocess.run([tool, "keep", os.path.join(options.data, "postgres")], check=True, env=dict(os.environ, ANLAN_FSYNC="on"))
        try:
            yield backend, [Filled(options, backend, rows) for rows in options.rows]
        finally:
            if backend == "postgres":
                subprocess.run([tool, "halt", os.path.join(options.data, "postgres")], check=True)


def lists(options):
    """Lists, facets and search as the web client asks for them, at growing sizes."""
    for backend, databases in each_filled(options):
        lines = [line.split("\t") for database in databases for line in database.lists(options.list_runs).splitlines()]
        asked = {(int(rows), name, who): (p50, p99, cpu50, cpu99, slowest) for rows, name, who, _, p50, p99, cpu50, cpu99, slowest in lines}
        names, people = unique(line[1] for line in lines), unique(line[2] for line in lines)
        largest = max(options.rows)
        print(f"\n**Lists of 50 with count and seven facets, {TITLES[backend]}: how they grow** (a county; ms, median / 99th percentile, and of processor time)\n")
        print("| list |" + "".join(f" {rows:,} records |" for rows in options.rows) + "\n|---|" + "---|" * len(options.rows))
        for name in names:
            print(f"| {name} |" + "".join(" {} / {} ({} / {}) |".format(*asked[rows, name, "county"]) for rows in options.rows))
        print(f"\n**The same for everybody, {largest:,} records, {TITLES[backend]}** (ms, 99th percentile, and of processor time)\n")
        print("| list |" + "".join(f" {who} |" for who in people) + "\n|---|" + "---|" * len(people))
        for name in names:
            print(f"| {name} |" + "".join(" {1} ({3}) |".format(*asked[largest, name, who]) for who in people))
        print(f"\nSlowest of any for a county of {largest:,}: {asked[largest, names[-1], 'county'][4]}")


def unique(values):
    return list(dict.fromkeys(values))


def growth(options):
    """Moves and verifying beside so many records."""
    for backend, databases in each_filled(options):
        print(f"\n**How moves and verifying grow, {TITLES[backend]}**\n")
        print("| records | moves/s, 64 in flight | p50 ms | p99 ms | processor µs per move | entries verified/s | processor µs per entry | memory MiB |")
        print("|---|---|---|---|---|---|---|---|")
        for database in databases:
            database.lists(0)
            move = cells(database.run("bench_moves", 64, options.moves))
            entry = cells(database.run("bench_verify", 3))
            print(f"| {database.rows:,} | {float(move[3]):,.0f} | {move[5]} | {move[6]} | {move[7]} | {float(entry[3]):,.0f} | {entry[4]} | {entry[5]} |", flush=True)


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def median(values):
    return statistics.median(values)


def writer(options):
    """Moves of the records writer alone, on both back ends."""
    print("\n**Moves of the records writer alone** (no HTTP; everything synced)\n", flush=True)
    subprocess.run([os.path.join(ROOT, "bench", "moves"), str(options.runs)], check=True)


def history(options):
    """Bytes a stored sample, and questions over a year and a day of one point."""
    program = os.path.join(os.path.dirname(harness.program()), "bench_history")
    tep = os.path.join(os.environ.get("ANLAN_DATA", os.path.join(ROOT, "..", "shared", "data")), "tep")
    print("\n**History** (64 points, a year; then the Tennessee Eastman runs)\n", flush=True)
    subprocess.run([program, "64", "365"], check=True)
    if os.path.isdir(tep):
        subprocess.run([program, "tep", tep], check=True)


def engine(options):
    """The engine alone: how its cost grows with points, and with rules a point."""
    program = os.path.join(os.path.dirname(harness.program()), "bench_engine")
    print("\n**The engine alone**\n", flush=True)
    for points, rules in ((10_000, 0), (100_000, 0), (440_000, 0), (1_000_000, 0), (10_000, 1), (10_000, 4), (10_000, 16)):
        print(f"{points:,} points, {rules} rules each: ", end="", flush=True)
        subprocess.run([program, str(points), "4", str(rules)], check=True)


def clocks(options):
    """How late legal clocks fire beside open ones, on both back ends."""
    for n in options.open_clocks:
        print(f"\n**Legal clocks** (beside {n:,} others that are open)\n", flush=True)
        subprocess.run([os.path.join(ROOT, "bench", "clocks"), str(n)], check=True)


PARTS = {"ingest": ingest, "moves": moves, "stream": stream, "nation": nation, "writer": writer, "clocks": clocks, "lists": lists, "growth": growth, "history": history, "engine": engine}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", help=f"parts to run, of {', '.join(PARTS)}; none: all")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--open-clocks", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="records that lists and growth are asked of")
    parser.add_argument("--backend", nargs="*", choices=TITLES, default=list(TITLES), help="of lists and growth")
    parser.add_argument("--data", default="/tmp/anlan-bench", help="where filled databases are kept; a million records take 5 GB and half an hour once")
    parser.add_argument("--list-runs", type=int, default=15, help="runs of each list, at most")
    parser.add_argument("--moves", type=int, default=16_000, help="moves of growth")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement")
    parser.add_argument("--points", type=int, default=440_000)
    parser.add_argument("--moves-points", type=int, default=1000, help="points defined while moves are measured")
    parser.add_argument("--rounds", type=int, default=100, help="samples of each point in an ingest run")
    parser.add_argument("--connections", type=int, nargs="*", default=[4, 8])
    options = parser.parse_args()
    unknown = set(options.part) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    os.makedirs(WORK, exist_ok=True)
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    print(f"{os.cpu_count()} cores, {cpu}; {time.strftime('%Y-%m-%d')}; medians of {options.runs} runs; load and server share the machine")
    for name, part in PARTS.items():
        if options.only == name or name in options.part or not (options.only or options.part):
            part(options)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
