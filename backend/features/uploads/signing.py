"""What a client has to send: presigned requests for an upload that is still pending."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from backend.core.s3.objects import Part
from backend.core.s3.presign import PartToSign, Presigner
from backend.core.settings import UploadSettings
from backend.features.tree.schemas import File
from backend.features.uploads.errors import PartOutOfRange
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
from backend.kit.parts import PartPlan
from backend.kit.vocabulary import UploadMethod, UploadState
from backend.models import UploadRow

FIRST_PARTS = 100
INCOMING_SUFFIX = ".incoming"


def incoming_key(upload: UploadRow) -> str:
    """Where the client writes.

    A POST form cannot say `If-None-Match`, so it could be sent again after the upload completed
    and replace the bytes. It writes to a key of its own, from which completion copies.
    """
    posted = upload.method == UploadMethod.POST
    return f"{upload.object_key}{INCOMING_SUFFIX}" if posted else str(upload.object_key)


def part_plan(upload: UploadRow) -> PartPlan:
    """How a multipart upload is cut."""
    return PartPlan(upload.size, upload.part_size)


def require_part(plan: PartPlan, number: int) -> None:
    """Return if the upload has a part of this number.

    Raises:
        PartOutOfRange: it has not.
    """
    if number > plan.part_count:
        raise PartOutOfRange(f"This upload has {plan.part_count} parts, so no part {number}.")


class UploadSigner:
    """Presents uploads, to callers who may write together with the requests that send the bytes."""

    def __init__(self, presigner: Presigner, settings: UploadSettings, *, may_write: bool) -> None:
        self._presigner = presigner
        self._url_ttl = settings.url_ttl
        self._may_write = may_write

    def listed(self, upload: UploadRow) -> Upload:
        """An upload as lists show it: with its one request while it is pending.

        Parts are left to `present`: S3 alone knows which of them are still to be sent.
        """
        state = state_of(upload)
        plan = part_plan(upload) if upload.method == UploadMethod.MULTIPART else None
        return Upload(
            id=upload.id,
            state=state,
            method=upload.method,
            name=upload.name,
            size=upload.size,
            content_type=upload.content_type,
            folder_id=upload.folder_id,
            file_id=upload.file_id,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            request=self._request(upload) if self._to_send(state) and not plan else None,
            part_size=plan.part_size if plan else None,
            part_count=plan.part_count if plan else None,
            failure=_failure(upload),
        )

    def present(
        self,
        upload: UploadRow,
        *,
        uploaded: Sequence[Part] | None = None,
        file: File | None = None,
    ) -> Upload:
        """An upload as its owner sees it; while it is pending, with what is still to be sent.

        Args:
            upload: the row.
            uploaded: the parts S3 holds, where it was asked.
            file: what a completed upload became, if the caller can see it.
        """
        shown = self.listed(upload)
        shown.file = file
        shown.uploaded_parts = _uploaded(uploaded)
        if self._to_send(shown.state) and shown.part_count:
            shown.parts = self._first_parts(upload, {part.part_number for part in uploaded or ()})
        return shown

    def parts(
        self, upload: UploadRow, numbers: Iterable[int], checksums: dict[int, str]
    ) -> Iterable[SignedPart]:
        """Sign parts, one at a time while the result is iterated.

        Raises:
            PartOutOfRange, InvalidChecksumGiven: before anything is signed.
        """
        plan = part_plan(upload)
        asked = [_part_to_sign(plan, number, checksums) for number in numbers]
        signed = self._presigner.parts(
            upload.object_key, upload.s3_upload_id, asked, expires=self._lifetime(upload)
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

    def _to_send(self, state: UploadState) -> bool:
        """Whether there is something to send; what is signed for a reader would let them write."""
        return self._may_write and state is UploadState.PENDING

    def _first_parts(self, upload: UploadRow, held: set[int]) -> list[SignedPart]:
        if upload.part_checksums:  # the client must say what each part holds
            return []
        missing = (n for n in range(1, part_plan(upload).part_count + 1) if n not in held)
        return list(self.parts(upload, islice(missing, FIRST_PARTS), {}))

    def _request(self, upload: UploadRow) -> PutRequest | PostRequest:
        wanted = {
            "size": upload.size,
            "content_type": upload.content_type,
            "checksum_sha256": upload.checksum_sha256,
            "expires": self._lifetime(upload),
        }
        key = incoming_key(upload)
        if upload.method == UploadMethod.POST:
            form = self._presigner.post(key, **wanted)
            return PostRequest(url=form.url, fields=form.fields)
        put = self._presigner.put(key, **wanted)
        return PutRequest(url=put.url, headers=put.headers)

    def _lifetime(self, upload: UploadRow) -> timedelta:
        """A URL outlives its upload by less than the second that S3 counts in."""
        left: timedelta = upload.expires_at - datetime.now(UTC)
        return max(min(self._url_ttl, left), timedelta(seconds=1))


def _part_to_sign(plan: PartPlan, number: int, checksums: dict[int, str]) -> PartToSign:
    require_part(plan, number)
    checksum = checksums.get(number)
    return PartToSign(
        number, plan.length(number), canonical_checksum(checksum) if checksum else None
    )


def _uploaded(parts: Sequence[Part] | None) -> list[UploadedPart] | None:
    if parts is None:
        return None
    return [
        UploadedPart(part_number=part.part_number, size=part.size, etag=part.etag) for part in parts
    ]


def _failure(upload: UploadRow) -> Failure | None:
    if upload.failure_code is None:
        return None
    return Failure(code=upload.failure_code, detail=upload.failure_detail)
