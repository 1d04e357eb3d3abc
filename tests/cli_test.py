"""The command line: help everywhere, exit codes that scripts can trust, loading with errors by row, a backup that verifies elsewhere."""

import hashlib
import os
import resource
import shutil
import sqlite3
import tempfile
import time
import unittest

import harness
from harness import World, WorldTest, command, command_ok

COMMANDS = ["serve", "demo", "pack", "load", "import", "ingest", "alarms", "honesty", "verify", "user", "backup", "export", "receipt", "keys", "draw", "replay"]
T0 = 1_700_000_000_000


class Help(unittest.TestCase):
    def test_help_is_everywhere(self):
        whole = command("--help")
        self.assertEqual(whole.returncode, 0)
        for name in COMMANDS:
            with self.subTest(name):
                self.assertIn(name, whole.stdout)
                done = command(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(f"anlan {name}", done.stdout)

    def test_wrong_usage_ends_with_2(self):
        for line in ([], ["dance"], ["pack"], ["pack", "dance"], ["load"], ["load", "hazard"], ["serve", "--colour"], ["user"], ["user", "dance"],
                     ["backup"], ["serve", "--port", "many"], ["verify", "one", "two"], ["verify", "--head", "x"], ["export"], ["receipt", "check"], ["ingest"],
                     ["keys"], ["keys", "dance"], ["pack", "apply"], ["keys", "show", "--lost"]):
            with self.subTest(" ".join(line)):
                done = command(*line)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertTrue(done.stderr)
                self.assertEqual(done.stdout, "")

    def test_pack_show(self):
        chinese, english = command("pack", "show", "hazard", harness.PACKS), command("pack", "show", "hazard", harness.PACKS, "--en")
        self.assertEqual((chinese.returncode, english.returncode), (0, 0), chinese.stderr + english.stderr)
        for words in ("▶ 待核实 (reported)", "交办整改 → 整改中", "■ 已销号 (closed)", "整改期限，无则 15 个工作日"):
            self.assertIn(words, chinese.stdout)
        self.assertIn("■ Closed (closed)", english.stdout)
        self.assertEqual(command("pack", "show", "nothing", harness.PACKS).returncode, 1)
        self.assertEqual(command("pack", "check", harness.PACKS, "extra").returncode, 2)
        if shutil.which("dot") is None:
            self.skipTest("graphviz is not there")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "flow.svg")
            done = command("pack", "show", "hazard", harness.PACKS, "--svg", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path, encoding="utf-8") as file:
                self.assertIn("待验收", file.read())

    def test_draw_is_what_anybody_works_out(self):
        try:
            def sm3(text):
                return hashlib.new("sm3", text.encode()).hexdigest()
            sm3("")
        except ValueError:
            self.skipTest("this Python knows no SM3")
        keys = [f"企业{n * 7919 % 1000:03}" for n in range(1000)]
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "list.csv")
            with open(path, "w", encoding="utf-8") as file:
                file.write("name,code\n" + "".join(f'"a,{key}",{key}\n' for key in keys))
            done = command("draw", "--seed", "福彩 472", "--count", "25", "--key", "code", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            by_hash = sorted((sm3("福彩 472|" + key), key) for key in keys)[:25]
            self.assertEqual(done.stdout.splitlines(), [f"{n + 1},{key},{digest}" for n, (digest, key) in enumerate(by_hash)])
            self.assertEqual(command("draw", "--seed", "1", "--count", "3", "--key", "colour", path).returncode, 2)
            self.assertEqual(command("draw", "--seed", "1", path).returncode, 2)
            self.assertEqual(command("draw", "--seed", "1", "--count", "3", directory).returncode, 1)

    def test_version(self):
        self.assertRegex(command("--version").stdout, r"^anlan \d+\.\d+\.\d+\n$")

    def test_pack_apply(self):
        with tempfile.TemporaryDirectory() as directory:
            packs, data = os.path.join(directory, "packs"), os.path.join(directory, "data")
            shutil.copytree(harness.PACKS, packs)
            sheet = os.path.join(directory, "o.csv")
            with open(sheet, "w", encoding="utf-8") as file:
                file.write("code,name,region,phone\nO1,武进局,320412,0519-1\nO2,新北局,320412,\n")
            regions = os.path.join(directory, "r.csv")
            with open(regions, "w", encoding="utf-8") as file:
                file.write("code,name,kind\n320412,武进区,district\n")
            for type_, path in (("region", regions), ("organisation", sheet)):
                command_ok("load", type_, path, "--packs", packs, data=data)
            path = os.path.join(packs, "core", "organisation.yaml")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("{name: phone,", "{name: call,"))
            refused = command("keys", "show", "--packs", packs, data=data)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("anlan pack apply --rename organisation.phone=NEW", refused.stderr)
            self.assertEqual(command("pack", "apply", "--packs", packs, data=data).returncode, 2)
            self.assertEqual(command("pack", "apply", "--rename", "organisation.phone", "--packs", packs, data=data).returncode, 1)
            line = ["pack", "apply", "--rename", "organisation.phone=call", "--packs", packs]
            looked = command_ok(*line, data=data).stdout
            self.assertIn("rename organisation.phone=call: 1 records", looked)
            self.assertIn("nothing is changed yet", looked)
            self.assertEqual(command("keys", "show", "--packs", packs, data=data).returncode, 1)
            self.assertIn("done", command_ok(*line, "--yes", data=data).stdout)
            command_ok("verify", "--packs", packs, data=data)
            command_ok("keys", "show", "--packs", packs, data=data)
            self.assertEqual(command(*line, data=data).returncode, 1, "it is done already")

    def test_what_is_not_there(self):
        with tempfile.TemporaryDirectory() as empty:
            for line in (["verify"], ["verify", "nothing"], ["alarms"], ["backup", os.path.join(empty, "copy")], ["export", "--journal", os.path.join(empty, "x")]):
                done = command(*line, data=os.path.join(empty, "data"))
                self.assertEqual(done.returncode, 1, (line, done.stdout, done.stderr))
                self.assertIn("[", done.stderr)


class Load(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="anlan-cli-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.data = os.path.join(self.directory, "data")
        harness.load("region", harness.REGIONS, self.data)

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def codes(self):
        with World_records(self.data) as client:
            return {r["code"]: r for r in client.all("enterprise")}

    GOOD = "code,name,region,kind,place_lon,place_lat,employees\nP1,\"甲, 厂\",320411,chemical,119.9,31.9,20\nP2,乙厂,320402,storage,,,\n"

    def test_good_rows_go_in_and_again_change_nothing(self):
        path = self.file("e.csv", self.GOOD)
        first = command_ok("load", "enterprise", path, data=self.data)
        self.assertIn("2", first.stdout)
        command_ok("load", "enterprise", path, data=self.data)
        records = self.codes()
        self.assertEqual(set(records), {"P1", "P2"})
        self.assertEqual((records["P1"]["name"], records["P1"]["place"], records["P1"]["employees"]),
                         ("甲, 厂", {"lon": 119.9, "lat": 31.9}, 20))
        self.assertEqual(records["P1"]["version"], 1)  # nothing changed: no new version
        command_ok("load", "enterprise", self.file("e.csv", self.GOOD.replace("乙厂", "乙化工厂")), data=self.data)
        records = self.codes()
        self.assertEqual((records["P2"]["name"], records["P2"]["version"], records["P1"]["version"]), ("乙化工厂", 2, 1))

    def test_bad_rows_are_named(self):
        path = self.file("e.csv", "code,name,region,kind\nP1,甲厂,320411,chemical\nP2,乙厂,999999,chemical\nP3,,320411,chemical\nP4,丁厂,320411,dragon\n")
        done = command("load", "enterprise", path, data=self.data)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, text)
        for row, field in ((3, "region"), (4, "name"), (5, "kind")):
            line = next((l for l in text.splitlines() if field in l and str(row) in l), None)
            self.assertIsNotNone(line, f"row {row} ({field}) is not named: {text}")

    def test_dry_run_changes_nothing(self):
        path = self.file("e.csv", self.GOOD)
        done = command_ok("load", "enterprise", path, "--dry-run", data=self.data)
        self.assertTrue(done.stdout)
        self.assertEqual(self.codes(), {})
        bad = self.file("bad.csv", "code,name,region,kind\nP1,甲厂,999999,chemical\n")
        done = command("load", "enterprise", bad, "--dry-run", data=self.data)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(self.codes(), {})

    def test_yaml(self):
        path = self.file("e.yaml", "- {code: P7, name: 庚厂, region: '320411', kind: chemical, place: {lon: 119.5, lat: 31.5}}\n"
                                   "- code: P8\n  name: 辛厂\n  region: '320402'\n  kind: gas\n")
        command_ok("load", "enterprise", path, data=self.data)
        self.assertEqual(set(self.codes()), {"P7", "P8"})

    def test_files_that_cannot_be_read(self):
        for name, text in (("x.csv", "code,name\n\"P1,x\n"), ("x.csv", "code,colour\nP1,red\n"), ("x.csv", b"code,name\n\xff\xfe,x\n"),
                           ("x.csv", "code,code\nP1,P1\n"), ("x.csv", ""), ("x.yaml", "a: [b"), ("x.csv", "code,name,region,kind\nP1,x\n"),
                           ("x.dat", "whatever")):
            done = command("load", "enterprise", self.file(name, text), data=self.data)
            self.assertIn(done.returncode, (1, 2), (name, text, done.stdout, done.stderr))
            self.assertTrue(done.stderr)
        self.assertEqual(self.codes(), {})
        self.assertEqual(command("load", "dragon", self.file("d.csv", "a\n1\n"), data=self.data).returncode, 1)
        self.assertEqual(command("load", "enterprise", "/nonexistent.csv", data=self.data).returncode, 1)


class World_records:
    """An admin's client on a data directory that has none yet."""

    def __init__(self, data):
        self.copy = tempfile.mkdtemp(prefix="anlan-look-")
        self.data = os.path.join(self.copy, "data")
        shutil.copytree(data, self.data)

    def __enter__(self):
        harness.add_user("looker", "admin", self.data)
        self.server = harness.Server(self.data).start()
        return self.server.client("looker")

    def __exit__(self, *_):
        self.server.close()
        shutil.rmtree(self.copy)


class Users(unittest.TestCase):
    def test_users_and_tokens(self):
        with World() as world:
            world.server.stop()
            listed = command_ok("user", "list", data=world.data).stdout
            for login in harness.USERS:
                self.assertIn(login, listed)
            self.assertNotIn(harness.PASSWORD, listed)
            short = os.path.join(world.directory, "short")
            with open(short, "w") as file:
                file.write("1234567\n")
            for line in (["user", "add", "x", "--name", "x", "--role", "king", "--password-file", short],
                         ["user", "add", "x", "--name", "x", "--role", "admin", "--password-file", short],
                         ["user", "add", "x", "--name", "x", "--role", "county_inspector", "--region", "999999", "--password-file", short],
                         ["user", "password", "nobody", "--password-file", short], ["user", "token", "nothing"]):
                done = command(*line, data=world.data)
                self.assertEqual(done.returncode, 1, (line, done.stdout, done.stderr))
            changed = command("user", "password", "city", "--password-file", "-", data=world.data, stdin="another-horse-9\n")
            self.assertEqual(changed.returncode, 0, changed.stderr)
            world.server.start()
            self.assertEqual(harness.Client(world.server).post("/api/session", {"login": "city", "password": harness.PASSWORD}).status, 401)
            harness.Client(world.server).login("city", "another-horse-9")

            # nothing secret lies in the data directory as text
            world.server.stop()
            for name in (os.path.join(folder, file) for folder, _, files in os.walk(world.data) for file in files):
                with open(name, "rb") as file:
                    content = file.read()
                for secret in (harness.PASSWORD, "another-horse-9", *world.tokens.values()):
                    self.assertNotIn(secret.encode(), content, name)


class Running(WorldTest):
    def test_ingest_over_http(self):
        path = os.path.join(self.world.directory, "lines.txt")
        with open(path, "w") as file:
            file.writelines(f"A.T1 value={20 + i % 7} {(T0 + i * 1000) * 10**6}\n" for i in range(2500))
        url = f"http://127.0.0.1:{self.server.port}"
        command_ok("ingest", path, "--url", url, "--token", self.world.tokens["GW-A"])
        self.server.settle()
        county = self.server.client("county-a")
        self.assertEqual(len(county.history("A.T1", T0, T0 + 2_500_000)), 2500)
        done = command("ingest", path, "--url", url, "--token", "wrong")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        with open(path, "a") as file:
            file.write("nonsense\n")
        done = command("ingest", path, "--url", url, "--token", self.world.tokens["GW-A"])
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("nonsense", done.stderr)
        done = command("ingest", path, "--url", "http://127.0.0.1:1", "--token", "x", timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)

    def ingest_csv(self, table, map_):
        paths = []
        for name, text in (("plant.csv", table), ("map.yaml", map_)):
            paths.append(os.path.join(self.world.directory, name))
            with open(paths[-1], "w") as file:
                file.write(text)
        return command("ingest", paths[0], "--format", "csv", "--map", paths[1], "--url", f"http://127.0.0.1:{self.server.port}",
                       "--token", self.world.tokens["GW-A"])

    def test_ingest_of_csv_with_a_map(self):
        start = harness.rfc3339_ms("2023-11-16T00:00:00+08:00")
        columns = "columns: {2: A.T1, 3: A.P1}\n"
        done = self.ingest_csv("时间,温度,压力\n2023-11-16T00:00:00+08:00,21.5,2700\n2023-11-16T00:01:00+08:00,22,2701.5\n",
                               "header_rows: 1\ntime: {column: 1}\n" + columns)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.ingest_csv("x 23 2702\nx 24 2703\n",
                               'delimiter: space\ntime: {start: "2023-11-16T00:02:00+08:00", step_s: 60}\n' + columns)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.settle()
        county = self.server.client("county-a")
        self.assertEqual([v for _, v, _ in county.history("A.P1", start, start + 240_000)], [2700.0, 2701.5, 2702.0, 2703.0])
        self.assertEqual([v for _, v, _ in county.history("A.T1", start, start + 240_000)], [21.5, 22.0, 23.0, 24.0])

    def test_ingest_maps_that_are_wrong(self):
        for map_ in ("", "columns: {1: A.T1}\n", "time: {column: 1}\n", "time: {column: 1}\ncolumns: {x: A.T1}\n", "time: [\n",
                     "time: {start: yesterday, step_s: 1}\ncolumns: {1: A.T1}\n"):
            done = self.ingest_csv("1,2\n", map_)
            self.assertEqual(done.returncode, 1, (map_, done.stdout, done.stderr))
            self.assertIn("[", done.stderr)

    def test_a_port_or_a_folder_in_use_is_refused(self):
        other = os.path.join(self.world.directory, "other")
        for data, port, word in ((other, self.server.port, "config"), (self.world.data, 0, "file")):
            done = command("serve", "--port", port, "--packs", harness.PACKS, data=data, timeout=60)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn(f"[{word}", done.stderr)

    def test_what_is_kept_is_not_for_everybody(self):
        copy = os.path.join(self.world.directory, "private")
        os.mkdir(copy, 0o755)
        command_ok("backup", copy, data=self.world.data)
        for directory in (self.world.data, copy):
            for name in os.listdir(directory):
                self.assertEqual(os.stat(os.path.join(directory, name)).st_mode & 0o007, 0, (directory, name))

    def test_the_limit_of_files_is_raised(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        with World(preexec=few_files) as world:
            soft, hard = resource.prlimit(world.server.process.pid, resource.RLIMIT_NOFILE)
            self.assertEqual(soft, hard)

    def test_alarms_beside_a_server(self):
        self.assertEqual(self.world.device().write([f"A.P1 value=3001 {T0}"]).status, 204)
        line = harness.wait_for(lambda: next((l for l in command_ok("alarms", data=self.world.data).stdout.splitlines() if "A.P1" in l), None), 10)
        self.assertIn("HH", line)

    def test_backup_of_a_running_server_verifies_elsewhere(self):
        county = self.server.client("county-a")
        for i in range(20):
            county.create("hazard", title=f"备份 {i}", enterprise="PLANT-A", source="inspection", grade="general")
        self.assertEqual(self.world.device().write([f"A.L1 value=50 {T0 + i}" for i in range(500)]).status, 204)
        self.server.settle()
        copy = os.path.join(self.world.directory, "copy")
        command_ok("backup", copy, data=self.world.data)
        again = command("backup", copy, data=self.world.data)
        self.assertEqual(again.returncode, 1, "a backup must not overwrite an older one")
        verified = command("verify", data=copy)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        refused = command("serve", "--port", 0, data=copy, timeout=60)
        self.assertEqual(refused.returncode, 1, "it starts without its seal key")
        self.assertIn("seal-key", refused.stderr)
        key = os.path.join(self.world.data, "keys", "seal.key")
        restored = harness.Server(copy, options=["--seal-key", key]).start()
        try:
            client = restored.client("county-a")
            self.assertEqual(len([r for r in client.all("hazard") if r["title"].startswith("备份")]), 20)
            restored.settle()
            self.assertEqual(len(client.history("A.L1", T0, T0 + 500)), 500)
        finally:
            restored.close()


class Keys(unittest.TestCase):
    """The key of sealed fields: made once, refused when wrong or open to others, changed, replaced when lost."""

    SECRET = "correct-horse-battery"

    def test_life_of_a_key(self):
        with World() as world:
            key = os.path.join(world.data, "keys", "seal.key")
            admin = world.server.client("admin")
            admin.create("webhook", code="w", name="w", url="http://127.0.0.1:9/", role="admin", secret=self.SECRET)
            self.assertEqual(admin.record("webhook", "w")["secret"], {"sealed": True})
            self.assertNotIn(self.SECRET, admin.get("/api/records/webhook?format=csv").text)
            world.server.stop()
            self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
            with self.subTest("nothing in the clear in the data directory"):
                for name in (os.path.join(folder, file) for folder, _, files in os.walk(world.data) for file in files):
                    with open(name, "rb") as file:
                        self.assertNotIn(self.SECRET.encode(), file.read(), name)
            first = command_ok("keys", "show", data=world.data).stdout.split("\t")[0]
            copy = os.path.join(world.directory, "seal.key")
            shutil.copy(key, copy)
            command_ok("keys", "rotate", data=world.data)
            second = command_ok("keys", "show", data=world.data).stdout.split("\t")[0]
            self.assertNotEqual(first, second)
            self.assertEqual(command("verify", data=world.data).returncode, 0)
            with self.subTest("the former key is refused, both are named"):
                done = command("keys", "show", "--seal-key", copy, data=world.data)
                self.assertEqual(done.returncode, 1)
                self.assertIn(first, done.stderr)
                self.assertIn(second, done.stderr)
            with self.subTest("open to others"):
                os.chmod(key, 0o640)
                self.assertIn("chmod 600", command("keys", "show", data=world.data).stderr)
                os.chmod(key, 0o600)
            with self.subTest("a rotation cut off after its commit is finished"):
                os.rename(key, key + ".new")
                shutil.copy(copy, key)
                self.assertIn(second, command_ok("keys", "show", data=world.data).stdout)
                self.assertFalse(os.path.exists(key + ".new"))
            with self.subTest("lost"):
                os.unlink(key)
                self.assertEqual(command("keys", "rotate", data=world.data).returncode, 1)
                command_ok("keys", "rotate", "--lost", data=world.data)
                world.server.start()
                state = world.server.client("admin").get("/api/webhooks").json["items"][0]
                self.assertTrue(state["secret"])


class Verify(unittest.TestCase):
    """What somebody changes behind the program's back is found."""

    TAMPERING = {
        "a record": "UPDATE r_hazard SET title = 'nothing happened'",
        "an entry's diff": "UPDATE journal SET diff = replace(diff, '甲', '乙')",
        "an entry's actor": "UPDATE journal SET actor = 'somebody' WHERE type = 'hazard'",
        "an entry's time": "UPDATE journal SET time_ms = time_ms + 1 WHERE type = 'hazard'",
        "a lost entry": "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal WHERE type = 'hazard')",
        "a lost record": "DELETE FROM r_hazard",
    }

    def test_tampering_is_found(self):
        with World() as world:
            county = world.server.client("county-a")
            record = county.create("hazard", title="甲", enterprise="PLANT-A", source="inspection", grade="general")
            county.move(record, "dismiss", dismissal="不属实")
            world.server.stop()
            clean = world.verify()
            self.assertEqual(clean.returncode, 0, clean.stdout + clean.stderr)
            for what, statement in self.TAMPERING.items():
                with self.subTest(what):
                    copy = os.path.join(world.directory, "tampered")
                    shutil.rmtree(copy, ignore_errors=True)
                    shutil.copytree(world.data, copy)
                    database = sqlite3.connect(os.path.join(copy, "records.db"))
                    with database:
                        changed = database.execute(statement).rowcount
                    database.close()
                    self.assertGreater(changed, 0, "the statement changed nothing")
                    done = command("verify", data=copy)
                    self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                    self.assertIn("verify.broken", done.stderr)

    def test_the_exported_journal_needs_nothing_else(self):
        with World() as world:
            county = world.server.client("county-a")
            county.create("hazard", title="甲", enterprise="PLANT-A", source="inspection", grade="general")
            path = os.path.join(world.directory, "journal")
            command_ok("export", "--journal", path, data=world.data)  # beside the server
            self.assertEqual(command("export", "--journal", path, data=world.data).returncode, 1, "an existing file was overwritten")
            self.assertEqual(os.stat(path).st_mode & 0o077, 0)
            whole = command("verify", path)
            self.assertEqual(whole.returncode, 0, whole.stderr)
            self.assertIn("clean: ", whole.stdout)
            with open(path, "r+b") as file:
                content = file.read()
                file.seek(content.index("甲".encode()))
                file.write("乙".encode())
            changed = command("verify", path)
            self.assertEqual(changed.returncode, 1)
            self.assertIn("verify.broken", changed.stderr)


if __name__ == "__main__":
    harness.main()
