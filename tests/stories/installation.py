"""An installation of its own for a story: its home, its database, its server in a process that can be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from store.cluster import cluster_status

PROJECT = Path(__file__).resolve().parents[2]
READY_S = 300
_GONE_S = 30


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Installation:
    """One home with a private cluster; `start` serves it on a port of this machine."""

    home: Path
    port: int = field(default_factory=free_port)
    server: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its commands see: its own home, and nobody's database but its own."""
        own = {
            "LUOTU_HOME": str(self.home),
            "LUOTU_LANGUAGE": "en",
            "DATABASE_URL": "",
            "LUOTU_WEBHOOK_HOSTS": "127.0.0.1",
            # all clients of a story have one address, and are meant to be at it at once
            "LUOTU_AT_ONCE": "64",
        }
        return os.environ | own

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cluster(self) -> Path:
        return self.home / "pg"

    def luotu(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of this installation."""
        command = [sys.executable, "-m", "cli.main", *arguments]
        log = (self.home / "luotu.log").open("ab")
        with log:
            return subprocess.Popen(command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log)

    def told(self, *arguments: str) -> str:
        """Run a command of this installation and return what it prints."""
        command = [sys.executable, "-m", "cli.main", *arguments]
        ran = subprocess.run(command, cwd=PROJECT, env=self.environment, stdout=subprocess.PIPE, check=True)
        return ran.stdout.decode()

    def start(self, *options: str) -> None:
        """Start the server, with its database, and wait until it answers."""
        self.server = self.luotu("serve", "--port", str(self.port), *options)
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{self.address}/session", timeout=5).is_success:
                    return
            if self.server.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError((self.home / "luotu.log").read_text(errors="replace")[-2000:])

    def kill_server(self) -> None:
        """Kill the server as `kill -9` does."""
        if self.server is not None:
            self.server.kill()
            self.server.wait()

    def start_worker(self) -> None:
        """Start the worker that tells sister systems."""
        self.worker = self.luotu("work")

    def kill_worker(self) -> None:
        """Kill the worker as `kill -9` does."""
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()

    def kill_database(self) -> None:
        """Kill every process of PostgreSQL as `kill -9` does, and wait until nothing is left of the first, not even its number."""
        pid = cluster_status(self.cluster).pid
        if pid is None:
            return
        family = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        for process in (pid, *map(int, family)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # the next server takes a number that is still there for another server
        deadline = time.monotonic() + _GONE_S
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(pid, 0)
                time.sleep(0.01)

    def request(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Return what the server answers to a request of any kind."""
        return httpx2.request(method, f"{self.address}{path}", timeout=120, **request)

    def post(self, path: str, **request: Any) -> httpx2.Response:
        """Return what the server answers to a request."""
        return httpx2.post(f"{self.address}{path}", timeout=120, **request)

    def get(self, path: str, **request: Any) -> httpx2.Response:
        """Return what the server answers to a question."""
        return httpx2.get(f"{self.address}{path}", timeout=60, **request)
