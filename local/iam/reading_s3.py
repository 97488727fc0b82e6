"""What an S3 request needs beyond what ministack reads of it: keys, tags, and listing for a 404."""

from __future__ import annotations

from urllib.parse import unquote

from local.iam.facts import Facts
from local.iam.needs import Need, Reading, Request, encryption_context, key_needs

ARN = "arn:aws:s3:::"


def read(request: Request, action: str, reading: Reading, facts: Facts) -> None:
    """Add to a reading of S3 what the action brings with it."""
    bucket, _, key = reading.resource.removeprefix(ARN).partition("/")
    if not key:
        return
    if action == "s3:PutObject":
        _read_write(request, reading, facts, bucket, key)
    elif action in ("s3:GetObject", "s3:GetObjectVersion") and request.method == "GET":
        reading.more += _bucket_key_needs(request, facts, bucket, key, "Decrypt")
    if action == "s3:GetObject" and not facts.has_object(bucket, key):
        # Without it S3 says 403 of an object that is not there.
        listing = {"s3:prefix": key}
        reading.more.append(Need("s3:ListBucket", f"{ARN}{bucket}", listing, "404 of an object"))


def _read_write(request: Request, reading: Reading, facts: Facts, bucket: str, key: str) -> None:
    of_parts = "uploads" in request.params or "uploadId" in request.params
    verbs = ("GenerateDataKey", "Decrypt") if of_parts else ("GenerateDataKey",)
    reading.more += _bucket_key_needs(request, facts, bucket, key, *verbs)
    if request.headers.get("x-amz-tagging"):
        reading.more.append(Need("s3:PutObjectTagging", reading.resource, way="tags of a write"))
    source, _, query = request.headers.get("x-amz-copy-source", "").partition("?")
    if not source:
        return
    source_bucket, _, source_key = unquote(source).lstrip("/").partition("/")
    reading.more += _bucket_key_needs(request, facts, source_bucket, source_key, "Decrypt")
    version = query.partition("versionId=")[2].partition("&")[0]
    copies_tags = request.headers.get("x-amz-tagging-directive", "COPY") == "COPY"
    tagged = facts.is_tagged(source_bucket, source_key, version)
    if copies_tags and tagged and "uploadId" not in request.params:
        verb = "s3:GetObjectVersionTagging" if version else "s3:GetObjectTagging"
        reading.more.append(Need(verb, f"{ARN}{source_bucket}/{source_key}", way="tags of a copy"))
        reading.more.append(Need("s3:PutObjectTagging", reading.resource, way="tags of a copy"))


def _bucket_key_needs(
    request: Request, facts: Facts, bucket: str, key: str, *verbs: str
) -> list[Need]:
    return object_key_needs(
        facts, bucket, key, request.region, *verbs,
        named=request.headers.get("x-amz-server-side-encryption-aws-kms-key-id"),
        plain=request.headers.get("x-amz-server-side-encryption") == "AES256",
    )  # fmt: skip


def object_key_needs(
    facts: Facts,
    bucket: str,
    key: str,
    region: str,
    *verbs: str,
    named: str | None = None,
    plain: bool = False,
) -> list[Need]:
    """What S3 asks of the key of an object on its caller's behalf."""
    of_bucket, bucket_key = (None, False) if plain else facts.bucket_key(bucket)
    owner = f"{ARN}{bucket}" if bucket_key else f"{ARN}{bucket}/{key}"
    context = encryption_context(aws__s3__arn=owner)
    return key_needs(named or of_bucket, "s3", region, *verbs, context=context)
