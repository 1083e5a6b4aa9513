"""The OpenAI client for Python, sync and async: every failure is the client's own error class, with AWS's words."""

import openai
import pytest

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, finish_reasons, joined, user
from support.faults import EXCEPTIONS, FAULTS
from support.openai_callers import CALLERS

STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])


@pytest.fixture(params=CALLERS)
def caller(request, gateway):
    """Builds clients with given keys."""

    def build(**options):
        return CALLERS[request.param](**{"api_key": identity.API_KEY, "max_retries": 0, **options}, base_url=gateway.gateway)

    return build


def failure(client, streamed: bool, **body) -> openai.APIStatusError:
    """The error of a call that has to fail before anything was answered."""
    call = client.chunks if streamed else client.create
    with pytest.raises(openai.APIStatusError) as caught:
        call(messages=[user(PROMPT)], **body)
    return caught.value


@STREAMED
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_errors_of_bedrock_are_typed(caller, fault, streamed):
    error = failure(caller(), streamed, model=fault.model)
    assert type(error) is getattr(openai, fault.error_class)
    assert error.status_code == fault.status
    assert error.response.headers["content-type"].startswith("application/json")
    assert set(error.body) == {"message", "type", "param", "code"}
    assert isinstance(error.body["message"], str) and error.body["message"].strip()
    assert "<html" not in error.body["message"].lower()
    if fault.code:
        assert error.code == fault.code
        assert error.response.headers["x-amzn-requestid"]
    if fault.type:
        assert error.type == fault.type


@STREAMED
def test_throttling_is_a_rate_limit(caller, streamed):
    error = failure(caller(), streamed, model="emulator.throttle")
    assert type(error) is openai.RateLimitError
    assert (error.code, error.type) == ("ThrottlingException", "rate_limit_error")


def test_the_client_recovers_from_throttling_by_its_own_retries(caller):
    answer = caller(max_retries=2).create(model="emulator.throttle-1", messages=[user(PROMPT)])
    assert answer.choices[0].message.content == ECHO


@STREAMED
def test_no_credentials_is_an_authentication_error(caller, streamed):
    for placeholder in ("OPENAI_API_KEY", "DUMMY-KEY"):
        error = failure(caller(api_key=placeholder), streamed, model=MODEL)
        assert type(error) is openai.AuthenticationError
        assert error.type == "authentication_error"
        assert "x-portkey-aws-access-key-id" in error.body["message"]


@STREAMED
def test_a_wrong_key_is_refused_by_bedrock(caller, streamed):
    error = failure(caller(api_key="not-the-key"), streamed, model=MODEL)
    assert isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError)
    assert error.type == {401: "authentication_error", 403: "permission_error"}[error.status_code]
    assert "not-the-key" not in str(error.body)


@STREAMED
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "king", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [user("hi")], "temperature": "warm"}, "temperature"),
        ({"messages": [user("hi")], "max_tokens": "many"}, "max_tokens"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [user("hi")], "tool_choice": "perhaps", "tools": []}, "tool_choice"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:oops"}}]}]},
            "messages[0].content[0].image_url.url",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_name_their_place(caller, body, param, streamed):
    client = caller()
    call = client.chunks if streamed else client.create
    with pytest.raises(openai.BadRequestError) as caught:
        call(model=MODEL, **body)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_an_exception_as_first_frame_is_an_http_error(caller, kind):
    name, status = EXCEPTIONS[kind]
    error = failure(caller(), True, model=f"emulator.exception-{kind}-after-0")
    assert (error.status_code, error.code) == (status, name)


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_an_exception_in_the_middle_raises(caller, kind):
    seen: list = []
    with pytest.raises(openai.APIError) as caught:
        caller().chunks(seen, model=f"emulator.exception-{kind}-after-2", messages=[user(PROMPT)])
    assert not isinstance(caught.value, openai.APIStatusError), "the answer had begun"
    assert caught.value.code == EXCEPTIONS[kind][0]
    assert caught.value.body["message"] == caught.value.message != ""
    assert joined(seen) and ECHO.startswith(joined(seen))
    assert finish_reasons(seen) == []


@pytest.mark.parametrize("fault", ["message-error", "cut", "end", "corrupt"])
def test_a_broken_stream_raises(caller, fault):
    seen: list = []
    with pytest.raises(openai.APIError) as caught:
        caller().chunks(seen, model=f"emulator.{fault}-after-2", messages=[user(PROMPT)])
    assert not isinstance(caught.value, openai.APIConnectionError), "the gateway says it in band"
    assert caught.value.message
    assert joined(seen) and ECHO.startswith(joined(seen))
    assert finish_reasons(seen) == []


def test_a_cut_answer_is_an_error(caller):
    error = failure(caller(), False, model="emulator.cut-after-2")
    assert error.status_code in (502, 504)
    assert error.type == "server_error"


@pytest.mark.parametrize("model", ["emulator.split-1", "emulator.split-7", "emulator.merged"])
def test_how_the_bytes_are_cut_does_not_matter(caller, model):
    chunks = caller().chunks(model=model, messages=[user(PROMPT)])
    assert joined(chunks) == ECHO
    assert finish_reasons(chunks) == ["stop"]


def test_a_stream_without_metadata_still_ends(caller):
    chunks = caller().chunks(model="emulator.no-metadata", messages=[user(PROMPT)])
    assert joined(chunks) == ECHO
    assert finish_reasons(chunks) == ["stop"]


def test_a_huge_answer_arrives_whole(caller):
    size = 300_000
    plain = caller().create(model=f"emulator.huge-{size}", messages=[user("hi")]).choices[0].message.content
    assert len(plain) == size
    assert joined(caller().chunks(model=f"emulator.huge-{size}", messages=[user("hi")])) == plain
