"""/metrics: well formed, complete, closed to strangers; the example rules name only what is there."""

import pathlib
import re
import tempfile
import time
import unittest

import harness
from harness import Client, Server, World, WorldTest, now_ms, wait_for

QUEUES = {"http", "engine", "engine_samples", "history_chunks", "history_late", "samples_writer", "records_writer"}
STAGES = {"read", "durable", "evaluated", "committed", "published"}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def labelled(metrics, name):
    pattern = re.compile(re.escape(name) + r'\{\w+="([^"]*)"\}')
    return {m[1]: value for m, value in ((pattern.fullmatch(n), v) for n, v in metrics.items()) if m}


class Metrics(WorldTest):
    def test_every_series_has_help_and_type(self):
        text = Client(self.server).get("/metrics").text
        typed = set(re.findall(r"^# TYPE (\w+) (?:counter|gauge|histogram)$", text, re.M))
        helped = re.findall(r"^# HELP (\w+) .+$", text, re.M)
        self.assertEqual(len(helped), len(set(helped)))
        self.assertEqual(typed, set(helped))
        for line in text.splitlines():
            if not line.startswith("#"):
                self.assertRegex(line, r'^\w+(\{(\w+="[^"\n]*",?)+\})? -?[0-9.e+-]+$')
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", re.split(r"[{ ]", line)[0])
                              if "stage_seconds" in line else re.split(r"[{ ]", line)[0], typed)

    def test_queues_and_stages(self):
        before = self.server.metrics()
        listener = self.server.client("county-a")
        device = self.world.device()
        device.write([f"A.T1 value=5 {now_ms() - 2000}"])
        device.write([f"A.T1 value=1e6 {now_ms()}", "A.NOPE value=1"])
        self.server.settle()
        made = wait_for(lambda: listener.get("/api/alarms").json["items"], 20, "no alarm")
        self.assertTrue(made)
        after = self.server.metrics()
        length, capacity = labelled(after, "anlan_queue_length"), labelled(after, "anlan_queue_capacity")
        self.assertEqual(set(length), QUEUES)
        self.assertEqual(set(capacity), QUEUES)
        for queue in QUEUES:
            self.assertGreater(capacity[queue], 0)
            self.assertLessEqual(length[queue], capacity[queue])
        count = labelled(after, "anlan_stage_seconds_count")
        self.assertEqual(set(count), STAGES)
        for stage in STAGES:
            self.assertGreater(count[stage], labelled(before, "anlan_stage_seconds_count")[stage], stage)
            buckets = [v for n, v in after.items() if n.startswith(f'anlan_stage_seconds_bucket{{stage="{stage}"')]
            self.assertEqual(buckets, sorted(buckets))
            self.assertEqual(buckets[-1], count[stage])
        refusals = "anlan_sample_refusals_total"
        self.assertEqual(labelled(after, refusals)["point.unknown"] - labelled(before, refusals).get("point.unknown", 0), 1)

    def test_strangers_are_refused(self):
        stranger = {"X-Forwarded-For": "203.0.113.7"}
        self.assertEqual(Client(self.server).call("GET", "/metrics", headers=stranger).status, 403)
        self.assertEqual(self.server.client("county-a").call("GET", "/metrics", headers=stranger).status, 403)
        self.assertEqual(self.server.client("admin").call("GET", "/metrics", headers=stranger).status, 200)
        self.assertEqual(Client(self.server).get("/metrics").status, 200)

    def test_rules_name_what_is_there(self):
        names = set(re.findall(r"anlan_\w+", (ROOT / "docs/prometheus-rules.yml").read_text()))
        text = Client(self.server).get("/metrics").text
        there = set(re.findall(r"^# TYPE (\w+)", text, re.M))
        self.assertTrue(names)
        self.assertEqual({n for n in names if re.sub(r"_bucket$", "", n) not in there}, set())
        told = set(re.findall(r"`(anlan_\w+)", (ROOT / "docs/operations.md").read_text()))
        self.assertEqual({n for n in told if re.sub(r"_bucket$", "", n) not in there}, set())


class Token(unittest.TestCase):
    def test_the_token_opens_it(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("0123456789abcdef0123456789abcdef\n")
            file.flush()
            with World(server_options=["--metrics-token", file.name]) as world:
                for token, status in (("0123456789abcdef0123456789abcdef", 200), ("0123456789abcdef0123456789abcdeX", 403), ("", 403)):
                    headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": f"Bearer {token}"}
                    self.assertEqual(Client(world.server).call("GET", "/metrics", headers=headers).status, status)

    def test_a_short_token_is_refused_at_start(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("short\n")
            file.flush()
            world = World(server_options=["--metrics-token", file.name])
            with self.assertRaisesRegex(AssertionError, "metrics-token"):
                world.__enter__()
            world.__exit__()


if __name__ == "__main__":
    unittest.main(verbosity=2)
