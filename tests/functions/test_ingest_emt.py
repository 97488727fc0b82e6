"""EMT: what it is asked, what its codes mean, how long its tokens last, what its answers hold."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from domains.emt.clients import emt_arrivals as arrivals
from domains.emt.clients import emt_line_list as line_list
from domains.emt.clients import emt_lines as lines
from functions.ingest.emt import Emt
from functions.ingest.errors import NotLetIn, QuotaSpent, Said, Unavailable, Unreadable
from functions.ingest.found import Found, StopLine
from functions.ingest.secrets import Secret
from functions.ingest.transport import ShapeError
from local.upstream.answers import Answer, Call
from tests.functions.asking import Asking, asking
from tests.functions.lake import Lake
from tests.functions.test_ingest_transport import Asker
from tests.services.scripted import Step, answer, weather_service

NOW = datetime(2025, 8, 29, 22, 30, tzinfo=UTC)  # in Madrid the 30th has begun
SECRET = {"email": "me@example.org", "password": "of today"}


@pytest.fixture
def ask(lake: Lake) -> Iterator[Asking]:
    with asking(lake) as made:
        yield made


@pytest.fixture
def asker() -> Iterator[Asker]:
    with weather_service() as script:
        yield Asker(script)


def emt_of(
    asker: Asker,
    *steps: Step,
    retries: int = 5,
    secret: Callable[[bool], Secret] = lambda _: SECRET,
) -> Emt:
    """EMT as it will answer, call by call."""
    asker.script.steps = list(steps)
    return Emt(asker.transport(retries=retries), asker.script.url, secret)


def lets_in(name: str = "t1", **more: Any) -> Step:
    """A login that goes well."""
    return answer(200, {"code": "01", "data": [{"accessToken": name, **more}]})


def says(code: Any, data: Any = None, words: str = "so it is") -> Step:
    return answer(200, {"code": code, "description": f" {words} ", "data": data or []})


GOOD = says("00", [{"a": 1}])


def anything(_: list[Any]) -> None:
    """Whatever the data are, they are what was agreed."""


# Logins and tokens


def test_a_login_carries_the_secret_and_every_other_call_the_token(asker: Asker) -> None:
    emt = emt_of(asker, lets_in(), GOOD, says("01", [{"b": 2}]))

    assert emt.data("GET", "/here/", anything) == [{"a": 1}]
    assert emt.data("GET", "/there/", anything) == [{"b": 2}]

    assert asker.script.paths == ["/v1/v1/mobilitylabs/user/login/", "/v1/here/", "/v1/there/"]
    login, *others = asker.script.headers
    assert (login["email"], login["password"]) == ("me@example.org", "of today")
    assert "accessToken" not in login
    for headers in others:
        assert headers["accessToken"] == "t1"
        assert not {"email", "password"} & set(headers)


@pytest.mark.parametrize(
    ("lasts", "seconds"), [(100, 70), (100.5, 70.5), (40, 30), ("984", 30), (None, 30)]
)
def test_a_token_is_used_until_half_a_minute_before_its_end_and_for_half_a_minute_at_least(
    asker: Asker, lasts: Any, seconds: float
) -> None:
    login = lets_in(tokenSecExpiration=lasts)
    emt = emt_of(asker, login, GOOD, GOOD, login, GOOD)

    emt.data("GET", "/x/", anything)
    for passed, logins in ((seconds - 0.1, 1), (seconds, 2)):
        asker.hours.passed = passed
        emt.data("GET", "/x/", anything)
        assert emt.logins == logins


def test_a_token_that_another_thread_has_renewed_is_not_forgotten(asker: Asker) -> None:
    emt = emt_of(asker, lets_in("new"), GOOD)
    emt.data("GET", "/x/", anything)

    emt._forget("old")
    assert emt.token.value == "new"
    emt._forget("new")
    assert emt.token.value == ""


def test_of_a_login_with_several_tokens_the_first_one_counts(asker: Asker) -> None:
    two = {"code": "01", "data": [{"accessToken": "first"}, {}]}
    emt = emt_of(asker, answer(200, two), GOOD)

    emt.data("GET", "/x/", anything)

    assert asker.script.headers[1]["accessToken"] == "first"


@pytest.mark.parametrize("data", [[], [5], [{}], [{"accessToken": 5}], [{}, {"accessToken": "t"}]])
def test_a_login_without_a_token_is_kept_and_said(asker: Asker, data: list[Any]) -> None:
    emt = emt_of(asker, says("01", data), says("01", data))

    with pytest.raises(Unreadable, match=r"answered a login without a token, twice"):
        emt.data("GET", "/x/", anything)


NOT_IN = "^EMT does not accept the email and password of the secret 'emt'$"
REFUSALS = [answer(401), answer(403), says("89"), says("92")]


@pytest.mark.parametrize("refusal", REFUSALS, ids=["401", "403", "89", "92"])
def test_credentials_that_are_refused_are_tried_again_only_where_they_were_rotated(
    asker: Asker, refusal: Step
) -> None:
    with pytest.raises(NotLetIn, match=NOT_IN):
        emt_of(asker, refusal).data("GET", "/x/", anything)
    assert len(asker.script.paths) == 1

    old, new = {**SECRET, "password": "of last year"}, SECRET
    rotated = emt_of(asker, refusal, lets_in(), GOOD, secret=lambda fresh: new if fresh else old)

    assert rotated.data("GET", "/x/", anything) == [{"a": 1}]
    tried = [headers.get("password") for headers in asker.script.headers[1:]]
    assert tried == ["of last year", "of today", None]


@pytest.mark.parametrize("name", ["email", "password"])
def test_a_secret_without_one_of_its_parts_is_said_and_nobody_is_asked(
    asker: Asker, name: str
) -> None:
    half = {part: value for part, value in SECRET.items() if part != name}

    with pytest.raises(NotLetIn, match=f"^the secret of emt has no field '{name}'$"):
        emt_of(asker, secret=lambda _: half).data("GET", "/x/", anything)

    assert asker.script.paths == []


@pytest.mark.parametrize("password", ["s3cr3t\n", "s3cr3t\r\nHost: x", " s3cr3t", "s3cr3t€"])
def test_a_secret_that_fits_no_header_is_said_at_once_and_never_shown(
    asker: Asker, password: str
) -> None:
    emt = emt_of(asker, secret=lambda _: {**SECRET, "password": password})

    with pytest.raises(NotLetIn, match=r"^the secret of toys fits no header: it holds") as refused:
        emt.data("GET", "/x/", anything)

    assert "s3cr3t" not in "".join(traceback.format_exception(refused.value))
    assert (asker.script.paths, asker.hours.slept) == ([], [])


# Codes


@pytest.mark.parametrize("code", ["81", "89", "90", "92", 81])
def test_a_code_that_no_second_try_can_change_is_said_at_once(asker: Asker, code: Any) -> None:
    with pytest.raises(Said) as said:
        emt_of(asker, lets_in(), says(code)).data("GET", "/x/", anything)

    assert (said.value.said, said.value.reason) == (str(code), f"EMT says code {code}: so it is")
    assert len(asker.script.paths) == 2
    assert asker.hours.slept == []


def test_at_a_login_too_a_code_may_be_settled_or_pass(asker: Asker) -> None:
    with pytest.raises(Said) as said:
        emt_of(asker, says("90")).data("GET", "/x/", anything)
    assert (said.value.said, asker.hours.slept) == ("90", [])

    assert emt_of(asker, says("85"), lets_in(), GOOD).data("GET", "/x/", anything) == [{"a": 1}]
    with pytest.raises(Unavailable, match=r"after 1 try: EMT says code 85: so it is$"):
        emt_of(asker, says("85"), retries=0).data("GET", "/x/", anything)


@pytest.mark.parametrize("before", [[], [lets_in()]], ids=["login", "call"])
def test_a_quota_that_is_spent_is_no_other_refusal(asker: Asker, before: list[Step]) -> None:
    with pytest.raises(QuotaSpent, match=r"^EMT says code 98: enough$"):
        emt_of(asker, *before, says("98", words="enough")).data("GET", "/x/", anything)

    assert asker.hours.slept == []


def test_words_of_emt_that_repeat_what_it_was_told_are_said_without_it(asker: Asker) -> None:
    words = "nothing for t0ken of me@example.org, of today"
    emt = emt_of(asker, lets_in("t0ken"), says("81", words=words))

    with pytest.raises(Said, match=r"^EMT says code 81: nothing for \*\*\* of \*\*\*, \*\*\*$"):
        emt.data("GET", "/x/", anything)


def test_a_token_that_is_refused_again_and_again_ends_after_three_logins(asker: Asker) -> None:
    emt = emt_of(asker, *[lets_in(), says("80")] * 3)

    with pytest.raises(NotLetIn, match=r"^EMT refuses the tokens that it gave: 3 logins"):
        emt.data("GET", "/x/", anything)

    assert len(asker.script.paths) == 6


@pytest.mark.parametrize("refusal", [answer(401), answer(403), says("80"), says(80)])
def test_a_token_that_emt_does_not_know_is_replaced(asker: Asker, refusal: Step) -> None:
    emt = emt_of(asker, lets_in("old"), refusal, lets_in("new"), GOOD)

    assert emt.data("GET", "/x/", anything) == [{"a": 1}]

    assert [headers.get("accessToken") for headers in asker.script.headers] == [
        *(None, "old"),
        *(None, "new"),
    ]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ([], "JSON without EMT's code"),
        ({"data": []}, "JSON without EMT's code"),
        ({"code": "00"}, "an answer without EMT's list of data"),
        ({"code": "01", "data": {}}, "an answer without EMT's list of data"),
    ],
)
def test_an_answer_of_another_shape_is_no_answer(asker: Asker, body: Any, what: str) -> None:
    emt = emt_of(asker, lets_in(), answer(200, body), answer(200, body))

    with pytest.raises(Unreadable) as failed:
        emt.data("GET", "/x/", anything)

    assert failed.value.reason == f"toys answered {what}, twice; the bytes are kept"


# What each client asks, and makes of the answers


def test_emt_is_asked_for_madrids_day_and_for_all_that_a_stop_has_to_say(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str, Any]] = []
    served = ask.upstream._served

    def listen(api: str, call: Call) -> Answer:
        body = json.loads(call.body) if call.body else None
        heard.append((call.method, call.path.removeprefix("/v2/transport/busemtmad"), body))
        return served(api, call)

    monkeypatch.setattr(ask.upstream, "_served", listen)
    ask.hours.base = NOW

    found = [ask.poll(source) for source in ("emt/arrivals", "emt/stops", "emt/line_list")]

    assert found[0].file_name == "arrivals-2025-08-30T0030.xlsx"
    body = {
        "cultureInfo": "ES",
        "Text_StopRequired_YN": "Y",
        "Text_EstimationsRequired_YN": "Y",
        "Text_IncidencesRequired_YN": "Y",
        "DateTime_Referenced_Incidencies_YYYYMMDD": "20250830",
    }
    assert ("POST", "/stops/5710/arrives/361/", body) in heard
    assert {said[2] == body for said in heard if "/arrives/" in said[1]} == {True}
    assert ("POST", "/v1/transport/busemtmad/stops/list/", {}) in heard
    assert ("GET", "/lines/info/20250830/", None) in heard


class Answers:
    """EMT with one answer for every call, which the client checks."""

    def __init__(self, *data: Any) -> None:
        self.given = list(data)

    def data(self, _method: str, _path: str, check: Any, *_: Any) -> list[Any]:
        check(self.given)
        return self.given


STOP = {"Arrive": [{"line": "001"}], "StopInfo": [{"stopId": "5710"}]}
LINE = {"line": "361", "label": "001", "stops": [{"stop": "5710"}]}
EMPTY: dict[str, Any] = {"Arrive": [], "StopInfo": []}


def found(client: Any, *data: Any, stops: int = 1) -> Found:
    """What a client makes of an answer to all of its calls."""
    pairs = [StopLine("5710", f"{number:03}") for number in range(stops)]
    api = Answers(*data)
    made: Found = client.ask(
        SimpleNamespace(emt=api, now=lambda: NOW, stops=pairs, lines=["361"], query={})
    )
    return made


def row_of(client: Any, *data: Any) -> dict[str, Any]:
    """The first row of the workbook."""
    book = openpyxl.load_workbook(io.BytesIO(found(client, *data).content))
    header, row, *_ = book["Sheet1"].values
    return dict(zip(map(str, header), row, strict=True))


def test_what_a_stop_has_to_say_beside_its_buses_is_kept() -> None:
    said = {
        **STOP,
        "ExtraInfo": [{"note": "x"}],
        "Incident": {"ListaIncident": {"data": [{"title": "y"}]}},
    }

    assert row_of(arrivals, said) == {
        "timestamp": "2025-08-30 00:30:00",
        "Arrive": "[{'line': '001'}]",
        "StopInfo": "[{'stopId': '5710'}]",
        "ExtraInfo": "[{'note': 'x'}]",
        "Incident.ListaIncident.data": "[{'title': 'y'}]",
        "stopId": "5710",
        "line": "000",
    }


@pytest.mark.parametrize(
    "incident",
    [None, [], {}, {"ListaIncident": []}, {"ListaIncident": {}}, {"ListaIncident": {"data": None}}],
)
def test_a_stop_without_incidents_has_an_empty_list_of_them(incident: Any) -> None:
    row = row_of(arrivals, {**STOP, "ExtraInfo": None, "Incident": incident})

    assert (row["ExtraInfo"], row["Incident.ListaIncident.data"]) == ("[]", "[]")


@pytest.mark.parametrize(
    ("client", "data", "complaint"),
    [
        (arrivals, [], "an answer without the stop that was asked for"),
        (arrivals, [{**STOP, "StopInfo": None}], "an entry without StopInfo"),
        (arrivals, [{**STOP, "Arrive": [{}]}, EMPTY], "an entry without line"),
        (arrivals, [{**STOP, "StopInfo": [{}]}, EMPTY], "an entry without stopId"),
        (lines, [], "an answer without the line that was asked for"),
        (lines, [{**LINE, "label": None}], "an entry without label"),
        (lines, [{**LINE, "stops": None}], "an entry without stops"),
        (lines, [{**LINE, "stops": [{}]}, LINE], "an entry without stop"),
        (line_list, [{"line": "361"}], "an entry without label"),
        (line_list, [{"label": "001"}], "an entry without line"),
    ],
)
def test_an_answer_that_lacks_what_matters_is_refused(
    client: Any, data: list[Any], complaint: str
) -> None:
    with pytest.raises(ShapeError, match=f"^{complaint}$"):
        found(client, *data)


def test_of_several_entries_about_one_stop_or_line_the_first_is_taken() -> None:
    assert row_of(arrivals, STOP, EMPTY)["Arrive"] == "[{'line': '001'}]"
    assert row_of(lines, LINE, {**LINE, "label": "002"})["label"] == "001"


def test_a_stop_out_of_use_is_named_once_however_many_lines_were_asked_for() -> None:
    class Closed(Answers):
        def data(self, *_: Any) -> list[Any]:
            raise Said("90", "no")

    question = SimpleNamespace(
        emt=Closed(),
        now=lambda: NOW,
        stops=[StopLine(stop, line) for stop in ("82", "70") for line in ("361", "027")],
    )

    assert arrivals.ask(question).note == "out of use: 82, 70"  # type: ignore[arg-type]
