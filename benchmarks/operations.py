"""What is measured: the product's request, and the floor's for the same work."""

import json
from dataclasses import dataclass

from benchmarks.load import Request
from benchmarks.seed import PASSWORD, World, bearer

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Operation:
    """`floor` is None where there is no bare form of it worth comparing."""

    name: str
    request: Request
    floor: Request | None = None


def operations(world: World) -> list[Operation]:
    """In the order of the table; what writes comes last."""
    ids = [str(file_id) for file_id in world.file_ids]
    me, user_id = bearer(world.tokens[0]), world.user_ids[0]
    folder = str(world.folder_id)
    file, batch = f"/v1/files/{ids[0]}", json.dumps({"file_ids": ids})
    node = {"user_id": user_id, "node_id": ids[0]}
    return [
        Operation("health", _get("/health", {})),
        Operation("metadata", _get(file, me), _floor("metadata", node)),
        Operation(
            "download-url",
            Request("POST", f"{file}/download-url", [(me, "")]),
            _floor("download-url", {"user_id": user_id, "file_id": ids[0]}),
        ),
        Operation(
            "list 100",
            _get(f"/v1/folders/{folder}/children?limit=100", me),
            _floor("children", {"user_id": user_id, "folder_id": folder}),
        ),
        Operation("search", _get("/v1/files?q=report%20004&limit=100", me)),
        Operation("share link", _get(f"/v1/public/links/{world.link}", {})),
        Operation(
            "1,000 download-urls", Request("POST", "/v1/download-urls", [(me | JSON, batch)])
        ),
        Operation("sign in", _sign_in(world)),
        Operation(
            "begin (put)",
            _begin(world, {"name": "notes.txt", "size": 12, "content_type": "text/plain"}),
            _floor("begin", *({"user_id": one} for one in world.user_ids)),
        ),
        Operation(
            "begin (1,000 parts)",
            _begin(world, {"name": "film.mkv", "size": 1000 * 16 * 2**20, "method": "multipart"}),
        ),
    ]


def _get(path: str, headers: dict[str, str]) -> Request:
    return Request("GET", path, [(headers, "")])


def _begin(world: World, body: dict[str, object]) -> Request:
    """Everyone in turn: uploads of one person wait for that person's quota row."""
    content = json.dumps(body)
    return Request("POST", "/v1/uploads", [(bearer(t) | JSON, content) for t in world.tokens])


def _sign_in(world: World) -> Request:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"grant_type=password&username={world.email}&password={PASSWORD.replace(' ', '%20')}"
    return Request("POST", "/v1/auth/token", [(form, body)])


def _floor(name: str, *bodies: dict[str, str]) -> Request:
    return Request("POST", f"/{name}", [({}, json.dumps(body)) for body in bodies])
