"""The page and what lies beside it: types, packed files, what browsers may do and keep."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from functions.results_api import pages
from tests.functions.asking_results import Answer, call

INDEX = "<!doctype html><title>Results</title>"
LIBRARY = "export const charts = 1;\n" * 400


@pytest.fixture(autouse=True)
def _built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page as the build puts it beside the handler, and files that are none of its own."""
    files = {
        "page/index.html": INDEX.encode(),
        "page/index.html.gz": gzip.compress(INDEX.encode()),
        "page/assets/a1b2/app.js.map": b"{}",
        "page/assets/a1b2/page.ico": b"\x00\x00\x01\xff",
        "docs/index.html.gz": gzip.compress(b"<!doctype html>"),
        "docs/ui.js.gz": gzip.compress(b"const b = 2;"),
        "page/assets/a1b2/app.js": b"const a = 1;",
        "page/assets/a1b2/style.css": b"body {}",
        "page/assets/a1b2/charts.js.gz": gzip.compress(LIBRARY.encode()),
        "page/assets/a1b2/line.svg": b"<svg/>",
        "page/assets/a1b2/lines.json": b"{}",
        "page/assets/a1b2/icon.png": b"\x89PNG\r\n\x1a\n",
        "page/assets/a1b2/font.woff2": b"wOF2\xff\x00",
        "page/assets/a1b2/packed.png.gz": gzip.compress(b"\x89PNG"),
        "page/assets/a1b2/notes.py": b"SECRET = 1",
        "page/assets/.hidden.js": b"secret",
        "docs/index.html": b"<!doctype html>",
        "secret.js": b"secret",
    }
    for name, content in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    monkeypatch.setattr(pages, "HERE", tmp_path)


def get(path: str, **headers: str) -> Answer:
    """As a browser asks: without a key, and without AWS."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(path, headers=named, key=None)


@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("/", "text/html; charset=utf-8", INDEX.encode()),
        ("/assets/a1b2/app.js", "text/javascript; charset=utf-8", b"const a = 1;"),
        ("/assets/a1b2/style.css", "text/css; charset=utf-8", b"body {}"),
        ("/assets/a1b2/line.svg", "image/svg+xml", b"<svg/>"),
        ("/assets/a1b2/lines.json", "application/json", b"{}"),
        ("/assets/a1b2/app.js.map", "application/json", b"{}"),
        ("/assets/a1b2/page.ico", "image/x-icon", b"\x00\x00\x01\xff"),
        ("/assets/a1b2/icon.png", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("/assets/a1b2/font.woff2", "font/woff2", b"wOF2\xff\x00"),
        ("/assets/a1b2/packed.png", "image/png", b"\x89PNG"),
        ("/assets/a1b2/charts.js", "text/javascript; charset=utf-8", LIBRARY.encode()),
        ("/docs", "text/html; charset=utf-8", b"<!doctype html>"),
    ],
)
def test_a_file_comes_with_its_type(path: str, kind: str, content: bytes) -> None:
    answer = get(path)

    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.content == content
    assert "content-encoding" not in answer.headers


def test_a_large_file_goes_packed_to_who_takes_it() -> None:
    answer = get("/assets/a1b2/charts.js", accept_encoding="br, gzip")

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.content).decode() == LIBRARY


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/ui.js", "/assets/a1b2/charts.js"])
def test_every_file_goes_packed_to_who_takes_it_and_not_at_all_to_who_holds_it(path: str) -> None:
    plain, short = get(path), get(path, accept_encoding="gzip")
    held = get(path, if_none_match=plain.headers["etag"])

    assert "content-encoding" not in plain.headers
    assert (short.status, short.headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(short.content) == plain.content
    assert (held.status, held.content) == (304, b"")


def test_what_lies_under_its_hash_is_kept_for_ever_and_the_page_is_asked_for_again() -> None:
    page, asset = get("/"), get("/assets/a1b2/app.js")

    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in asset.headers["cache-control"]
    again = get("/", if_none_match=page.headers["etag"])
    assert (again.status, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    packed = get("/assets/a1b2/charts.js").headers["etag"]
    assert get("/assets/a1b2/charts.js", if_none_match=packed).status == 304
    assert packed != asset.headers["etag"]


def test_the_page_may_talk_to_where_it_came_from_and_to_nobody_else() -> None:
    rules = dict(
        rule.strip().split(" ", 1)
        for rule in get("/").headers["content-security-policy"].split(";")
    )

    nothing = ("default-src", "base-uri", "form-action", "frame-ancestors")
    own = ("script-src", "style-src", "font-src", "connect-src", "manifest-src")
    assert rules == {
        **dict.fromkeys(nothing, "'none'"),
        **dict.fromkeys(own, "'self'"),
        "img-src": "'self' data:",
    }
    docs = get("/docs").headers["content-security-policy"]
    assert "script-src 'self';" in docs
    assert "style-src 'self' 'unsafe-inline';" in docs


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.js",
        "/assets/a1b2/../../../secret.js",
        "/assets/%2e%2e/%2e%2e/secret.js",
        "/assets/..%2f..%2fsecret.js",
        "/assets/..\\..\\secret.js",
        "/assets/a1b2/notes.py",
        "/assets/.hidden.js",
        "/assets/a1b2",
        "/assets/",
        "/assets/a1b2/none.js",
        "/docs/../secret.js",
        "/docs/..%2fsecret.js",
    ],
)
def test_files_beside_the_page_are_out_of_reach(path: str) -> None:
    assert get(path).status == 404
