"""Starts the programs under test once per run and hands out their addresses."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import identity
from support.files import FileHost
from support.program import Program
from support.recorder import Recorder
from support.relay import Relay
from support.vault import VIRTUAL_KEYS, Keeper, Vault, role

Launch = Callable[..., Program]

node_closing_lines = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def programs() -> list[Program]:
    """Every program that was started, for whoever wants to read what they printed."""
    return []


@pytest.fixture(scope="session")
def launch(programs: list[Program], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Starts a command of the binary; all are stopped when the run ends."""
    binary = os.environ.get("BEDROCK_GATEWAY_BIN")
    if not binary:
        pytest.exit("BEDROCK_GATEWAY_BIN is not set: start the tests by tests/sdk/run", returncode=4)
    folder = tmp_path_factory.mktemp("programs")

    def start(name: str, *arguments: str, waits_for: set[str], extra: dict[str, str] | None = None) -> Program:
        """A running command with `extra` in its otherwise clean environment."""
        try:
            program = Program(
                Path(binary), list(arguments), waits_for=waits_for, folder=folder, name=name, extra=extra
            )
        except RuntimeError as problem:
            pytest.exit(f"nothing can be tested: {problem}", returncode=2)
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.stop()
    if kept := os.environ.get("SDK_TESTS_LOGS"):
        for program in programs:
            Path(kept).mkdir(parents=True, exist_ok=True)
            shutil.copy(program.log, kept)


@pytest.fixture(scope="session")
def emulator(launch: Launch) -> Program:
    """The local Bedrock Runtime."""
    return launch("emulator", "emulator", "--listen", "127.0.0.1:0", waits_for={"emulator"})


@pytest.fixture(scope="session")
def file_host() -> Iterator[FileHost]:
    """A host of files that the gateways may fetch from, although it is this machine."""
    host = FileHost()
    yield host
    host.close()


@pytest.fixture(scope="session")
def gateway(launch: Launch, emulator: Program, file_host: FileHost) -> Program:
    """The gateway as an operator without a vault starts it, in front of the emulator."""
    return launch(
        "serve",
        "serve",
        "--listen",
        "127.0.0.1:0",
        waits_for={"gateway"},
        extra={
            "AWS_ENDPOINT_URL": emulator.emulator,
            "BEDROCK_GATEWAY_MEDIA_ALLOWED_HOSTS": file_host.host,
            "BEDROCK_GATEWAY_MODELS_ALIASES": '{ "gpt-4o" = "us.anthropic.claude-3-7-sonnet-20250219-v1:0" }',
        },
    )


@pytest.fixture(scope="session")
def lively_gateway(launch: Launch, emulator: Program) -> Program:
    """A gateway that gives a sign of life after a tenth of a second, and waits for a second at most."""
    return launch(
        "serve-lively",
        "serve",
        "--listen",
        "127.0.0.1:0",
        waits_for={"gateway"},
        extra={
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.emulator,
            "BEDROCK_GATEWAY_SERVER_SSE_KEEP_ALIVE_MS": "100",
            "BEDROCK_GATEWAY_UPSTREAM_FIRST_BYTE_TIMEOUT_MS": "1000",
        },
    )


@pytest.fixture(scope="session")
def dev(launch: Launch) -> Program:
    """Gateway and emulator in one process, as a newcomer starts it."""
    arguments = ["dev", "--listen", "127.0.0.1:0", "--emulator-listen", "127.0.0.1:0"]
    return launch("dev", *arguments, waits_for={"gateway", "emulator"})


@pytest.fixture(scope="session")
def recorder_server() -> Iterator[Recorder]:
    server = Recorder()
    yield server
    server.close()


@pytest.fixture
def recorder(recorder_server: Recorder) -> Recorder:
    """An upstream that records, with nothing recorded yet."""
    recorder_server.reset()
    return recorder_server


@pytest.fixture(scope="session")
def recorded_by_setting(
    launch: Launch, emulator: Program, recorder_server: Recorder, file_host: FileHost
) -> Callable[[str], Program]:
    """Gateways in front of the recording upstream, by `requests.unsupported_params`, with an AWS identity in
    their environment as bait. They ask the emulator about inference profiles, and go on where it knows none."""

    @functools.cache
    def start(unsupported_params: str) -> Program:
        return launch(
            f"serve-recorded-{unsupported_params}",
            "serve",
            "--listen",
            "127.0.0.1:0",
            waits_for={"gateway"},
            extra={
                "AWS_ENDPOINT_URL": emulator.emulator,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": recorder_server.url,
                "BEDROCK_GATEWAY_MODELS_UNRESOLVED_PROFILES": "unknown",
                "AWS_ACCESS_KEY_ID": identity.BAIT_ACCESS_KEY_ID,
                "AWS_SECRET_ACCESS_KEY": identity.BAIT_SECRET_ACCESS_KEY,
                "AWS_SESSION_TOKEN": identity.BAIT_SESSION_TOKEN,
                "AWS_BEARER_TOKEN_BEDROCK": identity.BAIT_API_KEY,
                "BEDROCK_GATEWAY_MEDIA_ALLOWED_HOSTS": file_host.host,
                "BEDROCK_GATEWAY_REQUESTS_UNSUPPORTED_PARAMS": unsupported_params,
            },
        )

    return start


@pytest.fixture(scope="session")
def recorded_gateway(recorded_by_setting: Callable[[str], Program]) -> Program:
    """A gateway in front of the recording upstream, as it is without settings."""
    return recorded_by_setting("auto")


@pytest.fixture(scope="session")
def relay(emulator: Program) -> Iterator[Relay]:
    """What passes between the gateways with a vault and the emulator."""
    relay = Relay(emulator.emulator)
    yield relay
    relay.close()


@pytest.fixture(scope="session")
def keep(launch: Launch, relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Keeper]:
    """Starts gateways with a vault behind the relay, which have the emulator's demo identity for their own."""

    def start(name: str, *arguments: str, vault: Vault | None = None, **extra: str) -> Keeper:
        vault = vault or Vault(tmp_path_factory.mktemp(name))
        admin = vault.api_key(f"admin of {name}", "admin.write", AWS_ENDPOINT_URL=relay.url)
        caller = vault.api_key("caller", "inference", AWS_ENDPOINT_URL=relay.url)
        program = launch(
            name,
            "serve",
            "--listen",
            "127.0.0.1:0",
            *arguments,
            waits_for={"gateway"},
            extra={
                "AWS_ENDPOINT_URL": relay.url,
                "AWS_ACCESS_KEY_ID": identity.ACCESS_KEY_ID,
                "AWS_SECRET_ACCESS_KEY": identity.SECRET_ACCESS_KEY,
                **vault.environment,
                **extra,
            },
        )
        return Keeper(program, vault, admin, caller)

    return start


@pytest.fixture(scope="session")
def keeper(keep: Callable[..., Keeper]) -> Keeper:
    """A gateway as an operator with a vault starts it, with a virtual key of every kind."""
    keeper = keep(
        "serve-vault",
        BEDROCK_GATEWAY_AWS_ASSUMABLE_ROLES=f"{role('lent-*')},{role('emulator-*')}",
        BEDROCK_GATEWAY_AWS_SESSION_TAG_KEYS="team",
        BEDROCK_GATEWAY_MODELS_ALIASES='{ "gpt-4o" = "us.anthropic.claude-3-7-sonnet-20250219-v1:0" }',
    )
    for slug, members in VIRTUAL_KEYS.items():
        keeper.make_virtual_key(slug, **members)
    return keeper


def pytest_configure(config: pytest.Config) -> None:
    """Takes keys, proxies and profiles of the surrounding shell away from the clients under test."""
    config.stash[node_closing_lines] = []
    for name in list(os.environ):
        if name.startswith(("AWS_", "OPENAI_", "PORTKEY_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is searched through at the end has to come last."""
    items.sort(key=lambda item: item.path.name == "test_logs.py")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the closing lines of Node's own test runner beside those of pytest."""
    if lines := config.stash[node_closing_lines]:
        terminalreporter.section("node --test")
        for line in lines:
            terminalreporter.write_line(line)
