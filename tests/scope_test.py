"""Rights: two counties, two cities, three enterprises; nobody sees or touches what is outside his scope, by any door."""

import json
import time
import unittest

import harness
from files_test import png, sent
from harness import Client, Stream, World, WorldTest, add_user, day_after

T0 = 1_700_000_000_000
# who -> enterprises in his sight
SIGHT = {
    "admin": "ABC", "province": "ABC", "city": "AB", "city2": "C", "county-a": "A", "county-b": "B", "county-c": "C",
    "safety-a": "A", "operator-a": "A", "safety-b": "B",
}
MAY_READ_HAZARDS = [login for login in SIGHT if login != "operator-a"]


class Rights(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {login: cls.server.client(login) for login in SIGHT}
        cls.streams = {login: Stream(cls.server, client.token) for login, client in cls.clients.items()}
        time.sleep(0.3)
        cls.hazards = {}
        for letter, county in (("A", "county-a"), ("B", "county-b"), ("C", "county-c")):
            point, high = {"A": ("A.T1", 160), "B": ("B.T1", 160), "C": ("C.L1", 92)}[letter]
            device = cls.world.device(f"GW-{letter}")
            assert device.write([f"{point} value={high} {T0}"]).status == 204
            cls.hazards[letter] = cls.clients[county].create("hazard", title=f"隐患 {letter}", enterprise=f"PLANT-{letter}",
                                                             source="inspection", grade="general", place=f"SECRET-{letter}")
        cls.alarms = {}
        for letter in "ABC":
            cls.alarms[letter] = harness.wait_for(
                lambda: next((a for a in cls.clients["province"].all("alarm") if a["enterprise"] == f"PLANT-{letter}"), None), 15,
                f"no alarm at PLANT-{letter}")

    @classmethod
    def tearDownClass(cls):
        for stream in cls.streams.values():
            stream.close()
        super().tearDownClass()

    def each(self, check):
        """check(client, login, letters in his sight, letters hidden from him) for everybody."""
        for login, sight in SIGHT.items():
            with self.subTest(login):
                check(self.clients[login], login, sight, "".join(sorted(set("ABC") - set(sight))))

    def assertHides(self, answer, hidden, what):
        """Nothing of a hidden enterprise in the bytes of the answer."""
        text = answer.body.decode()
        for letter in hidden:
            for trace in (f"PLANT-{letter}", f"SECRET-{letter}", self.hazards[letter]["id"], self.alarms[letter]["id"], f"GW-{letter}"):
                self.assertNotIn(trace, text, f"{what} shows {trace}")

    def test_lists(self):
        def check(client, login, sight, hidden):
            for type_ in ("enterprise", "point", "equipment", "installation", "alarm", "hazard", "device", "user"):
                answer = client.get(f"/api/records/{type_}", count=1)
                if answer.status in (403, 404):  # a type that the role may not read
                    self.assertIn(answer.json["id"], ("right.missing", "type.unknown"), answer)
                    continue
                self.assertEqual(answer.status, 200, (type_, answer))
                self.assertHides(answer, hidden, f"list of {type_}")
                if type_ in ("enterprise", "hazard", "alarm"):
                    self.assertEqual(len(answer.json["items"]), len(sight), (type_, answer))
                    self.assertEqual(answer.json["count"], len(sight), (type_, answer))
                for letter in hidden:  # a filter is no way around, and does not tell that there is something
                    field = {"enterprise": "code", "user": "login"}.get(type_, "enterprise")
                    narrowed = client.get(f"/api/records/{type_}", count=1, filter=f"{field} = 'PLANT-{letter}' OR 1 = 1 OR NOT {field} = 'x'")
                    if narrowed.status == 200:
                        self.assertHides(narrowed, hidden, f"filtered list of {type_}")
                    found = client.get(f"/api/records/{type_}", q="隐患" if type_ == "hazard" else "厂")
                    self.assertHides(found, hidden, f"search of {type_}")

        self.each(check)

    def test_who_reads_what(self):
        for login, client in self.clients.items():
            with self.subTest(login):
                for type_, may in (("user", login == "admin"), ("hazard", login in MAY_READ_HAZARDS), ("device", login != "operator-a")):
                    self.assertIn(client.get(f"/api/records/{type_}").status, (200,) if may else (403, 404), type_)
                    shown = {t["name"] for t in client.get("/api/types").json["types"]}
                    self.assertEqual(type_ in shown, may, "the types served are those of the caller")

    def test_single_records_do_not_exist_outside_the_scope(self):
        def check(client, login, sight, hidden):
            for letter in "ABC":
                paths = [f"enterprise/PLANT-{letter}", f"alarm/{self.alarms[letter]['id']}", f"point/{self.alarms[letter]['point']}"]
                if login in MAY_READ_HAZARDS:
                    paths.append(f"hazard/{self.hazards[letter]['id']}")
                for path in paths:
                    for suffix in ("", "/journal"):
                        answer = client.get(f"/api/records/{path}{suffix}")
                        if letter in sight:
                            self.assertEqual(answer.status, 200, (path + suffix, answer))
                        else:
                            self.assertProblem(answer, 404, "record.unknown")
                            unknown = client.get(f"/api/records/{path.split('/')[0]}/NO-SUCH-THING{suffix}")
                            self.assertEqual(unknown.status, 404)  # the same as what is not there at all

        self.each(check)

    def test_nobody_acts_outside_his_scope(self):
        for letter, stranger in (("A", "county-b"), ("B", "county-a"), ("A", "city2"), ("C", "city"), ("A", "safety-b")):
            with self.subTest(f"{stranger} on {letter}"):
                client, hazard, alarm = self.clients[stranger], self.hazards[letter], self.alarms[letter]
                answer = client.try_move("hazard", hazard["id"], "assign", hazard["version"], owner="x", due=day_after(3))
                self.assertEqual(answer.status, 404, answer)
                answer = client.try_move("alarm", alarm["id"], "acknowledge", alarm["version"])
                self.assertEqual(answer.status, 404, answer)
                answer = client.call("PATCH", f"/api/records/hazard/{hazard['id']}", {"title": "x"}, {"If-Match": f'"{hazard["version"]}"'})
                self.assertEqual(answer.status, 404, answer)
                before = self.clients["province"].get("/api/records/hazard", count=1).json["count"]
                answer = client.post("/api/records/hazard", {"title": "x", "enterprise": f"PLANT-{letter}", "source": "other", "grade": "general"})
                self.assertIn((answer.status, answer.json["id"]), ((403, "right.scope"), (403, "right.missing"), (422, "field.ref")), answer)
                self.assertEqual(self.clients["province"].get("/api/records/hazard", count=1).json["count"], before)
        journal = self.clients["county-a"].journal("hazard", self.hazards["A"]["id"])
        self.assertEqual(len(journal), 1)

    def test_a_record_cannot_be_moved_into_or_out_of_a_scope_by_a_stranger(self):
        """Who may edit a record may not hand it to a place that is not his."""
        safety = self.clients["safety-a"]
        mine = safety.create("point", code="A.X1", name="x", enterprise="PLANT-A", measure="other")
        answer = safety.call("PATCH", "/api/records/point/A.X1", {"enterprise": "PLANT-B"}, {"If-Match": f'"{mine["version"]}"'})
        self.assertIn(answer.status, (403, 422), answer)
        answer = safety.post("/api/records/point", {"code": "B.X1", "name": "x", "enterprise": "PLANT-B", "measure": "other"})
        self.assertIn(answer.status, (403, 422), answer)
        self.assertEqual(self.clients["admin"].get("/api/records/point/B.X1").status, 404)
        county = self.clients["county-a"]
        plant = county.record("enterprise", "PLANT-A")
        answer = county.call("PATCH", "/api/records/enterprise/PLANT-A", {"region": "320402"}, {"If-Match": f'"{plant["version"]}"'})
        self.assertIn(answer.status, (403, 422), answer)
        answer = county.post("/api/records/enterprise", {"code": "PLANT-X", "name": "x", "region": "320402", "kind": "other"})
        self.assertIn(answer.status, (403, 422), answer)

    def test_duty_views(self):
        def check(client, login, sight, hidden):
            for path in ("/api/todo", "/api/notices", "/api/alarms", "/api/alarms?state=all", "/api/overview"):
                answer = client.get(path)
                if answer.status == 200:
                    self.assertHides(answer, hidden, path)
                else:
                    self.assertIn(answer.status, (403, 404), (path, answer))
            for letter in hidden:
                answer = client.get(f"/api/alarms?enterprise=PLANT-{letter}&state=all")
                self.assertTrue(answer.status in (403, 404) or not answer.json["items"], answer)
                answer = client.get(f"/api/points?enterprise=PLANT-{letter}")
                self.assertTrue(answer.status in (403, 404) or not answer.json["items"], answer)
                answer = client.get(f"/api/points/{self.alarms[letter]['point']}/history", **{"from": T0, "to": T0 + 1000, "step": 0})
                self.assertEqual(answer.status, 404, answer)

        self.each(check)
        desk = self.clients["county-a"].get("/api/alarms?state=all").json
        self.assertEqual({a["enterprise"] for a in desk["items"]}, {"PLANT-A"})
        self.assertEqual(sum(desk["counts"][p] for p in "1234"), 1, desk["counts"])

    def test_overview_of_other_regions(self):
        hidden_regions = {"county-a": ["320402", "3202", "320213"], "city2": ["3204", "320411"], "safety-a": ["3202", "320402"]}
        for login, regions in hidden_regions.items():
            for region in regions:
                with self.subTest(f"{login} {region}"):
                    answer = self.clients[login].get(f"/api/overview?region={region}")
                    if answer.status == 200:
                        self.assertHides(answer, set("ABC") - set(SIGHT[login]), "overview")
                        total = answer.json["total"]
                        self.assertFalse(any(total[k] for k in ("enterprises", "points", "alarms_active", "hazards_open")), answer)
                    else:
                        self.assertIn(answer.status, (403, 404), answer)
        whole = self.clients["province"].get("/api/overview?region=32").json["total"]
        self.assertEqual((whole["enterprises"], whole["alarms_active"], whole["hazards_open"] >= 3), (3, 3, True), whole)
        city = self.clients["city"].get("/api/overview?region=3204").json["total"]
        self.assertEqual((city["enterprises"], city["alarms_active"]), (2, 2), city)

    def test_live_stream(self):
        letters = {"alarm": self.alarms, "hazard": self.hazards}
        def check(client, login, sight, hidden):
            stream = self.streams[login]
            self.assertEqual(stream.status, 200)
            for letter in sight:
                stream.wait(lambda e: isinstance(e.get("data"), dict) and e["data"].get("id") == self.alarms[letter]["id"], 10, f"no alarm of {letter}")
                if login in MAY_READ_HAZARDS:
                    stream.wait(lambda e: isinstance(e.get("data"), dict) and e["data"].get("id") == self.hazards[letter]["id"], 10,
                                f"no hazard of {letter}")
            text = json.dumps(stream.events, ensure_ascii=False)
            for letter in hidden:
                for trace in (f"PLANT-{letter}", f"SECRET-{letter}", self.alarms[letter]["id"], self.hazards[letter]["id"]):
                    self.assertNotIn(trace, text, f"the stream shows {trace}")
            if login not in MAY_READ_HAZARDS:
                self.assertNotIn("SECRET-A", text, "the stream shows a type that this role may not read")

        self.each(check)

    def test_moves_offered_are_moves_allowed(self):
        offered = {login: {m["name"] for m in self.clients[login].record("hazard", self.hazards["A"]["id"])["moves"]}
                   for login in ("county-a", "city", "province", "safety-a")}
        self.assertEqual(offered["county-a"], {"assign", "dismiss"})
        self.assertEqual(offered["city"], {"assign"})
        self.assertEqual(offered["province"], set())
        self.assertEqual(offered["safety-a"], set())

    def test_tokens_of_devices_and_people_are_not_mixed(self):
        device = Client(self.server, token=self.world.tokens["GW-A"])
        for path in ("/api/records/hazard", "/api/overview", "/api/stream", "/api/points?enterprise=PLANT-A", "/api/session"):
            self.assertEqual(device.get(path).status, 401, path)
        answer = self.clients["county-a"].write([f"A.T1 value=1 {T0}"])
        self.assertIn(answer.status, (401, 403), answer)
        body = self.world.device("GW-A").write([f"B.T1 value=1 {T0}", f"A.P1 value=1 {T0}"]).json
        self.assertEqual((body["accepted"], body["refused"][0]["id"]), (1, "point.unknown"))


class FurtherDoors(WorldTest):
    """Figures, legal clocks, papers and files are of the record: whoever does not see it finds nothing of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {login: cls.server.client(login) for login in SIGHT if login != "operator-a"}
        cls.hazards, cls.papers, cls.photos = {}, {}, {}
        for letter, county in (("A", "county-a"), ("B", "county-b"), ("C", "county-c")):
            client = cls.clients[county]
            cls.photos[letter] = sent(client, png(), name=f"SECRET-{letter}.png")["file"]
            hazard = client.create("hazard", title=f"隐患 {letter}", enterprise=f"PLANT-{letter}", source="inspection", grade="general",
                                   place=f"SECRET-{letter}", photos=[{"file": cls.photos[letter]}])
            cls.hazards[letter] = client.move(hazard, "assign", owner="张三", due=day_after(3))
            papers = client.get(f"/api/records/hazard/{hazard['id']}/documents").json["items"]
            cls.papers[letter] = papers[0]["id"]

    def each(self, check):
        for login, client in self.clients.items():
            with self.subTest(login):
                check(client, SIGHT[login], sorted(set("ABC") - set(SIGHT[login])))

    def test_figures(self):
        def check(client, sight, hidden):
            figures = {(f["type"], f["name"]): f for f in client.get("/api/indicators").json["items"]}
            figure = figures["hazard", "open"]
            self.assertEqual(figure["value"], len(sight), figure)
            parts = client.get("/api/indicators/hazard/open", by="region").json
            self.assertEqual(sum(i["value"] for i in parts["items"]), len(sight), parts)
            text = json.dumps(parts, ensure_ascii=False)
            for letter in hidden:
                self.assertNotIn(f"PLANT-{letter}", text)
                region = {"A": "320411", "B": "320402", "C": "320213"}[letter]
                asked = client.get("/api/indicators/hazard/open", region=region).json
                self.assertEqual(asked["value"], 0, asked)

        self.each(check)

    def test_clocks(self):
        def check(client, sight, hidden):
            for query in ({}, {"state": "all"}, {"type": "hazard", "state": "all"}, {"format": "csv", "state": "all"}):
                answer = client.get("/api/clocks", **query)
                self.assertEqual(answer.status, 200, answer)
                for letter in "ABC":
                    self.assertEqual(self.hazards[letter]["id"] in answer.text, letter in sight, (query, letter))
            for letter in hidden:
                asked = client.get("/api/clocks", state="all", region={"A": "320411", "B": "320402", "C": "320213"}[letter]).json
                self.assertEqual(asked["items"], [])
            summary = client.get("/api/clocks", type="hazard", summary=1).json["summary"]
            self.assertEqual(summary["open"] > 0, bool(sight), summary)

        self.each(check)

    def test_papers_and_files(self):
        def check(client, sight, hidden):
            for letter in "ABC":
                hazard, paper, photo = self.hazards[letter]["id"], self.papers[letter], self.photos[letter]
                for path in (f"/api/records/hazard/{hazard}/documents", f"/api/documents/{paper}", f"/api/files/{photo}",
                             f"/api/files/{photo}/thumbnail?size=32", f"/api/records/hazard/{hazard}/documents/order/preview"):
                    answer = client.get(path)
                    self.assertEqual(answer.status, 200 if letter in sight else 404, (path, answer))
            for letter in hidden:  # nor is a file of others made one's own by naming it
                plant = "PLANT-" + (sight or "A")[0]
                answer = client.post("/api/records/hazard", {"title": "x", "enterprise": plant, "source": "other", "grade": "general",
                                                             "photos": [{"file": self.photos[letter]}]})
                self.assertIn(answer.status, (403, 404, 422), answer)

        self.each(check)


    def test_the_file_of_an_enterprise(self):
        def check(client, sight, _):
            for letter in "ABC":
                plant, hazard = f"PLANT-{letter}", self.hazards[letter]["id"]
                answer = client.get(f"/api/records/enterprise/{plant}/related")
                counted = {(i["type"], i["field"]): i["count"] for i in answer.json.get("items", [])}
                self.assertEqual(("hazard", "enterprise") in counted, letter in sight, (plant, answer))
                for path in (f"/api/documents?enterprise={plant}", f"/api/clocks?enterprise={plant}&state=all",
                             f"/api/journal?enterprise={plant}", f"/api/journal?enterprise={plant}&people=1"):
                    text = client.get(path).text
                    self.assertEqual(hazard in text or self.papers[letter] in text, letter in sight, (path, text[:300]))

        self.each(check)


class Assignment(WorldTest):
    """An expert of another city who is named in a record sees it behind every door, moves it, and nothing else."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        for login in ("expert-1", "expert-2"):
            add_user(login, "expert", cls.world.data, region="3202", name=login)
        add_user("officer-a", "county_officer", cls.world.data, region="320411")
        cls.server = cls.world.server.start()
        cls.named, cls.other = cls.server.client("expert-1"), cls.server.client("expert-2")
        cls.officer = cls.server.client("officer-a")
        cls.streams = [Stream(cls.server, cls.named.token), Stream(cls.server, cls.other.token)]
        time.sleep(0.3)
        cls.support = cls.officer.create("expert_support", enterprise="PLANT-A", expert="李工", account="expert-1", field="仪表", task="机密评审",
                                         on_day=day_after(3))
        cls.hidden = cls.officer.create("expert_support", enterprise="PLANT-A", expert="王工", field="仪表", task="无关事项", on_day=day_after(3))

    @classmethod
    def tearDownClass(cls):
        for stream in cls.streams:
            stream.close()
        super().tearDownClass()

    def test_doors(self):
        id_ = self.support["id"]
        doors = ("/api/records/expert_support?count=1", "/api/records/expert_support?q=评审", "/api/records/expert_support?q=评审&sort=task",
                 "/api/records/expert_support?sort=-updated_at", "/api/records/expert_support?filter=state = 'asked'&facets=state",
                 "/api/records/expert_support?format=csv", "/api/todo", "/api/journal?type=expert_support",
                 f"/api/records/expert_support/{id_}", f"/api/records/expert_support/{id_}/journal",
                 "/ogc/collections/expert_support/items", f"/ogc/collections/expert_support/items/{id_}")
        for door in doors:
            door = door.replace(" ", "%20").replace("'", "%27").replace("评审", harness.quote("评审"))
            with self.subTest(door):
                found, nothing = self.named.get(door), self.other.get(door)
                if door.startswith("/ogc") and found.status == 404:  # experts read no enterprises, so they have no places
                    continue
                self.assertEqual(found.status, 200, found)
                self.assertTrue("机密评审" in found.text or id_ in found.text, found)
                for answer in (found, nothing):
                    self.assertNotIn("无关事项", answer.text)
                self.assertNotIn("机密评审", nothing.text)
                self.assertIn(nothing.status, (200, 404))
        self.assertEqual(self.named.get("/api/records/expert_support", count=1).json["count"], 1)
        self.assertEqual(self.other.get("/api/records/expert_support", count=1).json["count"], 0)
        stream, strangers = self.streams
        stream.wait(lambda e: isinstance(e.get("data"), dict) and e["data"].get("id") == id_, 10, "the stream does not show it")
        text = json.dumps(strangers.events, ensure_ascii=False) + json.dumps(stream.events, ensure_ascii=False).replace(id_, "").replace("机密评审", "")
        self.assertNotIn(id_, text)
        self.assertNotIn("无关事项", text)

    def test_moves(self):
        support = self.officer.create("expert_support", enterprise="PLANT-A", expert="李工", account="expert-1", field="仪表", task="又一事项",
                                      on_day=day_after(3))
        seen = self.named.record("expert_support", support["id"])
        self.assertEqual(({m["name"] for m in seen["moves"]}, seen["rights"]["edit"]), ({"agree", "decline"}, False))
        self.assertEqual(self.other.try_move("expert_support", support["id"], "agree", support["version"], no_interest=True).status, 404)
        agreed = self.named.move(seen, "agree", no_interest=True)
        signed = sent(self.named, png())["file"]
        opined = self.named.move(agreed, "opine", opinion="合格", problems=0, signed=[{"file": signed}])
        self.assertEqual(self.other.get(f"/api/files/{signed}").status, 404)
        self.assertEqual(self.named.get(f"/api/files/{signed}").status, 200)
        answer = self.named.call("PATCH", f"/api/records/expert_support/{support['id']}", {"task": "x"}, {"If-Match": f'"{opined["version"]}"'})
        self.assertEqual(answer.status, 403, answer)
        unnamed = self.officer.call("PATCH", f"/api/records/expert_support/{support['id']}", {"account": None},
                                    {"If-Match": f'"{opined["version"]}"'})
        self.assertEqual(unnamed.status, 200, unnamed)
        self.assertEqual(self.named.get(f"/api/records/expert_support/{support['id']}").status, 404)


class Views(WorldTest):
    """Saved views: one's own are nobody else's, those shown to a role are seen by that role within the region of who shows them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {login: cls.server.client(login) for login in SIGHT if login != "operator-a"}

    def save(self, login, **body):
        return self.clients[login].post("/api/views", {"type": "hazard", "query": {"q": "SECRET"}, **body})

    def seen(self, login, **query):
        answer = self.clients[login].get("/api/views", **query)
        self.assertEqual(answer.status, 200, answer)
        return {view["name"]: view for view in answer.json["items"]}

    def test_own(self):
        made = self.save("county-a", name="甲的视图")
        self.assertEqual((made.status, made.json["own"], made.json["query"]), (201, True, {"q": "SECRET"}), made)
        path = f"/api/views/{made.json['id']}"
        for login, client in self.clients.items():
            self.assertEqual("甲的视图" in self.seen(login), login == "county-a", login)
            if login != "county-a":
                for call in (client.get(f"/api/records/view/{made.json['id']}"), client.call("PATCH", path, {"name": "x"}), client.call("DELETE", path),
                             client.get(f"/api/records/view/{made.json['id']}/journal")):
                    self.assertEqual(call.status, 404, (login, call))
                self.assertNotIn("甲的视图", client.get("/api/journal", type="view").text, login)
                self.assertNotIn("甲的视图", client.get("/api/records/view", q="甲的视图").text, login)
        self.assertNotIn("甲的视图", self.seen("county-a", type="alarm"))
        changed = self.clients["county-a"].call("PATCH", path, {"name": "改名", "query": {"sort": "due"}})
        self.assertEqual((changed.status, changed.json["query"]), (200, {"sort": "due"}), changed)
        self.assertEqual(self.clients["county-a"].call("DELETE", path).status, 204)
        self.assertNotIn("改名", self.seen("county-a"))
        self.assertEqual(self.clients["county-a"].call("DELETE", path).status, 409)

    def test_shown_to_a_role(self):
        made = self.save("city", name="市里的视图", role="county_inspector")
        self.assertEqual((made.status, made.json["region"]), (201, "3204"), made)
        for login in self.clients:
            self.assertEqual("市里的视图" in self.seen(login), login in ("city", "county-a", "county-b"), login)
        shown = self.seen("county-a")["市里的视图"]
        self.assertFalse(shown["own"])
        path = f"/api/views/{made.json['id']}"
        self.assertEqual(self.clients["county-a"].call("PATCH", path, {"name": "x"}).status, 403)
        self.assertProblem(self.clients["county-a"].call("DELETE", path), 422, "move.guard")
        taken = self.clients["city"].call("PATCH", path, {"role": None})
        self.assertEqual(taken.status, 200, taken)
        self.assertNotIn("市里的视图", self.seen("county-a"))

    def test_shown_no_further_than_ones_own_region(self):
        self.assertIn(self.save("safety-a", name="x", role="county_inspector").status, (403, 422))
        for region in ("32", "3202", None):
            fields = {"of_type": "hazard", "name": "x", "query": "{}", "role": "county_inspector", "region": region}
            answer = self.clients["county-a"].post("/api/records/view", fields)
            self.assertIn((answer.status, answer.json["id"]), ((403, "right.scope"), (422, "record.rule")), answer)
        self.assertEqual(self.seen("county-c"), {})

    def test_what_is_no_view_is_refused(self):
        for body, status in (({"type": "nothing", "name": "x"}, 404), ({"type": "user", "name": "x"}, 404), ({"type": "hazard", "name": ""}, 422),
                             ({"type": "hazard", "name": "x", "query": "text"}, 422), ({"type": "hazard", "name": "x", "role": "nobody"}, 422),
                             ({"type": "hazard", "name": "x", "query": {"q": "长" * 5000}}, 422), ({"type": "hazard", "name": "x", "region": "32"}, 422)):
            answer = self.clients["county-a"].post("/api/views", {"query": {}, **body})
            self.assertEqual(answer.status, status, (body, answer))
        self.assertEqual(self.clients["county-a"].get("/api/views", type="x' OR '1'='1").status, 404)


class References(WorldTest):
    """A reference is no window into somebody else's records."""

    def test_a_hidden_record_cannot_be_named_nor_its_label_read(self):
        self.server.client("admin").create("equipment", code="B.E1", name="机密设备", enterprise="PLANT-B", kind="tank")
        safety = self.server.client("safety-a")
        point = {"code": "A.Y1", "name": "y", "enterprise": "PLANT-A", "measure": "other"}
        answer = safety.post("/api/records/point", {**point, "equipment": "B.E1"})
        with self.subTest("the reference is refused like one to nothing"):
            self.assertProblem(answer, 422, "field.ref", "equipment")
        if answer.status == 201:
            self.assertNotIn("机密设备", safety.get("/api/records/point/A.Y1").text, "the label of a hidden record is shown")
        made = safety.create("point", **{**point, "code": "A.Y2"})
        answer = safety.call("PATCH", "/api/records/point/A.Y2", {"equipment": "B.E1"}, {"If-Match": f'"{made["version"]}"'})
        with self.subTest("by an edit as well"):
            self.assertProblem(answer, 422, "field.ref", "equipment")

    def test_what_only_moves_give_cannot_be_given(self):
        county = self.server.client("county-a")
        answer = county.post("/api/records/hazard", {"title": "x", "enterprise": "PLANT-A", "source": "alarm", "grade": "general", "alarm": "x"})
        self.assertProblem(answer, 422, "field.not_accepted", "alarm")


if __name__ == "__main__":
    harness.main()
