"""The tour of README.md, with its pictures: the Tennessee Eastman plant loses its A feed, now.

`make tour` runs it: a server of its own, d06 fed through the HTTP door with its trip five minutes ago, the people's moves through the API, and pictures of
the real pages (tests/browser/tour.mjs) into docs/img/. Needs the data (ANLAN_DATA), Chromium and the built web client.
"""

import os
import subprocess
import sys
import time

import harness
import tep_test

ROWS_FED = 284  # the trip level is met in row 279
PICTURES = os.path.join(harness.ROOT, "docs", "img")


def now_ms():
    return int(time.time() * 1000)


def feed(world):
    rows = tep_test.read_run(6)[:ROWS_FED]
    start = now_ms() - ROWS_FED * tep_test.STEP_MS + 15_000
    client = world.device("GW-TEP")
    fields = tep_test.names()
    for first in range(0, ROWS_FED, tep_test.BATCH_ROWS):
        lines = [f"TEP {','.join(f'{f}={v}' for f, v in zip(fields, row, strict=True))} {start + (first + i) * tep_test.STEP_MS}"
                 for i, row in enumerate(rows[first:first + tep_test.BATCH_ROWS])]
        answer = client.write(lines)
        assert answer.status == 204, answer
    world.server.settle()


def people_act(world):
    county, safety = world.server.client("county-a"), world.server.client("safety-tep")
    alarm = harness.wait_for(lambda: next(iter(county.all("alarm", filter="point = 'TEP.XMEAS7' AND level = 'HH'")), None), 10, "no trip")
    safety.move(safety.record("alarm", alarm["id"]), "acknowledge", comment="已到现场，A 进料阀卡死")
    pictures(world, alarm=alarm["id"], only="pressure")
    county, safety = world.server.client("county-a"), world.server.client("safety-tep")  # idle connections were closed meanwhile
    turned = county.move(county.record("alarm", alarm["id"]), "to_hazard")
    hazard = county.record("hazard", turned["hazard"])
    hazard = county.move(hazard, "assign", owner="装置主任", due=harness.day_after(10), comment="反应器压力已达联锁值，立即处置")
    hazard = safety.move(safety.record("hazard", hazard["id"]), "submit", rectified="恢复 A 进料，更换调节阀，压力降至 2700 kPa")
    hazard = county.move(county.record("hazard", hazard["id"]), "accept", opinion="现场核查，符合要求")
    hazard = county.move(hazard, "close")
    pictures(world, hazard=hazard["id"], only="hazard")


def pictures(world, only, **ids):
    environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{world.server.port}", "SHOTS": PICTURES, "ONLY": only,
                   "PASSWORD": harness.PASSWORD, **{k.upper(): v for k, v in ids.items()}}
    subprocess.run(["node", os.path.join(harness.ROOT, "tests", "browser", "tour.mjs")], env=environment, check=True)


def main():
    if not os.path.isdir(tep_test.DATA):
        sys.exit(f"the data is not at {tep_test.DATA} (set ANLAN_DATA)")
    os.makedirs(PICTURES, exist_ok=True)
    with harness.World() as world:
        world.server.stop()
        world.server.options = ["--web", os.path.join(harness.ROOT, "web", "dist")]
        tep_test.make_plant(world, tep_test.limits_of(tep_test.read_run(0)))
        harness.add_user("county-a", "county_inspector", world.data, region="320411", name="县级监管员")
        harness.add_user("safety-tep", "enterprise_safety", world.data, enterprise=tep_test.PLANT, name="企业安全员")
        world.server.start()
        feed(world)
        people_act(world)
        world.server.stop()
        print(world.verify().stdout)


if __name__ == "__main__":
    main()
