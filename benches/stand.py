"""What the measurements stand on: a throw-away PostgreSQL with real durability, a running Portaria, load, and tables."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
EMAIL, PASSWORD = "bench@estrela.example", "a password for benches"


def binary():
    """The release build, made first when it is not given by PORTARIA_BINARY."""
    given = os.environ.get("PORTARIA_BINARY")
    if not given:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
        given = ROOT / "target/release/portaria"
    return str(pathlib.Path(given).resolve())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processor_seconds(pid):
    """Processor time of a process so far, in seconds: its own, and that of its children which have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, ended = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return own / TICKS, ended / TICKS


def resident(pid, what="VmRSS"):
    """Resident memory in MiB; `VmHWM` for the most there ever was."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1024


class Postgres:
    """A server of its own on a free port of loopback, with fsync and synchronous commit as in earnest."""

    SETTINGS = {
        "listen_addresses": "127.0.0.1",
        "fsync": "on",
        "synchronous_commit": "on",
        "max_connections": "200",
        "shared_buffers": "1GB",
        "max_wal_size": "4GB",
    }

    def __enter__(self):
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not versions:
            raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
        self.programs = versions[-1].parent
        self.folder = tempfile.mkdtemp(prefix="portaria-bench-pg-")
        self.port = free_port()
        self.as_server = []
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.as_server = ["runuser", "-u", "postgres", "--"]
        self.data = f"{self.folder}/data"
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        settings = " ".join(f"-c {name}={value}" for name, value in self.SETTINGS.items())
        options = f"-p {self.port} -k {self.folder} {settings}"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.folder}/log", "-o", options, "start")
        self.pid = int(pathlib.Path(f"{self.data}/postmaster.pid").read_text().split()[0])
        return self

    def __exit__(self, *_):
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program, *arguments):
        command = [*self.as_server, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def create(self, name):
        self.psql("postgres", f"CREATE DATABASE {name}")
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def psql(self, name, sql):
        command = ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", name]
        command += ["-v", "ON_ERROR_STOP=1", "-bqAtX"]
        done = subprocess.run(command, input=sql, text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def pgbench(self, name, script, connections, seconds):
        """Transactions per second of a script."""
        path = pathlib.Path(self.folder) / "script.sql"
        path.write_text(script)
        command = ["pgbench", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-n", "-M", "prepared"]
        command += ["-f", str(path), "-c", str(connections), "-j", "2", "-T", str(seconds), name]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return float(re.search(r"tps = ([\d.]+)", output)[1])

    def processor_seconds(self):
        """Of the server and all its backends, those that have ended among them."""
        # Those that are just ending count once the server has taken note of it.
        time.sleep(0.5)
        own, ended = processor_seconds(self.pid)
        total = own + ended
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.pid:
                    total += sum(processor_seconds(int(stat.parent.name)))
        return total


class Portaria:
    """An installation in a folder of its own."""

    def __init__(self, program, folder, url, **settings):
        self.program, self.folder, self.port = program, pathlib.Path(folder), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        keys = self.folder / "keys"
        if not keys.exists():
            keys.mkdir(parents=True)
            (keys / "key-0001").write_bytes(os.urandom(32))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTARIA_")}
        self.environment |= {
            "PORTARIA_DATABASE__URL": url,
            "PORTARIA_KEYS__FOLDER": str(keys),
            "PORTARIA_MAIL__FOLDER": str(self.folder / "mail"),
            "PORTARIA_SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "PORTARIA_LOG__LEVEL": "warn",
        }
        self.environment |= {f"PORTARIA_{name}": value for name, value in settings.items()}
        self.process = None

    def command(self, *arguments):
        command = [self.program, *arguments]
        return subprocess.run(command, env=self.environment, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def found(self, numbers=2, token=None):
        """A workspace with an administrator, a Meta app `bench` and two numbers, or more; with a token they can send."""
        for name, text in [("password", PASSWORD), ("secret", "bench secret"), ("verify", "bench verify"), ("token", token or "")]:
            (self.folder / name).write_text(text)
        self.command("migrate")
        self.command("admin", "workspace", "add", "--name", "Bench")
        self.command("admin", "workspace", "require-second-factor", "nobody")
        self.command("admin", "member", "add", "--name", "Helena", "--email", EMAIL, "--role", "administrator",
                     "--password-file", "password")
        self.command("admin", "meta-app", "add", "--key", "bench", "--name", "Bench", "--app-secret-file", "secret",
                     "--verify-token-file", "verify")
        for index in range(1, numbers + 1):
            name = {1: "Vendas", 2: "Suporte"}.get(index, f"Filial {index}")
            self.command("admin", "channel", "add", "--meta-app", "bench", "--name", name, "--waba-id", "100",
                         "--phone-number-id", f"20{index}", "--phone-number", f"+55 11 4000-000{index}",
                         *(["--access-token-file", "token"] if token else []))

    def start(self):
        """Starts it and returns after how many seconds it was ready."""
        began = time.monotonic()
        self.process = subprocess.Popen([self.program], env=self.environment, cwd=self.folder, stdout=subprocess.DEVNULL)
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() - began > 60:
                raise SystemExit("Portaria did not become ready")
            time.sleep(0.0005)
        return time.monotonic() - began

    def _is_ready(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
        return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=30) != 0:
            raise SystemExit(f"Portaria ended with {self.process.returncode}")
        self.process = None

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            self.stop()

    @property
    def pid(self):
        return self.process.pid

    def processor_seconds(self):
        return sum(processor_seconds(self.pid))

    def graphql(self, query, token=None, variables=None):
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()

    def sign_in(self):
        query = "mutation($input: SignInInput!) { signIn(input: $input) { session { token } } }"
        answer = json.loads(self.graphql(query, variables={"input": {"email": EMAIL, "password": PASSWORD}}))
        return answer["data"]["signIn"]["session"]["token"]


def wrk(url, script, connections, seconds, folder):
    """Requests per second under load, none of which may fail, with the whole of what wrk said."""
    path = pathlib.Path(folder) / "load.lua"
    path.write_text(script)
    threads = min(2, connections)
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--latency", "-s", str(path), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"requests failed:\n{output}")
    latencies = dict(re.findall(r"^\s+(50%|99%)\s+(\S+)", output, re.M))
    return {
        "per second": float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
        "requests": int(re.search(r"(\d+) requests in", output)[1]),
        "median": latencies["50%"],
        "99 %": latencies["99%"],
    }


def table(title, head, rows):
    rows = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*rows)]
    print(f"\n{title}")
    for index, row in enumerate(rows):
        cells = [cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells))
        if index == 0:
            print("  ".join("-" * width for width in widths))
