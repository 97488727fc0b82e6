"""How a poll can fail, each with a word for programs and a sentence for people."""

from __future__ import annotations

from lake.errors import LakeError


class PollFailed(LakeError):
    """Nothing landed, or not everything; the next run asks again."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Unavailable(PollFailed):
    """Nobody answered properly, however often it was asked within bounds."""

    def __init__(self, reason: str) -> None:
        super().__init__("unavailable", reason)


class Unreadable(PollFailed):
    """An answer came and is not what it should be; its bytes are kept."""

    def __init__(self, reason: str) -> None:
        super().__init__("unreadable", reason)


class NotLetIn(PollFailed):
    """The secret is missing, wrong or forbidden: asking again changes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__("not_let_in", reason)


class QuotaSpent(PollFailed):
    """The API answers no more today."""

    def __init__(self, reason: str) -> None:
        super().__init__("quota", reason)


class Said(PollFailed):
    """The API understood and says no; the code is its own word."""

    def __init__(self, said: str, reason: str) -> None:
        super().__init__("refused", reason)
        self.said = said
