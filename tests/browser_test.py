"""The living demo as `make run` brings it up, and the stories of tests/browser/ through its pages in Chromium: the journey from an
alarm to a closed hazard, the acts beside it (with the server killed and started again), permits, cases, tips, the other desks, and
whether everyone can use the pages."""

import os
import shutil
import subprocess
import tempfile
import threading
import unittest

import harness

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
NEEDED = {
    CHROMIUM: "Chromium is not installed (make deps-test)",
    os.path.join(harness.ROOT, "web", "dist", "index.html"): "the web client is not built (make web)",
    os.path.join(harness.ROOT, "web", "node_modules", "playwright-core"): "npm packages are not installed (make web)",
}


class Pages(unittest.TestCase):
    """One demo server for all stories; those that kill it or want its first alarms come first."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.mkdtemp(prefix="anlan-demo-")
        cls.addClassCleanup(shutil.rmtree, directory, ignore_errors=True)
        cls.packs = os.path.join(directory, "packs")
        shutil.copytree(os.path.join(harness.ROOT, "packs"), cls.packs)
        for pack in ("kinds", "sealed"):  # types that have every kind of field, for the story "records"
            shutil.copytree(os.path.join(harness.ROOT, "tests", "packs", pack), os.path.join(cls.packs, pack))
        cls.server = harness.Server(os.path.join(directory, "data"), cls.packs, command="demo",
                                    options=["--web", os.path.join(harness.ROOT, "web", "dist")])
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.server.options += ["--port", str(cls.server.port)]  # the browser finds it again after a restart

    def walk(self, story):
        """Runs tests/browser/STORY.mjs; a line "@kill" or "@start" from it is done to the server and answered."""
        environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{self.server.port}", "CHROMIUM": CHROMIUM, "ALARM_WAIT_S": "180",
                       "CONTROL": "1"}
        shots = os.environ.get("SHOTS")
        if shots:
            environment["SHOTS"] = os.path.join(shots, story)
        acts = {"@kill": self.server.kill, "@start": self.server.start}
        said = []
        with subprocess.Popen(["node", os.path.join(harness.ROOT, "tests", "browser", story + ".mjs")], env=environment,
                              cwd=harness.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as node:
            limit = threading.Timer(300, node.kill)
            limit.start()
            for line in node.stdout:
                if line.strip() in acts:
                    acts[line.strip()]()
                    node.stdin.write("done\n")
                    node.stdin.flush()
                else:
                    said.append(line)
            limit.cancel()
        print("".join(said))
        self.assertEqual(node.returncode, 0, "".join(said) + self.server.log())

    def test_1_from_alarm_to_closed_hazard_and_every_page_on_a_phone(self):
        self.walk("journey")

    def test_2_shelve_comment_create_edit_and_a_server_that_dies(self):
        self.walk("acts")

    def test_3_the_rest_two_at_a_time(self):
        """Stories that do not touch one another's records; the longest, axe on every page, has a lane of its own."""
        lanes = [["access"], ["permit", "case", "tip", "roles", "records"]]
        failures = []

        def run(lane):
            for story in lane:
                try:
                    self.walk(story)
                except AssertionError as failure:
                    failures.append(f"{story}: {failure}")

        threads = [threading.Thread(target=run, args=(lane,)) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_8_figures_of_the_alarm_system_and_other_limits(self):
        self.walk("kpis")

    def test_9_the_journal_verifies(self):
        self.server.stop()
        verified = harness.command("verify", "--packs", self.packs, data=self.server.data)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


if __name__ == "__main__":
    for path, word in NEEDED.items():
        if not os.path.exists(path):
            harness.skip_all(word)
    harness.main()
