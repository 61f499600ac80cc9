"""The settings of the embedded bucket; elsewhere the infrastructure decides."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CORSRuleTypeDef, LifecycleRuleTypeDef

# A last resort after the product's own expiry, so it waits longer than any upload may take.
ABORT_ABANDONED_UPLOADS: "LifecycleRuleTypeDef" = {
    "ID": "abort-abandoned-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 14},
}


def creation(region: str) -> dict[str, Any]:
    """Parameters to create a bucket in `region`; only us-east-1 must not be named (S3)."""
    if region == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def cors_rule(origins: Sequence[str]) -> "CORSRuleTypeDef":
    """Let pages from these origins upload, download, and read the bucket's response headers."""
    return {
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "x-amz-checksum-sha256"],
        "MaxAgeSeconds": 3600,
    }
