"""Bad input at every door: a clear error (what, where, how to put it right), a count, and nothing half-done.

The good part of a batch is kept; a refused request leaves record, version and journal as they were; a hostile connection is closed
while others are served; a broken pack or a full disk is told, and what was acknowledged before stays.
"""

import contextlib
import ctypes
import gzip
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from harness import Client, World, WorldTest, command, day_after, now_ms, raw_exchange, wait_for

T0 = 1_700_000_000_000  # 2023-11-14


class Samples(WorldTest):
    def setUp(self):
        self.device = self.world.device()
        self.reader = self.server.client("county-a")

    def values(self, point, from_ms, to_ms):
        self.server.settle()
        return [(t, v) for t, v, _ in self.reader.history(point, from_ms, to_ms)]

    def test_good_lines_of_a_bad_batch_are_kept_and_bad_ones_listed(self):
        base = T0
        lines = [
            f"A.T1 value=20.5 {base}",                       # 1
            f"this is not a line",                           # 2
            f"A.NOPE value=1 {base}",                        # 3
            f"A.T1 value=NaN {base + 1}",                    # 4
            f"A.T1 value=1e999 {base + 2}",                  # 5
            f'A.T1 value="hot" {base + 3}',                  # 6
            f"A.T1 value=21 1000",                           # 7: 1970
            f"A.T1 value=22 {now_ms() + 2 * 3600_000}",      # 8: two hours ahead
            f"B.T1 value=23 {base}",                         # 9: another plant's point
            f"A.T1 value= {base + 4}",                       # 10
            f"A.T1,point= value=1 {base + 5}",               # 11
            f"A.T1 value=1 {base + 6}x",                     # 12
            f"A.T1 value=1 99999999999999999999999",         # 13
            f"A.T1",                                         # 14
            f"A.T1 =1 {base}",                               # 15
            f"# a comment",                                  # 16: allowed, no sample
            f"",                                             # 17: allowed
            f"gateway,point=A.P1 value=2700i {base}",        # 18
            f"A.L1 value=t {base}",                          # 19: booleans are 0/1
            f"A.T1 value=24.25 {base + 60_000}",             # 20
        ]
        answer = self.device.write(lines)
        body = self.assertProblem(answer, 400, "batch.partial")
        refused = {r["line"]: r for r in body["refused"]}
        self.assertEqual(sorted(refused), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], body)
        wanted = {3: "point.unknown", 7: "sample.time", 8: "sample.time", 9: "point.unknown", 2: "line.invalid", 14: "line.invalid"}
        for line, id_ in wanted.items():
            self.assertEqual(refused[line]["id"], id_, refused[line])
        for line in (4, 5, 6):
            self.assertIn(refused[line]["id"], ("sample.value", "line.invalid"), refused[line])
        for line, refusal in refused.items():
            self.assertTrue(refusal["detail"], refusal)
            self.assertEqual(refusal["text"], lines[line - 1][:80])
        self.assertEqual(body["accepted"], 4)
        self.assertEqual(body["refused_count"], 14)
        self.assertEqual(self.values("A.T1", base, base + 120_000), [(base, 20.5), (base + 60_000, 24.25)])
        self.assertEqual(self.values("A.P1", base, base + 1), [(base, 2700.0)])
        self.assertEqual(self.values("A.L1", base, base + 1), [(base, 1.0)])

    def test_many_bad_lines_are_counted_and_a_hundred_shown(self):
        answer = self.device.write(["nonsense"] * 5000 + [f"A.T1 value=1 {T0 + 500_000}"])
        body = self.assertProblem(answer, 400, "batch.partial")
        self.assertEqual((body["accepted"], body["refused_count"], len(body["refused"])), (1, 5000, 100))

    def test_a_line_without_end_and_binary_bytes_are_refused(self):
        for bad in (b"A.T1 value=" + b"1" * 200_000, b"\x00\xff\xfe value=1", b"A.T1 value=1\x00 1", b"\xc3( value=1",
                    b"A.T1,a=" + b"b" * 70_000 + b" value=1", b"," * 5000, b"A.T1 " + b"v=1," * 20_000):
            answer = self.device.write(bad + f"\nA.T1 value=2 {T0 + 600_000}".encode())
            self.assertEqual(answer.status, 400, (bad[:40], answer))
            self.assertEqual(answer.json["accepted"], 1, (bad[:40], answer))
            json.dumps(answer.json)  # what is shown of it is sound text

    def test_a_duplicate_is_accepted_and_changes_nothing(self):
        base = T0 + 1_000_000
        lines = [f"A.T1 value={20 + i / 4} {base + i * 1000}" for i in range(50)]
        before = self.server.metrics()
        for _ in range(3):
            self.assertEqual(self.device.write(lines).status, 204)
        self.assertEqual(len(self.values("A.T1", base, base + 60_000)), 50)
        after = self.server.metrics()
        # the last one of a batch sent again is a duplicate, those before it are late; together each is counted
        counted = sum(after[n] - before[n] for n in ("anlan_samples_duplicate_total", "anlan_samples_late_total"))
        self.assertEqual(counted, 100)

    def test_refusals_are_counted(self):
        before = {n: v for n, v in self.server.metrics().items() if "refused" in n}
        self.device.write(["nonsense"] * 7)
        after = {n: v for n, v in self.server.metrics().items() if "refused" in n}
        self.assertTrue(after, "no metric counts refused lines")
        self.assertTrue(any(after[n] - before.get(n, 0) == 7 for n in after), (before, after))

    def test_precisions_and_times(self):
        base_s = 1_700_009_000
        for precision, factor in (("s", 1), ("ms", 10**3), ("u", 10**6), ("ns", 10**9)):
            base_s += 10
            answer = self.device.call("POST", f"/write?db=x&precision={precision}", f"A.T1 value=5 {base_s * factor}")
            self.assertEqual(answer.status, 204, (precision, answer))
            self.assertEqual(self.values("A.T1", base_s * 1000, base_s * 1000 + 1), [(base_s * 1000, 5.0)])
        answer = self.device.call("POST", "/api/v2/write?bucket=b&org=o&precision=ns", f"A.T1 value=6 {(base_s + 1) * 10**9}")
        self.assertEqual(answer.status, 204, answer)
        self.assertEqual(self.device.call("POST", "/write?precision=fortnight", "A.T1 value=1 1").status, 400)
        before = now_ms()
        self.assertEqual(self.device.write("A.T1 value=7").status, 204)  # no time: time of receipt
        self.assertTrue(self.values("A.T1", before - 1000, now_ms() + 1000))

    def test_tokens(self):
        line = f"A.T1 value=99 {T0 + 2_000_000}"
        self.assertProblem(Client(self.server, token="wrong", scheme="Token").write(line), 401, "token.invalid")
        self.assertEqual(Client(self.server).write(line).status, 401)
        token = self.world.tokens["GW-A"]
        headers = {"Authorization": f"Token {token[:-1]}"}
        self.assertEqual(Client(self.server).call("POST", "/write", line, headers).status, 401)
        anonymous = Client(self.server)
        for i, headers in enumerate(({"Authorization": f"Bearer {token}"}, {"Authorization": f"Token {token}"})):
            self.assertEqual(anonymous.call("POST", "/write?precision=ms", f"A.T1 value=1 {T0 + 2_100_000 + i}", headers).status, 204)
        self.assertEqual(anonymous.call("POST", f"/write?precision=ms&u=gw&p={token}", f"A.T1 value=1 {T0 + 2_100_010}").status, 204)
        self.assertEqual(self.values("A.T1", T0 + 2_000_000, T0 + 2_000_001), [])

    def test_bodies_that_are_too_large(self):
        huge = b"A.T1 value=1 1700003000000\n" * 400_000  # 10.8 MB
        self.assertProblem(self.device.write(huge), 413, "body.too_large")
        # in chunks, without a length: refused or closed, never read to the end
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = self.world.device().call("POST", "/write?precision=ms", iter([huge[i:i + 65536] for i in range(0, len(huge), 65536)]))
            self.assertEqual(answer.status, 413, answer)
        # a small body that unpacks to a huge one
        bomb = gzip.compress(b"\0" * 300_000_000, 9)
        answer = self.device.call("POST", "/write", bomb, {"Content-Encoding": "gzip"})
        self.assertProblem(answer, 413, "body.too_large")
        self.assertLess(self.server.memory_kib(), 900_000)
        self.assertEqual(self.values("A.T1", 1700003000000, 1700003000001), [])

    def test_gzip(self):
        t = T0 + 3_500_000
        self.assertEqual(self.device.write(f"A.T1 value=8 {t}", gzipped=True).status, 204)
        self.assertEqual(self.values("A.T1", t, t + 1), [(t, 8.0)])
        # a gzip body may have members: what is in the later ones is neither lost nor free of the limit
        members = [gzip.compress(f"A.T1 value={i} {t + i * 1000}\n".encode()) for i in range(1, 4)]
        answer = self.device.call("POST", "/write?precision=ms", b"".join(members), {"Content-Encoding": "gzip"})
        self.assertEqual(answer.status, 204, answer)
        self.assertEqual(self.values("A.T1", t + 1000, t + 4000), [(t + i * 1000, float(i)) for i in range(1, 4)])
        answer = self.device.call("POST", "/write", gzip.compress(b"\0" * 5_000_000) * 2, {"Content-Encoding": "gzip"})
        self.assertProblem(answer, 413, "body.too_large")
        for broken in (b"not gzip", gzip.compress(b"A.T1 value=9 1700003600000")[:-12], b""):
            answer = self.device.call("POST", "/write?precision=ms", broken, {"Content-Encoding": "gzip"})
            self.assertIn(answer.status, (400, 204) if broken == b"" else (400,), (broken, answer))
        self.assertEqual(self.values("A.T1", 1700003600000, 1700003600001), [])

    def test_json_samples(self):
        t = T0 + 4_000_000
        good = {"samples": [{"point": "A.T1", "time": t, "value": 1.5},
                            {"point": "A.T1", "time": "2023-11-14T23:30:00+08:00", "value": 2, "quality": "uncertain"}]}
        self.assertEqual(self.device.post("/api/samples", good).status, 204)
        self.assertEqual(self.values("A.T1", t, t + 1), [(t, 1.5)])
        for text in ("", "{", "[1,]", '{"samples": [', '{"samples":[{"point":"A.T1","time":1,"value":NaN}]}', '{"samples":[]} x',
                     '{"samples":[],"samples":[]}', "\xff", "nul"):
            answer = self.device.call("POST", "/api/samples", text.encode("latin-1"), {"Content-Type": "application/json"})
            self.assertProblem(answer, 400, "json.invalid")
        for text in ('{"samples": 5}', '{"other": []}', "5", '"x"', "null"):
            answer = self.device.call("POST", "/api/samples", text, {"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 422), (text, answer))
        answer = self.device.post("/api/samples", {"samples": [
            {"point": "A.T1", "time": t + 10, "value": 3}, {"point": "A.T1", "time": t + 11, "value": "hot"},
            {"point": "NOPE", "time": t, "value": 1}, {"point": "A.T1", "time": 5, "value": 1}, {"time": t, "value": 1},
            {"point": "A.T1", "time": t + 12, "value": 1, "quality": "superb"}, 17, {"point": "A.T1", "time": "soon", "value": 1}]})
        body = self.assertProblem(answer, 400, "batch.partial")
        self.assertEqual((body["accepted"], body["refused_count"]), (1, 7), body)
        ids = {r["line"]: r["id"] for r in body["refused"]}
        self.assertEqual(ids[3], "point.unknown")
        self.assertEqual(ids[4], "sample.time")
        self.assertEqual(self.values("A.T1", t + 10, t + 20), [(t + 10, 3.0)])


class Records(WorldTest):
    def setUp(self):
        self.county = self.server.client("county-a")
        self.safety = self.server.client("safety-a")
        self.admin = self.server.client("admin")

    def hazard(self, **fields):
        return self.county.create("hazard", **{"title": "储罐围堰破损", "enterprise": "PLANT-A", "source": "inspection",
                                               "grade": "general", **fields})

    @contextlib.contextmanager
    def unchanged(self, record):
        """Nothing of the record, its journal or the list moves."""
        def state():
            client = self.admin if record["type"] in ("point", "enterprise") else self.county
            current = client.record(record["type"], record["id"])
            return ({k: v for k, v in current.items() if k not in ("moves", "clocks", "rights")},
                    [e["seq"] for e in client.journal(record["type"], record["id"])],
                    client.get(f"/api/records/{record['type']}", count=1, limit=1).json["count"])
        before = state()
        yield
        self.assertEqual(state(), before)

    def test_bodies_that_are_no_json(self):
        headers = {"Content-Type": "application/json"}
        for text in (b"{", b'{"title": }', b'{"title": NaN}', b'{"a":1,"a":2}', b'{"title": "\xff"}', b"[" * 10_000, b'{"x": 1e400}'):
            answer = self.county.call("POST", "/api/records/hazard", text, headers)
            self.assertProblem(answer, 400, "json.invalid")
        for text in (b"", b"[]", b"5", b'"x"', b"null"):
            answer = self.county.call("POST", "/api/records/hazard", text, headers)
            self.assertIn(answer.status, (400, 422), (text, answer))
        answer = self.county.call("POST", "/api/records/hazard", b"{}", {"Content-Type": "text/plain"})
        self.assertProblem(answer, 415, "request.content_type")
        big = json.dumps({"title": "x" * 10_000_000}).encode()
        answer = self.county.call("POST", "/api/records/hazard", big, headers)
        self.assertProblem(answer, 413, "body.too_large")

    def test_every_kind_of_bad_field(self):
        good = {"title": "x", "enterprise": "PLANT-A", "source": "inspection", "grade": "general"}
        record = self.hazard()
        cases = [
            ({"colour": "red"}, "field.unknown", "colour"),
            ({"title": None}, "field.required", "title"),
            ({"title": ""}, "field.required", "title"),
            ({"title": 5}, "field.kind", "title"),
            ({"title": "长" * 201}, "field.range", "title"),
            ({"grade": "huge"}, "field.code", "grade"),
            ({"grade": 1}, "field.kind", "grade"),
            ({"enterprise": "NOWHERE"}, "field.ref", "enterprise"),
            ({"due": "2026-02-30"}, "field.kind", "due"),
            ({"due": "tomorrow"}, "field.kind", "due"),
            ({"found_at": "2026-01-01"}, "field.kind", "found_at"),
            ({"funds_wan": -1}, "field.range", "funds_wan"),
            ({"funds_wan": "many"}, "field.kind", "funds_wan"),
            ({"grade": "major"}, "field.required", "criterion"),
            ({"alarm": "no-such-alarm"}, "field.not_accepted", "alarm"),
            ({"id": "mine"}, None, "id"),
            ({"state": "closed"}, None, "state"),
        ]
        with self.unchanged(record):
            for change, id_, field in cases:
                answer = self.county.post("/api/records/hazard", {**good, **change})
                self.assertEqual(answer.status, 422, (change, answer))
                if id_:
                    self.assertProblem(answer, 422, id_, field)

    def test_rules_of_the_pack(self):
        point = self.admin.record("point", "A.T1")
        etag = {"If-Match": f'"{point["version"]}"'}
        with self.unchanged(point):
            for change, id_, field in (({"limit_low": 160}, "check.failed", "limit_low"), ({"hysteresis": -1}, "field.range", "hysteresis"),
                                       ({"code": "OTHER"}, None, "code"), ({"unit": "x" * 21}, "field.range", "unit"),
                                       ({"on_delay_s": 86401}, "field.range", "on_delay_s")):
                answer = self.admin.call("PATCH", "/api/records/point/A.T1", change, etag)
                self.assertEqual(answer.status, 422, (change, answer))
                if id_:
                    self.assertProblem(answer, 422, id_, field)
        new = {"code": "P-NEW", "name": "n", "region": "320411", "kind": "chemical"}
        for change, id_, field in (({"uscc": "91320411MA1MTJ4N9X"}, "field.format", "uscc"), ({"region": "990000"}, None, "region"),
                                   ({"code": "a b"}, "field.format", "code"), ({"place": {"lon": 200, "lat": 0}}, None, "place"),
                                   ({"place": 5}, "field.kind", "place"), ({"employees": 1.5}, "field.kind", "employees")):
            answer = self.county.post("/api/records/enterprise", {**new, **change})
            self.assertEqual(answer.status, 422, (change, answer))
            self.assertEqual(answer.json["field"].split("_")[0].split(".")[0], field, answer)
            if id_:
                self.assertProblem(answer, 422, id_, answer.json["field"])
        self.assertEqual(self.county.get("/api/records/enterprise/P-NEW").status, 404)
        answer = self.county.post("/api/records/enterprise", {**new, "code": "PLANT-A"})
        self.assertProblem(answer, 409, "record.exists", answer.json.get("field"))
        uscc = "91320411MA1MTJ4N91"
        answer = self.county.post("/api/records/enterprise", {**new, "uscc": good_uscc("91320411MA1MTJ4N9")})
        self.assertEqual(answer.status, 201, answer)
        answer = self.county.post("/api/records/enterprise", {**new, "code": "P-NEW2", "uscc": good_uscc("91320411MA1MTJ4N9")})
        self.assertProblem(answer, 422, "field.unique", "uscc")

    def test_versions(self):
        record = self.hazard()
        path = f"/api/records/hazard/{record['id']}"
        with self.unchanged(record):
            self.assertProblem(self.county.call("PATCH", path, {"place": "东侧"}), 428, "record.if_match")
            self.assertProblem(self.county.try_move("hazard", record["id"], "assign", None, owner="w", due=day_after(5)), 428, "record.if_match")
            for bad in ("x", '"x"', "*", '""', '"-1"', '"99999999999999999999"'):
                answer = self.county.call("PATCH", path, {"place": "东侧"}, {"If-Match": bad})
                self.assertIn(answer.status, (400, 412, 428), (bad, answer))
        edited = self.county.call("PATCH", path, {"place": "东侧"}, {"If-Match": f'"{record["version"]}"'})
        self.assertEqual(edited.status, 200, edited)
        with self.unchanged(edited.json):
            stale = self.county.try_move("hazard", record["id"], "assign", record["version"], owner="w", due=day_after(5))
            body = self.assertProblem(stale, 412, "record.stale")
            self.assertEqual(body["current"]["version"], record["version"] + 1)
            self.assertIn("place", json.dumps(body["changed"]))

    def test_moves(self):
        record = self.hazard()
        version, due = record["version"], day_after(5)
        with self.unchanged(record):
            self.assertProblem(self.county.try_move("hazard", record["id"], "fly", version), 404, "move.unknown")
            self.assertProblem(self.county.try_move("hazard", record["id"], "close", version), 409, "move.state")
            self.assertProblem(self.safety.try_move("hazard", record["id"], "assign", version, owner="w", due=due), 403, "right.missing")
            self.assertProblem(self.county.try_move("hazard", record["id"], "escalate_county", version), 403, "right.missing")
            self.assertProblem(self.county.try_move("hazard", record["id"], "assign", version, due=due), 422, "field.required", "owner")
            self.assertProblem(self.county.try_move("hazard", record["id"], "assign", version, owner="w", due=day_after(-1)), 422, "move.guard", "due")
            self.assertProblem(self.county.try_move("hazard", record["id"], "assign", version, owner="w", due=due, rectified="x"), 422,
                               "field.not_accepted", "rectified")
            self.assertProblem(self.county.try_move("hazard", record["id"], "assign", version, owner="w", due=due, grade="major"), 422,
                               "field.required", "criterion")
            answer = self.county.try_move("hazard", record["id"], "assign", version, comment="x" * 2001, owner="w", due=due)
            self.assertEqual(answer.status, 422, answer)
            answer = self.county.call("POST", f"/api/records/hazard/{record['id']}/moves/assign", {"fields": 5}, {"If-Match": f'"{version}"'})
            self.assertIn(answer.status, (400, 422), answer)
        major = self.hazard(grade="major", criterion="判定标准第 3 条")
        major = self.county.move(major, "assign", owner="王工", due=due)
        with self.unchanged(major):
            answer = self.safety.try_move("hazard", major["id"], "submit", major["version"], rectified="已整改")
            self.assertProblem(answer, 422, "move.guard", "measure")

    def test_edit_and_create_rights(self):
        record = self.hazard()
        with self.unchanged(record):
            answer = self.safety.call("PATCH", f"/api/records/hazard/{record['id']}", {"title": "y"}, {"If-Match": f'"{record["version"]}"'})
            self.assertProblem(answer, 403, "right.missing")
            self.assertEqual(self.safety.post("/api/records/region", {"code": "99", "name": "x", "kind": "city"}).status, 403)
            answer = self.county.post("/api/records/alarm", {"point": "A.T1"})
            self.assertProblem(answer, 403, "right.missing")

    def test_addresses_and_queries(self):
        get = self.county.get
        self.assertProblem(get("/api/records/dragon"), 404, "type.unknown")
        self.assertProblem(get("/api/records/hazard/NOPE"), 404, "record.unknown")
        self.assertProblem(get("/api/records/hazard/" + "x" * 5000), 404, "record.unknown")
        self.assertProblem(get("/api/nowhere"), 404, "route.unknown")
        self.assertProblem(self.county.call("DELETE", "/api/records/hazard"), 405, "route.method")
        for bad in ("grade =", "grade = 'x", "nosuch = 1", "1=1; DROP TABLE r_hazard", "((((", "grade = 'x' OR", "grade LIKE",
                    "title = 'x' UNION SELECT 1", "(" * 5000 + "1=1" + ")" * 5000, "due = DATE('2026-99-99')"):
            answer = get("/api/records/hazard", filter=bad)
            self.assertEqual(answer.status, 400, (bad[:60], answer))
            self.assertEqual(answer.json["id"], "condition.invalid", (bad[:60], answer))
        self.assertEqual(get("/api/records/hazard", filter="title = 'x'' OR 1=1 --'").status, 200)  # a quoted quote is text
        for query in ({"sort": "nosuch"}, {"sort": "title;drop"},
                      {"cursor": "zzz"}, {"cursor": "AAAA" * 100}):
            answer = get("/api/records/hazard", **query)
            self.assertIn(answer.status, (400, 422), (query, answer))
            self.assertTrue(answer.json["id"])
        for query in ({"from": "x", "to": "y"}, {"from": T0, "to": T0 + 10**12, "step": 1}, {"from": T0, "to": T0 - 1}, {"step": -1},
                      {"from": T0, "to": T0 + 1000, "step": "x"}):
            self.assertIn(get("/api/points/A.T1/history", **query).status, (400, 422), query)
        for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/%00", "/index.html%00.png"):
            answer = Client(self.server).get(path)
            self.assertNotIn(b"root:", answer.body)
            self.assertIn(answer.status, (400, 404, 200), (path, answer))  # 200: the web client's own page

    def test_sessions(self):
        self.assertProblem(Client(self.server).get("/api/todo"), 401, "session.required")
        self.assertProblem(Client(self.server, token="x" * 43).get("/api/todo"), 401, "session.required")
        self.assertEqual(Client(self.server, token=self.world.tokens["GW-A"]).get("/api/records/hazard").status, 401)
        leaver = self.server.client("city")
        self.assertEqual(leaver.get("/api/session").json["login"], "city")
        self.assertEqual(leaver.call("DELETE", "/api/session").status, 204)
        self.assertEqual(leaver.get("/api/session").status, 401)
        anonymous = Client(self.server)
        self.assertIn(anonymous.post("/api/session", {"login": 5}).status, (400, 401, 422))
        self.assertIn(anonymous.post("/api/session", {"login": "admin' --", "password": "x"}).status, (401,))
        user = self.admin.record("user", "city2")
        self.admin.call("PATCH", "/api/records/user/city2", {"disabled": True}, {"If-Match": f'"{user["version"]}"'})
        answer = anonymous.post("/api/session", {"login": "city2", "password": harness.PASSWORD})
        self.assertProblem(answer, 401, "session.login")  # as with a wrong password
        self.assertNotIn("Set-Cookie", answer.headers)

    def test_y_behind_a_proxy_each_client_fails_for_itself(self):
        def log_in(address, login, password):
            return Client(self.server).post("/api/session", {"login": login, "password": password}, **{"X-Forwarded-For": address}).status
        # what the client itself claims stands before what the proxy appends, and is not believed
        answers = [log_in(f"198.51.100.{i}, 203.0.113.7", f"nobody-{i}", "wrong-password") for i in range(6)]
        self.assertEqual(answers, [401] * 5 + [429])
        self.assertEqual(log_in("203.0.113.7", "city", harness.PASSWORD), 429)
        self.assertEqual(log_in("203.0.113.8", "city", harness.PASSWORD), 201, "one client behind the proxy locks out the others")
        self.assertEqual(log_in("x" * 100, "city", harness.PASSWORD), 201)

    def test_z_failed_logins_lock(self):
        """Last, since it may lock this address as well."""
        anonymous = Client(self.server)
        answers = [anonymous.post("/api/session", {"login": "province", "password": "wrong-password"}) for _ in range(7)]
        self.assertProblem(answers[0], 401, "session.login")
        body = self.assertProblem(answers[-1], 429, "session.locked")
        self.assertGreater(int(answers[-1].headers["Retry-After"]), 0)
        answer = anonymous.post("/api/session", {"login": "province", "password": harness.PASSWORD})
        self.assertEqual(answer.status, 429, "a locked login opens with the right password")


def good_uscc(first17):
    """GB 32100-2015: 17 characters and a check character over base 31."""
    digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(digits.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    return first17 + digits[(31 - total % 31) % 31]


class Connections(WorldTest):
    """What clever or slow clients do to a server, spoken by hand."""

    def request(self, headers, body="", start="POST /write?precision=ms HTTP/1.1"):
        token = self.world.tokens["GW-A"]
        head = "\r\n".join([start, *headers, f"Authorization: Token {token}"]) + "\r\n\r\n"
        return head.encode() + body.encode()

    def status_of(self, data, **options):
        received, seconds = raw_exchange(self.server.port, data, **options)
        match = re.match(rb"HTTP/1\.1 (\d{3})", received)
        return (int(match[1]) if match else None), seconds, received

    def test_ambiguous_requests_are_refused_and_closed(self):
        inner = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        line = f"A.T1 value=66 {T0 + 5_000_000}"
        size = f"Content-Length: {len(line)}"
        chunked = f"{len(line):x}\r\n{line}\r\n0\r\n\r\n"
        cases = {
            "length and chunked": (["Host: a", size, "Transfer-Encoding: chunked"], chunked + inner),
            "chunked and length": (["Host: a", "Transfer-Encoding: chunked", size], chunked + inner),
            "two lengths": (["Host: a", size, "Content-Length: 5"], line + inner),
            "two equal lengths": (["Host: a", size, size], line + inner),
            "two hosts": (["Host: a", "Host: b", size], line + inner),
            "no host": ([size], line + inner),
            "two transfer encodings": (["Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], chunked + inner),
            "unknown transfer encoding": (["Host: a", "Transfer-Encoding: gzip, chunked"], chunked + inner),
            "negative length": (["Host: a", "Content-Length: -5"], line + inner),
            "length with plus": (["Host: a", f"Content-Length: +{len(line)}"], line + inner),
            "length in hex": (["Host: a", f"Content-Length: 0x{len(line):x}"], line + inner),
            "huge length": (["Host: a", "Content-Length: 99999999999999999999"], line + inner),
        }
        for name, (headers, body) in cases.items():
            with self.subTest(name):
                status, seconds, received = self.status_of(self.request(headers, body), timeout=25)
                self.assertIn(status, (400, 413, 501, None), (name, received[:300]))
                self.assertIsNotNone(seconds, f"{name}: the connection stays open")
                self.assertNotIn(b"HTTP/1.1 2", received, f"{name}: what came behind was taken for a request")
        reader = self.server.client("county-a")
        self.server.settle()
        self.assertEqual(reader.history("A.T1", T0 + 5_000_000, T0 + 5_000_001), [])

    def test_garbage_is_no_danger(self):
        generator = random.Random(1)
        for data in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\r\n" * 2000, b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
                     b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000,
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", generator.randbytes(5000)):
            raw_exchange(self.server.port, data, timeout=2)
        self.assertEqual(Client(self.server).get("/healthz").status, 200)

    def test_a_slow_header_is_closed(self):
        drip = [f"X-{i}: y\r\n".encode() for i in range(60)]
        _, seconds = raw_exchange(self.server.port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", timeout=40, chunks=drip, pause=0.5)
        self.assertIsNotNone(seconds, "a header that drips is waited for without end")
        self.assertLess(seconds, 15)

    def test_a_slow_body_is_closed(self):
        head = self.request(["Host: a", "Content-Length: 100000"])
        _, seconds = raw_exchange(self.server.port, head, timeout=60, chunks=[b"A"] * 200, pause=0.5)
        self.assertIsNotNone(seconds, "a body that drips is waited for without end")
        self.assertLess(seconds, 40)

    def test_a_body_that_begins_fast_earns_no_pause(self):
        head = self.request(["Host: a", "Content-Length: 8000000"], "A" * 1_000_000)
        _, seconds = raw_exchange(self.server.port, head, timeout=45, chunks=[b"A"] * 80, pause=0.5)
        self.assertIsNotNone(seconds, "a body that drips after a fast beginning is waited for without end")
        self.assertLess(seconds, 40)

    def test_bodies_of_many_clients_are_bounded_together(self):
        """Forty clients send nearly 8 MB each and then stop: what is over 256 MiB is not kept, and room comes back."""
        before, held = self.server.memory_kib(), []
        try:
            for _ in range(40):
                connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
                connection.sendall(self.request(["Host: a", "Content-Length: 8000000"], "#" * 7_999_999))
                held.append(connection)
            time.sleep(2)
            self.assertLess(self.server.memory_kib() - before, 700_000)
            self.assertEqual(self.world.device().write(f"A.T1 value=1 {T0 + 5_600_000}").status, 204)
            answers = []
            for connection in held:
                connection.sendall(b"\n")
                answers.append(connection.recv(12))
            self.assertEqual(set(answers), {b"HTTP/1.1 204", b"HTTP/1.1 503"}, "bodies are kept without bound")
        finally:
            for connection in held:
                connection.close()
        answer = self.world.device().write(b"#" * 8_000_000)
        self.assertEqual(answer.status, 204, "the room does not come back")

    def test_many_slow_clients_do_not_stop_the_others(self):
        slow = []
        try:
            for _ in range(200):
                connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=5)
                with contextlib.suppress(OSError):
                    connection.sendall(b"POST /write HTTP/1.1\r\nHost: a\r\nContent-Le")
                slow.append(connection)
            start = time.monotonic()
            self.assertEqual(self.world.device().write(f"A.T1 value=1 {T0 + 5_500_000}").status, 204)
            self.assertLess(time.monotonic() - start, 5)
        finally:
            for connection in slow:
                connection.close()

    def test_a_client_that_leaves_in_the_middle_leaves_nothing(self):
        line = f"A.T1 value=67 {T0 + 6_000_000}\n"
        for cut in range(5, len(line), 7):
            with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
                connection.sendall(self.request(["Host: a", f"Content-Length: {len(line)}"], line[:cut]))
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST
        self.server.settle()
        self.assertEqual(self.server.client("county-a").history("A.T1", T0 + 6_000_000, T0 + 6_000_001), [])


class BrokenPacks(unittest.TestCase):
    """Each mistake is told with file and line, by `pack check` and by the server that then does not start."""

    CASES = [  # file, text to replace, replacement, a word the message must have
        ("hazard/hazard.yaml", "type: hazard", "type: hazard\ncolour: red", "colour"),
        ("hazard/hazard.yaml", "initial: reported", "initial: nowhere", "nowhere"),
        ("hazard/hazard.yaml", "codes: hazard_level", "codes: no_such_list", "no_such_list"),
        ("hazard/hazard.yaml", "from: [to_accept]", "from: [no_state]", "no_state"),
        ("hazard/hazard.yaml", "due >= $today", "due >>= $today", None),
        ("hazard/hazard.yaml", "due >= $today", "deu >= $today", "deu"),
        ("hazard/hazard.yaml", "who: [county_inspector, city_duty]", "who: [king]", "king"),
        ("hazard/hazard.yaml", "limit: 10wd", "limit: 10 parsecs", "span of time"),
        ("hazard/hazard.yaml", "scope: {enterprise: enterprise}", "scope: {enterprise: enterprise", None),
        ("hazard/hazard.yaml", "kind: decimal, min: 0, unit: 万元", "kind: coins", "money"),
        ("hazard/hazard.yaml", "move: escalate_city}", "move: escalate_moon}", "escalate_moon"),
        ("hazard/hazard.yaml", "accepts: [opinion]", "accepts: [opinions]", "opinions"),
        ("hazard/hazard.yaml", "{name: title,", "{name: state,", "state"),
        ("core/point.yaml", "{name: name, ", "{name: code, ", "code"),
        ("core/alarm.yaml", "type: hazard, title", "type: dragon, title", "dragon"),
        ("core/user.yaml", "pattern: '[A-Za-z0-9._-]+'", "pattern: '[A-Za-z'", None),
        ("hazard/pack.yaml", "requires: [core]", "requires: [cheese]", "cheese"),
        ("core/roles.yaml", "level: county,", "level: village,", "level"),
        ("core/calendar.yaml", "2024-01-01", "2024-13-01", None),
    ]

    def broken(self, directory, file, old, new):
        packs = os.path.join(directory, "packs")
        shutil.rmtree(packs, ignore_errors=True)
        shutil.copytree(harness.PACKS, packs)
        path = os.path.join(packs, file)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        self.assertIn(old, text, "the case is out of date")
        with open(path, "w", encoding="utf-8") as target:
            target.write(text.replace(old, new, 1))
        changed = next(i for i, (a, b) in enumerate(zip(text.split("\n"), text.replace(old, new, 1).split("\n")), 1) if a != b)
        return packs, changed

    def test_the_packs_are_sound(self):
        done = command("pack", "check", harness.PACKS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_mistake_names_file_line_and_rule(self):
        with tempfile.TemporaryDirectory() as directory:
            for file, old, new, word in self.CASES:
                with self.subTest(f"{file}: {new}"):
                    packs, line = self.broken(directory, file, old, new)
                    done = command("pack", "check", packs)
                    text = done.stdout + done.stderr
                    self.assertNotEqual(done.returncode, 0, text)
                    self.assertGreater(done.returncode, 0, text)  # an exit code, not a signal
                    self.assertIn(file, text)
                    self.assertRegex(text, re.escape(file) + r":\d+")
                    if word:
                        self.assertIn(word, text)
                        told = int(re.search(re.escape(file) + r":(\d+)", text)[1])
                        self.assertLessEqual(abs(told - line), 40, f"line {told} told, {line} changed: {text}")

    def test_a_server_does_not_start_with_a_broken_pack(self):
        with tempfile.TemporaryDirectory() as directory:
            packs, _ = self.broken(directory, "hazard/hazard.yaml", "initial: reported", "initial: nowhere")
            done = command("serve", "--port", "0", "--packs", packs, data=os.path.join(directory, "data"), timeout=30)
            self.assertGreater(done.returncode, 0)
            self.assertNotIn("listening", done.stdout)
            self.assertIn("nowhere", done.stderr + done.stdout)

    def test_files_that_are_no_packs(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, content in (("x.yaml", b"\xff\xfe\x00"), ("x.yaml", b"a: &a [*a]"), ("x.yaml", b"- " * 20_000), ("x.yaml", b""),
                                  ("x.yaml", b"a: &x [b,b]\nb: &y [*x,*x]\nc: [*y,*y]")):
                packs = os.path.join(directory, "packs")
                shutil.rmtree(packs, ignore_errors=True)
                shutil.copytree(harness.PACKS, packs)
                with open(os.path.join(packs, "core", name), "wb") as file:
                    file.write(content)
                done = command("pack", "check", packs, timeout=20)
                self.assertGreater(done.returncode, 0, (content[:20], done.stdout, done.stderr))
            self.assertGreater(command("pack", "check", os.path.join(directory, "nowhere")).returncode, 0)


class FullDisk(unittest.TestCase):
    """A disk that fills up: 503, nothing half-done, and it goes on when there is room again."""

    def setUp(self):
        self.mount = tempfile.mkdtemp(prefix="anlan-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", self.mount], capture_output=True)
        self.small_disk = done.returncode == 0
        self.addCleanup(shutil.rmtree, self.mount, ignore_errors=True)
        if self.small_disk:
            self.addCleanup(subprocess.run, ["umount", "-l", self.mount])

    def fill(self, device, record):
        """Sends noise that does not compress until the server says that it is full; gives the answer."""
        generator = random.Random(5)
        for batch in range(4000):
            base = T0 + 10_000_000 + batch * 2_000_000
            lines = [f"A.T1 value={generator.uniform(0, 100)!r} {base + i * 7 + generator.randrange(7)}" for i in range(5000)]
            answer = device.write(lines)
            if answer.status != 204:
                return answer
            record.append((base, len({line.rsplit(" ", 1)[1] for line in lines})))
        self.fail("the disk never filled")

    def test_full_then_room_again(self):
        limit = None
        if not self.small_disk:  # not root: a limit on the size of files stands in for the disk
            def limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (24 << 20, 24 << 20))
        with World(parent=self.mount, preexec=limit) as world:
            server, device, acknowledged = world.server, world.device(), []
            county = server.client("county-a")
            ballast = os.path.join(self.mount, "ballast")
            if self.small_disk:
                free = shutil.disk_usage(self.mount).free
                with open(ballast, "wb") as file:
                    file.write(bytes(max(0, free - (16 << 20))))
            answer = self.fill(device, acknowledged)
            self.assertEqual(answer.status, 503, answer)
            with self.subTest("the error says that the disk is full"):
                self.assertIn(answer.json["id"], ("store.full",) if self.small_disk else ("store.full", "store.failed"), answer)
            with self.subTest("and when to come again"):
                self.assertTrue(answer.headers.get("Retry-After"), answer.headers)
            self.assertTrue(answer.json["hint"])
            self.assertTrue(acknowledged)

            # records of people are refused just as clearly, and leave no half
            tried, refused = 0, None
            while refused is None and tried < 3000:
                tried += 1
                done = county.post("/api/records/hazard", {"title": f"满盘 {tried}", "description": "述" * 3900, "enterprise": "PLANT-A",
                                                           "source": "inspection", "grade": "general"})
                refused = done if done.status != 201 else None
            self.assertIsNotNone(refused, "records are taken on a full disk without end")
            self.assertEqual(refused.status, 503, refused)
            self.assertEqual(Client(server).get("/healthz").status, 200)

            if self.small_disk:
                os.unlink(ballast)
                wait_for(lambda: device.write(f"A.P1 value=1 {T0}").status == 204, 60, "it does not go on when there is room again")
                done = county.post("/api/records/hazard", {"title": "有空间", "enterprise": "PLANT-A", "source": "inspection", "grade": "general"})
                self.assertEqual(done.status, 201, done)
                server.kill()
                server.start()
            else:
                server.kill()
                server.preexec = None
                server.start()
            county = server.client("county-a")
            server.settle()
            for base, count in acknowledged:
                self.assertEqual(len(county.history("A.T1", base, base + 2_000_000)), count, base)
            titles = [r["title"] for r in county.all("hazard")]
            self.assertEqual(len(titles), len(set(titles)))
            self.assertNotIn(f"满盘 {tried}", titles)
            server.stop()
            verified = world.verify()
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


if __name__ == "__main__":
    harness.main()
