"""Settings: read only from the environment, once, at start-up.

Every field is one environment variable; `docs/settings.md` lists them all, and a test fails if
one is missing. Nested groups define the prefix of their variables.
"""

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from limits import parse
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend.kit.parts import MAX_OBJECT_SIZE, MAX_SINGLE_PUT, MIN_PART_SIZE

DEVELOPMENT_SECRET = "development-only-secret-do-not-deploy"  # noqa: S105 - refused in production
GIB = 1024**3
Seconds = Annotated[float, Field(gt=0)]
Network = IPv4Network | IPv6Network
PRIVATE_NETWORKS: list[Network] = [
    *map(IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    *map(IPv6Network, ("::1/128", "fc00::/7")),
]


def _split(value: object) -> object:
    """Lists are written `a,b,c` in the environment."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


def _duration(value: object) -> object:
    """Durations are written `PT15M`, or `900` for that many seconds."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _off(value: object) -> object:
    return None if value in {"", "off"} else value


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _rate(value: str) -> str:
    """A rate is written `10/minute` or `3 per 2 hours`."""
    parse(value)
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in {"redis", "rediss", "redis+unix"}:
        raise ValueError("write redis://[:password@]host:6379/0, or rediss:// for TLS")
    return value


def _smtp_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("write smtp://user:password@host:587 or smtps://user:password@host:465")
    return value


Url = Annotated[str, AfterValidator(_without_slash)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
OptionalDuration = Annotated[timedelta | None, BeforeValidator(_duration), BeforeValidator(_off)]
Rate = Annotated[str, AfterValidator(_rate)]
Listed = (NoDecode, BeforeValidator(_split))


class Environment(StrEnum):
    """Where the process runs: `production` refuses unsafe defaults."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class DatabaseSettings(BaseSettings):
    """`DATABASE_*`: PostgreSQL."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    url: SecretStr = SecretStr("postgresql://postgres@127.0.0.1:5432/we_upload")
    password: SecretStr | None = None
    direct_url: SecretStr | None = None
    pooler: Literal["none", "transaction"] = "none"
    pool_size: int = Field(10, ge=1)
    max_overflow: int = Field(5, ge=0)
    pool_timeout: Seconds = 5
    connect_timeout: Seconds = 5
    statement_timeout: Seconds = 15
    log_sql: bool = Field(False, validation_alias="LOG_SQL")


class S3Settings(BaseSettings):
    """`S3_*`: the bucket; credentials and region come from the standard `AWS_*` chain."""

    model_config = SettingsConfigDict(env_prefix="S3_")

    bucket: str = "we-upload"
    region: str = Field("us-east-1", validation_alias="AWS_REGION")
    endpoint_url: Url | None = None
    public_endpoint_url: Url | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    conditional_writes: bool = True
    check_signed_headers: bool = True
    connect_timeout: Seconds = 2
    read_timeout: Seconds = 5
    max_attempts: int = Field(3, ge=1, le=5)
    max_concurrency: int = Field(16, ge=1)
    max_streams: int = Field(4, ge=1)


class UploadSettings(BaseSettings):
    """`UPLOAD_*`: what may be uploaded, how, and for how long."""

    model_config = SettingsConfigDict(env_prefix="UPLOAD_")

    max_bytes: int = Field(MAX_OBJECT_SIZE, ge=0, le=MAX_OBJECT_SIZE)
    post_max_bytes: int = Field(256 * 1024**2, ge=0, le=MAX_SINGLE_PUT)
    multipart_threshold: int = Field(64 * 1024**2, ge=0, le=MAX_SINGLE_PUT)
    part_size: int = Field(16 * 1024**2, ge=MIN_PART_SIZE)
    url_ttl: Duration = Field(timedelta(hours=1), gt=timedelta(0), le=timedelta(days=7))
    max_open: int = Field(10_000, ge=1)
    deleted_quotas_per_day: int = Field(3, ge=1, le=1_000_000)
    ttl: Duration = Field(timedelta(hours=24), gt=timedelta(0))
    multipart_ttl: Duration = Field(timedelta(days=7), gt=timedelta(0))
    allowed_content_types: Annotated[list[str], *Listed] = []
    denied_content_types: Annotated[list[str], *Listed] = []
    events_queue_url: str | None = None


class AuthSettings(BaseSettings):
    """`AUTH_*`: accounts, tokens and who may register."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    registration: Literal["open", "closed"] = "open"
    email_domains: Annotated[list[str], *Listed] = []
    require_verified_email: bool = False
    access_token_ttl: Duration = Field(timedelta(minutes=15), gt=timedelta(0))
    refresh_token_ttl: Duration = Field(timedelta(days=30), gt=timedelta(0))
    email_token_ttl: Duration = Field(timedelta(hours=24), gt=timedelta(0))
    reset_token_ttl: Duration = Field(timedelta(hours=1), gt=timedelta(0))
    hash_concurrency: int = Field(2, ge=1)
    sign_in_rate: Rate = "60/minute"
    sign_in_account_rate: Rate = "10 per 15 minutes"
    sign_in_alert_rate: Rate = "100/hour"
    sign_in_slow_rate: Rate = "3/hour"
    register_rate: Rate = "20/hour"
    reset_rate: Rate = "20/hour"
    mail_rate: Rate = "5/hour"
    issuer: str = "we-upload"
    audience: str = "we-upload"


class SharingSettings(BaseSettings):
    """`SHARING_*`: how often people may invite, try link passwords and download through links."""

    model_config = SettingsConfigDict(env_prefix="SHARING_")

    invite_rate: Rate = "200/hour"
    password_rate: Rate = "60/minute"  # noqa: S105 - how often
    unlock_rate: Rate = "10 per 5 minutes"
    unlock_link_rate: Rate = "500/hour"
    unlock_slow_rate: Rate = "3/hour"
    download_rate: Rate = "300/minute"


class Settings(BaseSettings):
    """The whole configuration of one process."""

    environment: Environment = Environment.DEVELOPMENT
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    secret_keys_retired: Annotated[list[SecretStr], *Listed] = []
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: Url = "http://127.0.0.1:8000"
    cors_origins: Annotated[list[str], *Listed] = []
    trusted_proxies: Annotated[list[Network], *Listed] = []
    metrics_networks: Annotated[list[Network], *Listed] = PRIVATE_NETWORKS
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = None
    mail_from: str = "We-Upload <no-reply@localhost>"
    default_quota_bytes: int = Field(10 * GIB, ge=0)
    trash_days: int = Field(30, ge=1)
    download_url_ttl: Duration = Field(timedelta(minutes=5), gt=timedelta(0), le=timedelta(days=7))
    link_default_ttl: OptionalDuration = Field(None, gt=timedelta(0), le=timedelta(days=36500))
    request_timeout: Seconds = 30
    max_body_bytes: int = Field(64 * 1024, ge=1024)
    signing_rate: Rate = "30000/minute"
    idempotency_rate: Rate = "100000/day"
    drain_timeout: Seconds = 20
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otel_exporter_otlp_endpoint: Url | None = None
    otel_traces_sampler_arg: float = Field(1, ge=0, le=1)
    worker_concurrency: int = Field(10, ge=2)
    worker_long_concurrency: int = Field(2, ge=2)
    worker_bytes_concurrency: int = Field(2, ge=2)
    worker_metrics_port: int = Field(0, ge=0, le=65535)

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    upload: UploadSettings = Field(default_factory=UploadSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    sharing: SharingSettings = Field(default_factory=SharingSettings)

    @property
    def production(self) -> bool:
        """Whether unsafe defaults are refused."""
        return self.environment is Environment.PRODUCTION

    @model_validator(mode="after")
    def _refuse_default_secret(self) -> Self:
        secret = self.secret_key.get_secret_value()
        if self.production and (secret == DEVELOPMENT_SECRET or len(secret) < 32):  # noqa: PLR2004
            raise ValueError("SECRET_KEY must be set to at least 32 random characters")
        return self


def explain(error: ValidationError) -> str:
    """Which variable (or field, for other models) is wrong and why, in one sentence."""
    groups = {kind.__name__: kind for kind in BaseSettings.__subclasses__()}
    reasons = []
    for item in error.errors(include_input=False, include_url=False):
        name = _variable(groups.get(error.title), item["loc"])
        reasons.append(name + item["msg"].removeprefix("Value error, "))
    return f"{'; '.join(reasons)}."


def _variable(group: type[BaseSettings] | None, location: tuple[int | str, ...]) -> str:
    name = "".join(str(part) for part in location[:1])
    if not group or not name or name.isupper():  # an alias is the variable itself
        return f"{name}: " if name else ""
    return f"{group.model_config.get('env_prefix', '')}{name}".upper() + ": "
