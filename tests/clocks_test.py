"""Legal clocks by the API and the command line, and two people who change one record at once."""

import csv
import io
import threading
import unittest

import harness
from harness import WorldTest, day_after


def hazard(client, enterprise="PLANT-A", **more):
    return client.create("hazard", title="库", enterprise=enterprise, source="inspection", grade="general", **more)


class Clocks(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {login: cls.server.client(login) for login in ("admin", "province", "city", "county-a", "county-b", "safety-a", "operator-a")}
        cls.hazards = [hazard(cls.clients["county-a"])["id"] for _ in range(3)] + [hazard(cls.clients["county-b"], "PLANT-B")["id"]]

    def ids(self, login, **query):
        answer = self.clients[login].get("/api/clocks", **query)
        self.assertEqual(answer.status, 200, answer)
        return [item["id"] for item in answer.json["items"] if item["type"] == "hazard"]

    def test_sight(self):
        for login, seen in (("province", 4), ("city", 4), ("county-a", 3), ("county-b", 1), ("safety-a", 3), ("operator-a", 0)):
            with self.subTest(login):
                self.assertEqual(len(self.ids(login, type="hazard")), seen)
                self.assertEqual(self.clients[login].get("/api/clocks", type="hazard", summary=1).json["summary"]["open"], seen)

    def test_an_item(self):
        item = next(i for i in self.clients["county-a"].get("/api/clocks").json["items"] if i["id"] == self.hazards[0])
        self.assertEqual((item["name"], item["state"], item["step"], item["overdue"], item["late_s"]), ("verify", "open", 0, False, None))
        self.assertEqual((item["label"], item["enterprise"], item["region"]), ("库", "PLANT-A", "320411"))
        self.assertTrue(item["basis"] and item["title"]["zh"] and item["due_at"])

    def test_filters_and_pages(self):
        self.assertEqual(len(self.ids("province", type="hazard", region="320402")), 1)
        self.assertEqual(self.ids("province", type="hazard", overdue=1), [])
        self.assertEqual(self.ids("province", type="hazard", state="fired"), [])
        seen, cursor = [], None
        while True:
            page = self.clients["province"].get("/api/clocks", type="hazard", limit=1, cursor=cursor).json
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        self.assertEqual(sorted(seen), sorted(self.hazards))

    def test_refusals(self):
        for query in ({"state": "late"}, {"cursor": "x"}, {"limit": 0}, {"limit": 501}, {"overdue": 2}, {"format": "pdf"}):
            with self.subTest(query):
                answer = self.clients["county-a"].get("/api/clocks", **query)
                self.assertIn(answer.status, (400, 422), answer)
        self.assertEqual(self.clients["county-a"].get("/api/clocks", type="nothing").status, 404)
        self.assertEqual(harness.Client(self.server).get("/api/clocks").status, 401)

    def test_a_missing_year_of_the_calendar_is_told(self):
        page = self.clients["county-a"].get("/api/clocks").json
        self.assertEqual(self.server.metrics()["anlan_calendar_years_missing"], len(page["calendar_missing"]))

    def test_csv(self):
        answer = self.clients["county-a"].get("/api/clocks", type="hazard", format="csv")
        self.assertEqual(answer.status, 200)
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
        self.assertEqual(len(rows), 4)
        self.assertEqual({row[1] for row in rows[1:]}, set(self.hazards[:3]))

    def test_command(self):
        done = harness.command_ok("clocks", "--type", "hazard", data=self.world.data)
        lines = done.stdout.splitlines()
        self.assertEqual({line.split("\t")[1] for line in lines[:-1]}, set(self.hazards))
        self.assertRegex(lines[-1], r"^open 4, overdue 0, paused 0, fired 0, late_p50 -, late_p99 -, late_max -$")
        table = harness.command_ok("clocks", "--type", "hazard", "--region", "320402", "--csv", data=self.world.data).stdout
        self.assertEqual(len(list(csv.reader(io.StringIO(table.lstrip("\ufeff"))))), 2)
        self.assertEqual(harness.command("clocks", "--state", "late", data=self.world.data).returncode, 1)


class AtOnce(WorldTest):
    def test_one_wins_and_the_other_is_told_what_has_changed(self):
        """Many rounds of two people assigning the same hazard at the same moment."""
        people = [self.server.client("county-a"), self.server.client("city")]
        for round_ in range(10):
            record = hazard(people[0])
            answers, together = [None, None], threading.Barrier(2)

            def assign(i):
                together.wait()
                answers[i] = people[i].try_move("hazard", record["id"], "assign", record["version"], owner=f"责任人 {i}", due=day_after(9))

            threads = [threading.Thread(target=assign, args=(i,)) for i in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(answer.status for answer in answers), [200, 412])
            loser = next(i for i in range(2) if answers[i].status == 412)
            told, winner = answers[loser].json, ("county-a", "city")[1 - loser]
            self.assertEqual(told["current"]["version"], record["version"] + 1)
            self.assertEqual(told["current"]["owner"], f"责任人 {1 - loser}")
            self.assertEqual([(entry["actor"], entry["action"]) for entry in told["changed"]], [(winner, "move:assign")])
            self.assertEqual(told["changed"][0]["diff"]["owner"], [None, f"责任人 {1 - loser}"])
            self.assertTrue(told["changed"][0]["actor_name"])

    def test_a_stale_version_is_told_all_since_then(self):
        county = self.server.client("county-a")
        record = first = hazard(county)
        for place in ("一", "二", "三"):
            answer = county.call("PATCH", f"/api/records/hazard/{record['id']}", {"place": place}, {"If-Match": f'"{record["version"]}"'})
            self.assertEqual(answer.status, 200, answer)
            record = answer.json
        for behind, places in ((first["version"], "一二三"), (first["version"] + 1, "二三"), (first["version"] + 2, "三")):
            told = county.try_move("hazard", record["id"], "dismiss", behind, dismissal="不属实")
            self.assertEqual(told.status, 412)
            self.assertEqual("".join(entry["diff"]["place"][1] for entry in told.json["changed"]), places)

    def test_who_may_not_see_it_is_told_nothing(self):
        record = hazard(self.server.client("county-a"), place="SECRET")
        answer = self.server.client("county-b").try_move("hazard", record["id"], "dismiss", 99, dismissal="不属实")
        self.assertEqual(answer.status, 404)
        self.assertNotIn("SECRET", answer.body.decode())


if __name__ == "__main__":
    harness.main()
