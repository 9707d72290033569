"""The part of an address that is an id, which may hold any character."""

from starlette.convertors import Convertor, register_url_convertor

ANYTHING = "anything"
"""What a parameter of a path is called that takes the rest of it."""


class _Anything(Convertor[str]):
    """The rest of a path whatever it holds, line breaks too."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor(ANYTHING, _Anything())
