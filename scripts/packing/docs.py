"""The page to try the API: our two files, and Swagger UI as Powertools carries it."""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path

OWN = "functions/results_api/docs"
CARRIED = "event_handler/openapi/swagger_ui"
SWAGGER = ("swagger-ui-bundle.min.js", "swagger-ui.min.css")


def docs(root: Path) -> dict[str, bytes]:
    """The files by their name; Swagger UI's only gzipped, for each browser takes that."""
    found = {file.name: file.read_bytes() for file in sorted((root / OWN).iterdir())}
    package = files("aws_lambda_powertools").joinpath(CARRIED)
    for name in SWAGGER:
        found[f"{name}.gz"] = gzip.compress(package.joinpath(name).read_bytes(), 9, mtime=0)
    return found
