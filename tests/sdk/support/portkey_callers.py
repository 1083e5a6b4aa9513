"""One face for the synchronous and the asynchronous Portkey client, so that each case runs with both."""

import asyncio
from typing import Any

from portkey_ai import AsyncPortkey, Portkey


# One loop for all clients: they close their connections on it when they are collected.
LOOP = asyncio.new_event_loop()


class Sync:
    """`portkey_ai.Portkey`."""

    def __init__(self, **options: Any) -> None:
        self.client = Portkey(**options)

    def create(self, **body: Any):
        return self.client.chat.completions.create(**body)

    def chunks(self, seen: list | None = None, **body: Any) -> list:
        """All chunks of a stream; `seen` keeps those that came before an error."""
        seen = [] if seen is None else seen
        for chunk in self.client.chat.completions.create(stream=True, **body):
            seen.append(chunk)
        return seen


class Async:
    """`portkey_ai.AsyncPortkey`."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def create(self, **body: Any):
        async def call():
            return await AsyncPortkey(**self._options).chat.completions.create(**body)

        return LOOP.run_until_complete(call())

    def chunks(self, seen: list | None = None, **body: Any) -> list:
        collected = [] if seen is None else seen

        async def call() -> None:
            async for chunk in await AsyncPortkey(**self._options).chat.completions.create(stream=True, **body):
                collected.append(chunk)

        LOOP.run_until_complete(call())
        return collected


CALLERS = {"sync": Sync, "async": Async}
