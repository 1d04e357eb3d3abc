"""The night: a report, findings and a score for each enterprise and past day, once, over restarts; false data is found, honest is not."""

import datetime
import math
import random
import unittest

from harness import World, command, now_ms, wait_for

DAY = 86_400_000
CST = 8 * 3_600_000
PACE = 60_000


def day_start(ago):
    return (now_ms() + CST) // DAY * DAY - CST - ago * DAY


def day_text(ago):
    return (datetime.datetime.fromtimestamp((day_start(ago) + CST) / 1000, datetime.timezone.utc)).strftime("%Y-%m-%d")


def later(ms):
    return datetime.datetime.fromtimestamp((now_ms() + ms) / 1000, datetime.timezone.utc).isoformat(timespec="seconds")


def honest(seed, n=1440):
    dice = random.Random(seed)
    return [round(50 + 10 * math.sin(i / 97 + seed) + dice.uniform(-0.5, 0.5), 2) for i in range(n)]


def send(device, point, ago, values):
    start = day_start(ago)
    for at in range(0, len(values), 480):
        lines = [f"{point} value={v} {start + (at + i) * PACE}" for i, v in enumerate(values[at:at + 480]) if v is not None]
        answer = device.write(lines)
        if answer.status != 204:
            raise AssertionError(answer)


class Night(unittest.TestCase):
    def records(self, client, type_, enterprise="PLANT-A"):
        return client.all(type_, filter=f"enterprise = '{enterprise}'", sort="day")

    def test_false_data_is_found_once_and_honest_is_not(self):
        with World() as world:
            server = world.server
            device = world.device()
            for ago in (4, 3):  # days to be held against
                for seed, point in enumerate(("A.T1", "A.P1", "A.L1")):
                    send(device, point, ago, honest(seed * 10 + ago))
            frozen = honest(92)
            frozen[300:300 + 500] = [frozen[299]] * 500
            send(device, "A.T1", 2, frozen)
            send(device, "A.P1", 2, honest(93))
            replayed = honest(94)
            replayed[600:1000] = honest(20 + 4)[200:600]  # what A.L1 sent two days before, at another hour
            send(device, "A.L1", 2, replayed[:1200])  # and four hours are missing
            self.assertEqual(device.write([f"A.P1 value=51.11 {day_start(3) + 30_000}"]).status, 204)  # after newer ones
            server.settle()
            server.restart()
            admin, county, safety = server.client("admin"), server.client("county-a"), server.client("safety-a")
            wait_for(lambda: any(r["day"] == day_text(2) for r in self.records(admin, "honesty_score")), 60, "no score")
            found = {(f["point"], f["rule"]): f for f in self.records(county, "honesty_finding")}
            self.assertEqual(set(found), {("A.T1", "stuck"), ("A.L1", "copied_day")}, found)
            self.assertEqual(found["A.T1", "stuck"]["state"], "open")
            self.assertIn("8.3", found["A.T1", "stuck"]["evidence"])
            report = next(r for r in self.records(county, "data_quality") if r["day"] == day_text(2))
            self.assertEqual(report["points"], 3)
            self.assertEqual(report["received"], 1440 + 1440 + 1200)
            self.assertAlmostEqual(report["completeness"], 100 * (1 - 240 / 4320), places=1)
            self.assertEqual(report["points_stale"], 1)
            self.assertEqual(report["late_share"], 0)
            late = next(r for r in self.records(county, "data_quality") if r["day"] == day_text(3))
            self.assertEqual(late["late_share"], round(100 / 4321, 2))
            score = next(r for r in self.records(county, "honesty_score") if r["day"] == day_text(2))
            self.assertEqual(score["score"], 75)
            self.assertEqual({p["point"]: p["score"] for p in score["points"]}, {"A.T1": 95, "A.L1": 80})

            # an enterprise sees its own, and cannot dismiss
            self.assertEqual({f["id"] for f in self.records(safety, "honesty_finding")}, {f["id"] for f in found.values()})
            self.assertEqual(self.records(server.client("county-b"), "honesty_finding"), [])
            finding = found["A.L1", "copied_day"]
            self.assertEqual(safety.try_move("honesty_finding", finding["id"], "dismiss", finding["version"], opinion="x").status, 403)
            moved = county.move(finding, "to_clue", opinion="现场核实")
            self.assertEqual(county.record("enforcement_clue", moved["clue"])["enterprise"], "PLANT-A")

            # never twice, also after kill -9
            before = {t: len(admin.all(t)) for t in ("data_quality", "honesty_finding", "honesty_score")}
            server.kill()
            server.start()
            server.settle()
            server.restart()
            after = {t: len(server.client("admin").all(t)) for t in before}
            self.assertEqual(after, before)
            figures = server.client("county-a").get("/api/indicators").json["items"]
            self.assertIn(("data_quality", "online"), {(f["type"], f["name"]) for f in figures})

            # the command line says the same and writes nothing
            server.stop()
            told = command("honesty", "--day", day_text(2), "--enterprise", "PLANT-A", data=world.data)
            self.assertEqual(told.returncode, 0, told)
            lines = [line.split("\t") for line in told.stdout.splitlines() if not line.startswith("#")]
            self.assertEqual({(line[1], line[2]) for line in lines}, {("A.T1", "stuck"), ("A.L1", "copied_day")})
            self.assertEqual(command("honesty", "--day", "soon", data=world.data).returncode, 1)
            self.assertEqual(command("verify", data=world.data).returncode, 0)

    @unittest.skipIf((now_ms() + CST) % DAY < 600_000, "the day has just begun")
    def test_a_limit_loosened_around_values_beyond_it(self):
        with World() as world:
            server = world.server
            device, safety = world.device(), server.client("safety-a")
            point = safety.record("point", "A.T1")
            high = point["limit_high"]
            edited = safety.call("PATCH", "/api/records/point/A.T1", {"limit_high": high + 1, "limit_high_high": high + 30},
                                 {"If-Match": f'"{point["version"]}"'})
            self.assertEqual(edited.status, 200, edited)
            values = [high + v / 100 for v in honest(1, 300)]  # enough that they are on the disk
            lines = [f"A.T1 value={v} {now_ms() - 300_000 + i * 1000}" for i, v in enumerate(values)]
            self.assertEqual(device.write(lines).status, 204)
            server.settle()
            server.stop()
            today = day_text(0)
            told = command("honesty", "--day", today, "--enterprise", "PLANT-A", data=world.data)
            rules = [line.split("\t")[2] for line in told.stdout.splitlines() if not line.startswith("#")]
            self.assertEqual(rules, ["limit_change"], told.stdout)
            self.assertIn("safety-a", told.stdout)

    @unittest.skipIf((now_ms() + CST) % DAY < 600_000, "the day has just begun")
    def test_by_passed_points(self):
        with World() as world:
            server = world.server
            operator, safety, device = server.client("operator-a"), server.client("safety-a"), world.device()
            operator.move(operator.record("point", "A.P1"), "take_out", out_reason="检修", out_until=later(DAY))
            self.assertEqual(safety.try_move("point", "A.P1", "take_out", safety.record("point", "A.P1")["version"]).status, 200)
            device.write([f"A.T1 value={290 + i} {now_ms() - 60_000 + i}" for i in range(3)])
            alarm = wait_for(lambda: safety.get("/api/alarms").json["items"], 20, "no alarm")[0]
            for _ in range(3):
                alarm = safety.move(safety.record("alarm", alarm["id"]), "shelve", shelved_until=later(3_600_000), shelve_reason="误报")
                alarm = safety.move(alarm, "unshelve")
            server.settle()
            server.stop()
            told = command("honesty", "--day", day_text(0), "--enterprise", "PLANT-A", data=world.data)
            found = {(line.split("\t")[1], line.split("\t")[2]): line for line in told.stdout.splitlines() if not line.startswith("#")}
            self.assertEqual(set(found), {("-", "bypass"), ("A.T1", "bypass")}, told.stdout)
            self.assertIn("3 个点位中 1 个停用", found["-", "bypass"])
            self.assertIn("搁置 3 次", found["A.T1", "bypass"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
