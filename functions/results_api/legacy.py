"""`/extract-trusted-info`: every result as CSV in one JSON object, for clients of long ago.

What the published lambda did, with its limits told instead of met: what does not fit into one
answer is named in a header, with a link to where it is read page by page.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.event_handler import Response

from functions.results_api import answers, forms
from functions.results_api.questions import Asked, Question, question
from functions.results_api.snapshots import Snapshots
from functions.results_api.views import View
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.served import Manifest

# JSON in JSON: a quote weighs four bytes in Lambda's answer, so we count and stop early.
MOST_BYTES: Final = forms.MOST_BYTES
# A row of CSV is hardly shorter: more rows than this are not even asked for.
LEAST_BYTES_A_ROW: Final = 4


def extract(catalog: Catalog, snapshots: Snapshots) -> Response[str]:
    """The map from name to CSV; `{}` where nothing is published."""
    try:
        texts, left = _collected(catalog, snapshots)
    except LakeError:
        said = forms.json_text({"error": "results cannot be read just now"})
        return answers.answer("application/json", said, status=HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {}
    if left:
        headers["X-Left-Out"] = ", ".join(left)
        headers["Link"] = ", ".join(
            f'<v1/results/{name}/rows?format=csv>; rel="item"; title="{name}"' for name in left
        )
    return answers.answer("application/json", forms.json_text(texts), headers)


def _collected(catalog: Catalog, snapshots: Snapshots) -> tuple[dict[str, str], list[str]]:
    manifests = [seen.value for name in catalog.results if (seen := snapshots.current(name))]
    texts: dict[str, str] = {}
    left, room = [], MOST_BYTES
    for manifest in sorted(manifests, key=lambda one: one.bytes):
        if manifest.rows * LEAST_BYTES_A_ROW < room:
            text = _csv(catalog, snapshots, manifest)
            weight = forms.weight(forms.json_text(text)) + len(manifest.result) + 10
            if weight <= room:
                texts[manifest.result] = text
                room -= weight
                continue
        left.append(manifest.result)
    return dict(sorted(texts.items())), sorted(left)


def _csv(catalog: Catalog, snapshots: Snapshots, manifest: Manifest) -> str:
    """All rows of a snapshot as CSV."""
    view = View.of(catalog.results[manifest.result], manifest)
    all_of_it: Question = replace(question(view, Asked(())), limit=max(1, manifest.rows))
    return forms.csv_text(all_of_it.fields, snapshots.database(manifest).ask(all_of_it))
