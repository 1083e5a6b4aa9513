"""The emulator's faults, and what an OpenAI client is to see of each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    kind: str
    status: int
    code: str | None
    type: str | None
    error_class: str

    @property
    def model(self) -> str:
        return f"emulator.error-{self.kind}"

    def __str__(self) -> str:
        return self.kind


# Errors that are HTTP answers. `type` is None where the contract leaves it open.
FAULTS = [
    Fault("validation", 400, "ValidationException", "invalid_request_error", "BadRequestError"),
    Fault("quota", 400, "ServiceQuotaExceededException", "invalid_request_error", "BadRequestError"),
    Fault("access-denied", 403, "AccessDeniedException", "permission_error", "PermissionDeniedError"),
    Fault("expired-token", 403, "ExpiredTokenException", "permission_error", "PermissionDeniedError"),
    Fault("resource-not-found", 404, "ResourceNotFoundException", "not_found_error", "NotFoundError"),
    Fault("unknown-operation", 404, "UnknownOperationException", "not_found_error", "NotFoundError"),
    Fault("model-timeout", 408, "ModelTimeoutException", "timeout_error", "APIStatusError"),
    Fault("model-error", 424, "ModelErrorException", None, "APIStatusError"),
    Fault("model-not-ready", 429, "ModelNotReadyException", "rate_limit_error", "RateLimitError"),
    Fault("internal", 500, "InternalServerException", "server_error", "InternalServerError"),
    Fault("html", 502, None, "server_error", "InternalServerError"),
    Fault("empty", 503, None, "server_error", "InternalServerError"),
    Fault("unavailable", 503, "ServiceUnavailableException", "server_error", "InternalServerError"),
]

# Exception frames of a stream: the kind in the model id, the name as the frame spells it, and the status when it is
# the first frame.
EXCEPTIONS = {
    "throttling": ("throttlingException", 429),
    "internal-server": ("internalServerException", 500),
    "model-stream-error": ("modelStreamErrorException", 424),
    "validation": ("validationException", 400),
    "service-unavailable": ("serviceUnavailableException", 503),
    "model-timeout": ("modelTimeoutException", 408),
}
