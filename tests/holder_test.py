"""Moves by receipt: the holder of a code adds to what he filed, without a log-in; nobody else does, and codes are not to be guessed."""

import secrets
import unittest

import harness
from files_test import png
from harness import Client, World, add_user

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK = ALPHABET + "*~$=U"


def made_up_code():
    """A code that is well formed and was never given."""
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(19))
        rest = 0
        for letter in body:
            rest = (rest * 32 + ALPHABET.index(letter)) % 37
        if rest < 32:
            return body + CHECK[rest]


class Holders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # counted, but so that the tests of this class fit
        cls.world = World(server_options=["--rate", "guest=600/h:60", "--rate", "receipt=600/h:400", "--rate", "photo=600/h:60"])
        add_user("tips-a", "county_tips", cls.world.data, region="320411")
        cls.server = cls.world.server.start()
        cls.guest, cls.tips = Client(cls.server), cls.server.client("tips-a")
        cls.kind = cls.guest.get("/api/public/types").json["codes"]["tip_kind"]["items"][0]["code"]

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def file(self, **more):
        answer = self.guest.post("/api/public/tip", {"title": "违规动火", "kind": self.kind, "description": "夜间动火无票", "region": "320411", **more})
        self.assertEqual(answer.status, 201, answer)
        record = next(t for t in self.tips.all("tip") if t["number"] == answer.json["number"])
        return answer.json["receipt"]["code"], record

    def move(self, code, move, comment=None, headers=None, **fields):
        body = {"fields": fields}
        if comment is not None:
            body["comment"] = comment
        return self.guest.call("POST", f"/api/receipts/{code}/moves/{move}", body, headers)

    def test_words_and_photos_are_added(self):
        code, record = self.file()
        seen = self.guest.get(f"/api/receipts/{code}").json
        self.assertEqual([m["name"] for m in seen["moves"]], ["add"])
        self.assertEqual([f["name"] for f in seen["moves"][0]["fields"]], ["supplement", "supplement_photos"])
        photos = [self.guest.call("POST", "/api/public/files", png(40 + n), {"Content-Type": "image/png"}).json["file"] for n in range(2)]
        first = self.move(code, "add", supplement="还有第二处", supplement_photos=[{"file": photos[0]}])
        self.assertEqual(first.status, 200, first)
        second = self.move(code.lower().replace("-", " ").replace(" ", ""), "add", supplement="今晚又动火", supplement_photos=[{"file": photos[1]}])
        self.assertEqual(second.status, 200, second)
        self.assertEqual(second.json["shows"]["supplements"], "还有第二处 ‖ 今晚又动火")
        now = self.tips.record("tip", record["id"])
        self.assertEqual([p["file"] for p in now["supplement_photos"]], photos, "later photos do not take the former away")
        entries = self.tips.journal("tip", record["id"])
        self.assertEqual([(e["actor"], e["action"]) for e in entries[1:]], [("receipt", "move:add")] * 2)
        self.assertTrue(all(not e.get("role") for e in entries[1:]))
        self.assertTrue(any("补充" in n["title"] for n in self.tips.get("/api/notices").json["items"]))

    def test_what_is_not_his_is_refused(self):
        code, record = self.file()
        before = self.tips.record("tip", record["id"])
        for move, fields, status, id_ in (
                ("accept", {}, 404, "move.unknown"), ("close", {}, 404, "move.unknown"), ("nothing", {}, 404, "move.unknown"),
                ("content", {}, 409, "move.state"), ("add", {}, 422, "field.required"), ("add", {"supplement": "x", "title": "y"}, 422, "field.not_accepted"),
                ("add", {"supplement": "x", "reporter": "张三"}, 422, "field.not_accepted"), ("add", {"supplement": "长" * 2001}, 422, None),
                ("add", {"supplement": 7}, 422, "field.kind"), ("add", {"supplement": "x", "supplement_photos": [{"file": "../../etc/passwd"}]}, 422, None),
                ("add", {"supplement": "x", "supplement_photos": [{"file": "a"}] * 4}, 422, "field.range")):
            answer = self.move(code, move, **fields)
            self.assertEqual(answer.status, status, (move, fields, answer))
            if id_:
                self.assertEqual(answer.json["id"], id_, (move, fields, answer))
        self.assertEqual(self.move(code, "add", comment="长" * 2001, supplement="x").status, 422)
        for body in (b"[]", b"{", b'{"fields": []}', b'{"fields": {}, "version": 1}', b'{"fields": {"supplement": "\xff"}}'):
            answer = self.guest.call("POST", f"/api/receipts/{code}/moves/add", body, {"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 422), (body, answer))
        self.assertEqual(self.tips.record("tip", record["id"])["version"], before["version"])
        declined = self.tips.move(before, "decline", decline_reason=self.codes("tip_refusal"), feedback="不属实")
        self.assertEqual(self.move(code, "add", supplement="x").json["id"], "move.state")
        self.assertEqual(self.guest.get(f"/api/receipts/{code}").json["moves"], [])
        self.assertEqual(self.tips.record("tip", record["id"])["version"], declined["version"])

    def codes(self, name):
        return self.tips.get("/api/types").json["codes"][name]["items"][0]["code"]

    def test_a_code_that_was_never_given(self):
        self.file()
        answers = [self.guest.get(f"/api/receipts/{c}") for c in (made_up_code(), "x", "7K3QF-0XW2M-9TEHC-V41PB", "%00", "a" * 300)]
        answers += [self.move(made_up_code(), "add", supplement="x"), self.move("x", "add", supplement="x"), self.move(made_up_code(), "nothing")]
        self.assertEqual({(a.status, a.json["id"]) for a in answers}, {(404, "receipt.unknown")}, answers)

    def test_a_lost_answer_adds_once(self):
        code, record = self.file()
        key = {"Idempotency-Key": secrets.token_hex(16)}
        both = [self.move(code, "add", headers=key, supplement="一次") for _ in range(2)]
        self.assertEqual([a.status for a in both], [200, 200], both)
        self.assertEqual(self.tips.record("tip", record["id"])["supplements"], "一次")


class Guessing(unittest.TestCase):
    def test_looks_and_moves_are_counted_whether_right_or_wrong(self):
        with World() as world:
            guest = Client(world.server)
            answers = [guest.get(f"/api/receipts/{made_up_code()}") for _ in range(80)]
            known = {a.status for a in answers}
            self.assertEqual(known, {404, 429})
            self.assertLessEqual(sum(a.status == 404 for a in answers), 62)
            self.assertTrue(answers[-1].headers.get("Retry-After"))
            moves = [guest.call("POST", f"/api/receipts/{made_up_code()}/moves/add", {"fields": {"supplement": "x"}}) for _ in range(20)]
            self.assertLessEqual(sum(a.status == 404 for a in moves), 11)
            self.assertEqual(moves[-1].status, 429, "also from this machine, and right codes are counted like wrong ones")


if __name__ == "__main__":
    harness.main()
