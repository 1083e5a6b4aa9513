"""Media types of Converse's formats, and what bytes say of themselves."""

IMAGE = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}

VIDEO = {
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}

DOCUMENT = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}

def media_type(known: dict[str, str], kind: str) -> str:
    """The media type of a Converse format. AWS takes some formats that are spelled as media types already."""
    family = next(iter(known.values())).split("/")[0]
    return kind if "/" in kind else known.get(kind, f"{family}/{kind}")


_IMAGES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"))


def image_format(data: bytes) -> str | None:
    """What kind of image this is by its first bytes; None for no known kind."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((kind for start, kind in _IMAGES if data.startswith(start)), None)
