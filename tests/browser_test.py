"""The living demo as `make run` brings it up, and the journey of tests/browser/journey.mjs through its pages in Chromium."""

import os
import shutil
import subprocess
import tempfile
import unittest

import harness

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
NEEDED = {
    CHROMIUM: "Chromium is not installed (make deps-test)",
    os.path.join(harness.ROOT, "web", "dist", "index.html"): "the web client is not built (make web)",
    os.path.join(harness.ROOT, "web", "node_modules", "playwright-core"): "npm packages are not installed (make web)",
}


class Journey(unittest.TestCase):
    def test_from_alarm_to_closed_hazard_and_every_page_on_a_phone(self):
        directory = tempfile.mkdtemp(prefix="anlan-demo-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        server = harness.Server(os.path.join(directory, "data"), options=["--web", os.path.join(harness.ROOT, "web", "dist")], command="demo")
        self.addCleanup(server.close)
        server.start()
        environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{server.port}", "CHROMIUM": CHROMIUM, "ALARM_WAIT_S": "180"}
        shots = os.environ.get("SHOTS")
        if shots:
            os.makedirs(shots, exist_ok=True)
        done = subprocess.run(["node", os.path.join(harness.ROOT, "tests", "browser", "journey.mjs")], env=environment, cwd=harness.ROOT,
                              capture_output=True, text=True, timeout=600)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + server.log())
        server.stop()
        verified = harness.command("verify", data=server.data)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


if __name__ == "__main__":
    for path, word in NEEDED.items():
        if not os.path.exists(path):
            harness.skip_all(word)
    harness.main()
