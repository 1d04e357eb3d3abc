"""The first working line on real input: the Tennessee Eastman runs as one plant's 52 points.

Signals come in through the public HTTP door, alarms rise at the right times and in the right order, a county inspector turns the
reactor-pressure alarm into a hazard which is rectified, checked and closed, and all of it is the same when it is done again and when the
server is killed on the way. What the alarms must be is computed here, in Python, from the raw files, by the rules of src/signal/engine.h.

Data: $ANLAN_DATA/tep (default ../shared/data/tep). `python3 tests/tep_test.py --figures` prints the tables of docs/tep.md.
"""

import collections
import gzip
import http.client
import json
import os
import random
import statistics
import sys
import threading
import time
import unittest

import harness
from harness import World, command, rfc3339_ms, wait_for

DATA = os.path.join(os.environ.get("ANLAN_DATA", os.path.join(harness.ROOT, "..", "shared", "data")), "tep")
RUNS = [0, 1, 2, 5, 13, 6]  # in the order they are fed; d06 last, so that its alarm stands when people act on it
ROWS, STEP_MS, FAULT_ROW = 960, 180_000, 160
START_MS = rfc3339_ms("2024-01-01T00:00:00+08:00")  # fixed: alarm ids are a function of the onset
PLANT = "TEP"
BATCH_ROWS = 20  # 20 rows of 52 = 1,040 samples in a request
KILLS = 6

# name, measure, unit of XMEAS(1..41); the names are those of the data's README
MEASURED = """A进料 flow kscmh|D进料 flow kg/h|E进料 flow kg/h|A和C进料 flow kscmh|循环流量 flow kscmh|反应器进料 flow kscmh
反应器压力 pressure kPa|反应器液位 level %|反应器温度 temperature ℃|放空流量 flow kscmh|分离器温度 temperature ℃|分离器液位 level %
分离器压力 pressure kPa|分离器底流 flow m3/h|汽提塔液位 level %|汽提塔压力 pressure kPa|汽提塔底流 flow m3/h
汽提塔温度 temperature ℃|汽提塔蒸汽 flow kg/h|压缩机功率 power kW|反应器冷却水出口温度 temperature ℃|分离器冷却水出口温度 temperature ℃
""".replace("\n", "|").strip("|").split("|")
ANALYSED = [("反应器进料分析", "ABCDEF"), ("放空分析", "ABCDEFGH"), ("产品分析", "DEFGH")]

# Downs and Vogel's published operating limits: normal limit = L or H, trip = HH where the unit allows (levels trip in m3: not set).
# Hysteresis is ours: 0.2 % of the limit.
PUBLISHED = {
    "XMEAS7": {"limit_high": 2895.0, "limit_high_high": 3000.0, "hysteresis": 5.0},
    "XMEAS8": {"limit_low": 50.0, "limit_high": 100.0, "hysteresis": 0.2},
    "XMEAS9": {"limit_high": 150.0, "limit_high_high": 175.0, "hysteresis": 0.3},
    "XMEAS12": {"limit_low": 30.0, "limit_high": 100.0, "hysteresis": 0.2},
    "XMEAS15": {"limit_low": 30.0, "limit_high": 100.0, "hysteresis": 0.2},
}


def read_run(number):
    """Rows of 52 texts, as they stand in the file."""
    with gzip.open(os.path.join(DATA, f"d{number:02d}_te.dat.gz"), "rt") as file:
        rows = [line.split() for line in file]
    assert len(rows) == ROWS and all(len(row) == 52 for row in rows)
    return rows


def names():
    return [f"XMEAS{i}" for i in range(1, 42)] + [f"XMV{i}" for i in range(1, 12)]


def limits_of(normal):
    """A feed has no published limit: low = mean - 6 sigma of the normal run d00, rounded to 4 places, hysteresis 1 sigma."""
    feed = [float(row[0]) for row in normal]
    mean, sigma = statistics.fmean(feed), statistics.pstdev(feed)
    limits = {name: dict(values) for name, values in PUBLISHED.items()}
    limits["XMEAS1"] = {"limit_low": round(mean - 6 * sigma, 4), "hysteresis": round(sigma, 4)}
    return limits


LIMIT_FIELDS = ["limit_low", "limit_high", "limit_high_high", "hysteresis"]


def points_csv(limits):
    rows = [["code", "name", "enterprise", "measure", "unit", *LIMIT_FIELDS]]
    titles = [(*text.split(" "),) for text in MEASURED]
    titles += [(f"{where} {part}", "composition", "mol%") for where, parts in ANALYSED for part in parts]
    titles += [(f"调节变量 {i}", "valve", "%") for i in range(1, 12)]
    for name, (title, measure, unit) in zip(names(), titles, strict=True):
        values = [str(limits.get(name, {}).get(field, "")) for field in LIMIT_FIELDS]
        rows.append([f"{PLANT}.{name}", title, PLANT, measure, unit, *values])
    return "\n".join(",".join(row) for row in rows) + "\n"


def time_of(run_index, row):
    return START_MS + (run_index * ROWS + row) * STEP_MS


# ---- what must come out, computed apart from the product ----

Event = collections.namedtuple("Event", "at point condition kind level")
Alarm = collections.namedtuple("Alarm", "point condition onset returned level worst_level worst_value")


class Expected:
    """The alarms of one point and one side, by the rules of engine.h without delays."""

    def __init__(self, point, condition, bounds, hysteresis):
        self.point, self.condition, self.hysteresis = point, condition, hysteresis
        self.bounds = bounds  # [(level, limit)], mild first
        self.sign = 1 if condition == "high" else -1
        self.rank, self.events, self.alarms, self.open = 0, [], [], None

    def sample(self, at, value):
        rank = max([i + 1 for i, (_, limit) in enumerate(self.bounds) if self.sign * value >= self.sign * limit], default=0)
        for i in range(self.rank, rank, -1):  # a level that stands is left only beyond its hysteresis
            if self.sign * value >= self.sign * self.bounds[i - 1][1] - self.hysteresis:
                rank = i
                break
        if rank != self.rank:
            kind = "raise" if not self.rank else "return" if not rank else "level"
            level = self.bounds[(rank or self.rank) - 1][0]
            self.events.append(Event(at, self.point, self.condition, kind, level))
        if not self.rank and rank:
            self.open = {"onset": at, "worst_rank": rank, "worst": value}
        if self.open:
            self.open["worst_rank"] = max(self.open["worst_rank"], rank)
            self.open["worst"] = max(self.open["worst"], value, key=lambda v: self.sign * v)
        self.rank = rank
        if self.open and not rank:
            self._close(at)

    def _close(self, returned):
        level = None if returned else self.bounds[self.rank - 1][0]
        self.alarms.append(Alarm(self.point, self.condition, self.open["onset"], returned, level,
                                 self.bounds[self.open["worst_rank"] - 1][0], self.open["worst"]))
        self.open = None

    def end(self):
        if self.open:
            self._close(None)


def expected(runs, limits):
    """(alarms, events) of all points, each sorted by time."""
    alarms, events = [], []
    for column, name in enumerate(names()):
        limit = limits.get(name, {})
        high = [(level, limit[f]) for level, f in (("H", "limit_high"), ("HH", "limit_high_high")) if f in limit]
        low = [(level, limit[f]) for level, f in (("L", "limit_low"),) if f in limit]
        for condition, bounds in (("high", high), ("low", low)):
            if not bounds:
                continue
            judge = Expected(f"{PLANT}.{name}", condition, bounds, limit.get("hysteresis", 0.0))
            for index, number in enumerate(RUNS):
                for row in range(ROWS):
                    judge.sample(time_of(index, row), float(runs[number][row][column]))
            judge.end()
            alarms += judge.alarms
            events += judge.events
    return sorted(alarms, key=lambda a: (a.onset, a.point)), sorted(events)


# ---- the plant and its people ----


def make_plant(world, limits):
    harness.load("enterprise", f"code,name,region,kind\n{PLANT},田纳西伊斯曼装置,320411,chemical\n", world.data)
    harness.load("point", points_csv(limits), world.data)
    harness.load("device", f"code,name,region,enterprise\nGW-TEP,装置网关,320411,{PLANT}\n", world.data)
    harness.add_user("safety-tep", "enterprise_safety", world.data, enterprise=PLANT)
    world.tokens["GW-TEP"] = harness.device_token("GW-TEP", world.data)


def lines_of(rows, run_index, first):
    fields = names()
    return [f"{PLANT} " + ",".join(f"{f}={v}" for f, v in zip(fields, row, strict=True)) + f" {time_of(run_index, first + i)}"
            for i, row in enumerate(rows)]


class Feeder:
    """Sends a plant's rows in batches; sends a batch again until it is acknowledged, through restarts of the server."""

    def __init__(self, world):
        self.world, self.client = world, world.device("GW-TEP")
        self.samples, self.seconds, self.retries, self.kills = 0, 0.0, 0, 0
        self.random = random.Random(6)

    def send(self, rows, run_index, first, kill=False):
        lines = lines_of(rows, run_index, first)
        while True:
            killer = None
            if kill:
                killer = threading.Timer(self.random.uniform(0, 0.003), self.world.server.kill)
                killer.start()
            start = time.monotonic()
            try:
                answer = self.client.write(lines)
                self.seconds += time.monotonic() - start
                if answer.status != 204:
                    raise AssertionError(f"batch refused: {answer}")
                return
            except (OSError, http.client.HTTPException):
                self.retries += 1
            finally:
                if killer:
                    killer.join()
                    self.kills, kill = self.kills + 1, False
                    self.world.server.start()

    def run(self, rows, run_index, kill_at=()):
        for first in range(0, ROWS, BATCH_ROWS):
            batch = rows[first:first + BATCH_ROWS]
            self.send(batch, run_index, first, kill=first in kill_at)
            self.samples += len(batch) * 52


Outcome = collections.namedtuple("Outcome", "alarms story feeder records")


def story_of(client, alarm):
    """What the engine did to an alarm, from its journal: [(action, from, to, {changed field: new value})]."""
    return [(e["action"], e.get("from"), e.get("to"), {f: new for f, (_, new) in e["diff"].items() if f != "engine_seq"})
            for e in client.journal("alarm", alarm["id"]) if e["actor"] == "engine"]


def wait_alarms(world, client, count):
    """The engine's conclusions are records a moment after the samples are evaluated."""
    world.server.settle()

    def there():
        records = client.all("alarm", filter=f"enterprise = '{PLANT}'", sort="onset")
        return records if len(records) >= count else None
    return wait_for(there, 30, f"fewer than {count} alarms")


def feed_all(world, runs, count, kill_at=None):
    """Feeds every run and gives what came of it. kill_at: {run: rows before which the server is killed}."""
    feeder = Feeder(world)
    county = world.server.client("county-a")
    for index, number in enumerate(RUNS):
        feeder.run(runs[number], index, (kill_at or {}).get(number, ()))
        if number == 0:
            world.server.settle()
            time.sleep(0.3)
            normal = county.all("alarm", filter=f"enterprise = '{PLANT}'")
            assert not normal, f"the normal run raised alarms: {normal}"
    records = wait_alarms(world, county, count)
    alarms = [Alarm(r["point"], r["condition"], rfc3339_ms(r["onset"]),
                    rfc3339_ms(r["returned_at"]) if r.get("returned_at") else None,
                    None if r.get("returned_at") else r["level"], r["worst_level"], r["worst_value"]) for r in records]
    return Outcome(alarms, {r["id"]: story_of(county, r) for r in records}, feeder, records)


@unittest.skipUnless(os.path.isdir(DATA), "no data")
class TepTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.runs = {number: read_run(number) for number in RUNS}
        cls.limits = limits_of(cls.runs[0])
        cls.expected_alarms, cls.expected_events = expected(cls.runs, cls.limits)
        cls.outcomes = {}

    def run_plant(self, name, kill_at=None):
        with World() as world:
            world.server.stop()
            make_plant(world, self.limits)
            world.server.start()
            outcome = feed_all(world, self.runs, len(self.expected_alarms), kill_at)
            self.outcomes[name] = outcome
            self.check_alarms(outcome)
            self.check_history(world)
            if name == "first":
                self.handle_pressure(world, outcome)
            self.check_replay(world, "history")  # beside the running server
            if name == "first":
                self.check_figures(world)
                self.check_replay_door(world)
            world.server.stop()
            self.check_replay(world, "log")
            self.check_replay(world, "history")
            if name == "first":
                self.check_other_limits(world)
            verified = world.verify()
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
            return outcome

    def replay(self, world, *arguments):
        done = command("replay", "--from", "2024-01-01", "--to", "2024-01-31", "--json", *arguments, data=world.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def check_replay(self, world, source):
        """The same engine over what is stored: every alarm again, with its id, level and times."""
        told = self.replay(world, "--source", source)
        self.assertEqual((told["source"], told["compared_with"]), (source, "recorded"))
        other = {kind: n for kind, n in told["counts"].items() if kind != "same" and n}
        self.assertEqual((other, told["counts"]["same"]), ({}, len(self.expected_alarms)))
        self.assertEqual([d["former"] for d in told["differences"]], [d["now"] for d in told["differences"]])
        self.assertEqual(told["former"], told["now"])

    def check_figures(self, world):
        """Figures of the recorded alarms, within the caller's sight, whole and by week."""
        asked = f"/api/alarm-kpis?enterprise={PLANT}&from={START_MS}&to={time_of(len(RUNS), 0)}"
        told = world.server.client("county-a").get(asked).json
        days = len(RUNS) * ROWS * STEP_MS / 86_400_000
        values = {f["kpi"]: f.get("value") for f in told["total"]["figures"]}
        self.assertEqual((told["total"]["positions"], told["total"]["alarms"]), (1, len(self.expected_alarms)))
        self.assertAlmostEqual(values["per_day"], len(self.expected_alarms) / days)
        self.assertEqual(sum(week["alarms"] for week in told["weeks"]), len(self.expected_alarms))
        often = collections.Counter((a.point, a.condition) for a in self.expected_alarms).most_common(1)[0][1]
        self.assertEqual(told["worst"][0]["alarms"], often)
        self.assertEqual(world.server.client("safety-b").get(asked).json["total"]["alarms"], 0)

    def check_replay_door(self, world):
        county, other = world.server.client("county-a"), world.server.client("safety-b")
        question = {"from": START_MS, "to": time_of(len(RUNS), 0), "points": [{"point": f"{PLANT}.XMEAS7", "limit_high": 9000, "limit_high_high": None}]}
        told = county.post("/api/replay", question)
        self.assertEqual(told.status, 200, told)
        own = [a for a in self.expected_alarms if a.point == f"{PLANT}.XMEAS7"]
        self.assertEqual((told.json["former"]["alarms"], told.json["now"]["alarms"], told.json["counts"]["gone"]), (len(own), 0, len(own)))
        self.assertEqual({d["former"]["id"] for d in told.json["differences"]},
                         {r["id"] for r in county.all("alarm", filter=f"point = '{PLANT}.XMEAS7'")})
        self.assertEqual(told.json["samples"], len(RUNS) * ROWS)
        self.assertEqual(other.post("/api/replay", question).status, 404)
        for wrong, field in (({"limit_high": 1, "limit_low": 2}, "limit_high"), ({"name": 1}, "name"), ({"hysteresis": -1}, "hysteresis")):
            refused = county.post("/api/replay", {**question, "points": [{"point": f"{PLANT}.XMEAS7", **wrong}]})
            self.assertEqual((refused.status, refused.json["field"]), (400, field), refused)
        self.assertEqual(county.post("/api/replay", {**question, "from": 0}).status, 422)
        self.assertEqual(county.post("/api/replay", {**question, "points": []}).status, 422)

    def check_other_limits(self, world):
        """A limit out of reach takes its alarms away, a lower one raises more; the rest stays."""
        path = os.path.join(world.directory, "limits.csv")
        with open(path, "w") as file:
            file.write(f"code,limit_high,limit_high_high,hysteresis\n{PLANT}.XMEAS7,9000,-,\n{PLANT}.XMEAS9,120.45,,0.02\n")
        told = self.replay(world, "--points", path)
        wanted = {name: dict(values) for name, values in self.limits.items()}
        wanted["XMEAS7"] = {"limit_high": 9000.0, "hysteresis": 5.0}
        wanted["XMEAS9"].update(limit_high=120.45, hysteresis=0.02)
        now = [(d["now"]["point"], rfc3339_ms(d["now"]["raised_at"]), d["now"]["worst_level"]) for d in told["differences"] if "now" in d]
        alarms, _ = expected(self.runs, wanted)
        self.assertEqual(sorted(now), sorted((a.point, a.onset, a.worst_level) for a in alarms))
        gone = [d for d in told["differences"] if d["difference"] == "gone"]
        self.assertTrue(gone and all(d["former"]["point"] == f"{PLANT}.XMEAS7" for d in gone))
        self.assertTrue(any(d["difference"] == "new" and d["now"]["point"] == f"{PLANT}.XMEAS9" for d in told["differences"]))

    def check_alarms(self, outcome):
        wanted = [a._replace(worst_value=None) for a in self.expected_alarms]
        got = [a._replace(worst_value=None) for a in outcome.alarms]
        self.assertEqual(sorted(got, key=repr), sorted(wanted, key=repr))
        for alarm, want in zip(sorted(outcome.alarms, key=lambda a: (a.onset, a.point)), self.expected_alarms, strict=True):
            if want.returned:  # while it stands, the worst value is written at events only
                self.assertAlmostEqual(alarm.worst_value, want.worst_value, places=9, msg=alarm)

        events = []
        for record in outcome.records:
            for action, _, _, new in outcome.story[record["id"]]:
                kind = {"create": "raise", "move:raise_level": "level", "move:return": "return"}[action]
                at = new["onset"] if kind == "raise" else new["level_at"] if kind == "level" else new["returned_at"]
                level = new.get("level") or events[-1].level  # a return tells no level: the last one
                events.append(Event(rfc3339_ms(at), record["point"], record["condition"], kind, level))
        self.assertEqual(sorted(events), self.expected_events)

    def check_history(self, world):
        """Every acknowledged sample is there once, exactly as it was sent."""
        county = world.server.client("county-a")
        for column, name in enumerate(names()):
            wanted = [(time_of(i, row), float(self.runs[n][row][column])) for i, n in enumerate(RUNS) for row in range(ROWS)]
            got = county.history(f"{PLANT}.{name}", START_MS, time_of(len(RUNS), 0))
            self.assertEqual([(t, v) for t, v, _ in got], wanted, name)

    def handle_pressure(self, world, outcome):
        server = world.server
        county, safety = server.client("county-a"), server.client("safety-tep")
        operator = server.client("safety-b")  # another plant's
        alarm = next(r for r in outcome.records if r["point"] == f"{PLANT}.XMEAS7" and not r.get("returned_at"))
        self.assertEqual(operator.get(f"/api/records/alarm/{alarm['id']}").status, 404)

        acknowledged = safety.move(safety.record("alarm", alarm["id"]), "acknowledge")
        self.assertEqual(acknowledged["state"], "acknowledged")
        turned = county.move(county.record("alarm", alarm["id"]), "to_hazard")
        hazard = county.record("hazard", turned["hazard"])
        self.assertEqual((hazard["state"], hazard["alarm"], hazard["enterprise"], hazard["source"]),
                         ("reported", alarm["id"], PLANT, "alarm"))
        self.assertRegex(hazard["number"], r"^YH320411-\d{4}-\d{6}$")
        self.assertIn(hazard["id"], [i["id"] for i in county.get("/api/todo").json["items"]])
        self.assertEqual([(c["name"], c["state"]) for c in hazard["clocks"]], [("verify", "open")])

        due = harness.day_after(10)
        hazard = county.move(hazard, "assign", owner="王工", due=due, comment="反应器压力达到联锁值，立即处置")
        self.assertEqual(hazard["state"], "rectifying")
        clock = next(c for c in county.record("hazard", hazard["id"])["clocks"] if c["name"] == "rectify")
        self.assertEqual(clock["due_at"][:10], due)
        self.assertIn(hazard["id"], [i["id"] for i in safety.get("/api/todo").json["items"]])
        hazard = safety.move(safety.record("hazard", hazard["id"]), "submit", rectified="恢复A进料，压力降至正常，更换调节阀")
        self.assertEqual(hazard["state"], "to_accept")
        hazard = county.move(county.record("hazard", hazard["id"]), "accept", opinion="现场核查，符合要求")
        hazard = county.move(hazard, "close")
        self.assertEqual(hazard["state"], "closed")
        self.assertFalse([c for c in county.record("hazard", hazard["id"])["clocks"] if c["state"] == "open"])

        journal = county.journal("hazard", hazard["id"])
        self.assertEqual([e["action"] for e in journal], ["create", "move:assign", "move:submit", "move:accept", "move:close"])
        self.assertEqual([e["actor"] for e in journal], ["county-a", "county-a", "safety-tep", "county-a", "county-a"])
        self.assertEqual(len({e["hash"] for e in journal}), 5)
        print("hazard", hazard["number"], "closed; journal:", ", ".join(e["action"] for e in journal))

    def test_1_normal_run_is_silent_and_a_lost_feed_trips_in_order(self):
        outcome = self.run_plant("first")
        last = [e for e in sorted(self.expected_events) if e.at >= time_of(RUNS.index(6), 0)]
        told = [(e.point.split(".")[1], e.level) for e in last if e.kind != "return"]
        self.assertEqual(told, [("XMEAS1", "L"), ("XMEAS7", "H"), ("XMEAS7", "HH")])
        rows = [(e.at - time_of(RUNS.index(6), 0)) // STEP_MS for e in last if e.kind != "return"]
        self.assertEqual(rows, [160, 258, 278])  # row 161 of the file is where the fault begins
        print_figures(self, outcome)

    def test_2_the_same_again(self):
        outcome = self.run_plant("second")
        self.assertEqual(self.outcomes["first"].story, outcome.story)

    def test_3_the_same_through_kills(self):
        rows = sorted(random.Random(3).sample(range(0, ROWS, BATCH_ROWS), KILLS - 2))
        outcome = self.run_plant("killed", {6: [*rows[2:], 260], 13: rows[:2], 0: [BATCH_ROWS * 7]})
        self.assertGreaterEqual(outcome.feeder.kills, KILLS)
        self.assertEqual(self.outcomes["first"].story, outcome.story)
        print(f"killed {outcome.feeder.kills} times, {outcome.feeder.retries} batches sent again")


def print_figures(test, outcome):
    """The tables of docs/tep.md."""
    print(f"\n| samples fed | batches | seconds in requests | samples/s, one client |\n|---|---|---|---|")
    batches = len(RUNS) * ROWS // BATCH_ROWS
    print(f"| {outcome.feeder.samples:,} | {batches} | {outcome.feeder.seconds:.1f} | {outcome.feeder.samples / outcome.feeder.seconds:,.0f} |")
    print("\n| run | alarms | first alarm: hours after the start of the run |\n|---|---|---|")
    for index, number in enumerate(RUNS):
        inside = [a for a in test.expected_alarms if time_of(index, 0) <= a.onset < time_of(index + 1, 0)]
        first = f"{inside[0].point} {inside[0].worst_level} at {(inside[0].onset - time_of(index, 0)) / 3.6e6:.2f} h" if inside else "–"
        print(f"| d{number:02d} | {len(inside)} | {first} |")
    print("\n| d06, hours after its start | row | point | event | level |\n|---|---|---|---|---|")
    start = time_of(RUNS.index(6), 0)
    for e in test.expected_events:
        if e.at >= start:
            print(f"| {(e.at - start) / 3.6e6:.2f} | {(e.at - start) // STEP_MS + 1} | {e.point} | {e.kind} | {e.level} |")


if __name__ == "__main__":
    if not os.path.isdir(DATA):
        harness.skip_all(f"the Tennessee Eastman data is not at {DATA} (set ANLAN_DATA to the folder that holds tep/)")
    if "--figures" in sys.argv:
        unittest.main(argv=[sys.argv[0], "TepTest.test_1_normal_run_is_silent_and_a_lost_feed_trips_in_order"], warnings="ignore")
    harness.main()
