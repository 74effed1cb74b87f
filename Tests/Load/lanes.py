"""Runs of h2load in eight lanes side by side: one connection and eight streams a lane, all of them 64 in flight.

h2load sends one body a run, so a lane starts one h2load after another. Their starts are not the service's time: a
lane's time is what its h2loads say they took ("finished in", from the connection to the last answer).
"""

import collections
import concurrent.futures
import dataclasses
import pathlib
import re
import subprocess
import time

LANES, STREAMS = 8, 8
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


@dataclasses.dataclass
class Lane:
    """What the runs of one lane came to."""

    done: int = 0
    # Answers with an HTTP status of 2xx; h2load does not see gRPC's own.
    good: int = 0
    seconds: float = 0


@dataclasses.dataclass
class Load:
    """What all lanes came to."""

    lanes: list[Lane]
    # By the clock on the wall, the starts of h2load included.
    seconds: float
    # From a request to the end of its answer, in microseconds, sorted.
    times: list[int]

    @property
    def done(self) -> int:
        return sum(lane.done for lane in self.lanes)

    @property
    def good(self) -> int:
        return sum(lane.good for lane in self.lanes)

    @property
    def rate(self) -> float:
        """Requests a second of h2load's own time, summed over the lanes."""
        return sum(lane.done / lane.seconds for lane in self.lanes if lane.done)

    @property
    def busy(self) -> float:
        """The part of the time in which a lane was in a run and not between two."""
        return sum(lane.seconds for lane in self.lanes) / len(self.lanes) / self.seconds

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return self.times[len(self.times) * percent // 100] / 1000


def drive(runs: list[list[str]], count: int, directory: pathlib.Path) -> Load:
    """Runs h2load with each of the arguments, `count` requests a run; whichever lane is free takes the next."""
    waiting = collections.deque(runs)
    logs = [directory / f"lane-{number}" for number in range(LANES)]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        lanes = list(pool.map(lambda log: drive_lane(waiting, count, log), logs))
    seconds = time.monotonic() - began
    times = [int(line.rsplit("\t", 1)[1]) for log in logs if log.exists() for line in log.read_text().splitlines()]
    for log in logs:
        log.unlink(missing_ok=True)
    return Load(lanes, seconds, sorted(times))


def drive_lane(waiting: collections.deque, count: int, log: pathlib.Path) -> Lane:
    lane = Lane()
    # h2load appends to the log.
    command = ["h2load", "-n", str(count), "-c", "1", "-m", str(STREAMS), "-t", "1", f"--log-file={log}"]
    while True:
        try:
            arguments = waiting.popleft()
        except IndexError:
            return lane
        try:
            run = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=300)
            good, seconds = read(run, count)
        except BaseException:
            waiting.clear()
            raise
        lane.done += count
        lane.good += good
        lane.seconds += seconds


def read(run: subprocess.CompletedProcess, count: int) -> tuple[int, float]:
    """Answers with status 2xx, and the seconds that the run took; fails unless every request was answered."""
    output = run.stdout + run.stderr
    codes = re.search(r"status codes: (\d+) 2xx", output)
    totals = re.search(r"(\d+) done, \d+ succeeded, \d+ failed, (\d+) errored, (\d+) timeout", output)
    took = re.search(r"finished in ([\d.]+)(s|ms|us),", output)
    assert run.returncode == 0 and codes and totals and took, output
    assert totals.groups() == (str(count), "0", "0"), output
    return int(codes[1]), float(took[1]) * UNITS[took[2]]
