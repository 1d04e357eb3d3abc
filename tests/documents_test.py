"""Documents over HTTP: made by moves, listed, fetched, previewed; whole after a server was killed between paper and commit."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from harness import World, WorldTest, day_after


def text_of(pdf):
    """What a reader finds, without spaces."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        done = subprocess.run(["pdftotext", "-raw", file.name, "-"], capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def keep(name, pdf):
    """For eyes: with ANLAN_TEST_PAGES the papers are left in that folder."""
    folder = os.environ.get("ANLAN_TEST_PAGES")
    if folder:
        with open(os.path.join(folder, name + ".pdf"), "wb") as file:
            file.write(pdf)


def hazard(client, **more):
    fields = {"title": "储罐区可燃气体探测器失效", "enterprise": "PLANT-A", "source": "inspection", "grade": "major", "place": "甲醇罐区 T-101",
              "criterion": "《化工和危险化学品生产经营单位重大生产安全事故隐患判定标准（试行）》第十一条",
              "description": "现场检查发现两台可燃气体探测器超过检定有效期且无信号输出。", **more}
    return client.create("hazard", **fields)


class Documents(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {login: cls.server.client(login) for login in ("safety-a", "county-a", "county-b", "city", "safety-b", "province")}

    def fetch(self, client, record):
        answer = client.get(f"/api/records/hazard/{record['id']}/documents")
        self.assertEqual(answer.status, 200, answer)
        items = answer.json["items"]
        return items, [client.get("/api/documents/" + item["id"]) for item in items]

    def test_order(self):
        county, safety = self.people["county-a"], self.people["safety-a"]
        record = hazard(county)
        path = f"/api/records/hazard/{record['id']}/documents"
        self.assertEqual(county.get(path).json, {"items": []})
        preview = county.get(path + "/order/preview")
        self.assertEqual((preview.status, preview.headers["Content-Type"]), (200, "application/pdf"))
        self.assertIn("未生效", text_of(preview.body))
        keep("preview", preview.body)
        record = county.move(record, "assign", owner="张三", due=day_after(30))
        (item,), (answer,) = self.fetch(safety, record)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        keep("order", answer.body)
        text = text_of(answer.body)
        for part in (item["number"], record["number"], record["place"].replace(" ", ""), record["criterion"], "张三", "责令限期整改指令书"):
            self.assertIn(part, text)
        for login in ("county-b", "safety-b"):
            self.assertProblem(self.people[login].get(path), 404, "record.unknown")
            self.assertProblem(self.people[login].get("/api/documents/" + item["id"]), 404, "record.unknown")
            self.assertProblem(self.people[login].get(path + "/order/preview"), 404, "record.unknown")
        self.assertProblem(county.get("/api/documents/" + "0" * 26), 404, "record.unknown")
        self.assertProblem(county.get(path + "/nothing/preview"), 404, "record.unknown")

    def test_listing_and_release(self):
        county, city, province, safety = (self.people[name] for name in ("county-a", "city", "province", "safety-a"))
        record = county.move(hazard(county), "assign", owner="张三", due=day_after(30))
        city.move(record, "list_city", due=day_after(90))
        record = province.move(province.record("hazard", record["id"]), "list_city")
        items, answers = self.fetch(city, record)
        self.assertEqual([item["name"] for item in items], ["order", "listing_city"])
        keep("listing", answers[1].body)
        self.assertIn("重大事故隐患挂牌督办通知书", text_of(answers[1].body))
        record = safety.move(record, "submit", rectified="已更换并检定", measure="更换探测器", funds_wan=12.5, plan="应急预案")
        record = city.move(record, "accept", opinion="符合要求")
        record = city.move(record, "close")
        record = city.move(record, "announce_release")
        items, answers = self.fetch(city, record)
        self.assertEqual([item["name"] for item in items], ["order", "listing_city", "release_city"])
        keep("release", answers[2].body)
        self.assertIn("更换探测器", text_of(answers[2].body))

    def test_long_and_strange_texts(self):
        county = self.people["county-a"]
        record = hazard(county, description="很长的描述，" * 600, criterion="\u202e反向\u0007 <b>{due}</b> 𠮷", title="“{number}”" + "长" * 180)
        record = county.move(record, "assign", owner="张三", due=day_after(30))
        _, (answer,) = self.fetch(county, record)
        keep("long", answer.body)
        text = text_of(answer.body)
        self.assertEqual(text.count("很长的描述，"), 600)
        self.assertIn("反向<b>{due}</b>", text)
        self.assertIn("“{number}”", text)


class Crash(unittest.TestCase):
    def test_killed_between_paper_and_commit(self):
        """Whatever the moment, numbers have no gap and every document that a row names is whole."""
        with World() as world:
            for round_ in range(4):
                county = world.server.client("county-a")
                records = [hazard(county) for _ in range(12)]

                def work():
                    client = world.server.client("county-a")
                    for record in records:
                        try:
                            client.try_move("hazard", record["id"], "assign", 1, owner="张三", due=day_after(30))
                        except (OSError, harness.http.client.HTTPException):
                            return

                thread = threading.Thread(target=work)
                thread.start()
                time.sleep(0.15 + 0.1 * round_)
                world.server.kill()
                thread.join()
                world.server.start()
            county = world.server.client("county-a")
            numbers = []
            for record in county.all("hazard"):
                for item in county.get(f"/api/records/hazard/{record['id']}/documents").json["items"]:
                    self.assertEqual(county.get("/api/documents/" + item["id"]).body[:5], b"%PDF-")
                    numbers.append(int(item["number"].split("〕")[1].rstrip("号")))
            self.assertEqual(sorted(numbers), list(range(1, len(numbers) + 1)))
            world.server.stop()
            verified = world.verify()
            self.assertEqual(verified.returncode, 0, verified.stderr)
            self.assertIn(f"{len(numbers)} files whole", verified.stdout)


if __name__ == "__main__":
    if not shutil.which("pdftotext"):
        harness.skip_all("pdftotext is not installed (tools/deps test)")
    harness.main()
