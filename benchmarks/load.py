"""Load: `wrk` for requests that repeat, and what it says of them."""

import asyncio
import re
import tempfile
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.stack import LOAD_CORE, Server


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent again and again; `variants` are (header values, body) in turn."""

    method: str
    path: str
    variants: list[tuple[dict[str, str], str]]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Milliseconds, requests a second, CPU milliseconds a request, megabytes."""

    rate: float
    p50: float
    p95: float
    p99: float
    cpu_ms: float
    memory_mb: float
    errors: int

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file."""
        return asdict(self)


async def measure(server: Server, request: Request, clients: int, seconds: int) -> Measurement:
    """Send `request` from `clients` connections on the load generator's core."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(request))
        script.flush()
        before = server.cpu_seconds()
        process = await asyncio.create_subprocess_exec(
            *("taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{clients}", f"-d{seconds}s"),
            *("--latency", "--timeout", "30s", "-s", script.name, server.url + request.path),
            stdout=asyncio.subprocess.PIPE,
        )
        output = (await process.communicate())[0].decode()
    return _read(output, server.cpu_seconds() - before, server.memory_mb())


def _script(request: Request) -> str:
    """A Lua script that formats every variant once and then only hands them out."""
    lines = [
        "requests, turn = {}, 0",
        "function init()",
        *(
            f"  table.insert(requests, {_format(request, *variant)})"
            for variant in request.variants
        ),
        "end",
        "function request()",
        "  turn = turn % #requests + 1",
        "  return requests[turn]",
        "end",
        "function done(summary, latency, _)",
        '  local line = "p50 %f\\np95 %f\\np99 %f\\ncount %d\\nerrors %d\\nmicros %d\\n"',
        "  io.write(string.format(line,",
        "    latency:percentile(50), latency:percentile(95), latency:percentile(99),",
        "    summary.requests, summary.errors.status + summary.errors.timeout, summary.duration))",
        "end",
    ]
    return "\n".join(lines)


def _format(request: Request, headers: dict[str, str], body: str) -> str:
    table = ", ".join(f'["{name}"]="{value}"' for name, value in headers.items())
    return f'wrk.format("{request.method}", "{request.path}", {{{table}}}, [==[{body}]==])'


def _read(output: str, cpu_seconds: float, memory_mb: float) -> Measurement:
    found = {
        name: float(value) for name, value in re.findall(r"^(\w+) ([\d.]+)$", output, re.MULTILINE)
    }
    count = max(found["count"], 1)
    return Measurement(
        rate=count / (found["micros"] / 1e6),
        p50=found["p50"] / 1000,
        p95=found["p95"] / 1000,
        p99=found["p99"] / 1000,
        cpu_ms=1000 * cpu_seconds / count,
        memory_mb=memory_mb,
        errors=int(found["errors"]),
    )
