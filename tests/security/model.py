"""A small model of who may do what: the rules as they are promised, and none of the code.

`TABLE` in `matrix.py` says what each caller is answered; this says why. Written independently, both
must agree with each other and with the running product. An operation is answered by these rules, in
this order:

1. Some operations are open to everybody; a link's content takes the link's own token.
2. Without a credential of ours: 401.
3. A credential that does not suffice is 403: an API key where a session is needed, or one that
   lacks the scope; an account that is not an administrator's.
4. What the caller cannot see is 404: it is not there, in the trash, or somebody else's. Uploads,
   links, keys and sessions are seen by whoever made them.
5. Whose role on it is too weak: 403. Everybody else is served.
"""

from enum import IntEnum
from typing import NamedTuple


class Needs(IntEnum):
    """What an operation asks of the caller besides the credential."""

    NOTHING = 0
    VIEWER = 1
    EDITOR = 2
    OWNER = 3
    MAKER = 4


OPEN, UNLOCKED, ANY, SESSION = "open", "unlocked", "any", "session"
READ, WRITE, SHARE, ADMIN = "files:read", "files:write", "shares:write", "admin"
SCOPES = frozenset({READ, WRITE, SHARE, ADMIN})
NOTHING, VIEWER, EDITOR, OWNER, MAKER = Needs


class Caller(NamedTuple):
    """What they hold; a role of nothing is that of a stranger to the tree."""

    credential: str | None = SESSION  # or "key", UNLOCKED, or none that counts
    scopes: frozenset[str] = SCOPES - {ADMIN}
    role: Needs = NOTHING
    made: bool = False  # they made what is named, if it belongs to its maker


class Rule(NamedTuple):
    """Which credential, which role, and what those are answered who have both."""

    credential: str  # scopes are joined by "+": it takes them all
    needs: Needs
    served: int
    in_trash: bool = False  # it is about what lies in the trash


CALLERS = {
    "nobody": Caller(None),
    "stranger": Caller(),
    "viewer": Caller(role=VIEWER),
    "editor": Caller(role=EDITOR),
    "owner": Caller(role=OWNER, made=True),
    "visitor": Caller(UNLOCKED),
    "locked": Caller(None),
    "admin": Caller(scopes=SCOPES),
    "removed": Caller(),  # was an owner of the folder, until the share was removed
    **{
        f"key {scope}": Caller("key", frozenset({scope}), OWNER, made=True)
        for scope in (READ, WRITE, SHARE)
    },
    f"key {ADMIN}": Caller("key", frozenset({ADMIN})),
}


_RULES = """
open      nothing 201  POST /v1/auth/register
open      nothing 200  POST /v1/auth/token, POST /v1/auth/refresh, GET /health, GET /ready, GET /metrics
open      nothing 200  GET /v1/public/links/{token}, POST /v1/public/links/{token}/unlock
open      nothing 202  POST /v1/auth/password/forgot
open      nothing 204  POST /v1/auth/logout
open      nothing 400  POST /v1/auth/password/reset, POST /v1/auth/email/verify
unlocked  nothing 200  GET /v1/public/links/{token}/children, POST /v1/public/links/{token}/download-url

any       nothing 200  GET /v1/users/me
session   nothing 200  PATCH /v1/users/me, GET /v1/users/me/activity, GET /v1/auth/sessions, GET /v1/api-keys
session   nothing 201  POST /v1/api-keys
session   nothing 204  DELETE /v1/users/me, POST /v1/auth/password/change
session   maker   204  DELETE /v1/auth/sessions/{session_id}, DELETE /v1/api-keys/{key_id}
session   maker   200  GET /v1/api-keys/{key_id}/grants
admin     nothing 200  GET /v1/admin/users, PATCH /v1/admin/users/{user_id}, GET /v1/admin/events, GET /v1/admin/stats

files:read   nothing 200  GET /v1/users/me/usage, GET /v1/spaces, GET /v1/folders/root, GET /v1/files, GET /v1/trash
files:read   nothing 200  GET /v1/uploads, GET /v1/shared-with-me
files:read   viewer  200  GET /v1/spaces/{space_id}, GET /v1/folders/{folder_id}, GET /v1/folders/{folder_id}/children
files:read   viewer  200  GET /v1/files/{file_id}, GET /v1/files/{file_id}/activity, GET /v1/files/{file_id}/versions
files:read   viewer  200  POST /v1/files/{file_id}/download-url, POST /v1/download-urls
files:read   viewer  307  GET /v1/files/{file_id}/download
files:read   maker   200  GET /v1/uploads/{upload_id}

files:write  nothing 204  DELETE /v1/trash
files:write  editor  200  PATCH /v1/folders/{folder_id}, PATCH /v1/files/{file_id}
files:write  editor  200  POST /v1/files/{file_id}/versions/{version_id}/restore, POST /v1/trash/{node_id}/restore
files:write  editor  201  POST /v1/folders, POST /v1/files/{file_id}/copy, POST /v1/uploads
files:write  editor  204  DELETE /v1/folders/{folder_id}, DELETE /v1/files/{file_id}
files:write  owner   204  DELETE /v1/files/{file_id}/versions/{version_id}, DELETE /v1/trash/{node_id}
files:write  maker   200  POST /v1/uploads/{upload_id}/parts, POST /v1/uploads/{upload_id}/complete
files:write  maker   204  DELETE /v1/uploads/{upload_id}

shares:write nothing 200  GET /v1/links
shares:write owner   200  GET /v1/files/{file_id}/shares, GET /v1/folders/{folder_id}/shares
shares:write owner   200  GET /v1/files/{file_id}/access, GET /v1/folders/{folder_id}/access
shares:write owner   204  DELETE /v1/shares/{share_id}
shares:write maker   200  GET /v1/links/{link_id}
shares:write maker   204  DELETE /v1/links/{link_id}

shares:write+files:read owner 200  PATCH /v1/shares/{share_id}
shares:write+files:read owner 201  POST /v1/files/{file_id}/shares, POST /v1/folders/{folder_id}/shares
shares:write+files:read owner 201  POST /v1/files/{file_id}/links, POST /v1/folders/{folder_id}/links
shares:write+files:read maker 200  PATCH /v1/links/{link_id}
"""  # noqa: E501
"""Credential, what else is needed, what it answers, and the operations for which this is so."""


SHOWN_IN_TRASH = {
    f"GET /v1/{kind}/{what}"
    for kind in ("files/{file_id}", "folders/{folder_id}")
    for what in ("shares", "access")
}
"""An editor can restore what lies there, so its owners must see who may."""


def _rules() -> dict[str, Rule]:
    rules = {}
    for line in filter(None, _RULES.splitlines()):
        credential, needs, served, names = line.split(maxsplit=3)
        for name in names.split(", "):
            in_trash = "/trash/{" in name or name in SHOWN_IN_TRASH
            rules[name] = Rule(credential, Needs[needs.upper()], int(served), in_trash)
    return rules


RULES = _rules()
ADDRESSES_NODE = ("{file_id}", "{folder_id}")


def expected(operation: str, caller: Caller, *, trashed: bool = False) -> int:
    """The status that this caller gets.

    Args:
        operation: its method and path.
        caller: what they hold.
        trashed: the file or folder that the path names lies in the trash.
    """
    rule = RULES[operation]
    if rule.credential == OPEN:
        return rule.served
    if rule.credential == UNLOCKED:
        return rule.served if caller.credential == UNLOCKED else 401
    if caller.credential not in (SESSION, "key"):
        return 401
    if not _suffices(rule, caller):
        return 403
    hidden = trashed and not rule.in_trash and any(name in operation for name in ADDRESSES_NODE)
    return 404 if hidden else _by_role(rule, caller)


def _suffices(rule: Rule, caller: Caller) -> bool:
    if rule.credential == SESSION:
        return caller.credential == SESSION
    return rule.credential == ANY or caller.scopes.issuperset(rule.credential.split("+"))


def _by_role(rule: Rule, caller: Caller) -> int:
    if rule.needs is NOTHING:
        return rule.served
    if rule.needs is MAKER:
        return rule.served if caller.made else 404
    if caller.role is NOTHING:
        return 404
    return rule.served if caller.role >= rule.needs else 403
