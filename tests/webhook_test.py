"""Webhooks: every change in the receiver's sight arrives, signed, in order, at least once, whatever fails; records never wait for it."""

import hashlib
import hmac
import http.server
import json
import threading
import time
import unittest

import harness
from harness import WorldTest, wait_for


class Receiver:
    """A server that keeps what it is sent and answers what `answers` says (last one repeated)."""

    def __init__(self, answers=(204,), delay=0):
        self.deliveries, self.answers, self.delay = [], list(answers), delay
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(receiver.delay)
                status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                receiver.deliveries.append((status, dict(self.headers), body))
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def events(self, good=True):
        return [event for status, _, body in list(self.deliveries) if not good or status // 100 == 2 for event in json.loads(body)["events"]]

    def ids(self):
        return {event["id"] for event in self.events()}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Webhooks(WorldTest):
    def setUp(self):
        self.admin, self.county, self.other = (self.server.client(login) for login in ("admin", "county-a", "county-b"))
        self.receivers = []

    def tearDown(self):
        for record in self.server.client("admin").all("webhook"):
            if not record.get("disabled"):
                answer = self.admin.call("PATCH", f"/api/records/webhook/{record['id']}", {"disabled": True},
                                         {"If-Match": f'"{record["version"]}"'})
                self.assertEqual(answer.status, 200, answer)
        for receiver in self.receivers:
            receiver.close()

    def receiver(self, **options):
        self.receivers.append(Receiver(**options))
        return self.receivers[-1]

    def hook(self, code, receiver, **fields):
        self.admin.create("webhook", **{"code": code, "name": code, "url": receiver.url, "role": "county_inspector", "region": "320411",
                                        "types": "hazard", **fields})
        answer = self.admin.post(f"/api/webhooks/{code}/secret")
        self.assertEqual(answer.status, 201, answer)
        return answer.json["secret"]

    def hazard(self, client=None, letter="A"):
        return (client or self.county).create("hazard", title="x", enterprise=f"PLANT-{letter}", source="inspection", grade="general")

    def state(self, code):
        return next(item for item in self.admin.get("/api/webhooks").json["items"] if item["code"] == code)

    def test_signed_in_order_and_in_sight(self):
        receiver = self.receiver()
        secret = self.hook("signed", receiver)
        hidden = self.hazard(self.other, "B")
        made = [self.hazard() for _ in range(230)]
        wait_for(lambda: made[-1]["id"] in receiver.ids(), 20, "the last event did not come")
        self.assertEqual([event["id"] for event in receiver.events()], [record["id"] for record in made])
        self.assertNotIn(hidden["id"], receiver.ids())
        self.assertEqual(receiver.events()[0]["record"]["title"], "x")
        for _, headers, body in receiver.deliveries:
            stamp, signature = (part.split("=", 1)[1] for part in headers["Anlan-Signature"].split(","))
            wanted = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            self.assertTrue(hmac.compare_digest(signature, wanted))
            self.assertLess(abs(int(stamp) / 1000 - time.time()), 60)
            events = json.loads(body)["events"]
            self.assertLessEqual(len(events), 100)
            self.assertEqual(headers["Anlan-Delivery"], f"signed/{events[0]['seq']}-{events[-1]['seq']}")

    def test_failures_are_tried_again_and_nothing_is_left_out(self):
        receiver = self.receiver(answers=[500, 302, 204])
        self.hook("failing", receiver)
        made = self.hazard()
        wait_for(lambda: receiver.ids(), 20, "it was not tried again")
        self.assertEqual([status for status, _, _ in receiver.deliveries], [500, 302, 204])
        self.assertEqual({body for _, _, body in receiver.deliveries}, {receiver.deliveries[0][2]})
        self.assertEqual(receiver.ids(), {made["id"]})
        wait_for(lambda: self.state("failing")["attempts"] == 0, 5)
        self.assertEqual(self.state("failing")["status"], 204)

    def test_a_dead_or_slow_receiver_holds_up_no_record(self):
        slow, dead = self.receiver(delay=3), self.receiver()
        dead.close()
        self.hook("slow", slow)
        self.hook("dead", dead)
        start = time.monotonic()
        for _ in range(20):
            self.hazard()
        self.assertLess(time.monotonic() - start, 3)
        state = wait_for(lambda: self.state("dead") if self.state("dead")["attempts"] else None, 20, "it was not noticed")
        self.assertIn("connect", state["problem"])
        self.assertGreater(state["behind"], 0)

    def test_nothing_is_lost_over_kills(self):
        receiver = self.receiver()
        self.hook("killed", receiver)
        made = [self.hazard()["id"]]
        for _ in range(3):
            made += [self.hazard()["id"] for _ in range(20)]
            self.server.kill()
            self.server.start()
        made.append(self.hazard()["id"])
        wait_for(lambda: made[-1] in receiver.ids(), 30, "the last event did not come")
        self.assertEqual(receiver.ids(), set(made))
        order = list(dict.fromkeys(event["id"] for event in receiver.events()))
        self.assertEqual(order, made)

    def test_without_secret_or_disabled_nothing_is_sent(self):
        quiet = self.receiver()
        self.admin.create("webhook", code="quiet", name="q", url=quiet.url, role="admin")
        self.hook("off", quiet, disabled=True)
        self.hazard()
        time.sleep(1.5)
        self.assertEqual(quiet.deliveries, [])
        self.assertFalse(self.state("quiet")["secret"])

    def test_secrets_are_for_the_admin_and_shown_once(self):
        receiver = self.receiver()
        secret = self.hook("secret", receiver)
        for login in ("county-a", "province", "safety-a"):
            client = self.server.client(login)
            self.assertEqual(client.post("/api/webhooks/secret/secret").status, 404)
            self.assertEqual(client.get("/api/webhooks").status, 404)
        self.assertEqual(self.admin.post("/api/webhooks/nothing/secret").status, 404)
        self.assertEqual(self.admin.call("POST", "/api/webhooks/secret/secret", b"", {"Content-Type": "text/plain"}).status, 415)
        for path in ("/api/webhooks", "/api/records/webhook/secret", "/api/records/webhook/secret/journal"):
            self.assertNotIn(secret, self.admin.get(path).text)
        self.assertNotEqual(self.admin.post("/api/webhooks/secret/secret").json["secret"], secret)

    def test_only_web_addresses(self):
        for url in ("file:///etc/passwd", "ftp://x/", "gopher://x", "http://user@host/", "javascript:1", "http://a b", "x"):
            answer = self.admin.post("/api/records/webhook", {"code": "bad", "name": "b", "url": url, "role": "admin"})
            self.assertEqual((answer.status, answer.json["field"]), (422, "url"), url)


if __name__ == "__main__":
    harness.main()
