"""Control calls to the bucket: look up, complete, abort, delete, list. `streams` transfers bytes.

Works with S3 and lenient servers: Ceph RGW returns no checksum and omits the ETag when it completes
an upload, so the result of an upload is read with `head`, never from another response.
"""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from backend.core.limits.guarded_service import GuardedService
from backend.core.s3.bucket_rules import ABORT_ABANDONED_UPLOADS, cors_rule, creation
from backend.core.s3.calls import Calls
from backend.core.s3.objects import (
    PARTS_REFUSED,
    ForeignKeys,
    MultipartNotFound,
    ObjectHead,
    ObjectNotFound,
    OpenUpload,
    Part,
    StoredObject,
    UndeletedKey,
    added_headers,
)
from backend.kit.checksums import Checksum, InvalidChecksum, parse_s3_sha256

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        ListObjectsV2OutputTypeDef,
        ObjectIdentifierTypeDef,
        PartTypeDef,
    )

OBJECT_PREFIX = "objects/"
"""Files are stored as `objects/<yyyymmdd>/<uuid>`; other features have prefixes of their own."""
DELETE_BATCH = 1000
"""Keys that one DeleteObjects call accepts (S3)."""


class Storage:
    """One bucket. Every call may raise DependencyUnavailable; none takes longer than its deadline.

    A call is one request to S3, retried by botocore, unless its docstring says otherwise.
    """

    def __init__(self, client: "S3Client", bucket: str, s3: GuardedService) -> None:
        self._client = client
        self._bucket = bucket
        self._call = Calls(s3)

    async def head(self, key: str) -> ObjectHead | None:
        """Size, type, ETag and checksum of an object, or None if there is no such object."""
        try:
            found = await self._call(
                {"404": ObjectNotFound, "NoSuchKey": ObjectNotFound},
                self._client.head_object,
                Bucket=self._bucket,
                Key=key,
                ChecksumMode="ENABLED",
            )
        except ObjectNotFound:
            return None
        return ObjectHead(
            size=found["ContentLength"],
            etag=_unquoted(found["ETag"]),
            content_type=found.get("ContentType", ""),
            checksum=_checksum(found.get("ChecksumSHA256")),
            last_modified=found["LastModified"],
            version_id=found.get("VersionId"),
            added_headers=added_headers(found),
        )

    async def create_multipart(
        self, key: str, *, content_type: str, with_checksums: bool = False
    ) -> str:
        """Begin a multipart upload and return its id.

        With checksums every part must have its SHA-256, without them none may: S3 refuses parts
        that do not match how the upload was begun.
        """
        checksums: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if with_checksums else {}
        begun = await self._call(
            {},
            self._client.create_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            ContentType=content_type,
            **checksums,
        )
        return begun["UploadId"]

    async def list_parts(self, key: str, upload_id: str) -> list[Part]:
        """Every uploaded part in order; one request per thousand.

        Raises:
            MultipartNotFound: the upload is not open.
        """
        parts: list[Part] = []
        while True:
            page = await self._call(
                {"NoSuchUpload": MultipartNotFound},
                self._client.list_parts,
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumberMarker=parts[-1].part_number if parts else 0,
            )
            found = page.get("Parts", [])
            parts += map(_part, found)
            if not (page.get("IsTruncated") and found):
                return parts

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Combine these parts, in the order of their numbers; `head` then describes the object.

        Repeating a completion succeeds for as long as S3 remembers it.

        Raises:
            MultipartNotFound: the upload is not open; if the object exists, it was completed.
            PartsRefused: S3 cannot combine the parts; the upload stays open.
        """
        await self._call(
            {"NoSuchUpload": MultipartNotFound, **PARTS_REFUSED},
            self._client.complete_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [_completed(part) for part in sorted(parts)]},
        )

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """End a multipart upload and free its parts; does nothing if it has already ended."""
        try:
            await self._call(
                {"NoSuchUpload": MultipartNotFound},
                self._client.abort_multipart_upload,
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
            )
        except MultipartNotFound:
            return

    async def copy(self, source: str, target: str, *, etag: str) -> None:
        """Copy an object within the bucket, if it is still the one with this ETag.

        S3 computes the copy's SHA-256, whether or not the source has one.

        Raises:
            ObjectNotFound: it has been deleted or replaced.
        """
        await self._call(
            {"NoSuchKey": ObjectNotFound, "PreconditionFailed": ObjectNotFound},
            self._client.copy_object,
            Bucket=self._bucket,
            Key=target,
            CopySource={"Bucket": self._bucket, "Key": source},
            CopySourceIfMatch=etag,
            ChecksumAlgorithm="SHA256",
        )

    async def delete(
        self, keys: Sequence[str], *, prefix: str = OBJECT_PREFIX
    ) -> list[UndeletedKey]:
        """Delete objects, one request per thousand; a missing one counts as deleted.

        Args:
            keys: the keys of the objects.
            prefix: that of the calling feature, so that it cannot delete another's objects.

        Returns:
            The keys that could not be deleted.

        Raises:
            ForeignKeys: not all keys are below `prefix`; nothing was deleted.
        """
        if foreign := [key for key in keys if not key.startswith(prefix)]:
            raise ForeignKeys(f"{len(foreign)} keys are not below {prefix}: {foreign[0]}")
        failed: list[UndeletedKey] = []
        for start in range(0, len(keys), DELETE_BATCH):
            objects: list[ObjectIdentifierTypeDef] = [
                {"Key": key} for key in keys[start : start + DELETE_BATCH]
            ]
            answer = await self._call(
                {},
                self._client.delete_objects,
                Bucket=self._bucket,
                Delete={"Objects": objects, "Quiet": True},
            )
            errors = answer.get("Errors", [])
            failed += [UndeletedKey(error["Key"], error["Code"]) for error in errors]
        return [left for left in failed if left.code != "NoSuchKey"]

    async def list_objects(
        self, prefix: str = OBJECT_PREFIX, start_after: str = ""
    ) -> AsyncIterator[list[StoredObject]]:
        """Pages of up to a thousand objects in the order of their keys, after `start_after`."""
        async for page in self._listing(Prefix=prefix, StartAfter=start_after):
            yield [
                StoredObject(
                    found["Key"], found["Size"], _unquoted(found["ETag"]), found["LastModified"]
                )
                for found in page.get("Contents", [])
            ]

    async def top(self) -> AsyncIterator[str]:
        """The top level of the bucket: prefixes up to their slash, and keys without one."""
        async for page in self._listing(Delimiter="/"):
            for found in page.get("Contents", []):
                yield found["Key"]
            for group in page.get("CommonPrefixes", []):
                yield group["Prefix"]

    async def _listing(self, **query: Any) -> AsyncIterator["ListObjectsV2OutputTypeDef"]:
        while True:
            page = await self._call({}, self._client.list_objects_v2, Bucket=self._bucket, **query)
            yield page
            if not page.get("NextContinuationToken"):
                return
            query.pop("StartAfter", None)
            query["ContinuationToken"] = page["NextContinuationToken"]

    async def list_multipart_uploads(
        self, prefix: str = OBJECT_PREFIX
    ) -> AsyncIterator[list[OpenUpload]]:
        """Pages of up to a thousand unfinished multipart uploads."""
        more: dict[str, Any] = {}
        while True:
            page = await self._call(
                {}, self._client.list_multipart_uploads, Bucket=self._bucket, Prefix=prefix, **more
            )
            yield [
                OpenUpload(found["Key"], found["UploadId"], found["Initiated"])
                for found in page.get("Uploads", [])
            ]
            if not page.get("IsTruncated"):
                return
            key, upload_id = page["NextKeyMarker"], page["NextUploadIdMarker"]
            more = {"KeyMarker": key, "UploadIdMarker": upload_id}

    async def check(self) -> None:
        """Check that the bucket can be reached; raises DependencyUnavailable if not."""
        await self._call({}, self._client.head_bucket, Bucket=self._bucket)

    async def ensure_bucket(self, cors_origins: Sequence[str]) -> None:
        """Create the bucket if it is missing, and configure it for uploads from browsers.

        For the embedded store; elsewhere the infrastructure owns the bucket and its settings.
        """
        try:
            await self._call({"404": ObjectNotFound}, self._client.head_bucket, Bucket=self._bucket)
        except ObjectNotFound:
            parameters = creation(self._client.meta.region_name)
            await self._call({}, self._client.create_bucket, Bucket=self._bucket, **parameters)
        await self._call(
            {},
            self._client.put_bucket_cors,
            Bucket=self._bucket,
            CORSConfiguration={"CORSRules": [cors_rule(cors_origins)]},
        )
        await self._call(
            {},
            self._client.put_bucket_lifecycle_configuration,
            Bucket=self._bucket,
            LifecycleConfiguration={"Rules": [ABORT_ABANDONED_UPLOADS]},
        )


def _part(found: "PartTypeDef") -> Part:
    etag = _unquoted(found["ETag"])
    return Part(found["PartNumber"], found["Size"], etag, found.get("ChecksumSHA256"))


def _completed(part: Part) -> "CompletedPartTypeDef":
    completed: CompletedPartTypeDef = {"PartNumber": part.part_number, "ETag": part.etag}
    if part.checksum_sha256:
        completed["ChecksumSHA256"] = part.checksum_sha256
    return completed


def _unquoted(etag: str) -> str:
    return etag.strip('"')


def _checksum(value: str | None) -> Checksum | None:
    """The checksum, or None if the server returned something in a format of its own."""
    try:
        return parse_s3_sha256(value) if value else None
    except InvalidChecksum:
        return None
