"""The document of the API: it is valid OpenAPI 3.1, names every address of the server, and what it says is what the server does."""

import gzip
import json
import os
import re
import subprocess
import tempfile
import unittest

import harness
from harness import WorldTest, day_after

try:
    from jsonschema import Draft202012Validator, FormatChecker
except ImportError:
    harness.skip_all("python3-jsonschema is not installed (tools/deps test)")

TOOLS = os.path.join(harness.ROOT, "tests", "openapi")
REFUSED_BY_SCHEMA = [
    ("enterprise", {"code": "X", "name": "x", "region": "320411"}),  # without its sector
    ("enterprise", {"code": "X", "name": "x", "region": "320411", "kind": "no such sector"}),
    ("enterprise", {"code": "a b", "name": "x", "region": "320411", "kind": "chemical"}),
    ("enterprise", {"code": "X", "name": "x" * 121, "region": "320411", "kind": "chemical"}),
    ("enterprise", {"code": "X", "name": "x", "region": "320411", "kind": "chemical", "employees": -1}),
    ("enterprise", {"code": "X", "name": "x", "region": "320411", "kind": "chemical", "employees": 1.5}),
    ("enterprise", {"code": "X", "name": "x", "region": "320411", "kind": "chemical", "place": {"lon": 181, "lat": 0}}),
    ("enterprise", {"code": "X", "name": "x", "region": "320411", "kind": "chemical", "no_such_field": 1}),
    ("hazard", {"title": "x", "enterprise": "PLANT-A", "source": "inspection", "grade": "general", "opinion": "by a move only"}),
]


def routes():
    """(method, path) of the rows of house_routes."""
    with open(os.path.join(harness.ROOT, "src", "server", "house.c"), encoding="utf-8") as file:
        return re.findall(r'\{"([A-Z]+)",\s*"(/[^"]*)",', file.read())


class OpenApi(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.server.client().get("/api/openapi.json")  # whoever asks
        assert answer.status == 200, answer
        cls.document = answer.json
        cls.county = cls.server.client("county-a")

    def faults(self, name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": self.document["components"]}
        checker = Draft202012Validator(schema, format_checker=FormatChecker())
        return [f"{list(e.absolute_path)}: {e.message}"[:300] for e in checker.iter_errors(value)]

    def assertFits(self, name, value):
        self.assertEqual(self.faults(name, value), [], name)

    def test_long_answers_go_packed_to_who_takes_them_so(self):
        for path in ("/api/types", "/api/records/region"):
            plain = self.county.call("GET", path)
            self.assertIsNone(plain.headers.get("Content-Encoding"), path)
            packed = self.county.call("GET", path, headers={"Accept-Encoding": "br, gzip"})
            self.assertEqual((packed.status, packed.headers.get("Content-Encoding")), (200, "gzip"), path)
            self.assertLess(len(packed.body), len(plain.body) / 2, path)
            self.assertEqual(json.loads(gzip.decompress(packed.body)), plain.json, path)
        refused = self.county.call("GET", "/api/types", headers={"Accept-Encoding": "gzip;q=0"})
        self.assertIsNone(refused.headers.get("Content-Encoding"))

    def test_types_are_sent_again_only_when_they_differ(self):
        ask = {"Accept-Encoding": "gzip"}
        first = self.county.call("GET", "/api/types", headers=ask)
        known = {**ask, "If-None-Match": first.etag}
        again = self.county.call("GET", "/api/types", headers=known)
        self.assertEqual((again.status, again.body, again.etag), (304, b"", first.etag))
        other = self.server.client("admin").call("GET", "/api/types", headers=known)
        self.assertEqual(other.status, 200)  # another role has other rights
        self.assertNotEqual(other.etag, first.etag)
        stranger = self.server.client().call("GET", "/api/types", headers=known)
        self.assertEqual(stranger.status, 401)

    def test_it_is_valid_openapi(self):
        if not os.path.isdir(os.path.join(TOOLS, "node_modules")):
            done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=TOOLS, capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                self.skipTest("npm packages of tests/openapi cannot be installed: " + done.stderr[-300:])
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self.document, file)
            file.flush()
            done = subprocess.run(["node", "validate.mjs", file.name], cwd=TOOLS, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr)[:3000])

    def test_every_schema_is_a_schema(self):
        for name, schema in self.document["components"]["schemas"].items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)

    def test_every_address_is_in_it(self):
        paths = self.document["paths"]
        self.assertGreater(len(routes()), 20)
        for method, path in routes():
            with self.subTest(f"{method} {path}"):
                self.assertIn(method.lower(), paths.get(path, {}))
                self.assertTrue(paths[path][method.lower()]["summary"])

    def test_every_type_and_move_is_in_it(self):
        types = self.server.client("admin").get("/api/types").json["types"]
        for type_ in types:
            path = f"/api/records/{type_['name']}"
            self.assertIn("post", self.document["paths"][path])
            for field in type_["fields"]:
                self.assertIn(field["name"], self.document["components"]["schemas"][type_["name"]]["allOf"][1]["properties"])
        assign = self.document["components"]["schemas"]["hazard.move.assign"]["properties"]["fields"]
        self.assertEqual(assign["x-require"], ["owner", "due"])
        self.assertEqual(set(assign["properties"]), {"grade", "criterion", "kind", "place", "owner", "due", "description", "stop_work"})
        self.assertNotIn("hazard.move.escalate_city", self.document["components"]["schemas"], "a move of the machine")

    def test_operation_ids_are_unique(self):
        ids = [operation["operationId"] for item in self.document["paths"].values() for operation in item.values()]
        self.assertEqual(len(ids), len(set(ids)))

    def test_answers_are_as_it_says(self):
        county = self.county
        hazard = county.create("hazard", title="泄漏", enterprise="PLANT-A", source="inspection", grade="general")
        self.assertFits("hazard", hazard)
        moved = county.move(hazard, "assign", owner="张三", due=day_after(5))
        self.assertFits("hazard", moved)
        self.assertFits("hazard.list", county.get("/api/records/hazard", count=1, facets="state,grade").json)
        self.assertFits("Journal", county.get(f"/api/records/hazard/{hazard['id']}/journal").json)
        for type_ in ("enterprise", "point", "device", "region"):
            answer = self.server.client("admin").get(f"/api/records/{type_}", count=1).json
            self.assertTrue(answer["items"])
            self.assertFits(f"{type_}.list", answer)
        for path, name in (("/api/types", "Types"), ("/api/todo", "Todo"), ("/api/notices", "Notices"), ("/api/session", "User"),
                           ("/api/overview?region=320411", "Overview"), ("/api/alarms", "AlarmDesk"),
                           ("/api/points?enterprise=PLANT-A", "Points"), ("/api/points/A.T1/history?from=0&to=1000", "History"),
                           ("/healthz", "Health")):
            with self.subTest(path):
                answer = county.get(path)
                self.assertEqual(answer.status, 200, answer)
                self.assertFits(name, answer.json)

    def test_refusals_are_problems(self):
        stale = self.county.create("hazard", title="x", enterprise="PLANT-A", source="inspection", grade="general")
        self.county.move(stale, "assign", owner="a", due=day_after(5))
        for answer in (self.county.get("/api/records/nothing"), self.county.get("/api/records/hazard/nothing"),
                       self.server.client().get("/api/todo"), self.county.post("/api/records/hazard", {"title": 1}),
                       self.county.try_move("hazard", stale["id"], "assign", 1, owner="a", due=day_after(5)),
                       self.world.device("GW-A").write(["A.T1 value=1 0"])):
            self.assertGreaterEqual(answer.status, 400)
            self.assertFits("Problem", answer.json)

    def test_what_its_schema_refuses_the_server_refuses(self):
        for type_, fields in REFUSED_BY_SCHEMA:
            with self.subTest(fields):
                self.assertTrue(self.faults(f"{type_}.create", fields))
                self.assertEqual(self.county.post(f"/api/records/{type_}", fields).status, 422)
        good = {"code": "NEW-1", "name": "新厂", "region": "320411", "kind": "chemical", "place": {"lon": 119.9, "lat": 31.9}}
        self.assertFits("enterprise.create", good)
        self.assertFits("enterprise", self.county.create("enterprise", **good))


if __name__ == "__main__":
    harness.main()
