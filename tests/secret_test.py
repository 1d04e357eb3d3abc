"""Secrets, guests and scopes by every door: random records, everybody's sight against a filter written out here; no door shows a secret."""

import csv
import io
import json
import os
import random
import shutil
import tempfile
import unittest

import harness
from harness import Stream, World, WorldTest, add_user, command, wait_for

MORE = {  # login -> (role, region, enterprise, sectors)
    "tips-a": ("county_tips", "320411", None, None),
    "tips-c": ("county_tips", "320213", None, None),
    "sector-city": ("city_sector", "3204", None, "chemical,gas"),
    "sector-county": ("county_sector", "320411", None, "gas"),
    "sector-province": ("province_sector", "32", None, "storage"),
    "sector-none": ("city_sector", "3204", None, None),
}
REGION_OF = {"PLANT-A": "320411", "PLANT-B": "320402", "PLANT-C": "320213"}
SECTOR_OF = {"PLANT-A": "chemical", "PLANT-B": "chemical", "PLANT-C": "storage"}
SECRET = "孙某人手机一三八零零零一一一一"


def packs_with_whispers(parent):
    packs = os.path.join(parent, "packs")
    shutil.copytree(harness.PACKS, packs)
    shutil.copytree(os.path.join(harness.ROOT, "tests", "packs", "sealed"), os.path.join(packs, "sealed"))
    return packs


class Doors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.__exit__)
        server = cls.server = cls.world.server
        for login, (role, region, enterprise, _) in MORE.items():
            add_user(login, role, cls.world.data, region, enterprise)
        server.packs = packs_with_whispers(cls.world.directory)
        server.options = ["--rate", "guest=off"]
        server.start()
        admin = server.client("admin")
        for login, (_, _, _, sectors) in MORE.items():
            if sectors:
                user = admin.record("user", login)
                answer = admin.call("PATCH", f"/api/records/user/{login}", {"sectors": sectors}, {"If-Match": f'"{user["version"]}"'})
                assert answer.status == 200, answer
        cls.users = {login: (role, region, enterprise, None) for login, (role, region, enterprise) in harness.USERS.items()} | MORE
        cls.clients = {login: server.client(login) for login in cls.users}
        cls.seed = random.randrange(1 << 30)
        chance = random.Random(cls.seed)
        cls.guest = harness.Client(server)
        cls.rows = {}
        for i in range(120):
            fields = {"title": f"线索{i}号", "reporter": SECRET, "reward": 987654321}
            for name, values in (("place", ["320411", "320402", "320213", None]), ("enterprise", [*REGION_OF, None]),
                                 ("sector", ["gas", "chemical", "storage", "other", None])):
                value = chance.choice(values)
                if value:
                    fields[name] = value
            answer = cls.guest.post("/api/public/whisper", fields)
            assert answer.status == 201, answer
            assert "id" not in answer.json and answer.json["receipt"], answer
            cls.rows[answer.json["number"]] = fields
        cls.made = {r["number"]: r["id"] for r in cls.clients["province"].all("whisper")}

    def expected(self, login):
        """Numbers in the sight of a user: the rule of docs/packs.md, by brute force."""
        role, region, enterprise, sectors = self.users[login]
        found = set()
        for number, row in self.rows.items():
            plant = row.get("enterprise")
            place = row.get("place") or REGION_OF.get(plant, "")
            sector = row.get("sector") or SECTOR_OF.get(plant, "")
            if role.startswith("enterprise"):
                seen = plant == enterprise
            else:
                seen = place.startswith(region) and place != ""
            if role.endswith("_sector"):
                seen = seen and sector != "" and sector in (sectors or "").split(",")
            if seen:
                found.add(number)
        return found

    def readers(self):
        for login in self.users:
            if login in ("admin", "operator-a"):  # roles that do not read the type
                continue
            self.reader = login
            yield login, self.clients[login], self.expected(login)

    def _formatMessage(self, msg, standardMsg):
        return f"{getattr(self, 'reader', '')} (seed {self.seed}): " + super()._formatMessage(msg, standardMsg)

    def test_lists_counts_facets_and_words(self):
        for _, client, wanted in self.readers():
            self.assertEqual({r["number"] for r in client.all("whisper")}, wanted)
            page = client.get("/api/records/whisper", count=1, facets="sector,enterprise", limit=1).json
            self.assertEqual(page["count"], len(wanted))
            for values in page["facets"].values():
                self.assertEqual(sum(v["count"] for v in values), len(wanted))
            for sort in ("number", "-created_at", "title,-number", "updated_at"):
                self.assertEqual({r["number"] for r in client.all("whisper", sort=sort)}, wanted, sort)
            self.assertEqual({r["number"] for r in client.all("whisper", q="线索")}, wanted)
            gas = {n for n in wanted if self.rows[n].get("sector") == "gas"}
            self.assertEqual({r["number"] for r in client.all("whisper", filter="sector = 'gas'")}, gas)
            inside = {n for n in wanted if self.rows[n].get("enterprise") == "PLANT-A"}
            answer = client.get("/api/records/whisper", bbox="119.94,31.89,119.96,31.91", limit=500)
            if answer.status == 200:
                self.assertEqual({r["number"] for r in answer.json["items"]}, inside)

    def test_single_records_and_their_history(self):
        for _, client, wanted in self.readers():
            for number, id_ in self.made.items():
                status = 200 if number in wanted else 404
                self.assertEqual(client.get(f"/api/records/whisper/{id_}").status, status, number)
                self.assertEqual(client.get(f"/api/records/whisper/{id_}/journal").status, status, number)

    def test_export_and_map(self):
        for _, client, wanted in self.readers():
            answer = client.get("/api/records/whisper", format="csv")
            rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
            column = rows[0].index("编号")
            self.assertEqual({row[column] for row in rows[1:]}, wanted)
            self.assertNotIn(SECRET, answer.text)
            answer = client.get("/ogc/collections/whisper/items", limit=500)
            if answer.status == 200:
                self.assertEqual({f["properties"]["number"] for f in answer.json["features"]}, wanted)
                self.assertNotIn(SECRET, answer.text)

    def test_todo_and_stream(self):
        for login, client, wanted in self.readers():
            todo = client.get("/api/todo", limit=500).json["items"]
            self.assertLessEqual({t["number"] for t in todo if t["type"] == "whisper"}, wanted)
            if login.startswith("tips"):
                open_ones = {r["number"] for r in client.all("whisper", filter="state = 'open'")}
                self.assertEqual({t["number"] for t in todo if t["type"] == "whisper"}, open_ones)
            stream = Stream(self.server, client.token, after=0)
            try:
                numbers = lambda: {e["data"]["record"]["number"] for e in list(stream.events)
                                   if isinstance(e.get("data"), dict) and e["data"].get("type") == "whisper"}
                wait_for(lambda: numbers() >= wanted, 20, "not all of the backlog came")
                self.assertEqual(numbers(), wanted)
                self.assertNotIn(SECRET, json.dumps(stream.events, ensure_ascii=False))
            finally:
                stream.close()

    def test_no_query_asks_for_a_secret(self):
        client = self.clients["tips-a"]
        for query in ({"filter": f"reporter = '{SECRET}'"}, {"filter": "reporter LIKE '孙%'"}, {"filter": "reward > 1"}, {"filter": "reward + 1 > 2"},
                      {"filter": "coalesce(reporter, 'x') = 'x'"}, {"filter": "concat(reporter, 'x') = 'x'"}, {"sort": "reporter"}, {"sort": "-reward"},
                      {"facets": "trade"}, {"filter": "trade IN ('dust')"}):
            answer = client.get("/api/records/whisper", **query)
            self.assertIn(answer.status, (400, 422), (query, answer))
        self.assertEqual(client.get("/api/records/whisper", q=SECRET).json["items"], [])
        answer = client.get("/ogc/collections/whisper/items", reporter=SECRET)
        self.assertEqual(answer.status, 400, answer)
        wanted = self.expected("tips-a")
        self.assertEqual({r["number"] for r in client.all("whisper", filter="reporter IS NOT NULL")}, wanted)

    def test_reveal(self):
        number = next(iter(sorted(self.expected("tips-a"))))
        path = f"/api/records/whisper/{self.made[number]}/reveal"
        ask = {"field": "reporter", "reason": "核实"}
        self.assertEqual(self.clients["province"].post(path, ask).json["id"], "right.missing")
        self.assertEqual(self.clients["tips-c"].post(path, ask).status, 404)
        self.assertEqual(self.guest.post(path, ask).status, 401)
        for body, field in (({"field": "reporter"}, "reason"), ({"field": "reporter", "reason": " "}, "reason"), ({"reason": "x"}, "field"),
                            ({"field": "title", "reason": "x"}, "title"), ({"field": "reporter", "reason": "x", "all": True}, "all"),
                            ({"field": ["reporter"], "reason": "x"}, "field"), ({"field": "reporter", "reason": "x" * 2001}, "comment")):
            answer = self.clients["tips-a"].post(path, body)
            self.assertEqual((answer.status, answer.json.get("field")), (422, field), answer)
        answer = self.clients["tips-a"].post(path, ask)
        self.assertEqual((answer.status, answer.json), (200, {"field": "reporter", "value": SECRET}))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        entry = self.clients["province"].journal("whisper", self.made[number])[-1]
        self.assertEqual((entry["action"], entry["actor"], entry["comment"]), ("reveal:reporter", "tips-a", "核实"))

    def test_guests_leave_no_trace_and_files_no_clear_text(self):
        entry = self.clients["province"].journal("whisper", next(iter(self.made.values())))[0]
        self.assertEqual((entry["actor"], entry.get("role")), ("guest", None))
        self.assertNotIn("127.0.0.1", json.dumps(entry))
        for folder, _, files in os.walk(self.world.data):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                self.assertNotIn(SECRET.encode(), content, name)
        verified = command("verify", "--packs", self.server.packs, data=self.world.data)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_the_public_reads_what_is_published(self):
        types = {t["name"]: t for t in self.guest.get("/api/public/types").json["types"]}
        self.assertEqual([f["name"] for f in types["whisper"]["published"]], ["number", "title", "answer", "sector"])
        self.assertTrue(next(f for f in types["whisper"]["given"] if f["name"] == "reporter")["secret"])
        number = next(n for n in sorted(self.expected("tips-c")) if self.rows[n].get("sector"))
        id_ = self.made[number]
        self.assertEqual(self.guest.get(f"/api/public/whisper/{id_}").status, 404)
        client = self.clients["tips-c"]
        client.move(client.record("whisper", id_), "close", answer="已查处")
        answer = self.guest.get(f"/api/public/whisper/{id_}")
        row = self.rows[number]
        self.assertEqual(answer.json, {"id": id_, "number": number, "title": row["title"], "answer": "已查处", "sector": row["sector"],
                                       "region": {"code": "320213", "name": "梁溪区"}})
        items = self.guest.get("/api/public/whisper", filter=f"title = '{row['title']}'").json["items"]
        self.assertEqual([i["id"] for i in items], [id_])
        for query in ("reporter IS NULL", "enterprise = 'PLANT-A'", "place = '320213'", "state = 'open'", "created_by = 'guest'"):
            self.assertEqual(self.guest.get("/api/public/whisper", filter=query).status, 400, query)
        for path in ("hazard", "user", "enterprise", f"hazard/{id_}", "nothing"):
            self.assertEqual(self.guest.get(f"/api/public/{path}").status, 404, path)
        self.assertEqual(self.guest.post("/api/public/hazard", {"title": "x"}).status, 404)
        self.assertEqual(self.guest.post("/api/public/whisper", {"title": "x", "answer": "y", "state": "closed"}).status, 422)
        self.assertEqual(self.guest.get(f"/api/records/whisper/{id_}").status, 401)


class Rates(WorldTest):
    """Who asks too often is told when to come again; X-Forwarded-For counts only from a proxy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.server.packs = packs_with_whispers(cls.folder)

    def tearDown(self):
        self.server.stop()

    def file(self, address):
        return harness.Client(self.server).call("POST", "/api/public/whisper", {"title": "x", "place": "320411"}, {"X-Forwarded-For": address})

    def test_guests_and_others(self):
        self.server.options = ["--rate", "guest=1/h:3", "--rate", "web=1/h:5"]
        self.server.start()
        answers = [self.file("203.0.113.5") for _ in range(5)]
        self.assertEqual([a.status for a in answers], [201] * 3 + [429] * 2)
        self.assertEqual(answers[-1].json["id"], "rate.limited")
        wait = int(answers[-1].headers["Retry-After"])
        self.assertTrue(3000 < wait <= 3600, wait)
        self.assertEqual(len(answers[-1].headers.get_all("Retry-After")), 1)
        self.assertEqual(self.file("198.51.100.1, 203.0.113.6").status, 201)  # another client
        self.assertEqual(self.file("203.0.113.77, 203.0.113.5").status, 429)  # what the client itself wrote is not believed
        client = harness.Client(self.server)
        statuses = [client.call("GET", "/api/public/types", headers={"X-Forwarded-For": "203.0.113.9"}).status for _ in range(7)]
        self.assertEqual(statuses, [200] * 5 + [429] * 2)
        self.assertEqual([client.get("/api/public/types").status for _ in range(20)], [200] * 20)  # programs of this machine

    def test_a_lock_says_how_long(self):
        self.server.start()
        client = harness.Client(self.server)
        for _ in range(5):
            client.post("/api/session", {"login": "city", "password": "wrong-password"})
        answer = client.post("/api/session", {"login": "city", "password": "wrong-password"})
        self.assertEqual((answer.status, answer.json["id"]), (429, "session.locked"))
        self.assertGreater(int(answer.headers["Retry-After"]), 250)

    def test_nobody_is_a_proxy(self):
        self.server.options = ["--rate", "guest=1/h:3", "--proxy", "none"]
        self.server.start()
        self.assertEqual([self.file(f"203.0.113.{i}").status for i in range(5)], [201] * 3 + [429] * 2)

    def test_wrong_rates_are_refused(self):
        for rate in ("web", "web=1", "guest=0/s", "all=1/s"):
            done = command("serve", "--port", 0, "--packs", self.server.packs, "--rate", rate, data=self.world.data, timeout=60)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("guest=30/h:10", done.stderr)
        self.server.start()


if __name__ == "__main__":
    harness.main()
