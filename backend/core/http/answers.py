"""Responses written without FastAPI's validation, because they are known to fit."""

from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel


def json_answer(content: Any) -> Response:
    """Respond with plain data that is known to fit the operation's declared schema.

    For long lists: building and dumping one model per item costs ten times as much.
    """
    body = orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json")


def model_answer(
    model: BaseModel, status_code: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Respond with a model as it is; if it were returned bare, FastAPI would validate it again."""
    body = model.model_dump_json()
    return Response(body, status_code, headers, media_type="application/json")
