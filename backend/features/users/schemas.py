"""An account as its owner sees it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from backend.core.http.schema import Email, Label, Schema
from backend.core.secrets.passwords import MAX_BYTES, MIN_LENGTH, check_length
from backend.kit.vocabulary import UserRole


class UserCreate(Schema):
    """A new account."""

    email: Email
    password: Annotated[
        str,
        Field(min_length=MIN_LENGTH, max_length=MAX_BYTES, examples=["correct horse battery"]),
        AfterValidator(check_length),
    ]
    display_name: Label | None = None


class User(Schema):
    """An account."""

    id: UUID
    email: str = Field(examples=["ada@example.com"])
    display_name: str | None = Field(examples=["Ada Lovelace"])
    role: UserRole
    email_verified: bool = Field(description="Whether its owner has verified this address.")
    created_at: datetime


class UserUpdate(Schema):
    """What you can change about your account."""

    display_name: Label | None


class Usage(Schema):
    """Storage in your personal space, in bytes, including the trash."""

    quota_bytes: int = Field(examples=[10737418240])
    used_bytes: int = Field(description="All versions of all files.", examples=[5242880])
    reserved_bytes: int = Field(description="Set aside for open uploads.", examples=[1048576])
    available_bytes: int = Field(
        description="How large a new upload may be.", examples=[10731126784]
    )
    file_count: int = Field(description="Files outside the trash.", examples=[7])
