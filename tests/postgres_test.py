"""A PostgreSQL server that dies under a running anlan and comes back: nothing acknowledged is lost, and anlan goes on by itself.

Runs inside `tests/postgres run DIR`, whose server it kills; so it must not run beside other tests of that server."""

import os
import subprocess
import threading
import time
import unittest

import harness
from harness import World, wait_for

if "ANLAN_TEST_SERVER" not in os.environ:
    harness.skip_all("no PostgreSQL server: run by tests/postgres run DIR")


def kill_and_restart():
    script = os.path.join(harness.ROOT, "tests", "postgres")
    subprocess.run([script, "restart", os.environ["ANLAN_TEST_SERVER"]], check=True, stdin=subprocess.DEVNULL)


class Restart(unittest.TestCase):
    def setUp(self):
        self.acknowledged, self.refused, self.over = [], 0, False

    def create_on_and_on(self, client):
        fields = {"title": "库", "enterprise": "PLANT-A", "source": "inspection", "grade": "general"}
        while not self.over:
            answer = client.post("/api/records/hazard", fields)
            if answer.status == 201:
                self.acknowledged.append(answer.json["id"])
            else:
                self.refused += 1
                time.sleep(0.02)

    def test_nothing_acknowledged_is_lost(self):
        with World() as world:
            client = world.server.client("county-a")
            thread = threading.Thread(target=self.create_on_and_on, args=(client,))
            thread.start()
            for _ in range(3):
                count = len(self.acknowledged)
                wait_for(lambda: len(self.acknowledged) > count + 20, 30, "nothing is created")
                kill_and_restart()
            count = len(self.acknowledged)
            wait_for(lambda: len(self.acknowledged) > count + 20, 30, "nothing is created after the last restart")
            self.over = True
            thread.join()
            reader = world.server.client("county-a")
            for id_ in self.acknowledged:
                self.assertEqual(reader.get(f"/api/records/hazard/{id_}").status, 200)
            reader.create("hazard", title="后", enterprise="PLANT-A", source="inspection", grade="general")
            world.server.stop()
            self.assertEqual(world.verify().returncode, 0)
        print(f"{len(self.acknowledged)} acknowledged, {self.refused} refused while the server was away")


if __name__ == "__main__":
    harness.main()
