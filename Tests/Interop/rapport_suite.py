"""Starts the five real processes in a home of their own, and knows how to reach them."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ["relationships", "feedback", "goals", "trust-scoring", "gateway"]
READY = "Rapport is ready"


def binaries() -> pathlib.Path:
    """Where `swift build` put the programs; RAPPORT_BIN names another place."""
    return pathlib.Path(os.environ.get("RAPPORT_BIN", ROOT / ".build" / "release"))


def eventually(what: str, look, seconds: float = 60.0, interval: float = 0.01):
    """Waits until `look` answers something true; fails with `what` otherwise."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = look()
        if answer:
            return answer
        time.sleep(interval)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class Suite:
    """`rapport up` on free ports."""

    def __init__(self, *arguments: str, variables: dict | None = None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rapport-"))
        self.arguments = arguments
        self.variables = variables or {}
        self.starts = 0
        self.start()

    def environment(self) -> dict:
        return {**os.environ, **self.variables, "RAPPORT_HOME": str(self.home)}

    def start(self):
        self.starts += 1
        self.output = self.home / f"up-{self.starts}.log"
        command = [binaries() / "rapport", "up", "--listen", "127.0.0.1:0", "--base-port", "0", *self.arguments]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                command, env=self.environment(), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"rapport up ended with {self.process.returncode}:\n{self.said()}")
        return READY in self.said()

    def wait_ready(self, seconds: float = 120.0):
        eventually("the suite to be ready", self.is_ready, seconds)
        return self

    def demo(self) -> dict:
        """demo.json as it is now; empty while there is none."""
        try:
            return json.loads((self.home / "demo.json").read_text())
        except FileNotFoundError:
            return {}

    def facts(self) -> int:
        """Facts of all stories that are loaded."""
        return sum(progress["facts"] for progress in self.demo().get("progress", {}).values())

    def address(self, service: str = "gateway") -> str:
        return self.demo()["addresses"][service]

    def pid(self, service: str) -> int:
        try:
            return int((self.home / "run" / f"{service}.pid").read_text())
        except FileNotFoundError:
            return 0

    def token(self, role: str) -> str:
        return pathlib.Path(self.demo()["tokenFiles"][role]).read_text().strip()

    def relationship(self, story: str = "case-study") -> str:
        return self.demo()["relationships"][story]

    def rapport(self, *arguments: str, check: bool = True, stdin: bytes = b"") -> subprocess.CompletedProcess:
        result = subprocess.run(
            [binaries() / "rapport", *arguments], env=self.environment(), input=stdin, capture_output=True, timeout=60
        )
        if check and result.returncode != 0:
            raise AssertionError(f"rapport {' '.join(arguments)}: {result.stderr.decode()}{result.stdout.decode()}")
        return result

    def profile(self, story: str, at: str) -> dict:
        answer = self.rapport("trust", "profile", story, "--as", "coachee", "--at", at, "--json")
        return json.loads(answer.stdout)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def remove(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
