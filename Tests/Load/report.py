"""What came of a load, by h2load and by the services' own counts; they must agree."""

import os
import pathlib
import platform
import re
import subprocess
import sys

import metrics
from contract import RPC
from lanes import LANES, STREAMS, Load


def counted(rpc: RPC, before: dict, after: dict) -> tuple[int, dict[str, int]]:
    """How often a method has ended with OK meanwhile, and with each other status."""
    earlier = metrics.handled(before, rpc.path)
    codes = {code: count - earlier.get(code, 0) for code, count in metrics.handled(after, rpc.path).items()}
    return codes.pop("OK", 0), {code: count for code, count in codes.items() if count}


def report(rpc: RPC, load: Load, runs: int, before: dict, after: dict) -> None:
    """`before` and `after`: the samples of each program. Ends with an error where the counts differ."""
    print(f"  {rpc.name}: {load.done:,} requests in {runs:,} runs of h2load, {LANES} at a time, {STREAMS} streams each")
    print(f"  {load.rate:,.0f} requests/s of h2load's own time, summed over the {LANES} lanes; its starts left out")
    print(
        f"  {load.done / load.seconds:,.0f} requests/s by the wall clock, {load.seconds:.1f} s with all starts;"
        f" a lane was in a run {load.busy:.0%} of it")
    print("  " + ", ".join(f"p{percent} {load.percentile(percent):.2f} ms" for percent in (50, 95, 99)))
    for name in after:
        cpu = after[name]["process_cpu_seconds_total"] - before[name]["process_cpu_seconds_total"]
        memory = after[name]["process_resident_memory_bytes"] / 1e6
        print(f"  {name}: {cpu / load.done * 1e6:.1f} µs CPU a request, {memory:.0f} MB resident at the end")
    if rpc.changes:
        commits, writes = (
            after[rpc.program][f"rapport_storage_commit_writes_{name}"]
            - before[rpc.program][f"rapport_storage_commit_writes_{name}"] for name in ("count", "sum")
        )  # fmt: skip
        print(f"  {writes / commits:.1f} writes a commit")
    print(f"  {machine(after[rpc.program])}")
    ok, failed = counted(rpc, before[rpc.program], after[rpc.program])
    if load.good != load.done or ok != load.done or failed:
        sys.exit(
            f"of {load.done} requests h2load saw {load.good} good ones,"
            f" {rpc.program} counted {ok} OK and {failed or 'no others'}")
    print(f"  {rpc.program} counted {ok:,} OK and no others: as h2load")


def machine(samples: dict) -> str:
    [build] = [sample for sample in samples if sample.startswith("rapport_build_info")]
    rapport = re.search('version="([^"]*)"', build)[1]
    h2load = subprocess.run(["h2load", "--version"], capture_output=True, text=True).stdout.strip()
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    cores = f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}"
    return f"Rapport {rapport}, {h2load}, Linux {platform.release()}, {cores}, shared with h2load"
