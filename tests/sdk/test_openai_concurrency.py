"""Many conversations at once over one client: everybody gets their own answer."""

import asyncio

from openai import AsyncOpenAI

from support import identity
from support.conversations import joined, user

CALLERS = 120


def test_answers_do_not_get_mixed_up(gateway):
    async def one(client: AsyncOpenAI, number: int) -> tuple[str, str]:
        stream = await client.chat.completions.create(
            model="emulator.slow-each-5", messages=[user(f"I am caller {number} of many and want my own words back")], stream=True
        )
        chunks = [chunk async for chunk in stream]
        return chunks[0].id, joined(chunks)

    async def all_of_them() -> list[tuple[str, str]]:
        async with AsyncOpenAI(api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0) as client:
            return await asyncio.gather(*(one(client, number) for number in range(CALLERS)))

    answers = asyncio.run(all_of_them())
    assert len({answer_id for answer_id, _ in answers}) == CALLERS
    expected = [f"You said: I am caller {number} of many and want my own words back" for number in range(CALLERS)]
    assert [said for _, said in answers] == expected
