"""A service under load, alone but for what it needs: each process with an address and a database of its own."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request

from rapport_suite import binaries, eventually

NEEDS = {
    "relationships": ["relationships"],
    "feedback": ["relationships", "feedback"],
    "goals": ["relationships", "goals"],
    "trust-scoring": ["relationships", "trust-scoring"],
    "gateway": ["relationships", "gateway"],
}
VARIABLES = {"relationships": "RELATIONSHIPS", "feedback": "FEEDBACK", "goals": "GOALS", "trust-scoring": "TRUST"}


def free_ports(count: int) -> list[int]:
    """Below the range from which Linux takes ports for outgoing connections."""
    found, port = [], 20_000 + os.getpid() % 5000
    while len(found) < count:
        port += 1
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


class Processes:
    """On loopback, in a directory that is removed at the end."""

    def __init__(self, service: str):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rapport-load-"))
        self.ports = dict(zip([*VARIABLES, "gateway"], free_ports(5)))
        self.running = {}
        addresses = {f"RAPPORT_{variable}": self.address(name) for name, variable in VARIABLES.items()}
        self.environment = {
            **os.environ, **addresses, "RAPPORT_HOME": str(self.home), "RAPPORT_KEYS": str(self.home / "keys"),
            "RAPPORT_MODE": "development", "RAPPORT_LOG_LEVEL": "warning",
        }  # fmt: skip
        try:
            self.make_keys()
            for name in NEEDS[service]:
                self.start(name)
        except BaseException:
            self.stop()
            raise

    def make_keys(self):
        """The development key, before anybody reads the directory."""
        command = [binaries() / "rapport", "token", "--person", "organizations/load/people/nobody"]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def start(self, name: str):
        own = {"RAPPORT_LISTEN": self.address(name), "RAPPORT_DATA": str(self.home / name)}
        with open(self.home / f"{name}.log", "wb") as log:
            self.running[name] = subprocess.Popen([binaries() / name], env={**self.environment, **own}, stderr=log)
        eventually(f"{name} to serve", lambda: self.serves(name), 20)

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def serves(self, name: str) -> bool:
        assert self.running[name].poll() is None, (self.home / f"{name}.log").read_text()
        try:
            return urllib.request.urlopen(f"http://{self.address(name)}/healthz", timeout=2).status == 200
        except OSError:
            return False

    def stop(self):
        for process in reversed(self.running.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.home, ignore_errors=True)
