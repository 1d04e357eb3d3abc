"""Import of sheets: all or nothing, errors by row and column, what an export wrote comes back the same; hostile workbooks are refused."""

import csv
import io
import unittest
import zipfile
from xml.sax.saxutils import escape

import harness
from harness import WorldTest

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def letters(n):
    text = ""
    n += 1
    while n:
        text, n = chr(65 + (n - 1) % 26) + text, (n - 1) // 26
    return text


def cell(at, value):
    if isinstance(value, tuple):  # (attributes, inner XML)
        return f'<c r="{at}" {value[0]}>{value[1]}</c>'
    if isinstance(value, (int, float)):
        return f'<c r="{at}"><v>{value}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else ""


def sheet_xml(rows):
    lines = ["".join(cell(f"{letters(c)}{r + 1}", value) for c, value in enumerate(row)) for r, row in enumerate(rows)]
    body = "".join(f'<row r="{r + 1}">{line}</row>' for r, line in enumerate(lines))
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'


def workbook(rows, date1904=False, **parts):
    """Style 1 is a date. `parts` replace or add parts; None leaves one out."""
    files = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr date1904="{int(date1904)}"/>'
                           '<sheets><sheet name="数据" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/></numFmts>'
                         '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="2"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet_xml(rows) if rows else "",
    }
    files.update({name.replace("__", "/"): text for name, text in parts.items()})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in files.items():
            if text is not None:
                book.writestr(name, text)
    return out.getvalue()


class Import(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.county, cls.other, cls.admin = (cls.server.client(login) for login in ("county-a", "county-b", "admin"))

    def send(self, body, type_="hazard", client=None, **query):
        if isinstance(body, str):
            body = body.encode()
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return (client or self.county).call("POST", f"/api/records/{type_}/import?{text}", body, {"Content-Type": "application/octet-stream"})

    def count(self, client=None, type_="hazard"):
        return (client or self.county).get(f"/api/records/{type_}", count=1).json["count"]

    def good(self, body, **query):
        answer = self.send(body, **query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def refused(self, body, **query):
        before = self.count()
        answer = self.send(body, **query)
        self.assertEqual((answer.status, answer.json["id"]), (422, "import.refused"), answer)
        self.assertEqual(self.count(), before)
        return [(e["row"], e.get("column"), e.get("field"), e["id"]) for e in answer.json["errors"]]

    def test_titles_codes_and_dates(self):
        before = self.count()
        forms = ["2026-12-01", "2026/12/1", "2026.12.01", "2026年12月1日", "20261201", "46357"]
        text = "隐患名称*,所属企业,来源,Grade,整改期限,整改资金/万元\n" + "".join(
            f"法兰 {form},甲化工厂,执法检查,一般隐患,{form},\"1,234.5\"\n" for form in forms)
        dry = self.good(text, dry_run="true")
        self.assertEqual((dry["created"], dry["refused"], self.count()), (len(forms), 0, before))
        self.assertEqual([c["field"] for c in dry["columns"]], ["title", "enterprise", "source", "grade", "due", "funds_wan"])
        done = self.good(text)
        self.assertEqual((done["rows"], done["created"], self.count()), (len(forms), len(forms), before + len(forms)))
        for record in self.county.all("hazard", q="法兰"):
            self.assertEqual((record["due"], record["enterprise"], record["source"], record["grade"], record["funds_wan"]),
                             ("2026-12-01", "PLANT-A", "inspection", "general", 1234.5), record)
        again = self.send(text)
        self.assertEqual((again.status, again.json["id"], self.count()), (409, "import.again", before + len(forms)), again)
        self.assertIn("imported_before", self.good(text, dry_run="true"))
        self.assertEqual(self.good(text, again="true")["created"], len(forms))
        self.assertEqual(self.send(text.encode("gb18030"), dry_run="true").json["refused"], 0)

    def test_errors_by_row_and_column(self):
        text = ("title,enterprise,source,grade,due\n"
                "好,PLANT-A,inspection,general,2026-12-01\n"
                ",PLANT-A,inspection,general,\n"
                "坏,没有的企业,inspection,general,\n"
                "坏,PLANT-A,哪里,general,\n"
                "坏,PLANT-A,inspection,general,明天\n"
                "坏,PLANT-A,inspection,general,2026-02-30\n"
                "坏,PLANT-B,inspection,general,\n")
        self.assertEqual(self.refused(text), [
            (3, "A", "title", "field.required"), (4, "B", "enterprise", "field.ref"), (5, "C", "source", "field.code"),
            (6, "E", "due", "cell.value"), (7, "E", "due", "cell.value"), (8, None, None, "right.scope")])
        dry = self.good(text, dry_run="true")
        self.assertEqual((dry["refused"], dry["created"], len(dry["errors"])), (6, 1, 6))
        many = "title,enterprise,source,grade\n" + ",PLANT-A,inspection,general\n" * 300
        answer = self.send(many)
        self.assertEqual((answer.json["refused"], len(answer.json["errors"])), (300, 100))

    def test_head_row(self):
        for text, word in (("title,颜色\nx,y\n", "颜色"), ("title,隐患名称\nx,y\n", "隐患名称"), ("", "empty"), ("\n\n", "head")):
            answer = self.send(text)
            self.assertEqual((answer.status, answer.json["id"]), (400, "sheet.invalid"), (text, answer))
            self.assertIn(word, answer.json["detail_en"])
        self.assertEqual(self.send("title\n" + "x\n" * 10001).json["id"], "sheet.invalid")
        self.assertEqual(self.send("x\n1\n", type_="dragon").status, 404)
        self.assertEqual(self.send("title\nx\n", mode="all").status, 400)
        self.assertEqual(self.send("title\nx\n", dry_run="1").status, 400)

    def test_keys_regions_and_modes(self):
        def ask(text, **query):
            return self.send(text, type_="enterprise", client=self.admin, **query)

        rows = "code,name,所在县区,行业领域,place_lon,place_lat\nIMP-1,进口一厂,{},chemical,119.9,31.8\n"
        region = self.admin.record("enterprise", "PLANT-A")["region"]
        name = self.admin.record("region", region)["name"]
        self.assertEqual(ask(rows.format(name), mode="update").status, 422)
        self.assertEqual(ask(rows.format(name)).json["created"], 1)
        record = self.admin.record("enterprise", "IMP-1")
        self.assertEqual((record["region"], record["place"]), (region, {"lon": 119.9, "lat": 31.8}))
        self.assertEqual(ask(rows.format(name), mode="create", again="true").json["errors"][0]["id"], "record.exists")
        self.assertEqual(ask(rows.format(region), again="true").json["unchanged"], 1)
        changed = rows.format(region).replace("进口一厂", "进口二厂")
        self.assertEqual(ask(changed, mode="update").json["updated"], 1)
        self.assertEqual(self.admin.record("enterprise", "IMP-1")["name"], "进口二厂")
        self.assertEqual(ask("code,name,region,kind\nIMP-9,甲化工厂,火星,chemical\n").json["errors"][0]["field"], "region")
        ask("code,name,region,kind\nIMP-8,甲化工厂," + region + ",chemical\n")
        self.assertEqual(self.refused("title,enterprise,source,grade\nx,甲化工厂,other,general\n"), [(2, "B", "enterprise", "cell.ambiguous")])
        self.admin.call("PATCH", "/api/records/enterprise/IMP-8", {"name": "八厂"},
                        {"If-Match": f'"{self.admin.record("enterprise", "IMP-8")["version"]}"'})

    def test_export_comes_back_the_same(self):
        self.county.create("hazard", title="=1+1", description="a,\"b\"\r\nc", enterprise="PLANT-A", source="grid", grade="major", criterion="第三条",
                           due="2026-12-24", found_at="2026-11-01T08:30:00+08:00", funds_wan=0.1)
        for form in ("csv", "xlsx"):
            sheet = self.county.get("/api/records/hazard", format=form)
            n = self.count()
            done = self.good(sheet.body, again="true")
            self.assertEqual((done["rows"], done["unchanged"], done["updated"], done["created"]), (n, n, 0, 0), done)
        rows = list(csv.reader(io.StringIO(self.county.get("/api/records/hazard", format="csv").body.decode("utf-8-sig"), newline="")))
        at = rows[0].index("部位")
        for row in rows[1:]:
            row[at] = "一号罐区"
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        done = self.good(out.getvalue())
        self.assertEqual(done["updated"], len(rows) - 1)
        self.assertEqual({r["place"] for r in self.county.all("hazard")}, {"一号罐区"})
        self.assertEqual(self.send(out.getvalue(), client=self.other, again="true").json["errors"][0]["id"], "record.unknown")

    def test_areas(self):
        county = self.county
        head = "title,kind,level,region,area,begins,issuer,cautions,measures,zone\n"
        line = "大风,weather,blue,{0},北部,2026-12-01 08:00,应急局,x,y,\"{1}\"\n"
        region = county.record("enterprise", "PLANT-A")["region"]
        wkt = "POLYGON ((119.9 31.8, 120 31.8, 120 31.9, 119.9 31.8))"
        json = '{""type"":""Polygon"",""coordinates"":[[[119.9,31.8],[120,31.8],[120,31.9],[119.9,31.8]]]}'
        answer = self.send(head + line.format(region, wkt) + line.format(region, json), type_="warning_notice")
        self.assertEqual((answer.status, answer.json["created"]), (200, 2), answer)
        zones = [r["zone"] for r in county.all("warning_notice")]
        self.assertEqual(zones, [{"type": "Polygon", "coordinates": [[[119.9, 31.8], [120, 31.8], [120, 31.9], [119.9, 31.8]]]}] * 2)
        for form in ("csv", "xlsx"):
            done = self.send(county.get("/api/records/warning_notice", format=form).body, type_="warning_notice", again="true").json
            self.assertEqual((done["rows"], done["unchanged"]), (2, 2), done)
        for bad, error in (("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "field.format"), ("POLYGON ((0 0, 1 0, 1 1))", "cell.value"),
                           ("POINT (1 2)", "cell.value"), ("LINESTRING (0 0, 1 1)", "cell.value"), ("POLYGON ((0 0, 999 0, 1 1, 0 0))", "field.range")):
            refused = self.send(head + line.format(region, bad), type_="warning_notice")
            self.assertEqual([(e["row"], e["field"], e["id"]) for e in refused.json["errors"]], [(2, "zone", error)], refused)

    def test_workbook(self):
        rows = [["隐患名称", "enterprise", "source", "grade", "整改期限", "found_at", "funds_wan"],
                ["罐区", "PLANT-A", "other", "general", ('s="1"', "<v>46349</v>"), ('s="1"', "<v>46349.5</v>"), ('t="n"', "<f>1+1</f><v>2</v>")],
                ["罐区", "PLANT-A", "other", "general", ('s="2"', "<v>46349</v>"), "2026-11-23 12:00", 2],
                [("t=\"s\"", "<v>0</v>"), "PLANT-A", "other", "general", "", "", ""]]
        strings = f'<sst xmlns="{MAIN}"><si><r><t>罐</t></r><rPh sb="0" eb="1"><t>guan</t></rPh><r><t>区</t></r></si></sst>'
        self.assertEqual(self.good(workbook(rows, **{"xl__sharedStrings.xml": strings}))["created"], 3)
        found = self.county.all("hazard", q="罐区", filter="found_at IS NOT NULL AND title = '罐区'")
        self.assertEqual({(r["due"], r["found_at"], r["funds_wan"]) for r in found}, {("2026-11-23", "2026-11-23T12:00:00+08:00", 2)})
        old = [["隐患名称", "enterprise", "source", "grade", "due"], ["麦金塔", "PLANT-A", "other", "general", ('s="1"', "<v>44887</v>")]]
        self.good(workbook(old, date1904=True))
        self.assertEqual(self.county.all("hazard", q="麦金塔")[0]["due"], "2026-11-23")
        bad = [["隐患名称", "enterprise", "source", "grade", "funds_wan"], ["x", "PLANT-A", "other", "general", ('t="e"', "<v>#N/A</v>")]]
        self.assertEqual(self.refused(workbook(bad)), [(2, "E", "funds_wan", "cell.value")])

    def test_hostile_workbooks(self):
        rows = [["title"], ["x"]]
        entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + sheet_xml(rows)
        long_text = "粉" * 50000
        every = f'<sst xmlns="{MAIN}"><si><t>{"x" * 30000}</t></si></sst>'
        many = [["title"]] + [[("t=\"s\"", "<v>0</v>")] for _ in range(9000)]
        whole = workbook(rows)
        cases = {
            "bomb": workbook(None, **{"xl__worksheets__sheet1.xml": "<worksheet>" + " " * (70 << 20) + "</worksheet>"}),
            "entities": workbook(None, **{"xl__worksheets__sheet1.xml": entity}),
            "one text for all cells": workbook(many, **{"xl__sharedStrings.xml": every}),
            "long cell": workbook([["title"], [long_text]]),
            "rows": workbook([["title"]] + [["x"]] * 10001),
            "columns": workbook([["title"] + [""] * 300 + ["x"]]),
            "far column": workbook(None, **{"xl__worksheets__sheet1.xml": '<worksheet><sheetData><row r="1"><c r="ZZZZZZZZZZ1"><v>1</v></c></row></sheetData></worksheet>'}),
            "no such text": workbook([["title"], [("t=\"s\"", "<v>99</v>")]]),
            "not a number": workbook([["title"], [("", "<v>1e999</v>")]]),
            "no sheet": workbook(rows, **{"xl__worksheets__sheet1.xml": None}),
            "no workbook": workbook(rows, **{"xl__workbook.xml": None}),
            "broken XML": workbook(None, **{"xl__worksheets__sheet1.xml": "<worksheet><sheetData><row>"}),
            "outside": workbook(rows, **{"xl___rels__workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="../../../etc/passwd"/></Relationships>'}),
            "cut": whole[: len(whole) // 2],
            "only a head": whole[:4] + b"\0" * 100,
            "bytes": b"PK\3\4" + bytes(range(256)) * 40,
        }
        for name, body in cases.items():
            with self.subTest(name):
                answer = self.send(body)
                self.assertEqual((answer.status, answer.json["id"]), (400, "sheet.invalid"), answer)
        for body in (b"\xff\xfe\x00\x01", b"\xff\xff", b"title\n\x00\n", b'title\n"open\n'):
            self.assertIn(self.send(body).status, (400, 422), body)
        self.assertEqual(self.send(b"x" * (17 << 20)).status, 413)

    def test_template(self):
        answer = self.county.get("/api/records/hazard/template.xlsx")
        self.assertEqual(answer.status, 200, answer)
        with zipfile.ZipFile(io.BytesIO(answer.body)) as book:
            page, texts = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/sharedStrings.xml").decode()
            self.assertIn("填表说明", book.read("xl/workbook.xml").decode())
        self.assertIn('type="list"', page)
        for text in ("隐患名称*", "执法检查", "整改资金/万元"):
            self.assertIn(text, texts)
        self.assertNotIn("关联报警", texts)  # given by moves only
        done = self.good(answer.body, again="true", dry_run="true")
        self.assertEqual((done["rows"], done["refused"]), (0, 0))
        self.assertEqual(self.county.get("/api/records/dragon/template.xlsx").status, 404)

    def test_who_may(self):
        text = "title,enterprise,source,grade\nx,PLANT-A,other,general\n"
        operator = self.server.client("operator-a")
        self.assertIn(self.send(text, client=operator).json["id"], ("import.refused", "type.unknown"))
        self.assertEqual(self.send(text, client=harness.Client(self.server)).status, 401)


if __name__ == "__main__":
    harness.main()
