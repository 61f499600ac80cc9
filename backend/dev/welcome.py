"""What is printed after the start: URLs, the demo account, commands to paste."""

import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from rich.console import Console

from backend.dev.demo import DEMO_EMAIL

console = Console(highlight=False)
"""Where the stack prints its messages."""

# Works unchanged in bash and zsh, with curl and the Python that runs this.
TOUR = """\
API={url} PYTHON='{python}'
get() {{ "$PYTHON" -c "import json, sys; print(json.load(sys.stdin)$1)"; }}
headers() {{ "$PYTHON" -c "import json, sys
for header in json.load(sys.stdin)['request']['headers'].items(): print(': '.join(header))"; }}
TOKEN=$(curl -sf $API/v1/auth/token -d grant_type=password -d username={email} \\
  --data-urlencode 'password={password}' | get "['access_token']")
call() {{ curl -sf -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }}
echo 'Hello from We-Upload!' > hello.txt
UPLOAD=$(call $API/v1/uploads -d '{{"name": "hello.txt", "size": 22}}')
URL=$(echo "$UPLOAD" | get "['request']['url']")
echo "$UPLOAD" | headers | curl -sf -T hello.txt -H @- "$URL"
DONE=$(call -d '{{}}' $API/v1/uploads/$(echo "$UPLOAD" | get "['id']")/complete)
call -d '{{}}' $API/v1/files/$(echo "$DONE" | get "['file']['id']")/links | get "['url']"
"""


def exposure(host: str, store_host: str) -> str | None:
    """What to say when other machines can reach a part of this, or miss one."""
    if not _is_loopback(store_host):
        return (
            f"Everybody who reaches this machine can ask the S3 server (STORE_HOST={store_host}): "
            "it is made for development, not for a network that you do not trust."
        )
    if not _is_loopback(host):
        return (
            f"The API listens on {host}, the S3 server on {store_host} alone: on other machines "
            f"files cannot be uploaded or downloaded, unless you set STORE_HOST={host}."
        )
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def welcome(settings: Mapping[str, str], data_dir: Path) -> None:
    """Print the welcome."""
    url = settings["PUBLIC_URL"]
    console.print(f"""
[bold green]We-Upload is running at {url}[/]   Ctrl-C stops it

  API and docs   {url}/docs
  Demo account   {DEMO_EMAIL}   password {settings["DEMO_PASSWORD"]}
  Data and logs  {data_dir}

To upload a file and share it, paste this into another terminal:
""")
    tour = TOUR.format(
        url=url, python=sys.executable, email=DEMO_EMAIL, password=settings["DEMO_PASSWORD"]
    )
    console.print(tour, markup=False, soft_wrap=True)
