"""kill -9 at random moments under moves and samples: what was acknowledged is there, once; what was not is there at most once.

Each worker keeps its own list of what the server acknowledged. A move or create without an answer may have happened or not; a batch of
samples without an answer is sent again. After the last start the lists are compared with records, journals, history and alarms, and the
journal is verified offline. Seed: $CRASH_SEED (printed), kills: $CRASH_KILLS.
"""

import collections
import http.client
import os
import random
import threading
import time
import unittest

import harness
from harness import World, day_after, now_ms

KILLS = int(os.environ.get("CRASH_KILLS", "8"))
SEED = int(os.environ.get("CRASH_SEED", str(int(time.time()))))
T0 = 1_700_000_000_000
NETWORK = (OSError, http.client.HTTPException)


class Worker(threading.Thread):
    """Works until `over`; a network error makes it wait for the server and go on."""

    def __init__(self, server, over, seed):
        super().__init__(daemon=True)
        self.server, self.over, self.random, self.problem, self.acknowledged = server, over, random.Random(seed), None, 0

    def run(self):
        try:
            while not self.over.is_set():
                try:
                    self.step()
                except NETWORK:
                    self.lost()
                    time.sleep(0.05)
        except Exception as problem:  # shown by the test
            self.problem = problem

    def lost(self):
        pass


class Sampler(Worker):
    """Batches of one point in the order of time. Values swing over the high limit so that alarms rise and return."""

    def __init__(self, server, over, seed, token, point, high):
        super().__init__(server, over, seed)
        self.client = harness.Client(server, token=token, scheme="Token")
        self.point, self.high, self.sent, self.batch, self.again = point, high, [], None, 0

    def step(self):
        if self.batch is None:
            start = self.sent[-1][0] + 1000 if self.sent else T0
            self.batch = [(start + i * 1000, round(self.high + self.random.uniform(-20, 12), 3)) for i in range(40)]
        answer = self.client.write([f"{self.point} value={v} {t}" for t, v in self.batch])
        if answer.status in (429, 503):
            time.sleep(0.05)
            return
        if answer.status != 204:
            raise AssertionError(f"batch refused: {answer}")
        self.sent += self.batch
        self.acknowledged += len(self.batch)
        self.batch = None
        time.sleep(0.002)

    def lost(self):
        self.again += 1


class Mover(Worker):
    """Creates hazards and drives them to closure; notes each acknowledged step."""

    def __init__(self, server, over, seed, number, tokens):
        super().__init__(server, over, seed)
        self.number, self.made, self.unknown = number, [], 0
        self.county = harness.Client(server, token=tokens["county-a"])
        self.safety = harness.Client(server, token=tokens["safety-a"])
        self.steps = collections.defaultdict(list)  # id -> acknowledged actions, in order
        self.doubtful = collections.defaultdict(int)
        self.titles = {}  # title -> id or None

    def step(self):
        title = f"隐患 {self.number}-{len(self.titles)}"
        self.titles[title] = None
        answer = self.county.post("/api/records/hazard", {"title": title, "enterprise": "PLANT-A", "source": "inspection", "grade": "general"})
        if answer.status in (429, 503):
            del self.titles[title]
            return
        if answer.status != 201:
            raise AssertionError(f"create: {answer}")
        record = answer.json
        self.titles[title] = record["id"]
        self.steps[record["id"]].append("create")
        self.acknowledged += 1
        for who, move, fields in ((self.county, "assign", {"owner": "王工", "due": day_after(9)}),
                                  (self.safety, "submit", {"rectified": "已整改"}),
                                  (self.county, "accept", {"opinion": "合格"}), (self.county, "close", {})):
            try:
                answer = who.try_move("hazard", record["id"], move, record["version"], **fields)
            except NETWORK:
                self.doubtful[record["id"]] += 1
                raise
            if answer.status in (429, 503):
                return
            if answer.status != 200:
                raise AssertionError(f"{move}: {answer}")
            record = answer.json
            self.steps[record["id"]].append("move:" + move)
            self.acknowledged += 1


def episodes(samples, high, high_high, hysteresis):
    """Onset times of the HIGH condition, without delays."""
    onsets, active, level = [], False, 0
    for t, v in samples:
        rank = 2 if v >= high_high else 1 if v >= high else 0
        for i in range(level, rank, -1):
            if v >= (high, high_high)[i - 1] - hysteresis:
                rank = i
                break
        if rank and not level:
            onsets.append(t)
        level = rank
    return onsets


class Crash(unittest.TestCase):
    def test_acknowledged_is_never_lost_nor_doubled(self):
        print("seed", SEED)
        generator = random.Random(SEED)
        over = threading.Event()
        with World() as world:
            server = world.server
            tokens = {login: server.client(login).token for login in ("county-a", "safety-a")}
            samplers = [Sampler(server, over, SEED + 1, world.tokens["GW-A"], "A.T1", 150),
                        Sampler(server, over, SEED + 2, world.tokens["GW-B"], "B.T1", 150)]
            movers = [Mover(server, over, SEED + 10 + i, i, tokens) for i in range(3)]
            workers = samplers + movers
            for worker in workers:
                worker.start()
            restarts = []
            for _ in range(KILLS):
                time.sleep(generator.uniform(0.05, 1.0))
                server.kill()
                start = time.monotonic()
                server.start()
                restarts.append(time.monotonic() - start)
            time.sleep(0.5)
            over.set()
            for worker in workers:
                worker.join(60)
                if worker.problem:
                    raise worker.problem
            for sampler in samplers:  # what was under way has to end before it can be judged
                while sampler.batch is not None:
                    sampler.step()
            server.settle()
            print(f"{KILLS} kills, {sum(s.acknowledged for s in samplers)} samples, {sum(m.acknowledged for m in movers)} acts acknowledged, "
                  f"{sum(s.again for s in samplers)} batches sent again, restart {max(restarts):.2f} s at worst")
            self.check_samples(server, samplers)
            self.check_records(server, movers)
            server.stop()
            verified = world.verify()
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def check_samples(self, server, samplers):
        province = server.client("province")
        for sampler in samplers:
            self.assertTrue(sampler.sent, "no batch was acknowledged at all")
            first, last = sampler.sent[0][0], sampler.sent[-1][0]
            got, start = [], first
            while start <= last:  # in windows: an answer is bounded
                got += [(t, v) for t, v, _ in province.history(sampler.point, start, min(start + 50_000_000, last + 1))]
                start += 50_000_000
            self.assertEqual(len(got), len(sampler.sent))
            self.assertEqual(got, sampler.sent)
            onsets = episodes(sampler.sent, 150, 175, 2)

            def raised():
                found = province.all("alarm", filter=f"point = '{sampler.point}' AND condition = 'high'")
                return found if len(found) >= len(onsets) else None
            alarms = harness.wait_for(raised, 30, "alarms are missing")
            self.assertEqual(sorted(harness.rfc3339_ms(a["onset"]) for a in alarms), onsets)
            for alarm in alarms[:20]:
                actions = [e["action"] for e in province.journal("alarm", alarm["id"])]
                self.assertEqual(actions.count("create"), 1)
                self.assertLessEqual(actions.count("move:return"), 1)

    def check_records(self, server, movers):
        county = server.client("county-a")
        by_title = collections.defaultdict(list)
        for record in county.all("hazard"):
            by_title[record["title"]].append(record["id"])
        for mover in movers:
            for title, id_ in mover.titles.items():
                found = by_title.pop(title, [])
                self.assertLessEqual(len(found), 1, f"{title} was made twice")
                if id_:
                    self.assertEqual(found, [id_], f"{title} was acknowledged and is lost")
            for id_, steps in mover.steps.items():
                actions = [e["action"] for e in county.journal("hazard", id_)]
                self.assertEqual(actions[:len(steps)], steps, f"{id_}: an acknowledged step is lost or out of order")
                self.assertLessEqual(len(actions), len(steps) + mover.doubtful[id_], f"{id_}: more than was asked: {actions}")
                self.assertEqual(len(actions), len(set(actions)), f"{id_}: a step was doubled: {actions}")
        self.assertFalse(by_title, "records that nobody made")
        numbers = sorted(r["number"] for r in county.all("hazard"))
        self.assertEqual(len(numbers), len(set(numbers)))
        serials = [int(n.rsplit("-", 1)[1]) for n in numbers]
        self.assertEqual(serials, list(range(1, len(serials) + 1)), "numbers have gaps")

    def test_killed_in_the_first_moments(self):
        """A kill while the server starts, and several in a row, leave a directory that starts."""
        with World() as world:
            server = world.server
            device = world.device()
            self.assertEqual(device.write([f"A.T1 value=20 {T0 + i}" for i in range(1000)]).status, 204)
            server.kill()
            for delay in (0.0, 0.005, 0.02, 0.05, 0.1):
                server.start(wait=False)
                time.sleep(delay)
                server.kill()
            server.start()
            server.settle()
            self.assertEqual(len(server.client("county-a").history("A.T1", T0, T0 + 1000)), 1000)

    def test_one_directory_one_server(self):
        with World() as world:
            done = harness.command("serve", "--port", "0", data=world.data, timeout=30)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertNotIn("listening", done.stdout)
            with self.subTest("and no offline command that writes"):
                done = harness.command("user", "token", "GW-A", data=world.data)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)


if __name__ == "__main__":
    harness.main()
