"""One face for the admin calls of the synchronous and the asynchronous Portkey client."""

import functools
from typing import Any

from portkey_ai import AsyncPortkey, Portkey

from .portkey_callers import LOOP


class Sync:
    """`portkey_ai.Portkey`."""

    def __init__(self, **options: Any) -> None:
        self.client = Portkey(**options)

    def call(self, resource: str, method: str, **members: Any) -> Any:
        """Such as `call("virtual_keys", "create", name=...)`."""
        return getattr(getattr(self.client, resource), method)(**members)


class Async:
    """`portkey_ai.AsyncPortkey`."""

    def __init__(self, **options: Any) -> None:
        self.client = AsyncPortkey(**options)

    def call(self, resource: str, method: str, **members: Any) -> Any:
        async def call() -> Any:
            return await getattr(getattr(self.client, resource), method)(**members)

        return LOOP.run_until_complete(call())


# A client reads the certificates of the system when it is made, which takes longer than the calls of a case.
ADMINS = {"sync": functools.cache(Sync), "async": functools.cache(Async)}
