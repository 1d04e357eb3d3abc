"""The tours of README.md and docs/tour.md, with their pictures of the real pages in docs/img/. `make tour` runs both.

README: the Tennessee Eastman plant loses its A feed, now: d06 fed through the HTTP door with its trip five minutes ago, the people's moves through the API,
pictures by tests/browser/tour.mjs. Needs the data (ANLAN_DATA).
docs/tour.md: the demo province, and what each role does in the stories of tests/browser/; of their pictures those in ROLES are kept.
Both need Chromium, pngquant and the built web client. `python3 tests/tour.py roles` makes only the second.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

import harness
import tep_test

ROWS_FED = 284  # the trip level is met in row 279
PICTURES = os.path.join(harness.ROOT, "docs", "img")
# story -> its pictures that docs/tour.md shows
ROLES = {
    "journey": ["desk", "alarm", "map", "rectifying", "submitted"],
    "permit": ["draft", "measures", "confirm", "no-analysis", "stopped-phone", "accepted"],
    "case": ["not-shown", "paper", "too-high", "served", "decided", "published"],
    "tip": ["portal", "receipt", "true", "answer"],
    "roles": ["grid", "hour", "forwarded", "city-notices", "city", "figures", "wall", "admin-users"],
}


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


def tell_plant():
    if not os.path.isdir(tep_test.DATA):
        sys.exit(f"the data is not at {tep_test.DATA} (set ANLAN_DATA)")
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


def keep(story, directory):
    """Of a story's pictures (NN-NAME.png) those of the tour, as tour-STORY-NAME.png."""
    for name in ROLES[story]:
        found = glob.glob(os.path.join(directory, f"[0-9][0-9]-{name}.png"))
        assert len(found) == 1, f"{story}: {len(found)} pictures {name}"
        kept = os.path.join(PICTURES, f"tour-{story}-{name}.png")
        subprocess.run(["pngquant", "--force", "--output", kept, found[0]], check=True)  # a page has few colours: a third of the size


def tell_roles():
    top = tempfile.mkdtemp(prefix="anlan-tour-")
    server = harness.Server(os.path.join(top, "data"), os.path.join(harness.ROOT, "packs"), command="demo",
                            options=["--web", os.path.join(harness.ROOT, "web", "dist")])
    try:
        server.start()
        for story in ROLES:
            shots = os.path.join(top, story)
            environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{server.port}", "SHOTS": shots, "ALARM_WAIT_S": "180"}
            subprocess.run(["node", os.path.join(harness.ROOT, "tests", "browser", story + ".mjs")], env=environment, check=True)
            keep(story, shots)
    finally:
        server.close()
        shutil.rmtree(top, ignore_errors=True)


def main():
    os.makedirs(PICTURES, exist_ok=True)
    if sys.argv[1:] != ["roles"]:
        tell_plant()
    tell_roles()


if __name__ == "__main__":
    main()
