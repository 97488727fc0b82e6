"""Grants that no journey uses, with the reason for which a role has them all the same.

A grant that is used must not stand here, and one that nobody needs is taken out of Terraform.
"""

from __future__ import annotations

_PARTS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_KEY = ("kms:Decrypt", "kms:GenerateDataKey")

# Reason: role (or a pattern of roles), statement, actions.
UNUSED: dict[str, list[tuple[str, ...]]] = {
    "An upload in parts that failed midway is ended; the laptop's engines write in one piece.": [
        ("create-tables", "WriteMetadataAndAnswers", *_PARTS),
        ("*-firehose", "SetAside", "s3:AbortMultipartUpload"),
        ("*-firehose", "WriteTheTable", "s3:AbortMultipartUpload"),
        ("promote", "FillQuarantine", "s3:AbortMultipartUpload"),
        ("spark", "PublishResults", "s3:AbortMultipartUpload"),
        ("spark", "WriteResultsAndLogs", "s3:AbortMultipartUpload"),
        ("spark", "WriteTables", *_PARTS),
        ("start-job", "SetRefusedFilesAside", "s3:AbortMultipartUpload"),
    ],
    "Lambda's guide asks for three rights at a queue, AWS's template SQSPollerPolicy for four.": [
        ("promote", "TakeUploads", "sqs:ChangeMessageVisibility"),
        ("start-job", "TakeJobs", "sqs:ChangeMessageVisibility"),
        ("watch", "TakeLooks", "sqs:ChangeMessageVisibility"),
    ],
    "AWS's examples for who makes tables by Athena have them, and nobody sees its engine.": [
        ("create-tables", "KeepTables", "glue:GetTables"),
        ("create-tables", "SeeTheWarehouses", "s3:ListBucket"),
        ("create-tables", "WriteMetadataAndAnswers", "s3:GetObject"),
    ],
    "A table that lacks a declared column gets it; journeys make their tables whole.": [
        ("create-tables", "KeepTables", "glue:UpdateTable"),
    ],
    "A statement that does not end within its time is stopped.": [
        ("create-tables", "RunDdl", "athena:StopQueryExecution"),
    ],
    "Files in bronze may carry a person's tags, which S3 copies with them; journeys set none.": [
        ("promote", "EmptyRaw", "s3:GetObjectVersionTagging"),
        ("promote", "FillBronze", "s3:PutObjectTagging"),
        ("promote", "FillQuarantine", "s3:PutObjectTagging"),
        ("start-job", "ReadRefusedFiles", "s3:GetObjectTagging"),
        ("start-job", "SetRefusedFilesAside", "s3:PutObjectTagging"),
    ],
    "Without it S3 says 403 of an object that is gone; journeys lose none there.": [
        ("promote", "ListRaw", "s3:ListBucket"),
        ("start-job", "SeeWhatIsThere", "s3:ListBucket"),
    ],
    "The sweep sends what an event did not tell: an upload older than some minutes.": [
        ("promote", "TakeUploads", "sqs:SendMessage"),
    ],
    "A run that meets another's lease looks whether that one still lives.": [
        ("*-pipeline", "KeepTheLease", "dynamodb:GetItem"),
        ("*-pipeline", "LookAtTheHolder", "states:DescribeExecution"),
    ],
    "The module is the one of emt/gold, whose runs use it; these run for minutes or fail never.": [
        ("openweather-gold-pipeline", "TellPeople", "sns:Publish"),
        ("openweather-gold-pipeline", "UseTheKey", "kms:GenerateDataKey"),
        ("ops-upkeep-pipeline", "FollowAndCancelJobs", "emr-serverless:CancelJobRun"),
        ("ops-upkeep-pipeline", "FollowAndCancelJobs", "emr-serverless:GetJobRun"),
        ("ops-upkeep-pipeline", "HandOverTheRole", "iam:PassRole"),
        ("ops-upkeep-pipeline", "KeepTheLease", "dynamodb:DeleteItem", "dynamodb:PutItem"),
        ("ops-upkeep-pipeline", "StartJobs", "emr-serverless:StartJobRun"),
        ("ops-upkeep-pipeline", "TellPeople", "sns:Publish"),
        ("ops-upkeep-pipeline", "UseTheKey", *_KEY),
    ],
    "The clock of polls is off in journeys, which ask for polls themselves.": [
        ("ingest-scheduler", "SetAsideWhatFailed", "sqs:SendMessage"),
        ("ingest-scheduler", "UseTheKey", *_KEY),
        ("ingest-scheduler", "WakeIngest", "lambda:InvokeFunction"),
    ],
    "An answer that nobody can read is kept; the stand-ins of these journeys are polite.": [
        ("ingest", "KeepUnreadableAnswers", "s3:PutObject"),
    ],
    "AWS's guide for Firehose and Iceberg names them; the laptop's engine needs fewer.": [
        ("*-firehose", "SeeTheBuckets", "s3:GetBucketLocation", "s3:ListBucket"),
        ("*-firehose", "SeeTheBuckets", "s3:ListBucketMultipartUploads"),
        ("*-firehose", "SetAside", "s3:GetObject"),
        ("*-firehose", "WriteTheTable", "s3:DeleteObject"),
    ],
    "EMR's own file system and Spark's catalogue of sessions look for them; Iceberg's do not.": [
        ("spark", "KeepTables", "glue:GetTables"),
        ("spark", "LookForDefault", "glue:GetDatabase"),
        ("spark", "SeeTheBuckets", "s3:GetBucketLocation"),
    ],
    "Commands that tests/cli tries word by word: replays of streams, keys taken back.": [
        ("operator", "KeepKeysOfTheApi", "dynamodb:DeleteItem"),
        ("operator", "MarkSentRecords", "s3:PutObject"),
        ("operator", "ReadSetAsideRecords", "s3:GetObject"),
        ("operator", "SendRecordsAgain", "kinesis:PutRecords"),
        ("operator", "TakeFromQuarantine", "s3:GetObjectTagging"),
        ("operator", "Upload", "s3:PutObjectTagging"),
    ],
    "People ask Athena by other tools as well, which stop queries, list tables and read answers.": [
        ("operator", "Ask", "athena:StopQueryExecution"),
        ("operator", "KeepAnswers", "s3:GetObject", *_PARTS),
        ("operator", "SeeTheTables", "glue:GetTables"),
        ("reader", "Ask", "athena:GetWorkGroup", "athena:StopQueryExecution"),
        ("reader", "KeepItsAnswers", "s3:GetObject", *_PARTS),
        ("reader", "SeeTheTables", "glue:GetTables"),
    ],
    "Snapshots of results that are no longer kept are deleted, days later.": [
        ("spark", "PublishResults", "s3:DeleteObject"),
    ],
}
