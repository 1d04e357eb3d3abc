"""What only admins may do over HTTP, passwords of one's own, the journal of an enterprise, and photos that guests send."""

import struct
import unittest
import zlib

import harness
from harness import World, command

PLACE = b"N31.70 E119.95"


def png(width=40, height=30):
    """A PNG with words of its own, as cameras add them."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\x80\x20\x20" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"Comment\0" + PLACE) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(server_options=["--rate", "photo=6/h:3", "--rate", "guest=off"])
        cls.addClassCleanup(cls.world.__exit__)
        cls.server = cls.world.server
        cls.server.start()
        cls.admin = cls.server.client("admin")
        cls.login, (role, _, _) = next((login, user) for login, user in harness.USERS.items() if user[0] == "county_inspector")
        cls.inspector = cls.server.client(cls.login)

    def test_1_a_password_for_one_log_in_must_be_changed(self):
        self.assertEqual(self.inspector.post(f"/api/users/{self.login}/password", {}).status, 403)
        answer = self.admin.post(f"/api/users/{self.login}/password", {})
        self.assertEqual(answer.status, 201, answer)
        once = answer.json["password"]
        self.assertEqual(self.inspector.get("/api/session").status, 401, "former sessions end")
        client = harness.Client(self.server)
        client.token = client.post("/api/session", {"login": self.login, "password": once}).json["token"]
        self.assertTrue(client.get("/api/session").json["password_once"])
        self.assertEqual(client.get("/api/todo").json["id"], "session.password_once")
        for old, new, field in ((once, self.login + "-2026", "password"), (once, "aaaaaaaa", "password"), ("wrong-one-1", "tall-green-7", "old")):
            refused = client.post("/api/session/password", {"old": old, "password": new})
            self.assertEqual((refused.status, refused.json["field"]), (422, field))
        changed = client.post("/api/session/password", {"old": once, "password": "tall-green-7"})
        self.assertEqual(changed.status, 201, changed)
        client.token = changed.json["token"]
        self.assertNotIn("password_once", client.get("/api/session").json)
        self.assertEqual(client.get("/api/todo").status, 200)
        type(self).inspector = client

    def test_2_tokens_of_gateways(self):
        self.assertEqual(self.inspector.get("/api/devices/tokens").status, 403)
        token = self.admin.post("/api/devices/GW-A/tokens", {}).json["token"]
        self.assertEqual(len(token), 43)
        held = {one["device"]: one["tokens"] for one in self.admin.get("/api/devices/tokens").json["items"]}
        self.assertEqual(held["GW-A"], 2)
        self.assertEqual(self.admin.post("/api/devices/NONE/tokens", {}).status, 404)
        self.assertEqual(self.admin.call("DELETE", "/api/devices/GW-A/tokens").status, 204)
        held = {one["device"] for one in self.admin.get("/api/devices/tokens").json["items"]}
        self.assertNotIn("GW-A", held)

    def test_3_the_journal_has_it_and_keeps_to_the_sight_of_who_asks(self):
        acts = [entry["action"] for entry in self.admin.get("/api/journal", action="key").json["items"]]
        self.assertEqual(sorted(acts), ["key:password", "key:revoke", "key:token"])
        self.assertEqual(self.inspector.get("/api/journal", type="user").json["items"], [])
        page = self.admin.get("/api/journal", enterprise="PLANT-A", limit="1").json
        older = self.admin.get("/api/journal", enterprise="PLANT-A", limit="1", before=str(page["next"])).json
        self.assertLess(older["items"][0]["seq"], page["items"][0]["seq"])
        self.assertEqual(self.inspector.get("/api/system").status, 403)
        self.assertGreater(self.admin.get("/api/system").json["entries"], 0)

    def test_4_photos_of_guests_are_drawn_anew_and_few(self):
        guest = harness.Client(self.server)
        sent = guest.call("POST", "/api/public/files", png(), {"Content-Type": "image/png"})
        self.assertEqual((sent.status, sent.json["media"], sent.json["name"]), (201, "image/jpeg", "photo.jpg"), sent)
        bad = guest.call("POST", "/api/public/files", b"%PDF-1.4 not a photo", {"Content-Type": "image/png"})
        self.assertEqual(bad.status, 415)
        uses = [{"file": sent.json["file"]}] * 4
        many = guest.post("/api/public/tip", {"photos": uses})
        self.assertEqual((many.status, many.json["field"]), (422, "photos"))
        answers = [guest.call("POST", "/api/public/files", png(), {"Content-Type": "image/png"}).status for _ in range(3)]
        self.assertIn(429, answers)

    def test_5_the_journal_verifies(self):
        self.server.stop()
        verified = command("verify", data=self.server.data)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


if __name__ == "__main__":
    harness.main()
