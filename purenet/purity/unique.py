"""What cannot be copied: generators and open files; what stands in their place tells on its use."""

from typing import Any, NoReturn


class ConsumedError(Exception):
    """Raised where a copy draws from what cannot be copied: a generator, an open file."""

    def __init__(self, thing: Any):
        self.thing = thing
        super().__init__(f"a {type(thing).__name__} cannot be copied")


class Unique:
    """Stands where a generator or an open file would: to hold it is no use of it, to draw is."""

    def __init__(self, original: Any):
        self._original = original

    def _used(self, *_: Any) -> NoReturn:
        raise ConsumedError(self._original)

    __iter__ = __next__ = __enter__ = __exit__ = _used

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of it is a use."""
        if name.startswith("__"):  # a question that Python asks, as hasattr and copy do
            raise AttributeError(name)
        self._used()
