"""What a program tells of itself in numbers."""

import urllib.request


def of(address: str) -> dict[str, float]:
    """The samples of GET /metrics, by name and labels as they stand there."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}
