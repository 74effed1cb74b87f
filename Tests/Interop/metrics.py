"""What a program tells of itself in numbers."""

import re
import urllib.request


def of(address: str) -> dict[str, float]:
    """The samples of GET /metrics, by name and labels as they stand there."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def handled(samples: dict[str, float], path: str) -> dict[str, int]:
    """How often a method (package.Service/Method) has ended with each status, by the status's name."""
    pattern = re.compile(r'grpc_server_call_duration_seconds_count\{grpc_method="' + re.escape(path) + r'",grpc_status="(\w+)"\}')
    matches = ((pattern.fullmatch(sample), value) for sample, value in samples.items())
    return {match[1]: int(value) for match, value in matches if match}
