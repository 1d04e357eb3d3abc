"""Gateways: what they send is measured at the door, each sees only his own, a backlog is told from live data, and counts survive."""

import unittest

import harness
from harness import World, WorldTest, now_ms

HOUR = 3600_000


class Gateways(WorldTest):
    def test_what_a_gateway_sends_is_measured(self):
        device = self.world.device()
        admin = self.server.client("admin")
        listed = {g["code"]: g for g in admin.get("/api/gateways", limit=500).json["items"]}
        code = next(c for c in listed if c.startswith("GW-A"))
        before = admin.get(f"/api/gateways/{code}").json["today"]
        for i in range(6):
            self.assertEqual(device.write([f"A.T1 value={20 + i} {now_ms() - 2000}"]).status, 204)
        self.assertEqual(device.write([f"A.T1 value=9 {now_ms()}", "A.NOPE value=1"]).status, 400)
        self.assertEqual(device.write([f"A.T1 value={i} {now_ms() - 9 * HOUR + i * 1000}" for i in range(50)]).status, 204)
        gateway = admin.get(f"/api/gateways/{code}").json
        today = gateway["today"]
        self.assertEqual(gateway["state"], "backlog", gateway)
        self.assertGreater(gateway["backlog"]["behind_seconds"], 8 * 3600)
        self.assertEqual(today["samples"] - before["samples"], 57)
        self.assertEqual(today["refused"] - before["refused"], 1)
        self.assertEqual(today["backlog_samples"] - before["backlog_samples"], 50)
        self.assertEqual(today["online_rate"], 1.0)
        self.assertLess(abs(gateway["clock"]["seconds"] + 2), 60)
        self.assertEqual(len(gateway["strip"]), 288)
        self.assertIn("h", gateway["strip"])

        self.server.restart()
        again = self.server.client("admin").get(f"/api/gateways/{code}").json
        self.assertEqual(again["today"]["samples"], today["samples"])
        self.assertEqual(again["today"]["counted_from"], today["counted_from"])
        self.assertEqual(again["last_seen"], gateway["last_seen"])

    def test_each_sees_his_own(self):
        codes = {g["code"] for g in self.server.client("admin").get("/api/gateways", limit=500).json["items"]}
        county = {g["code"] for g in self.server.client("county-a").get("/api/gateways", limit=500).json["items"]}
        other = {g["code"] for g in self.server.client("county-b").get("/api/gateways", limit=500).json["items"]}
        self.assertTrue(county and other and county < codes and not county & other, (codes, county, other))
        for code in other:
            self.assertEqual(self.server.client("county-a").get(f"/api/gateways/{code}").status, 404)
        self.assertEqual(harness.Client(self.server).get("/api/gateways").status, 401)

    def test_bad_questions_are_refused(self):
        admin = self.server.client("admin")
        code = admin.get("/api/gateways", limit=1).json["items"][0]["code"]
        self.assertProblem(admin.get(f"/api/gateways/{code}", day="yesterday"), 422, "field.kind", "day")
        self.assertEqual(admin.get(f"/api/gateways/{code}", day="2001-01-01").status, 404)
        self.assertEqual(admin.get("/api/gateways/NOPE").status, 404)
        self.assertEqual(admin.get("/api/gateways", limit=501).status, 422)


if __name__ == "__main__":
    unittest.main(verbosity=2)
