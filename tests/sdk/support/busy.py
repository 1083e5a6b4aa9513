"""Callers that call without a pause while something else goes on."""

import threading
from collections.abc import Callable

from .curl import Answer


class Callers:
    """Threads that call, with the number, status and body of every answer: numbers in the order of the beginnings."""

    def __init__(self, call: Callable[[], Answer], threads: int = 3) -> None:
        self._call = call
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._finished = threading.Condition(self._lock)
        self.begun = 0
        self.answers: list[tuple[int, int, str]] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                self.begun += 1
                number = self.begun
            answer = self._call()
            with self._finished:
                self.answers.append((number, answer.status, answer.body))
                self._finished.notify_all()

    def wait_for(self, status: int, after: int = 0) -> None:
        """Waits until requests that were begun after that one got this status, one for each caller."""

        def is_there() -> bool:
            found = [number for number, got, _ in self.answers if number > after and got == status]
            return len(found) >= len(self._threads)

        with self._finished:
            assert self._finished.wait_for(is_there, 20), [status for _, status, _ in self.answers][-10:]

    def last_begun(self) -> int:
        with self._lock:
            return self.begun
