"""Who may do what: one row an operation, one column a caller (see `scenes.CALLERS`).

401: no credential of ours. 403: visible, but the role or the scope does not suffice. 404: nothing
the caller could see. A star marks an operation that ends the caller's own account or session.
"""

import re
from typing import Any, NamedTuple

from tests.security.scenes import CALLERS

Json = dict[str, Any]

TABLE = """
METHOD  PATH                                       nobody stranger viewer editor owner key visitor locked admin

POST    /v1/auth/register                             201      201    201    201   201 201     201    201   201
POST    /v1/auth/token                                200      200    200    200   200 200     200    200   200
POST    /v1/auth/refresh                              200      200    200    200   200 200     200    200   200
POST    /v1/auth/logout                               204      204    204    204   204 204     204    204   204
GET     /v1/auth/sessions                             401      200    200    200   200 403     401    401   200
DELETE  /v1/auth/sessions/{session_id}                401      404    404    404   204 403     401    401   404
POST    /v1/auth/password/forgot                      202      202    202    202   202 202     202    202   202
POST    /v1/auth/password/reset                       400      400    400    400   400 400     400    400   400
POST    /v1/auth/password/change                 *    401      204    204    204   204 403     401    401   204
POST    /v1/auth/email/verify                         400      400    400    400   400 400     400    400   400
GET     /v1/users/me                                  401      200    200    200   200 200     401    401   200
PATCH   /v1/users/me                                  401      200    200    200   200 403     401    401   200
DELETE  /v1/users/me                             *    401      204    204    204   204 403     401    401   204
GET     /v1/users/me/usage                            401      200    200    200   200 403     401    401   200
GET     /v1/users/me/activity                         401      200    200    200   200 403     401    401   200
POST    /v1/api-keys                                  401      201    201    201   201 403     401    401   201
GET     /v1/api-keys                                  401      200    200    200   200 403     401    401   200
DELETE  /v1/api-keys/{key_id}                         401      404    404    404   204 403     401    401   404
GET     /v1/api-keys/{key_id}/grants                  401      404    404    404   200 403     401    401   404

GET     /v1/spaces                                    401      200    200    200   200 403     401    401   200
GET     /v1/spaces/{space_id}                         401      404    200    200   200 403     401    401   404

GET     /v1/folders/root                              401      200    200    200   200 403     401    401   200
POST    /v1/folders                                   401      404    403    201   201 403     401    401   404
GET     /v1/folders/{folder_id}                       401      404    200    200   200 403     401    401   404
GET     /v1/folders/{folder_id}/children              401      404    200    200   200 403     401    401   404
PATCH   /v1/folders/{folder_id}                       401      404    403    200   200 403     401    401   404
DELETE  /v1/folders/{folder_id}                       401      404    403    204   204 403     401    401   404

GET     /v1/files                                     401      200    200    200   200 403     401    401   200
GET     /v1/files/{file_id}                           401      404    200    200   200 403     401    401   404
PATCH   /v1/files/{file_id}                           401      404    403    200   200 403     401    401   404
DELETE  /v1/files/{file_id}                           401      404    403    204   204 403     401    401   404
POST    /v1/files/{file_id}/copy                      401      404    403    201   201 403     401    401   404
GET     /v1/files/{file_id}/download                  401      404    307    307   307 403     401    401   404
POST    /v1/files/{file_id}/download-url              401      404    200    200   200 403     401    401   404
POST    /v1/download-urls                             401      404    200    200   200 403     401    401   404
GET     /v1/files/{file_id}/activity                  401      404    200    200   200 403     401    401   404
GET     /v1/files/{file_id}/versions                  401      404    200    200   200 403     401    401   404
POST    /v1/files/{file_id}/versions/{version_id}/restore 401  404    403    200   200 403     401    401   404
DELETE  /v1/files/{file_id}/versions/{version_id}     401      404    403    403   204 403     401    401   404

GET     /v1/trash                                     401      200    200    200   200 403     401    401   200
POST    /v1/trash/{node_id}/restore                   401      404    403    200   200 403     401    401   404
DELETE  /v1/trash/{node_id}                           401      404    403    403   204 403     401    401   404
DELETE  /v1/trash                                     401      204    204    204   204 403     401    401   204

POST    /v1/uploads                                   401      404    403    201   201 403     401    401   404
GET     /v1/uploads                                   401      200    200    200   200 403     401    401   200
GET     /v1/uploads/{upload_id}                       401      404    404    404   200 403     401    401   404
POST    /v1/uploads/{upload_id}/parts                 401      404    404    404   200 403     401    401   404
POST    /v1/uploads/{upload_id}/complete              401      404    404    404   200 403     401    401   404
DELETE  /v1/uploads/{upload_id}                       401      404    404    404   204 403     401    401   404

POST    /v1/files/{file_id}/shares                    401      404    403    403   201 403     401    401   404
GET     /v1/files/{file_id}/shares                    401      404    403    403   200 403     401    401   404
POST    /v1/folders/{folder_id}/shares                401      404    403    403   201 403     401    401   404
GET     /v1/folders/{folder_id}/shares                401      404    403    403   200 403     401    401   404
PATCH   /v1/shares/{share_id}                         401      404    403    403   200 403     401    401   404
DELETE  /v1/shares/{share_id}                         401      404    403    403   204 403     401    401   404
GET     /v1/files/{file_id}/access                    401      404    403    403   200 403     401    401   404
GET     /v1/folders/{folder_id}/access                401      404    403    403   200 403     401    401   404
GET     /v1/shared-with-me                            401      200    200    200   200 403     401    401   200

POST    /v1/files/{file_id}/links                     401      404    403    403   201 403     401    401   404
POST    /v1/folders/{folder_id}/links                 401      404    403    403   201 403     401    401   404
GET     /v1/links                                     401      200    200    200   200 403     401    401   200
GET     /v1/links/{link_id}                           401      404    404    404   200 403     401    401   404
PATCH   /v1/links/{link_id}                           401      404    404    404   200 403     401    401   404
DELETE  /v1/links/{link_id}                           401      404    404    404   204 403     401    401   404

GET     /v1/public/links/{token}                      200      200    200    200   200 200     200    200   200
POST    /v1/public/links/{token}/unlock               200      200    200    200   200 200     200    200   200
GET     /v1/public/links/{token}/children             401      401    401    401   401 401     200    401   401
POST    /v1/public/links/{token}/download-url         401      401    401    401   401 401     200    401   401

GET     /v1/admin/users                               401      403    403    403   403 403     401    401   200
PATCH   /v1/admin/users/{user_id}                     401      403    403    403   403 403     401    401   200
GET     /v1/admin/events                              401      403    403    403   403 403     401    401   200
GET     /v1/admin/stats                               401      403    403    403   403 403     401    401   200

GET     /health                                       200      200    200    200   200 200     200    200   200
GET     /ready                                        200      200    200    200   200 200     200    200   200
GET     /metrics                                      200      200    200    200   200 200     200    200   200
"""  # noqa: E501

BODIES: dict[str, Json] = {
    "POST /v1/auth/register": {"email": "{email}", "password": "{password}"},
    "POST /v1/auth/token": {
        "grant_type": "password",
        "username": "{owner_email}",
        "password": "{password}",
    },
    "POST /v1/auth/refresh": {"refresh_token": "{refresh}"},
    "POST /v1/auth/logout": {"refresh_token": "{refresh}"},
    "POST /v1/auth/password/forgot": {"email": "{email}"},
    "POST /v1/auth/password/reset": {"token": "x", "password": "{password}"},
    "POST /v1/auth/password/change": {
        "current_password": "{password}",
        "new_password": "nine quiet otters",
    },
    "POST /v1/auth/email/verify": {"token": "x"},
    "PATCH /v1/users/me": {"display_name": "Somebody"},
    "POST /v1/api-keys": {"name": "new", "scopes": ["files:read"]},
    "POST /v1/folders": {"name": "new", "folder_id": "{folder_id}"},
    "PATCH /v1/folders/{folder_id}": {"name": "renamed {email}"},
    "PATCH /v1/files/{file_id}": {"name": "renamed"},
    "POST /v1/files/{file_id}/copy": {"folder_id": "{folder_id}"},
    "POST /v1/download-urls": {"file_ids": ["{file_id}"]},
    "POST /v1/uploads": {"name": "new.txt", "size": 5, "folder_id": "{folder_id}"},
    "POST /v1/uploads/{upload_id}/parts": {"first": 1, "last": 1},
    "POST /v1/files/{file_id}/shares": {"email": "{email}", "role": "viewer"},
    "POST /v1/folders/{folder_id}/shares": {"email": "{email}", "role": "viewer"},
    "PATCH /v1/shares/{share_id}": {"role": "editor"},
    "POST /v1/files/{file_id}/links": {},
    "POST /v1/folders/{folder_id}/links": {},
    "PATCH /v1/links/{link_id}": {"max_downloads": 7},
    "POST /v1/public/links/{token}/unlock": {"password": "{link_password}"},
    "POST /v1/public/links/{token}/download-url": {"file_id": "{file_id}"},
    "PATCH /v1/admin/users/{user_id}": {"quota_bytes": 1_000_000},
}


NAMED: dict[str, dict[str, str]] = {
    "POST /v1/trash/{node_id}/restore": {"node_id": "trashed_id"},
    "DELETE /v1/trash/{node_id}": {"node_id": "trashed_id"},
    "GET /v1/links": {"node_id": "file_id"},
}
"""Which thing of the scene an operation's parameter means, where its name says only "a node"."""


class Row(NamedTuple):
    """One operation and what each caller is answered."""

    method: str
    path: str
    statuses: dict[str, int]
    ends_caller: bool

    @property
    def operation(self) -> str:
        """`GET /v1/files/{file_id}`."""
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """The path, in whose braces stand names that a scene knows: `/v1/trash/{trashed_id}`."""
        names = NAMED.get(self.operation, {})
        return re.sub(r"\{(\w+)\}", lambda found: f"{{{names.get(found[1], found[1])}}}", self.path)

    @property
    def actor(self) -> str:
        """Somebody whom the operation serves: its subject's owner where it has one."""
        return next(name for name in ("owner", "admin", "visitor") if self.statuses[name] < 400)

    @property
    def refused(self) -> list[str]:
        """The callers who are turned away."""
        return [caller for caller, status in self.statuses.items() if status >= 400]

    @property
    def served(self) -> list[str]:
        """The callers who get what they want."""
        return [caller for caller, status in self.statuses.items() if status < 400]


def _row(line: str) -> Row:
    method, path, *cells = line.split()
    ends_caller = cells[0] == "*"
    statuses = [int(cell) for cell in cells[ends_caller:]]
    return Row(method, path, dict(zip(CALLERS, statuses, strict=True)), ends_caller)


ROWS = [_row(line) for line in TABLE.splitlines()[2:] if line]
