"""A cloud as requests are read against it: one key, one of everything that is encrypted with it."""

from __future__ import annotations

ACCOUNT, REGION = "000000000000", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


class OneOfEach:
    """Facts by hand."""

    def bucket_key(self, bucket: str) -> tuple[str | None, bool]:
        return (KEY, bucket == "with-bucket-key") if bucket != "plain" else (None, False)

    def has_object(self, _bucket: str, key: str) -> bool:
        return key != "missing"

    def is_tagged(self, _bucket: str, key: str, _version: str) -> bool:
        return key == "tagged"

    def queue_key(self, _arn: str) -> str | None:
        return KEY

    def topic_key(self, _arn: str) -> str | None:
        return KEY

    def stream_key(self, _name: str) -> str | None:
        return KEY

    def secret_key(self, _secret: str) -> str | None:
        return KEY

    def table_key(self, _table: str) -> str | None:
        return KEY

    def partition_key(self, _table: str, index: str | None) -> str | None:
        return "lane" if index else "pk"

    def work_group(self, execution: str) -> str:
        return {"q1": "lake"}.get(execution, "primary")

    def output_location(self, group: str) -> str | None:
        return {"lake": "s3://answers/results/"}.get(group)
