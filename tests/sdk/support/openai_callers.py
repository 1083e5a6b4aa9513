"""One face for the synchronous and the asynchronous OpenAI client, so that each case runs with both."""

import asyncio
from collections.abc import Mapping
from typing import Any

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ParsedChatCompletion


class Sync:
    """`openai.OpenAI`."""

    def __init__(self, **options: Any) -> None:
        self.client = OpenAI(**options)

    def create(self, **body: Any) -> ChatCompletion:
        return self.client.chat.completions.create(**body)

    def raw(self, **body: Any) -> tuple[Mapping[str, str], ChatCompletion]:
        """The headers of an answer, and the answer."""
        response = self.client.chat.completions.with_raw_response.create(**body)
        return response.headers, response.parse()

    def parse(self, **body: Any) -> ParsedChatCompletion:
        """An answer in the form of `response_format`, a pydantic model."""
        return self.client.chat.completions.parse(**body)

    def chunks(self, seen: list[ChatCompletionChunk] | None = None, **body: Any) -> list[ChatCompletionChunk]:
        """All chunks of a stream; `seen` keeps those that came before an error."""
        seen = [] if seen is None else seen
        for chunk in self.client.chat.completions.create(stream=True, **body):
            seen.append(chunk)
        return seen

    def final(self, **body: Any) -> tuple[list[str], ChatCompletion]:
        """The kinds of events the stream helper saw, and what it put together."""
        with self.client.chat.completions.stream(**body) as stream:
            kinds = [event.type for event in stream]
            return kinds, stream.get_final_completion()


class Async:
    """`openai.AsyncOpenAI`, with one event loop per call."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def create(self, **body: Any) -> ChatCompletion:
        async def call() -> ChatCompletion:
            async with AsyncOpenAI(**self._options) as client:
                return await client.chat.completions.create(**body)

        return asyncio.run(call())

    def raw(self, **body: Any) -> tuple[Mapping[str, str], ChatCompletion]:
        async def call() -> tuple[Mapping[str, str], ChatCompletion]:
            async with AsyncOpenAI(**self._options) as client:
                response = await client.chat.completions.with_raw_response.create(**body)
                return response.headers, response.parse()

        return asyncio.run(call())

    def parse(self, **body: Any) -> ParsedChatCompletion:
        async def call() -> ParsedChatCompletion:
            async with AsyncOpenAI(**self._options) as client:
                return await client.chat.completions.parse(**body)

        return asyncio.run(call())

    def chunks(self, seen: list[ChatCompletionChunk] | None = None, **body: Any) -> list[ChatCompletionChunk]:
        collected = [] if seen is None else seen

        async def call() -> None:
            async with AsyncOpenAI(**self._options) as client:
                async for chunk in await client.chat.completions.create(stream=True, **body):
                    collected.append(chunk)

        asyncio.run(call())
        return collected

    def final(self, **body: Any) -> tuple[list[str], ChatCompletion]:
        async def call() -> tuple[list[str], ChatCompletion]:
            async with AsyncOpenAI(**self._options) as client:
                async with client.chat.completions.stream(**body) as stream:
                    kinds = [event.type async for event in stream]
                    return kinds, await stream.get_final_completion()

        return asyncio.run(call())


CALLERS = {"sync": Sync, "async": Async}
