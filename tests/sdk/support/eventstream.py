"""Writes `application/vnd.amazon.eventstream` frames, which botocore itself can only read."""

import json
import struct
import zlib

STRING = 7


def _header(name: str, value: str) -> bytes:
    encoded = value.encode()
    return bytes([len(name)]) + name.encode() + bytes([STRING]) + struct.pack(">H", len(encoded)) + encoded


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message: prelude, prelude CRC, headers, payload, message CRC."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack(">I", zlib.crc32(message))


def event(kind: str, payload: dict) -> bytes:
    """An event of the ConverseStream output, as Bedrock frames it."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload).encode())


def answer(*texts: str, stop_reason: str = "end_turn") -> list[bytes]:
    """The frames of a whole answer that says `texts`, one delta each."""
    deltas = [
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}, "p": "abcd"})
        for text in texts
    ]
    return [
        event("messageStart", {"role": "assistant", "p": "abc"}),
        *deltas,
        event("contentBlockStop", {"contentBlockIndex": 0, "p": "ab"}),
        event("messageStop", {"stopReason": stop_reason, "p": "a"}),
        event(
            "metadata",
            {
                "usage": {"inputTokens": 10, "outputTokens": 7, "totalTokens": 17},
                "metrics": {"latencyMs": 1},
                "p": "abcde",
            },
        ),
    ]
