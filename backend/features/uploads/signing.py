"""What a client has to send: presigned requests for an upload that is still pending."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from backend.core.limits.rates import RateLimiter
from backend.core.s3.objects import Part
from backend.core.s3.presign import PartToSign, PostForm, Presigner
from backend.core.settings import Settings
from backend.features.uploads.multipart import Multipart, multipart_of
from backend.features.uploads.plan import canonical_checksum
from backend.features.uploads.schemas import (
    Failure,
    PostRequest,
    PutRequest,
    SignedPart,
    Upload,
    UploadedPart,
)
from backend.features.uploads.states import state_of
from backend.kit.vocabulary import Scope, UploadMethod, UploadState
from backend.models import UploadRow
from backend.rules.principal import Principal
from backend.rules.signing import limit_signing

FIRST_PARTS = 100
INCOMING_SUFFIX = ".incoming"


def incoming_key(upload: UploadRow) -> str:
    """The key that the client writes to.

    A POST form cannot carry `If-None-Match`, so it could be sent again after the upload has
    completed and replace the bytes. It writes to a key of its own; completing copies from there.
    """
    posted = upload.method is UploadMethod.POST
    return f"{upload.object_key}{INCOMING_SUFFIX}" if posted else upload.object_key


def describe(upload: UploadRow) -> Upload:
    """An upload as its owner sees it, without any requests: nothing is signed."""
    multipart = multipart_of(upload)
    failed = upload.failure_code is not None and upload.failure_detail is not None
    return Upload(
        id=upload.id,
        state=state_of(upload),
        method=upload.method,
        name=upload.name,
        size=upload.size,
        content_type=upload.content_type,
        folder_id=upload.folder_id,
        file_id=upload.file_id,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
        part_size=multipart.plan.part_size if multipart else None,
        part_count=multipart.plan.part_count if multipart else None,
        failure=Failure(code=upload.failure_code, detail=upload.failure_detail) if failed else None,
    )


def first_urls(part_count: int | None) -> int:
    """How many URLs a new upload comes with; without parts, that of its single request."""
    return 1 if part_count is None else min(part_count, FIRST_PARTS)


class UploadSigner:
    """Signs for one caller, and counts it; what writes is signed for callers who may write."""

    def __init__(
        self, presigner: Presigner, limiter: RateLimiter, settings: Settings, principal: Principal
    ) -> None:
        self._presigner = presigner
        self._limiter = limiter
        self._settings = settings
        self._principal = principal
        self._may_write = Scope.FILES_WRITE in principal.scopes

    def urls_in(self, upload: UploadRow) -> int:
        """How many URLs `present` signs at most, whatever S3 holds already."""
        shown = describe(upload)
        if not self._to_send(shown) or upload.part_checksums:
            return 0
        return first_urls(shown.part_count)

    async def count(self, urls: int = 1) -> None:
        """Count a request that has this many URLs signed.

        Raises:
            TooManyRequests: SIGNING_RATE is used up.
        """
        await limit_signing(self._limiter, self._settings, self._principal, urls)

    def listed(self, upload: UploadRow) -> Upload:
        """An upload as lists show it: with its single request while it is pending.

        Parts are left to `present`: only S3 knows which of them are still to be sent.
        """
        shown = describe(upload)
        if self._to_send(shown) and shown.part_count is None:
            shown.request = self._request(upload)
        return shown

    def present(self, upload: UploadRow, held: Sequence[Part] | None = None) -> Upload:
        """An upload and, while it is pending, what is still to be sent.

        Args:
            upload: the row.
            held: the parts that S3 holds, if it was asked.
        """
        shown = self.listed(upload)
        if held is not None:
            shown.uploaded_parts = [
                UploadedPart(part_number=part.part_number, size=part.size, etag=part.etag)
                for part in held
            ]
        multipart = multipart_of(upload)
        if multipart and self._to_send(shown):
            shown.parts = self._first_parts(multipart, {part.part_number for part in held or ()})
        return shown

    def parts(
        self, multipart: Multipart, numbers: Iterable[int], checksums: dict[int, str]
    ) -> Iterable[SignedPart]:
        """Sign parts, one at a time as the result is iterated.

        Raises:
            PartOutOfRange, InvalidChecksumGiven: before anything is signed.
        """
        asked = [_part_to_sign(multipart, number, checksums) for number in numbers]
        upload = multipart.upload
        signed = self._presigner.parts(
            upload.object_key, multipart.s3_upload_id, asked, expires=self._lifetime(upload)
        )
        return (
            SignedPart.model_construct(
                part_number=part.part_number,
                size=part.size,
                url=request.url,
                headers=request.headers,
            )
            for part, request in zip(asked, signed, strict=True)
        )

    def _to_send(self, shown: Upload) -> bool:
        """Whether there is something to send; what is signed for a reader would let them write."""
        return self._may_write and shown.state is UploadState.PENDING

    def _first_parts(self, multipart: Multipart, held: set[int]) -> list[SignedPart]:
        if multipart.upload.part_checksums:  # the client has to give the checksum of each part
            return []
        missing = (n for n in range(1, multipart.plan.part_count + 1) if n not in held)
        return list(self.parts(multipart, islice(missing, FIRST_PARTS), {}))

    def _request(self, upload: UploadRow) -> PutRequest | PostRequest:
        posted = upload.method is UploadMethod.POST
        sign = self._presigner.post if posted else self._presigner.put
        signed = sign(
            incoming_key(upload),
            size=upload.size,
            content_type=upload.content_type,
            checksum_sha256=upload.checksum_sha256,
            expires=self._lifetime(upload),
        )
        if isinstance(signed, PostForm):
            return PostRequest(url=signed.url, fields=signed.fields)
        return PutRequest(url=signed.url, headers=signed.headers)

    def _lifetime(self, upload: UploadRow) -> timedelta:
        """How long a URL works: less than a second longer than its upload, as S3 counts seconds."""
        left = upload.expires_at - datetime.now(UTC)
        return max(min(self._settings.upload.url_ttl, left), timedelta(seconds=1))


def _part_to_sign(multipart: Multipart, number: int, checksums: dict[int, str]) -> PartToSign:
    multipart.require_part(number)
    checksum = checksums.get(number)
    length = multipart.plan.length(number)
    return PartToSign(number, length, canonical_checksum(checksum) if checksum else None)
