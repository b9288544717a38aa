"""What was computed lately and may be asked for again: bounded, and made once however many ask at a time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """The values used last, up to a budget; thread-safe."""

    def __init__(self, budget: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        """`weigh` says what a value takes of the budget: 1 each, or its bytes."""
        self._budget, self._weigh = budget, weigh
        self._lock = Lock()
        self._values: OrderedDict[Hashable, Future[V]] = OrderedDict()
        self._weights: dict[Hashable, int] = {}

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made where it isn't kept; who asks meanwhile waits for the same one.

        An error of `make` goes to all who wait, and nothing is kept."""
        with self._lock:
            known = self._values.get(key)
            if known is not None:
                self._values.move_to_end(key)
            else:
                mine = self._values[key] = Future()
        if known is not None:
            return known.result()
        try:
            value = make()
        except BaseException as error:
            self._drop(key, mine)
            mine.set_exception(error)
            raise
        mine.set_result(value)
        self._settle(key, mine)
        return value

    def put(self, key: Hashable, value: V) -> None:
        done: Future[V] = Future()
        done.set_result(value)
        with self._lock:
            self._values[key] = done
            self._values.move_to_end(key)
        self._settle(key, done)

    def find(self, key: Hashable) -> V | None:
        """The value of a key, if it is kept and finished."""
        with self._lock:
            known = self._values.get(key)
            if known is None or not known.done():
                return None
            self._values.move_to_end(key)
        return known.result()

    def forget(self) -> None:
        """Let go of what is finished."""
        with self._lock:
            self._values = OrderedDict((k, v) for k, v in self._values.items() if not v.done())
            self._weights = {}

    def __len__(self) -> int:
        return len(self._values)

    def _drop(self, key: Hashable, mine: "Future[V]") -> None:
        with self._lock:
            if self._values.get(key) is mine:
                del self._values[key]

    def _settle(self, key: Hashable, mine: "Future[V]") -> None:
        """Weigh a new value, and let go of those used longest ago; one too heavy for the budget isn't kept."""
        with self._lock:
            if self._values.get(key) is not mine:
                return
            self._weights[key] = self._weigh(mine.result())
            for old in list(self._values):
                if sum(self._weights.get(k, 0) for k in self._values) <= self._budget:
                    break
                if self._values[old].done():
                    del self._values[old]
            self._weights = {k: w for k, w in self._weights.items() if k in self._values}
