"""The laptop cloud: the AWS APIs that the lake uses, served by one process on 127.0.0.1."""
