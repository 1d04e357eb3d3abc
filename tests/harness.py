"""What every wide test needs: a server of its own on a free port, a small world of records in it, clients, a stream reader.

Only Python's standard library. The program under test is named by the environment variable ANLAN (ctest sets it); without it the
newest build under build/ is taken. A test file ends with `harness.main()`; it exits 77 with a word when the test cannot run here.
"""

import contextlib
import ctypes
import glob
import gzip
import hashlib
import http.client
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKS = os.path.join(ROOT, "packs")
PASSWORD = "correct-horse-7"
START_SECONDS = 60  # sanitizer builds on a busy machine start slowly
SKIPPED = 77


def program():
    named = os.environ.get("ANLAN")
    if named:
        return os.path.abspath(named)
    found = [p for p in glob.glob(os.path.join(ROOT, "build", "*", "anlan")) if os.access(p, os.X_OK)]
    if not found:
        raise SystemExit("no anlan program: build it first (make check) or set ANLAN")
    return max(found, key=os.path.getmtime)


def skip_all(word):
    """Ends the whole test file: ctest shows it as skipped."""
    print("SKIPPED:", word)
    sys.exit(SKIPPED)


def main():
    unittest.main(verbosity=2, warnings="ignore")  # clients close their sockets by ending


# ---- the command line ----


_schemas = set()


def _psql(*arguments, stdin=""):
    line = ["psql", "-q", "-v", "ON_ERROR_STOP=1", os.environ["ANLAN_TEST_DATABASE"], *arguments]
    subprocess.run(line, input=stdin, text=True, check=True, stdout=subprocess.DEVNULL)


def schema_of(data):
    return "w" + hashlib.md5(os.path.abspath(str(data)).encode()).hexdigest()


def database_options(data):
    """With ANLAN_TEST_DATABASE (see tests/postgres) each data directory has its records in a schema of that PostgreSQL database."""
    uri, schema = os.environ.get("ANLAN_TEST_DATABASE"), schema_of(data)
    if not uri:
        return []
    if schema not in _schemas:
        _schemas.add(schema)
        _psql("-c", f"SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS {schema}")
    return ["--database", f"{uri}&options=-csearch_path%3D{schema}"]


def copy_data(source, target):
    """Copies a data directory that no server has open, with its schema."""
    shutil.copytree(source, target)
    uri, schema = os.environ.get("ANLAN_TEST_DATABASE"), schema_of(source)
    if uri:
        dump = subprocess.run(["pg_dump", uri, "--schema", schema], capture_output=True, text=True, check=True).stdout
        _psql(stdin=dump.replace(schema, schema_of(target)))
        _schemas.add(schema_of(target))


def command(*arguments, data=None, stdin=None, timeout=120):
    """Runs `anlan ...`; gives CompletedProcess with text in stdout and stderr."""
    line = [program(), *map(str, arguments)]
    if data:
        line += ["--data", str(data), *database_options(data)]
    return subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=timeout, cwd=ROOT)


def command_ok(*arguments, **options):
    done = command(*arguments, **options)
    if done.returncode != 0:
        raise AssertionError(f"anlan {' '.join(map(str, arguments))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


# ---- the server ----


def _die_with_parent():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """`anlan serve` (or demo) on a data directory. The port is new at every start."""

    def __init__(self, data, packs=PACKS, options=(), preexec=None, command="serve"):
        self.command = command
        self.data, self.packs, self.options, self.preexec = str(data), str(packs), list(options), preexec
        self.process, self.port, self.starts = None, None, 0
        self.log_path = self.data.rstrip("/") + ".log"

    def start(self, wait=True):
        def before_exec():
            _die_with_parent()
            if self.preexec:
                self.preexec()

        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [program(), self.command, "--data", self.data, "--port", "0", "--packs", self.packs,
             *database_options(self.data), *self.options],
            stdout=subprocess.PIPE, stderr=log, cwd=ROOT, preexec_fn=before_exec, restore_signals=False)
        log.close()
        self.starts += 1
        self.port = self._read_port()
        if wait:
            self.wait_ready()
        return self

    def _read_port(self):
        lines = queue.Queue()
        stdout = self.process.stdout

        def read():
            for line in stdout:
                lines.put(line.decode())
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                line = lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError("the server did not say that it listens\n" + self.log())
            if line is None:
                raise AssertionError(f"the server ended with {self.process.wait()}\n{self.log()}")
            if line.startswith("listening on http://"):
                return int(line.strip().rsplit(":", 1)[1].split("/")[0])

    def wait_ready(self):
        wait_for(lambda: self._ready(), START_SECONDS, "the server is not ready")

    def _ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            client = Client(self)
            try:
                return client.get("/readyz").status == 200
            finally:
                client.close()
        return False

    def stop(self):
        """SIGTERM and a clean end."""
        self.process.terminate()
        code = self.process.wait(START_SECONDS)
        if code != 0:
            raise AssertionError(f"the server ended with {code}\n{self.log()}")

    def kill(self):
        """kill -9: what a power cut or the out-of-memory killer does to a process."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self):
        with contextlib.suppress(OSError):
            with open(self.log_path, errors="replace") as file:
                return file.read()[-4000:]
        return ""

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def metrics(self):
        """name (with labels, as printed) -> number"""
        client = Client(self)
        try:
            text = client.get("/metrics").text
        finally:
            client.close()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines()
                                                       if line and not line.startswith("#"))}

    def settle(self):
        """Waits until every sample acknowledged before now is evaluated."""
        target = self.metrics()["anlan_log_sequence"]
        wait_for(lambda: self.metrics()["anlan_engine_sequence"] >= target, 60, "the engine did not catch up")

    def client(self, login=None, token=None):
        client = Client(self, token=token)
        if login:
            client.login(login)
        return client


def wait_for(condition, seconds=10, what="it did not happen"):
    """The first true value of condition(), polled; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} (waited {seconds} s)")
        time.sleep(0.02)


# ---- HTTP ----


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def etag(self):
        return self.headers.get("ETag")

    def __repr__(self):
        return f"<{self.status} {self.body[:600].decode(errors='replace')}>"


class Client:
    """One keep-alive connection with a session or device token. Follows the server to its new port after a restart."""

    def __init__(self, server, token=None, scheme="Bearer"):
        self.server, self.token, self.scheme = server, token, scheme
        self.connection, self.port = None, None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def call(self, method, path, body=None, headers=None, timeout=60):
        """body: dicts and lists go as JSON, anything else as it is. Network errors come out as OSError or HTTPException."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list, int, float)):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        if self.token:
            headers.setdefault("Authorization", f"{self.scheme} {self.token}")
        if self.port != self.server.port:
            self.close()
        if self.connection is None:
            self.port = self.server.port
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            # a server may answer before it has read a whole body that it refuses, and close: the answer is still to be read
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        return self.call("GET", path)

    def post(self, path, body=None, **headers):
        return self.call("POST", path, {} if body is None else body, headers)

    def login(self, login, password=PASSWORD):
        answer = self.call("POST", "/api/session", {"login": login, "password": password})
        if answer.status != 201:
            raise AssertionError(f"{login} cannot log in: {answer}")
        self.token = answer.json["token"]
        return answer.json["user"]

    # records

    def record(self, type_, id_):
        answer = self.get(f"/api/records/{type_}/{quote(id_)}")
        if answer.status != 200:
            raise AssertionError(f"{type_} {id_}: {answer}")
        return answer.json

    def create(self, type_, **fields):
        answer = self.post(f"/api/records/{type_}", fields)
        if answer.status != 201:
            raise AssertionError(f"create {type_}: {answer}")
        return answer.json

    def try_move(self, type_, id_, move, version, comment=None, **fields):
        body = {"fields": fields}
        if comment is not None:
            body["comment"] = comment
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        return self.call("POST", f"/api/records/{type_}/{quote(id_)}/moves/{move}", body, headers)

    def move(self, record, move, comment=None, **fields):
        answer = self.try_move(record["type"], record["id"], move, record["version"], comment, **fields)
        if answer.status != 200:
            raise AssertionError(f"{move} of {record['type']} {record['id']}: {answer}")
        return answer.json

    def journal(self, type_, id_):
        answer = self.get(f"/api/records/{type_}/{quote(id_)}/journal")
        if answer.status != 200:
            raise AssertionError(f"journal of {type_} {id_}: {answer}")
        return answer.json["items"]

    def all(self, type_, **query):
        """Every record of a list, page by page."""
        items, cursor = [], None
        while True:
            answer = self.get(f"/api/records/{type_}", limit=500, cursor=cursor, **query)
            if answer.status != 200:
                raise AssertionError(f"list {type_}: {answer}")
            items += answer.json["items"]
            cursor = answer.json["next"]
            if not cursor:
                return items

    # samples

    def write(self, lines, precision="ms", gzipped=False):
        body = "\n".join(lines) if not isinstance(lines, (bytes, str)) else lines
        if isinstance(body, str):
            body = body.encode()
        headers = {"Content-Type": "text/plain"}
        if gzipped:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return self.call("POST", f"/write?precision={precision}", body, headers)

    def history(self, point, from_ms, to_ms, step=0):
        answer = self.get(f"/api/points/{quote(point)}/history", **{"from": from_ms, "to": to_ms, "step": step})
        if answer.status != 200:
            raise AssertionError(f"history of {point}: {answer}")
        return answer.json["items"]


def quote(text):
    return urllib.parse.quote(str(text), safe="")


def raw_exchange(port, data, timeout=30, chunks=None, pause=0):
    """Sends bytes as they are (then `chunks`, one each `pause` seconds) and returns (bytes received until close, seconds)."""
    start, received = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        end = start + timeout
        pending = iter(chunks or ())
        while time.monotonic() < end:
            connection.settimeout(max(0.01, min(pause or timeout, end - time.monotonic())))
            try:
                more = connection.recv(65536)
                if not more:
                    return received, time.monotonic() - start
                received += more
            except socket.timeout:
                chunk = next(pending, None)
                if chunk:
                    try:
                        connection.sendall(chunk)
                    except OSError:
                        return received, time.monotonic() - start
            except OSError:
                return received, time.monotonic() - start
    return received, None  # still open


class Stream:
    """Reads /api/stream on a thread of its own; `events` is the list so far: dicts with id, event, data."""

    def __init__(self, server, token, after=None, by="header"):
        path, headers = "/api/stream", {"Authorization": f"Bearer {token}"}
        if after is not None and by == "header":
            headers["Last-Event-ID"] = str(after)
        elif after is not None:
            path += f"?after={after}"
        self.events, self.comments, self.ended = [], 0, False
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.connection.request("GET", path, headers=headers)
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        event = {}
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            for raw in self.response:
                line = raw.decode().rstrip("\n").rstrip("\r")
                if not line:
                    if "data" in event or "event" in event:
                        with contextlib.suppress(ValueError):
                            event["data"] = json.loads(event.get("data", "null"))
                        self.events.append(event)
                    event = {}
                elif line.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = line.partition(":")
                    value = value[1:] if value.startswith(" ") else value
                    event[name] = event[name] + "\n" + value if name == "data" and "data" in event else value
        self.ended = True

    def wait(self, found, seconds=10, what="the event did not come"):
        """The first event for which found(event) is true."""
        return wait_for(lambda: next((e for e in list(self.events) if found(e)), None), seconds, what)

    def ids(self):
        return [int(e["id"]) for e in list(self.events) if "id" in e]

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.connection.close()


# ---- a small world ----

REGIONS = """code,name,parent,kind,lon,lat
32,江苏省,,province,118.8,32.0
3204,常州市,32,city,119.97,31.81
320402,天宁区,3204,district,119.97,31.78
320411,新北区,3204,district,119.97,31.83
3202,无锡市,32,city,120.3,31.57
320213,梁溪区,3202,district,120.3,31.57
"""
ENTERPRISES = """code,name,region,kind,place_lon,place_lat
PLANT-A,甲化工厂,320411,chemical,119.95,31.90
PLANT-B,乙化工厂,320402,chemical,119.98,31.78
PLANT-C,丙储运站,320213,storage,120.30,31.58
"""
POINTS = """code,name,enterprise,measure,unit,range_low,range_high,limit_low,limit_high,limit_high_high,hysteresis
A.T1,一号反应器温度,PLANT-A,temperature,℃,0,300,,150,175,2
A.P1,一号反应器压力,PLANT-A,pressure,kPa,0,4000,,2895,3000,0
A.L1,一号储罐液位,PLANT-A,level,%,0,100,10,90,95,1
B.T1,二号反应器温度,PLANT-B,temperature,℃,0,300,,150,175,2
C.L1,三号储罐液位,PLANT-C,level,%,0,100,10,90,95,1
"""
DEVICES = """code,name,region,enterprise
GW-A,甲厂网关,320411,PLANT-A
GW-B,乙厂网关,320402,PLANT-B
GW-C,丙站网关,320213,PLANT-C
"""
# login -> (role, region, enterprise)
USERS = {
    "admin": ("admin", None, None),
    "province": ("province_duty", "32", None),
    "city": ("city_duty", "3204", None),
    "city2": ("city_duty", "3202", None),
    "county-a": ("county_inspector", "320411", None),
    "county-b": ("county_inspector", "320402", None),
    "county-c": ("county_inspector", "320213", None),
    "safety-a": ("enterprise_safety", None, "PLANT-A"),
    "operator-a": ("enterprise_operator", None, "PLANT-A"),
    "safety-b": ("enterprise_safety", None, "PLANT-B"),
}


def load(type_, text, data, suffix=".csv"):
    with tempfile.NamedTemporaryFile("w", suffix=suffix, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return command_ok("load", type_, file.name, data=data)


def add_user(login, role, data, region=None, enterprise=None, name=None):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(PASSWORD + "\n")
        file.flush()
        scope = (["--region", region] if region else []) + (["--enterprise", enterprise] if enterprise else [])
        command_ok("user", "add", login, "--name", name or login, "--role", role, *scope, "--password-file", file.name, data=data)


def device_token(device, data):
    return command_ok("user", "token", device, data=data).stdout.split()[-1]


class World:
    """A data directory with REGIONS ... USERS loaded and a token per device, made once per test process and copied per use."""

    _template, _tokens = None, None

    def __init__(self, server_options=(), parent=None, preexec=None):
        if World._template is None:
            World._make()
        self.directory = tempfile.mkdtemp(prefix="anlan-test-", dir=parent)
        self.data = os.path.join(self.directory, "data")
        copy_data(World._template, self.data)
        self.tokens = dict(World._tokens)
        self.server = Server(self.data, options=server_options, preexec=preexec)

    @classmethod
    def _make(cls):
        top = tempfile.mkdtemp(prefix="anlan-world-")
        data = os.path.join(top, "data")
        for type_, text in (("region", REGIONS), ("enterprise", ENTERPRISES), ("point", POINTS), ("device", DEVICES)):
            load(type_, text, data)
        for login, (role, region, enterprise) in USERS.items():
            add_user(login, role, data, region, enterprise)
        cls._tokens = {device: device_token(device, data) for device in ("GW-A", "GW-B", "GW-C")}
        cls._template = data
        unittest.addModuleCleanup(shutil.rmtree, top, ignore_errors=True)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def device(self, code="GW-A"):
        return Client(self.server, token=self.tokens[code], scheme="Token")

    def verify(self):
        """`anlan verify` on the stopped data directory."""
        return command("verify", data=self.data)


class WorldTest(unittest.TestCase):
    """A test case whose class has one running world: self.world, self.server."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.__enter__()
        cls.server = cls.world.server

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def assertProblem(self, answer, status, id_, field=None):
        """An RFC 9457 body with our id, the field, and a sentence and remedy in both languages."""
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.headers.get("Content-Type", "").startswith("application/problem+json"), answer.headers)
        body = answer.json
        self.assertEqual(body.get("id"), id_, answer)
        self.assertEqual(body.get("status"), status)
        self.assertEqual(body.get("type"), f"https://anlan.dev/errors/{id_}")
        for member in ("title", "detail", "detail_en", "hint", "hint_en"):
            self.assertTrue(body.get(member), f"{member} is missing: {answer}")
        self.assertEqual(body.get("field"), field, answer)
        return body


def now_ms():
    return int(time.time() * 1000)


def rfc3339_ms(text):
    """ms of an RFC 3339 text, by Python's own reader."""
    from datetime import datetime
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def day_after(days):
    """The date `days` from today in China, as the API wants it."""
    from datetime import datetime, timedelta, timezone
    return (datetime.now(timezone(timedelta(hours=8))) + timedelta(days=days)).strftime("%Y-%m-%d")
