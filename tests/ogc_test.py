"""OGC API - Features: GDAL reads it, and map programs see exactly what their user sees elsewhere."""

import base64
import os
import re
import shutil
import subprocess
import unittest

import harness
from harness import PASSWORD, WorldTest

PLANTS = 1203  # more than two pages
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def basic(login, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()}


class OgcTest(WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.county, cls.city = cls.server.client("county-a"), cls.server.client("city")

    def features(self, client, type_, **query):
        """All features, page by page along the next links; and numberMatched of the first page."""
        path = f"/ogc/collections/{type_}/items"
        answer = client.get(path, **query)
        features, matched = [], answer.json.get("numberMatched")
        while True:
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.headers["Content-Type"], "application/geo+json")
            page = answer.json
            self.assertEqual(page["numberReturned"], len(page["features"]))
            features += page["features"]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                return features, matched
            self.assertTrue(following[0].startswith(f"http://127.0.0.1:{self.server.port}/"), following[0])
            answer = client.get(re.sub("^http://[^/]*", "", following[0]))


class Core(OgcTest):
    def test_landing_leads_everywhere(self):
        for path in ("/ogc", "/ogc/"):
            page = self.server.client().get(path)
            self.assertEqual(page.status, 200)
            links = {link["rel"]: link["href"] for link in page.json["links"]}
            self.assertEqual(set(links), {"self", "service-desc", "conformance", "data"})
            for href in links.values():
                self.assertEqual(self.county.get(re.sub("^http://[^/]*", "", href)).status, 200, href)
        self.assertIn("http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
                      self.county.get("/ogc/conformance").json["conformsTo"])

    def test_collections_are_the_types_with_a_place_that_he_reads(self):
        def ids(client):
            return {c["id"] for c in client.get("/ogc/collections").json["collections"]}

        self.assertLessEqual({"enterprise", "installation", "hazard", "alarm"}, ids(self.county))
        self.assertFalse({"region", "organisation"} & ids(self.county))
        operator = self.server.client("operator-a")
        self.assertNotIn("hazard", ids(operator))
        for path in ("/ogc/collections/hazard", "/ogc/collections/hazard/items", "/ogc/collections/hazard/items/x",
                     "/ogc/collections/hazard/queryables", "/ogc/collections/region/items", "/ogc/collections/nothing"):
            self.assertEqual(operator.get(path).status, 404, path)
        one = self.county.get("/ogc/collections/enterprise").json
        self.assertEqual((one["title"], one["crs"]), ("企业", [CRS84]))
        self.assertEqual(self.county.get("/ogc/collections/enterprise/queryables").json["properties"]["kind"]["type"], "string")

    def test_features_carry_place_and_fields(self):
        feature = self.county.get("/ogc/collections/enterprise/items/PLANT-A").json
        self.assertEqual(feature["geometry"], {"type": "Point", "coordinates": [119.95, 31.9]})
        self.assertEqual((feature["properties"]["name"], feature["properties"]["region_label"]), ("甲化工厂", "新北区"))
        self.assertEqual(self.county.get("/ogc/collections/enterprise/items/PLANT-B").status, 404)
        hazard = self.county.create("hazard", title="x", enterprise="PLANT-A", source="inspection", grade="general")
        feature = self.county.get(f"/ogc/collections/hazard/items/{hazard['id']}").json
        self.assertEqual(feature["geometry"]["coordinates"], [119.95, 31.9])  # of its enterprise
        self.assertEqual(feature["properties"]["state"], "reported")

    def test_parameters(self):
        def names(client=self.city, **query):
            features, matched = self.features(client, "enterprise", **query)
            self.assertEqual(len(features), matched)
            return "".join(sorted(f["id"][-1] for f in features))

        self.assertEqual(names(), "AB")
        self.assertEqual(names(self.county), "A")
        self.assertEqual(names(self.server.client("province")), "ABC")
        self.assertEqual(names(bbox="119.9,31.85,120,32"), "A")
        self.assertEqual(names(bbox="119.9,31.85,-100,120,32,9000", **{"bbox-crs": CRS84}), "A")
        self.assertEqual(names(bbox="121,31,122,32"), "")
        self.assertEqual(names(kind="chemical", region="320402"), "B")
        self.assertEqual(names(name="乙化工厂"), "B")
        self.assertEqual(names(name="' OR 1=1 OR name = '"), "")
        self.assertEqual(names(kind="storage"), "")
        self.assertEqual(names(filter="name LIKE '甲%'", **{"filter-lang": "cql2-text"}), "A")
        self.assertEqual(names(filter="name LIKE '甲%' OR name LIKE '%'", kind="storage"), "")
        self.assertEqual(names(datetime="2020-01-01T00:00:00Z/.."), "AB")
        self.assertEqual(names(datetime="../2020-01-01T00:00:00Z"), "")
        self.assertEqual(names(limit=1), "AB")
        self.assertEqual(names(limit=100000), "AB")
        for query in ({"bbox": "1,2,3"}, {"bbox": "nan,0,0,1"}, {"limit": "0"}, {"limit": "x"}, {"no_such": "1"}, {"_region": "32"},
                      {"crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}, {"filter": "name ="}, {"filter-lang": "cql2-json"},
                      {"datetime": "yesterday"}, {"datetime": "a/b/c"}, {"datetime": ""}, {"employees": "many"}, {"cursor": "xyz"},
                      {"place": "1"}, {"f": "html"}, {"name": "x" * 5000}):
            answer = self.city.get("/ogc/collections/enterprise/items", **query)
            self.assertEqual(answer.status, 400, (query, answer))
        for path in ("/ogc?x=1", "/ogc/collections?bbox=1,2,3,4", "/ogc/collections/enterprise?limit=1"):
            self.assertEqual(self.city.get(path).status, 400, path)

    def test_links_follow_host_and_proxy(self):
        answer = self.county.call("GET", "/ogc/collections", headers={"Host": "map.example:8443", "X-Forwarded-Proto": "https"})
        self.assertTrue(answer.json["links"][0]["href"].startswith("https://map.example:8443/ogc/"))
        answer = self.county.call("GET", "/ogc/collections", headers={"Host": 'evil"><script>', "X-Forwarded-Proto": "javascript"})
        self.assertEqual(answer.json["links"][0]["href"], "/ogc/collections")


class Doors(OgcTest):
    PATH = "/ogc/collections/enterprise/items"

    def get(self, headers):
        return self.server.client().call("GET", self.PATH, headers=headers)

    def test_who_may_come_in(self):
        nobody = self.get({})
        self.assertEqual(nobody.status, 401)
        self.assertIn("Basic", nobody.headers["WWW-Authenticate"])
        self.assertEqual(self.get(basic("county-a")).json["numberMatched"], 1)
        self.assertEqual(self.get({"Authorization": f"Bearer {self.county.token}"}).json["numberMatched"], 1)
        self.assertEqual(self.get({"Authorization": f"Bearer {self.world.tokens['GW-A']}"}).status, 401)
        for bad in ("Basic", "Basic ", "Basic !!!!", "Basic " + base64.b64encode(b"no-colon").decode(),
                    "Basic " + base64.b64encode(b"county-a\0:" + PASSWORD.encode()).decode(),
                    "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Digest x"):
            self.assertEqual(self.get({"Authorization": bad}).status, 401, bad)


class Guard(OgcTest):
    """In a world of its own: the address is locked afterwards."""

    def get(self, headers):
        return self.server.client().call("GET", Doors.PATH, headers=headers)

    def test_a_wrong_password_is_counted_and_a_good_one_is_remembered(self):
        self.assertEqual(self.get(basic("county-c")).status, 200)
        statuses = [self.get(basic("county-c", "wrong")).status for _ in range(6)]
        self.assertEqual(statuses, [401] * 5 + [429])
        self.assertEqual(self.get(basic("county-c")).status, 200, "what was proved stays believed for its minute")
        self.assertEqual(self.get(basic("county-c", PASSWORD + "x")).status, 429)


class Gdal(OgcTest):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("ogrinfo"):
            raise unittest.SkipTest("gdal-bin is not installed (tools/deps test)")
        rows = "".join(f"N-{i},厂{i},{'320411' if i % 2 else '320402'},storage,{118 + i / 1000:.3f},33.0\n" for i in range(PLANTS))
        super().setUpClass()
        cls.server.stop()
        harness.load("enterprise", "code,name,region,kind,place_lon,place_lat\n" + rows, cls.world.data)
        cls.server.start()

    def ogrinfo(self, *arguments, login="county-a", headers=None):
        environment = dict(os.environ, GDAL_HTTP_USERPWD=f"{login}:{PASSWORD}", GDAL_HTTP_TIMEOUT="30", CPL_CURL_VERBOSE="NO")
        if headers:
            del environment["GDAL_HTTP_USERPWD"]
            environment["GDAL_HTTP_HEADERS"] = headers
        done = subprocess.run(["ogrinfo", "-ro", f"OAPIF:http://127.0.0.1:{self.server.port}/ogc", *arguments], env=environment,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("ERROR", done.stderr)
        return done.stdout

    def count(self, *arguments, **options):
        return int(re.search(r"Feature Count: (\d+)", self.ogrinfo("-so", "enterprise", *arguments, **options)).group(1))

    def test_it_lists_the_collections(self):
        text = self.ogrinfo()
        self.assertRegex(text, r"\d: enterprise \(title: 企业\)")
        self.assertIn("hazard", text)
        token = self.server.client("county-a").token
        self.assertEqual(self.ogrinfo(headers=f"Authorization: Bearer {token}"), text)

    def test_it_counts_only_his_own(self):
        odd = PLANTS // 2
        self.assertEqual(self.count(), 1 + odd)
        self.assertEqual(self.count(login="city"), 2 + PLANTS)

    def test_it_reads_every_page_once(self):
        text = self.ogrinfo("-al", "-geom=SUMMARY", "enterprise")
        ids = re.findall(r"\n  id \(String\) = (\S+)", text)
        self.assertEqual((len(ids), len(set(ids))), (1 + PLANTS // 2, 1 + PLANTS // 2))

    def test_boxes_and_filters(self):
        self.assertEqual(self.count("-spat", "119.9", "31.8", "120", "32"), 1)
        self.assertEqual(self.count("-spat", "118.0", "32.9", "118.0995", "33.1", login="city"), 100)
        self.assertEqual(self.count("-where", "kind = 'chemical'", login="city"), 2)

    def test_attributes_and_places_come_over(self):
        text = self.ogrinfo("-al", "enterprise", "-where", "id = 'PLANT-A'")
        self.assertIn("POINT (119.95 31.9)", text)
        self.assertIn("甲化工厂", text)

    def test_areas_come_over_as_polygons(self):
        ring = [[119.9, 31.8], [120.1, 31.8], [120.1, 32.0], [119.9, 32.0], [119.9, 31.8]]
        hole = [[119.95, 31.85], [119.96, 31.85], [119.96, 31.86], [119.95, 31.85]]
        notice = self.county.create("warning_notice", title="大风", kind="weather", level="blue", region="320411", area="北部", issuer="应急局",
                                    begins="2026-12-01T08:00:00+08:00", cautions="x", measures="y",
                                    zone={"type": "Polygon", "coordinates": [ring, hole]})
        self.county.create("warning_notice", title="无图", kind="weather", level="blue", region="320411", area="全部", issuer="应急局",
                           begins="2026-12-01T08:00:00+08:00", cautions="x", measures="y")
        feature = self.county.get(f"/ogc/collections/warning_notice/items/{notice['id']}").json
        self.assertEqual(feature["geometry"], {"type": "Polygon", "coordinates": [ring, hole]})
        text = self.ogrinfo("-al", "warning_notice")
        self.assertIn("POLYGON ((119.9 31.8,120.1 31.8,120.1 32.0,119.9 32.0,119.9 31.8),(119.95 31.85,119.96 31.85,119.96 31.86,119.95 31.85))", text)
        self.assertIn("Feature Count: 2", text)
        for box, n in (("120.05 31.9 121 32", 1), ("120.11 31.9 121 32", 0)):
            self.assertIn(f"Feature Count: {n}", self.ogrinfo("-so", "warning_notice", "-spat", *box.split()), box)


if __name__ == "__main__":
    harness.main()
