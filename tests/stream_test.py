"""The live stream: events come at once, a resumed stream has no gap and no double, across restarts and kills; a reader that does not read
costs a bounded amount and holds nobody up."""

import json
import socket
import threading
import time
import unittest

import harness
from harness import Stream, World, wait_for

T0 = 1_700_000_000_000


def hazard(client, title):
    return client.create("hazard", title=title, enterprise="PLANT-A", source="inspection", grade="general", description="述" * 1000)


class Live(harness.WorldTest):
    def setUp(self):
        self.county = self.server.client("county-a")

    def test_events_come_at_once_and_whole(self):
        stream = Stream(self.server, self.county.token)
        self.assertEqual(stream.status, 200)
        time.sleep(0.2)
        start = time.monotonic()
        record = hazard(self.county, "立即")
        event = stream.wait(lambda e: e.get("data", {}).get("id") == record["id"], 5)
        self.assertLess(time.monotonic() - start, 2)
        self.assertEqual(event["event"], "hazard")
        data = event["data"]
        self.assertEqual((data["type"], data["action"], data["to"], data["seq"]), ("hazard", "create", "reported", int(event["id"])))
        self.assertEqual(data["record"]["title"], "立即")
        moved = self.county.move(record, "dismiss", dismissal="不属实")
        event = stream.wait(lambda e: e.get("data", {}).get("action") == "move:dismiss", 5)
        self.assertEqual((event["data"]["from"], event["data"]["to"]), ("reported", "dismissed"))
        self.assertEqual(event["data"]["record"]["version"], moved["version"])
        stream.close()

    def test_an_alarm_reaches_the_stream_soon(self):
        stream = Stream(self.server, self.county.token)
        time.sleep(0.2)
        start = time.monotonic()
        self.assertEqual(self.world.device().write([f"A.L1 value=96 {T0}"]).status, 204)
        event = stream.wait(lambda e: e.get("event") == "alarm" and e["data"]["record"]["point"] == "A.L1", 5)
        print(f"sample to alarm on the stream: {(time.monotonic() - start) * 1000:.0f} ms")
        self.assertEqual(event["data"]["record"]["level"], "HH")
        stream.close()

    def test_without_a_position_it_starts_now(self):
        old = hazard(self.county, "从前")
        stream = Stream(self.server, self.county.token)
        time.sleep(0.3)
        new = hazard(self.county, "现在")
        stream.wait(lambda e: e.get("data", {}).get("id") == new["id"], 5)
        self.assertNotIn(old["id"], json.dumps(stream.events))
        stream.close()

    def test_a_stream_needs_a_session_and_ends_with_it(self):
        self.assertEqual(Stream(self.server, "x" * 43).status, 401)
        leaver = self.server.client("city")
        stream = Stream(self.server, leaver.token)
        time.sleep(0.2)
        leaver.call("DELETE", "/api/session")
        hazard(self.county, "散会之后")
        time.sleep(1)
        self.assertNotIn("散会之后", json.dumps(stream.events, ensure_ascii=False), "the stream goes on after the session has ended")
        stream.close()

    def test_a_stream_ends_when_its_user_has_other_rights(self):
        admin = self.server.client("admin")
        for login, change in (("city", {"region": "3202"}), ("province", {"disabled": True})):
            stream = Stream(self.server, self.server.client(login).token)
            stream.wait(lambda e: e.get("event") == "hello", 5)
            user = admin.record("user", login)
            answer = admin.call("PATCH", f"/api/records/user/{login}", change, {"If-Match": f'"{user["version"]}"'})
            self.assertEqual(answer.status, 200, answer)
            wait_for(lambda: stream.ended, 5, f"{login} hears on with the old rights")
            hazard(self.county, "之后")
            self.assertNotIn("之后", json.dumps(stream.events, ensure_ascii=False))
            stream.close()



class StandingIn(harness.WorldTest):
    """Who stands in for another hears and is told what the other would be, while it lasts and no longer."""

    def delegate(self, of, to):
        record = of.create("delegation", from_user="county-b", to_user=to, until=f"{harness.day_after(2)}T12:00:00+08:00", reason="休假")
        return of.move(record, "begin")

    def heard(self, stream, record):
        return any(e.get("data", {}).get("id") == record["id"] for e in stream.events if isinstance(e.get("data"), dict))

    def test_stream_and_notices(self):
        absent, delegate, bystander = (self.server.client(login) for login in ("county-b", "county-a", "county-c"))
        safety = self.server.client("safety-b")
        streams = {name: Stream(self.server, client.token) for name, client in (("delegate", delegate), ("bystander", bystander))}
        time.sleep(0.3)

        def one(title, hears):
            """A hazard of county-b that is submitted for a check, which county inspectors are told of."""
            record = absent.create("hazard", title=title, enterprise="PLANT-B", source="inspection", grade="general")
            record = safety.move(absent.move(record, "assign", owner="李", due=harness.day_after(5)), "submit", rectified="换垫片")
            own = delegate.create("hazard", title=f"自 {title}", enterprise="PLANT-A", source="inspection", grade="general")
            streams["delegate"].wait(lambda e: isinstance(e.get("data"), dict) and e["data"].get("id") == own["id"], 10)
            self.assertEqual(self.heard(streams["delegate"], record), hears, title)
            told = [notice for notice in delegate.get("/api/notices").json["items"] if notice["id"] == record["id"]]
            self.assertEqual(len(told), 1 if hears else 0, title)
            self.assertFalse(self.heard(streams["bystander"], record))
            return record

        one("以前", False)
        delegation = self.delegate(absent, "county-a")
        during = one("期间", True)
        position = next(e["id"] for e in reversed(streams["delegate"].events) if e.get("id"))
        late = absent.create("hazard", title="补", enterprise="PLANT-B", source="inspection", grade="general")
        again = Stream(self.server, delegate.token, after=position)
        again.wait(lambda e: isinstance(e.get("data"), dict) and e["data"].get("id") == late["id"], 10)
        again.close()
        absent.move(delegation, "cancel")
        one("以后", False)
        told = [notice["id"] for notice in delegate.get("/api/notices").json["items"]]
        self.assertNotIn(during["id"], told)
        for stream in streams.values():
            stream.close()


class Resume(unittest.TestCase):
    def test_nothing_is_left_out_or_doubled(self):
        """A reader that falls off again and again, while the server is restarted and killed, sees exactly what one sees that reads all."""
        with World() as world:
            server = world.server
            county = server.client("county-a")
            first = hazard(county, "开始")
            start = county.journal("hazard", first["id"])[0]["seq"]
            over, made = threading.Event(), []

            def work():
                client = harness.Client(server, token=county.token)
                number = 0
                while not over.is_set():
                    number += 1
                    try:
                        made.append(hazard(client, f"第 {number}")["id"])
                    except (OSError, harness.http.client.HTTPException):
                        time.sleep(0.05)
                    time.sleep(0.01)

            worker = threading.Thread(target=work, daemon=True)
            worker.start()
            seen, last = [], start
            for round_ in range(8):
                stream = Stream(server, county.token, after=last, by="header" if round_ % 2 else "query")
                self.assertEqual(stream.status, 200)
                time.sleep(0.4)
                if round_ == 3:
                    server.kill()
                    server.start()
                elif round_ == 5:
                    server.stop()
                    server.start()
                stream.close()
                events = [e for e in stream.events if isinstance(e.get("data"), dict) and "seq" in e["data"]]
                self.assertFalse([e for e in stream.events if e.get("event") == "reset"])
                seen += [(int(e["id"]), e["data"]["id"]) for e in events]
                last = max([last] + [int(e["id"]) for e in events])
            over.set()
            worker.join(30)
            final = Stream(server, county.token, after=last)
            marker = hazard(county, "结束")
            final.wait(lambda e: e.get("data", {}).get("id") == marker["id"], 15)
            seen += [(int(e["id"]), e["data"]["id"]) for e in final.events if isinstance(e.get("data"), dict) and "seq" in e["data"]]
            final.close()
            ids = [seq for seq, _ in seen]
            self.assertEqual(ids, sorted(set(ids)), "events are doubled or out of order")
            reported = {record for _, record in seen}
            self.assertTrue(set(made) <= reported, f"{len(set(made) - reported)} of {len(made)} acknowledged records never came")
            listed = {r["id"]: r for r in county.all("hazard")}
            self.assertEqual(reported, set(listed) - {first["id"]})
            print(f"{len(seen)} events over 9 connections, a kill and a restart: no gap, no double")


class SlowReaders(unittest.TestCase):
    def test_a_reader_that_does_not_read_is_bounded(self):
        """Tens of megabytes of events and thirty readers that never read: the server grows little, the others are served."""
        with World() as world:
            server = world.server
            county, token = server.client("county-a"), None
            slow = []
            for _ in range(30):
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect(("127.0.0.1", server.port))
                connection.sendall(f"GET /api/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {county.token}\r\n\r\n".encode())
                slow.append(connection)
            good = Stream(server, county.token)
            time.sleep(0.5)
            before = server.memory_kib()
            worst, record = 0.0, None
            for i in range(600):
                start = time.monotonic()
                record = hazard(county, f"洪水 {i}")
                worst = max(worst, time.monotonic() - start)
            good.wait(lambda e: e.get("data", {}).get("id") == record["id"], 20, "the good reader is held up by the slow ones")
            grown = server.memory_kib() - before
            print(f"600 events of 3 KB to 30 stuck readers: server grew {grown / 1024:.1f} MiB, worst create {worst * 1000:.0f} ms")
            self.assertLess(grown, 64 * 1024)
            self.assertLess(worst, 5)
            good.close()
            for connection in slow:
                connection.close()
            wait_for(lambda: server.metrics().get("anlan_stream_listeners", 0) == 0, 40, "dead listeners are kept")


if __name__ == "__main__":
    harness.main()
