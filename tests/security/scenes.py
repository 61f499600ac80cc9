"""Who calls and what they call for: a cast of people around one folder, and things to act on.

A scene is made lazily: asking it for `file_id` puts a file there, asking for `token` makes a link.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from backend.core.services import Services
from backend.models import User
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    new_email,
    plain_client,
    sign_in,
)
from tests.support.sharing import make_link
from tests.support.spaces import make_team_space
from tests.support.trees import (
    PutFile,
    Share,
    make_folder,
    root_of,
)

Json = dict[str, Any]
LINK_PASSWORD = "violet umbrella"
CALLERS = (
    "nobody",
    "stranger",  # signed in, and shares nothing with the owner
    "viewer",
    "editor",
    "owner",
    "key",  # an API key of the owner's, without the scope that is needed
    "visitor",  # holds a link's unlock token, and sends it as if it were a credential
    "locked",  # an editor whose account was deactivated
    "admin",  # administers accounts, and shares nothing with the owner
)
KEY_SCOPES = ("files:read", "files:write", "shares:write")


@dataclass
class Cast:
    """The people, and a way to make things for them."""

    services: Services
    register: Register
    put_file: PutFile
    give_role: Share
    people: dict[str, Person] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    admin_key: str = ""

    @cached_property
    def other_scene(self) -> "Scene":
        """Another folder: what opens it must open nothing else."""
        return Scene(self)

    async def assemble(self) -> "Cast":
        """Register everyone."""
        for name in ("stranger", "viewer", "editor", "owner", "locked", "admin", "removed"):
            await self.enlist(name)
        return self

    async def enlist(self, name: str) -> None:
        """Register the one who plays `name`, or their stand-in."""
        person = self.people[name] = await self.register(name)
        if name == "admin":
            await set_user(self.services, person, role="admin")
            self.admin_key = await _key(person, "admin")
        if name == "locked":
            await set_user(self.services, person, is_active=False)
        if name == "owner":
            self.keys = {scope: await _key(person, scope) for scope in KEY_SCOPES}

    @asynccontextmanager
    async def stand_in(self, name: str) -> AsyncIterator[None]:
        """Let somebody new play `name`, whose account need not survive the scene."""
        originals = self.people, self.keys
        self.people = {**self.people}
        if name in self.people:
            await self.enlist(name)
        yield
        self.people, self.keys = originals

    def key_without(self, scopes: list[str]) -> str:
        """An API key of the owner's that lacks what is needed."""
        return self.keys["shares:write" if "files:read" in scopes else "files:read"]


async def _key(person: Person, scope: str) -> str:
    made = await person.http.post("/v1/api-keys", json={"name": scope, "scopes": [scope]})
    return str(made.raise_for_status().json()["key"])


async def set_user(services: Services, person: Person, **values: Any) -> None:
    """What only an administrator can do, without one."""
    change = update(User).where(User.id == UUID(person.id)).values(values)
    await services.database.autocommit.execute(change)


class Scene:
    """One folder that the cast shares, and what is in it; each thing is made when asked for."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.made: dict[str, str] = {
            "link_password": LINK_PASSWORD,
            "password": PASSWORD,
            "owner_email": self.owner.email,
        }
        self._makers: dict[str, Callable[[], Awaitable[None]]] = {
            "space_id": self._space,
            "folder_id": self._folder,
            "file_id": self._file,
            "version_id": self._version,
            "trashed_id": self._trash,
            "upload_id": self._upload,
            "share_id": self._share,
            "link_id": self._link,
            "token": self._link,
            "unlock": self._unlock,
            "key_id": self._key,
            "session_id": self._session,
            "user_id": self._user,
            "root_id": self._root,
            "email": self._email,
            "refresh": self._session,
        }

    @property
    def owner(self) -> Person:
        """Whose tree it is."""
        return self.cast.people["owner"]

    async def get(self, name: str) -> str:
        """The id or secret called `name`.

        Raises:
            LookupError: no scene has such a thing.
        """
        if name not in self.made:
            await self._maker(name)()
        return self.made[name]

    def _maker(self, name: str) -> Callable[[], Awaitable[None]]:
        if name not in self._makers:
            raise LookupError(
                f"No scene has a {name!r}: let one make it in Scene (tests/security/scenes.py), or "
                "say in NAMED (tests/security/matrix.py) which thing the operation means by it."
            )
        return self._makers[name]

    async def fill(self, text: str) -> str:
        """Put ids in the places of their names in braces."""
        for name in dict.fromkeys(re.findall(r"\{([a-z_]+)\}", text)):
            text = text.replace("{" + name + "}", await self.get(name))
        return text

    async def prepare(self, path: str, body: Any) -> None:
        """Make beforehand what a call will need."""
        await self.fill(path + json.dumps(body))
        await self._credential("visitor", [])

    async def call(
        self, caller: str, method: str, path: str, body: Any, scopes: list[str]
    ) -> httpx.Response:
        """Do it as `caller`."""
        url, headers = await self.fill(path), {}
        if (credential := await self._credential(caller, scopes)) is not None:
            headers["Authorization"] = f"Bearer {credential}"
        options: Json = {"headers": headers}
        if body is not None:
            filled = json.loads(await self.fill(json.dumps(body)))
            options["data" if "grant_type" in filled else "json"] = filled
        async with plain_client(base_url=self.owner.url, timeout=30) as http:
            return await http.request(method, url, **options)

    async def _credential(self, caller: str, scopes: list[str]) -> str | None:
        if caller == "nobody":
            return None
        if caller == "key":
            return self.cast.key_without(scopes)
        if caller.startswith("key "):  # the owner's, or an administrator's, with that scope alone
            scope = caller.removeprefix("key ")
            return self.cast.keys.get(scope, self.cast.admin_key)
        if caller == "visitor":  # of this scene's link, if it has one
            return await (self if "token" in self.made else self.cast.other_scene).get("unlock")
        return str(self.cast.people[caller].tokens["access_token"])

    async def _space(self) -> None:
        people = self.cast.people
        space = await make_team_space(
            self.cast.services,
            viewer=people["viewer"],
            editor=people["editor"],
            owner=people["owner"],
        )
        self.made["space_id"] = space["id"]

    async def _folder(self) -> None:
        folder = await make_folder(self.owner, new_email("Project"))
        for name, role in (("viewer", "viewer"), ("editor", "editor"), ("locked", "editor")):
            await self.cast.give_role(folder, self.cast.people[name], role)
        await self._remove_a_co_owner(folder)
        self.made["folder_id"] = folder["id"]

    async def _remove_a_co_owner(self, folder: Json) -> None:
        """`removed` owned the folder, too, until the owner ended the share."""
        removed, url = self.cast.people["removed"], f"/v1/folders/{folder['id']}"
        await self.cast.give_role(folder, removed, "owner")
        (await removed.http.get(f"{url}/shares")).raise_for_status()
        shares = (await self.owner.http.get(f"{url}/shares")).json()["items"]
        theirs = next(share["id"] for share in shares if share["email"] == removed.email)
        (await self.owner.http.delete(f"/v1/shares/{theirs}")).raise_for_status()

    async def _root(self) -> None:
        self.made["root_id"] = (await root_of(self.owner))["id"]

    async def _file(self) -> None:
        file = await self.cast.put_file(self.owner, folder_id=await self.get("folder_id"))
        self.made["file_id"] = file["id"]
        self.made["first_version"] = file["version_id"]

    async def _version(self) -> None:
        """An old version: not the current one, which cannot be deleted."""
        await self.cast.put_file(self.owner, file_id=await self.get("file_id"))
        self.made["version_id"] = self.made["first_version"]

    async def _trash(self) -> None:
        folder_id = await self.get("folder_id")
        file = await self.cast.put_file(self.owner, "old.txt", folder_id=folder_id)
        await self.owner.http.delete(f"/v1/files/{file['id']}")
        self.made["trashed_id"] = file["id"]

    async def _upload(self) -> None:
        folder_id = await self.get("folder_id")
        body = {"name": "new.txt", "size": 5, "method": "multipart", "folder_id": folder_id}
        upload = (await self.owner.http.post("/v1/uploads", json=body)).json()
        part = upload["parts"][0]
        async with plain_client() as s3:
            await s3.put(part["url"], headers=part["headers"], content=b"hello")
        self.made["upload_id"] = upload["id"]

    async def _share(self) -> None:
        url = f"/v1/folders/{await self.get('folder_id')}/shares"
        body = {"email": new_email("invited"), "role": "viewer"}
        self.made["share_id"] = (await self.owner.http.post(url, json=body)).json()["id"]

    async def _link(self) -> None:
        folder = {"id": await self.get("folder_id"), "kind": "folder"}
        link = await make_link(self.owner, folder, password=LINK_PASSWORD)
        self.made |= {"link_id": link["id"], "token": link["token"]}

    async def _unlock(self) -> None:
        url = f"/v1/public/links/{await self.get('token')}/unlock"
        answer = await self.owner.http.post(url, json={"password": LINK_PASSWORD})
        self.made["unlock"] = answer.json()["access_token"]

    async def _key(self) -> None:
        body = {"name": "mine", "scopes": ["files:read"]}
        self.made["key_id"] = (await self.owner.http.post("/v1/api-keys", json=body)).json()["id"]

    async def _session(self) -> None:
        tokens = (await sign_in(self.owner.http, self.owner.email)).json()
        newest = (await self.owner.http.get("/v1/auth/sessions?limit=1")).json()["items"][0]
        self.made |= {"session_id": newest["id"], "refresh": tokens["refresh_token"]}

    async def _user(self) -> None:
        self.made["user_id"] = self.owner.id

    async def _email(self) -> None:
        self.made["email"] = new_email("new")
