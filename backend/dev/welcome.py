"""What a fresh start tells: where to look, whom to be, what to paste."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

DEMO_EMAIL = "demo@example.com"

# Pasted as it is into bash or zsh; needs only curl and python3.
TOUR = """\
API={url}
json() {{ python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }}
AUTH="Authorization: Bearer $(curl -sf $API/v1/auth/token -d grant_type=password \\
  -d username={email} -d password={password} | json '["access_token"]')"
echo 'Hello, We-Upload!' > hello.txt
UPLOAD=$(curl -sf $API/v1/uploads -H "$AUTH" --json '{{"name": "hello.txt", "size": 18}}')
"""


def welcome(console: Console, settings: Mapping[str, str], data_dir: Path) -> None:
    """Print it."""
    url = settings["PUBLIC_URL"]
    console.print(f"\n[bold green]We-Upload runs at {url}[/]  (Ctrl-C stops it)\n")
    console.print(f"  API docs       {url}/docs")
    console.print(f"  Demo account   {DEMO_EMAIL}  password {settings['DEMO_PASSWORD']}")
    console.print(f"  Data and logs  {data_dir}")
