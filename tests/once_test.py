"""Asked twice, done once: the header Idempotency-Key, also when the answer is lost or the server is killed before it is sent."""

import contextlib
import os
import secrets
import sqlite3
import threading
import time
import unittest

import harness
from files_test import png
from harness import Client, World, WorldTest

HAZARD = {"title": "法兰渗漏", "enterprise": "PLANT-A", "source": "inspection", "grade": "general"}
KEY = "Idempotency-Key"


def new_key():
    return secrets.token_hex(16)


class Once(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.county, cls.other = cls.server.client("county-a"), cls.server.client("county-b")

    def count(self):
        return self.county.get("/api/records/hazard", count=1).json["count"]

    def test_the_same_again_is_answered_and_not_done(self):
        key, before = new_key(), self.count()
        first = self.county.post("/api/records/hazard", HAZARD, **{KEY: key})
        again = self.county.post("/api/records/hazard", HAZARD, **{KEY: key})
        self.assertEqual((first.status, again.status), (201, 201), (first, again))
        self.assertEqual(first.json, again.json)
        self.assertEqual((first.headers.get("Idempotency-Replayed"), again.headers.get("Idempotency-Replayed")), (None, "true"))
        self.assertEqual(self.count(), before + 1)
        self.county.post("/api/records/hazard", HAZARD)
        self.county.post("/api/records/hazard", HAZARD)
        self.assertEqual(self.count(), before + 3, "without a key each is one of its own")

    def test_another_body_or_address_is_refused(self):
        key = new_key()
        made = self.county.post("/api/records/hazard", HAZARD, **{KEY: key})
        self.assertEqual(made.status, 201, made)
        self.assertProblem(self.county.post("/api/records/hazard", {**HAZARD, "title": "x"}, **{KEY: key}), 422, "request.key_reused", KEY)
        self.assertProblem(self.county.post("/api/records/enterprise", HAZARD, **{KEY: key}), 422, "request.key_reused", KEY)
        mine = self.other.post("/api/records/hazard", {**HAZARD, "enterprise": "PLANT-B"}, **{KEY: key})
        self.assertEqual(mine.status, 201, "keys are each user's own")
        self.assertNotEqual(mine.json["id"], made.json["id"])

    def test_what_was_refused_may_be_mended_under_the_same_key(self):
        key = new_key()
        self.assertEqual(self.county.post("/api/records/hazard", {**HAZARD, "title": ""}, **{KEY: key}).status, 422)
        self.assertEqual(self.county.post("/api/records/hazard", HAZARD, **{KEY: key}).status, 201)

    def test_keys_are_checked(self):
        for bad in ("short", "x" * 201, "sixteen chars here", ""):
            self.assertProblem(self.county.post("/api/records/hazard", HAZARD, **{KEY: bad}), 400, "request.invalid", KEY)

    def test_twenty_at_once_make_one(self):
        key, before, answers = new_key(), self.count(), []
        def press():
            client = Client(self.server, token=self.county.token)
            answers.append(client.post("/api/records/hazard", HAZARD, **{KEY: key}).json["id"])
            client.close()
        threads = [threading.Thread(target=press) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(answers), len(set(answers)), self.count()), (20, 1, before + 1))

    def test_moves_points_uploads_imports(self):
        hazard = self.county.create("hazard", **HAZARD)
        path, key = f"/api/records/hazard/{hazard['id']}/moves/assign", new_key()
        headers = {KEY: key, "If-Match": f'"{hazard["version"]}"'}
        moves = [self.county.post(path, {"fields": {"owner": "张三", "due": harness.day_after(3)}}, **headers) for _ in range(2)]
        self.assertEqual([m.status for m in moves], [200, 200], moves)
        self.assertEqual(moves[0].json, moves[1].json)
        self.assertEqual(len(self.county.journal("hazard", hazard["id"])), 2)
        safety, key = self.server.client("safety-a"), new_key()
        point = {"code": "A.O1", "name": "x", "enterprise": "PLANT-A", "measure": "other"}
        points = [safety.post("/api/records/point", point, **{KEY: key}) for _ in range(2)]
        self.assertEqual([p.status for p in points], [201, 201], points)
        key = new_key()
        files = [self.county.call("POST", "/api/files", png(), {"X-File-Name": "a.png", KEY: key}) for _ in range(2)]
        self.assertEqual(files[0].json["file"], files[1].json["file"], files)
        self.assertEqual(self.county.call("POST", "/api/files", png(41), {"X-File-Name": "a.png", KEY: key}).status, 422)
        key, table = new_key(), "title,enterprise,source,grade\n导入,PLANT-A,inspection,general\n"
        imports = [self.county.call("POST", "/api/records/hazard/import", table, {"Content-Type": "text/csv", KEY: key}) for _ in range(2)]
        self.assertEqual([i.json.get("created") for i in imports], [1, 1], imports)
        dry = self.county.call("POST", "/api/records/hazard/import?dry_run=true", table, {"Content-Type": "text/csv", KEY: key})
        self.assertEqual(dry.status, 422, "a trial is something else")

    def test_a_guest_is_given_his_receipt_again_and_the_database_cannot_read_it(self):
        guest, key = Client(self.server), new_key()
        tip = {"title": "违规动火", "kind": self.tip_kind(), "description": "夜间动火无票", "region": "320411"}
        filed = [guest.post("/api/public/tip", tip, **{KEY: key}) for _ in range(2)]
        self.assertEqual([f.status for f in filed], [201, 201], filed)
        self.assertEqual(filed[0].json["receipt"]["code"], filed[1].json["receipt"]["code"])
        self.assertEqual(filed[0].json["number"], filed[1].json["number"])
        for name in ("records.db", "records.db-wal"):
            try:
                with open(f"{self.world.data}/{name}", "rb") as file:
                    kept = file.read()
            except FileNotFoundError:
                continue
            self.assertNotIn(filed[0].json["receipt"]["code"].encode(), kept)
            self.assertNotIn(key.encode(), kept)

    def tip_kind(self):
        codes = Client(self.server).get("/api/public/types").json["codes"]
        return codes["tip_kind"]["items"][0]["code"]


class Lost(unittest.TestCase):
    """The answer does not come: the connection breaks, or the server is killed behind the commit or before it."""

    def test_killed_at_any_moment(self):
        with World() as world:
            county = world.server.client("county-a")
            for round_ in range(8):
                key, title = new_key(), f"第 {round_} 次"
                client, got = Client(world.server, token=county.token), []

                def send():
                    try:
                        got.append(client.post("/api/records/hazard", {**HAZARD, "title": title}, **{KEY: key}))
                    except OSError:
                        pass
                    except Exception as problem:  # http.client tells a broken answer in several ways
                        got.append(problem)

                thread = threading.Thread(target=send)
                thread.start()
                if round_ % 2:  # behind the commit: somebody else sees it already
                    harness.wait_for(lambda: county.get("/api/records/hazard", filter=f"title = '{title}'").json["items"], 20)
                else:
                    time.sleep(0.0005 * round_)
                world.server.kill()
                thread.join()
                world.server.start()
                answer = county.post("/api/records/hazard", {**HAZARD, "title": title}, **{KEY: key})
                self.assertEqual(answer.status, 201, answer)
                there = county.get("/api/records/hazard", filter=f"title = '{title}'").json["items"]
                self.assertEqual([h["id"] for h in there], [answer.json["id"]])
                if round_ % 2:
                    self.assertEqual(answer.headers.get("Idempotency-Replayed"), "true")
                if got and isinstance(got[0], harness.Answer):
                    self.assertEqual(got[0].json["id"], answer.json["id"])
            world.server.stop()
            self.assertEqual(world.verify().returncode, 0)

    def test_keys_lapse(self):
        with World(server_options=["--once-hours", "1"]) as world:
            county, key = world.server.client("county-a"), new_key()
            first = county.post("/api/records/hazard", HAZARD, **{KEY: key})
            self.assertEqual(county.post("/api/records/hazard", HAZARD, **{KEY: key}).json["id"], first.json["id"])
            if os.environ.get("ANLAN_TEST_DATABASE"):
                return  # the hour is put back in the file
            world.server.stop()
            with contextlib.closing(sqlite3.connect(f"{world.data}/records.db")) as database:
                database.execute("UPDATE once_keys SET at_ms = at_ms - 3600000")
                database.commit()
            world.server.start()
            later = county.post("/api/records/hazard", {**HAZARD, "title": "另一件"}, **{KEY: key})
            self.assertEqual(later.status, 201, later)
            self.assertNotEqual(later.json["id"], first.json["id"])


if __name__ == "__main__":
    harness.main()
