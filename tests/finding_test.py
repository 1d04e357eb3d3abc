"""Finding: search, facets, boxes and export over HTTP, with hostile input and within everybody's scope."""

import concurrent.futures
import csv
import io
import re
import unittest
import zipfile

import harness
from harness import WorldTest

HOSTILE = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "a,b\r\nc", "say \"x\"", "粉尘爆炸"]


class Finding(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {login: cls.server.client(login) for login in ("county-a", "county-b", "province", "operator-a")}
        for letter in "AB":
            for title in HOSTILE:
                cls.clients[f"county-{letter.lower()}"].create(
                    "hazard", title=title, description=f"SECRET-{letter} 除尘器", enterprise=f"PLANT-{letter}", source="inspection",
                    grade="general", funds_wan=1.5)

    def found(self, login, text, **query):
        answer = self.clients[login].get("/api/records/hazard", q=text, count=1, **query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["count"]

    def test_search_in_scope(self):
        self.assertEqual(self.found("county-a", "粉尘"), 1)
        self.assertEqual(self.found("province", "粉尘"), 2)
        self.assertEqual(self.found("county-a", "SECRET-B"), 0)
        self.assertEqual(self.found("county-a", "除尘"), len(HOSTILE))
        self.assertEqual(self.found("county-a", "除尘 粉尘"), 1)

    def test_hostile_search(self):
        for text in ('"', "'", "*", "粉尘\"*", "NEAR(a b)", "a OR b", "words : x", "type:user", "^a", "-a", "{a}", "\\", "%00", "\x01", "((((",
                     "x" * 5000, "粉" * 3000, " ".join("粉" for _ in range(1000)), "😀", "\u202e", "'; DROP TABLE r_hazard; --"):
            answer = self.clients["county-a"].get("/api/records/hazard", q=text, count=1)
            self.assertEqual(answer.status, 200, (text[:20], answer))
        self.assertEqual(self.found("county-a", "粉尘"), 1)

    def test_facets_in_scope(self):
        def facet(login, name, **query):
            answer = self.clients[login].get("/api/records/hazard", facets=name, **query)
            self.assertEqual(answer.status, 200, answer)
            return {item["value"]: item["count"] for item in answer.json["facets"][name]}

        self.assertEqual(facet("county-a", "enterprise"), {"PLANT-A": 7})
        self.assertEqual(facet("province", "enterprise"), {"PLANT-A": 7, "PLANT-B": 7})
        self.assertEqual(facet("province", "state", q="粉尘"), {"reported": 2})
        self.assertEqual(facet("province", "kind", filter="grade = 'major'"), {})
        for name in ("title", "_region", "x; DROP TABLE r_hazard", ",", ",".join(["state"] * 9)):
            answer = self.clients["province"].get("/api/records/hazard", facets=name)
            self.assertIn(answer.status, (400, 422), (name, answer))

    def test_bad_numbers_are_refused(self):
        for query in ({"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"count": "2"}, {"bbox": "1,2"}, {"format": "exe"}):
            self.assertIn(self.clients["province"].get("/api/records/hazard", **query).status, (400, 422), query)

    def rows(self, login, **query):
        answer = self.clients[login].get("/api/records/hazard", format="csv", sort="number", **query)
        self.assertEqual(answer.status, 200, answer)
        self.assertRegex(answer.headers["Content-Disposition"], r'attachment; filename="hazard-\d{4}-\d\d-\d\d\.csv"')
        self.assertTrue(answer.body.startswith(b"\xef\xbb\xbf"))
        return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))

    def test_csv(self):
        rows = self.rows("county-a")
        self.assertEqual([row["隐患名称"].lstrip("'") for row in rows], HOSTILE)
        self.assertFalse([row for row in rows if re.match(r"[=+\-@\t\r]", row["隐患名称"])])
        self.assertEqual({(row["状态"], row["等级"], row["所属企业"], row["所属企业（名称）"], row["整改资金/万元"]) for row in rows},
                         {("待核实", "一般隐患", "PLANT-A", "甲化工厂", "1.5")})
        self.assertEqual(len(self.rows("province")), 14)
        self.assertEqual(len(self.rows("province", q="粉尘")), 2)
        self.assertEqual(len(self.rows("province", limit=1)), 14)
        self.assertEqual(self.rows("province", filter="grade = 'major'"), [])
        operator = self.clients["operator-a"].get("/api/records/hazard", format="csv")
        self.assertEqual((operator.status, operator.json["id"]), (404, "type.unknown"))

    def test_xlsx(self):
        answer = self.clients["county-a"].get("/api/records/hazard", format="xlsx")
        self.assertEqual(answer.status, 200, answer)
        with zipfile.ZipFile(io.BytesIO(answer.body)) as book:
            self.assertIsNone(book.testzip())
            page = book.read("xl/worksheets/sheet1.xml").decode()
        self.assertNotIn("<f>", page)
        self.assertIn("粉尘爆炸", page)
        self.assertIn("=HYPERLINK", page)
        self.assertNotIn("SECRET-B", page)

    def test_many_exports_at_once_are_bounded(self):
        token = self.clients["province"].token

        def export(_):
            return self.server.client(token=token).get("/api/records/hazard", format="xlsx").status

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(export, range(64)))
        self.assertLessEqual(set(statuses), {200, 503})
        self.assertIn(200, statuses)
        self.assertEqual(export(0), 200)


if __name__ == "__main__":
    harness.main()
