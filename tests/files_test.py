"""Files over HTTP: what is taken, who may fetch it, how it is given out, and what hostile senders get for their trouble."""

import concurrent.futures
import glob
import os
import struct
import unittest
import urllib.parse
import zlib

import harness
from harness import Client, World, WorldTest, command, command_ok, raw_exchange


def png(width=40, height=20, claim=None):
    """A whole PNG; `claim`: another size in its header."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + bytes([200, 30, 30]) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", *(claim or (width, height)), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def send(client, body, name="罐区.png", type_=None):
    headers = {"X-File-Name": urllib.parse.quote(name)}
    if type_:
        headers["Content-Type"] = type_
    return client.call("POST", "/api/files", body, headers)


def sent(client, body, **more):
    answer = send(client, body, **more)
    if answer.status != 201:
        raise AssertionError(f"upload: {answer}")
    return answer.json


def hazard(client, *files):
    return client.create("hazard", title="法兰渗漏", enterprise="PLANT-A", source="selfcheck", grade="general",
                         photos=[{"file": file["file"]} for file in files])


def stored(data):
    return glob.glob(os.path.join(data, "files", "??", "*"))


class Files(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {login: cls.server.client(login) for login in ("safety-a", "county-a", "county-b", "safety-b", "operator-a", "admin")}
        cls.me = cls.people["safety-a"]

    def test_a_file_goes_round(self):
        body = png()
        file = sent(self.me, body, type_="image/png")
        self.assertEqual((file["media"], file["size"], file["name"]), ("image/png", len(body), "罐区.png"))
        record = hazard(self.me, file)
        self.assertEqual(record["photos"], [file])
        answer = self.people["county-a"].get("/api/files/" + file["file"])
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertEqual(answer.headers["Content-Type"], "image/png")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])
        self.assertIn("filename*=UTF-8''" + urllib.parse.quote("罐区.png"), answer.headers["Content-Disposition"])
        self.assertTrue(answer.headers["Content-Disposition"].startswith("attachment;"))
        small = self.me.get(f"/api/files/{file['file']}/thumbnail", size=16)
        self.assertEqual((small.status, small.headers["Content-Type"], small.body[:3]), (200, "image/jpeg", b"\xff\xd8\xff"))
        entry = self.me.journal("hazard", record["id"])[0]
        self.assertEqual(entry["diff"]["photos"], [None, [file]])

    def test_who_may_fetch(self):
        file = sent(self.me, png(31, 7))
        path = "/api/files/" + file["file"]
        self.assertEqual(self.me.get(path).status, 200)
        for login in ("county-a", "safety-b", "admin"):
            self.assertProblem(self.people[login].get(path), 404, "record.unknown")
        stolen = self.people["safety-b"].post("/api/records/hazard", {"title": "x", "enterprise": "PLANT-B", "source": "selfcheck",
                                                                      "grade": "general", "photos": [{"file": file["file"]}]})
        self.assertProblem(stolen, 422, "field.ref", "photos")
        hazard(self.me, file)
        for login, status in (("county-a", 200), ("admin", 200), ("county-b", 404), ("safety-b", 404), ("operator-a", 404)):
            for way in ("", "/thumbnail"):
                self.assertEqual(self.people[login].get(path + way).status, status, f"{login} {way}")
        self.assertProblem(Client(self.server).get(path), 401, "session.required")
        for guess in ("0" * 26, "..%2f..%2frecords.db", "%00", "a" * 3000):
            self.assertIn(self.me.get("/api/files/" + guess).status, (400, 404, 414, 431))

    def test_what_is_refused(self):
        photo = png()
        for name, body, type_ in (
            ("cut off", photo[:-5], None), ("with a tail", photo + b"<script>alert(1)</script>", None),
            ("another type", photo, "text/html"), ("another picture", photo, "image/jpeg"), ("a program", b"\x7fELF\2\1\1\0" * 50, None),
            ("a script of bytes", b"MZ\x90\0" * 20, "image/png"), ("an archive", b"PK\5\6" + b"\0" * 18, None),
            ("a GIF", b"GIF89a" + b"\0" * 30, "image/gif"), ("SVG as a picture", b"<svg onload='x'/>", "image/svg+xml"), ("nothing", b"", None),
            ("not UTF-8", "隐患".encode("gb18030"), "text/plain"),
        ):
            with self.subTest(name):
                self.assertProblem(send(self.me, body, type_=type_), 415, "file.kind")

    def test_names_are_only_names(self):
        for name, kept in (("../../../etc/passwd", "passwd.png"), ("C:\\x\\y.png", "y.png"), ("a\r\nX-Evil: 1.png", "aX-Evil 1.png"), ("", "file.png")):
            file = sent(self.me, png(), name=name)
            self.assertEqual(file["name"], kept)
            answer = self.me.get("/api/files/" + file["file"])
            self.assertNotIn("X-Evil", answer.headers)
        page = sent(self.me, b"<html><script>alert(1)</script></html>", name="a.html", type_="text/plain")
        self.assertEqual(page["name"], "a.html.txt")
        self.assertEqual(self.me.get("/api/files/" + page["file"]).headers["Content-Type"], "text/plain; charset=utf-8")

    def test_huge_claims(self):
        head = f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\nContent-Length: {10**13}\r\n\r\n"
        self.assertIn(b" 413 ", raw_exchange(self.server.port, head.encode())[0][:20])
        bomb = sent(self.me, png(claim=(60000, 60000)))  # may be kept, is not drawn
        self.assertProblem(self.me.get(f"/api/files/{bomb['file']}/thumbnail"), 415, "file.kind")
        self.assertProblem(self.me.get(f"/api/files/{bomb['file']}/thumbnail", size=10**9), 422, "field.range", "size")

    def test_limits_of_the_field(self):
        text = sent(self.me, "说明".encode(), name="a.txt")
        answer = self.me.post("/api/records/hazard", {"title": "x", "enterprise": "PLANT-A", "source": "selfcheck", "grade": "general",
                                                      "photos": [{"file": text["file"]}]})
        self.assertProblem(answer, 422, "field.format", "photos")
        large = sent(self.me, png() [:-12] + struct.pack(">I", 21_000_000) + b"teXt" + b"x" * 21_000_000 + b"crc!" + png()[-12:])
        answer = self.me.post("/api/records/hazard", {"title": "x", "enterprise": "PLANT-A", "source": "selfcheck", "grade": "general",
                                                      "photos": [{"file": large["file"]}]})
        self.assertProblem(answer, 422, "field.range", "photos")

    def test_memory_does_not_grow_with_a_body(self):
        sent(self.me, png())
        before = self.server.memory_kib()
        body = b"x" * 80_000_000
        for _ in range(3):
            sent(self.me, body, name="log.txt")
        self.assertLess(self.server.memory_kib() - before, 60_000)
        self.assertProblem(send(self.me, b"x" * 100_000_001), 413, "body.too_large")


class Life(unittest.TestCase):
    def test_a_thousand_uploads(self):
        with World() as world:
            me = world.server.client("safety-a")

            def one(i):
                client = Client(world.server, token=me.token)
                answer = send(client, png(3, 3) if i % 2 else f"行 {i}".encode(), name=f"{i}.txt")
                client.close()
                return answer.status

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                statuses = list(pool.map(one, range(1000)))
            self.assertEqual(set(statuses), {201})
            self.assertEqual(send(me, png()).status, 429)
            self.assertEqual(len(stored(world.data)), 501)

    def test_backup_verify_and_damage(self):
        with World() as world:
            me = world.server.client("safety-a")
            file = sent(me, png(64, 64))
            record = hazard(me, file)
            copy = os.path.join(world.directory, "copy")
            postgres = os.environ.get("ANLAN_TEST_DATABASE")
            if postgres:
                self.assertEqual(command("backup", copy, data=world.data).returncode, 1)
            else:
                command_ok("backup", copy, data=world.data)
            self.assertEqual([os.path.basename(path) for path in stored(copy)], [file["hash"]])
            world.server.stop()
            self.assertIn("1 files whole", world.verify().stdout)
            if not postgres:
                self.assertEqual(command("verify", data=copy).returncode, 0)
            path = stored(world.data)[0]
            os.chmod(path, 0o600)
            with open(path, "r+b") as content:
                content.seek(30)
                content.write(b"\xff")
            done = world.verify()
            self.assertEqual(done.returncode, 1)
            self.assertIn("verify.broken", done.stderr)
            self.assertIn(record["id"], done.stderr)
            os.remove(path)
            self.assertEqual(world.verify().returncode, 1)
            os.link(stored(copy)[0], path)
            self.assertEqual(world.verify().returncode, 0)

    def test_what_is_used_survives_a_kill(self):
        with World() as world:
            me = world.server.client("safety-a")
            files = [sent(me, png(10, i + 1)) for i in range(10)]
            for file in files:
                hazard(me, file)
            world.server.kill()
            world.server.start()
            me = world.server.client("safety-a")
            for i, file in enumerate(files):
                self.assertEqual(me.get("/api/files/" + file["file"]).body, png(10, i + 1))
            world.server.stop()
            self.assertEqual(world.verify().returncode, 0)


if __name__ == "__main__":
    harness.main()
