//! The `bedrock-gateway` binary: reads what was typed and set, starts logging
//! and the runtime, and hands over to a command.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use bedrock_gateway::cli::{Cli, Command, ConfigCommand, EMULATOR_ADDRESS, SettingsArgs};
use bedrock_gateway::commands;
use bedrock_gateway::settings::{DEFAULTS, Environment, Log, LogFormat, Settings, Sources};
use bedrock_gateway::telemetry;
use clap::Parser;

/// Wrong command line or settings; `EX_USAGE` of BSD's `sysexits`.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            // Nothing is left to be done if the terminal is gone.
            let _ = error.print();
            return if is_help { ExitCode::SUCCESS } else { EXIT_USAGE.into() };
        }
    };
    let environment = environment();
    if matches!(cli.command, Some(Command::Serve | Command::Dev { .. }) | None) {
        commands::allocator::restart_with_fixed_thresholds(&environment);
    }
    let settings = match settings(&cli, &environment) {
        Ok(settings) => settings,
        Err(problems) => {
            let count = problems.len();
            let list: String = problems.iter().map(|problem| format!("  - {problem}\n")).collect();
            return fail(EXIT_USAGE, &format!("{count} problem(s) with the settings:\n{list}"));
        }
    };
    let done = match cli.command {
        Some(Command::Config(ConfigCommand::Check)) => print("the settings are in order\n"),
        Some(Command::Config(ConfigCommand::Defaults)) => print(DEFAULTS),
        Some(Command::Health) => commands::health(&settings),
        Some(Command::Dev { emulator_listen }) => {
            run(settings.log, commands::dev(settings, emulator_listen))
        }
        Some(Command::Emulator) => match emulator_address(&cli.settings) {
            Ok(address) => run(settings.log, commands::emulator(address)),
            Err(message) => return fail(EXIT_USAGE, &message),
        },
        Some(Command::Serve) | None => run(settings.log, commands::serve(settings)),
        Some(Command::VirtualKey(command)) => {
            run(settings.log, commands::keys::virtual_key(settings, command, &environment))
        }
        Some(Command::ApiKey(command)) => {
            run(settings.log, commands::keys::api_key(settings, command, &environment))
        }
        Some(Command::MasterKey(command)) => {
            run(settings.log, commands::master_key::run(settings, command, &environment))
        }
        Some(Command::Backup { file }) => {
            run(settings.log, commands::master_key::backup(settings, file, &environment))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &format!("{}\n", telemetry::chain(&error))),
    }
}

/// `--listen` and `--port` mean the emulator where it serves alone.
fn emulator_address(flags: &SettingsArgs) -> Result<SocketAddr, String> {
    let mut address = match &flags.listen {
        None => EMULATOR_ADDRESS,
        Some(text) => text
            .parse()
            .map_err(|_| format!("--listen must be an address and port, not `{text}`\n"))?,
    };
    if let Some(port) = &flags.port {
        address
            .set_port(port.parse().map_err(|_| format!("--port must be a port, not `{port}`\n"))?);
    }
    Ok(address)
}

/// Starts logging and the runtime, and runs a command to its end.
fn run(log: Log, command: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    telemetry::init(log.format == LogFormat::Json, log.level).map_err(io::Error::other)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}

fn settings(cli: &Cli, environment: &Environment) -> Result<Settings, Vec<String>> {
    let file = match &cli.settings.config {
        None => None,
        Some(path) => {
            let name = path.display().to_string();
            let text =
                std::fs::read_to_string(path).map_err(|error| vec![format!("{name}: {error}")])?;
            Some((name, text))
        }
    };
    let sources = Sources { file, environment: Some(environment), flags: cli.settings.flags() };
    Settings::load(&sources).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// The environment, read once. A variable that is no text is none of ours.
fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn fail(code: u8, message: &str) -> ExitCode {
    // Nothing is left to be done if the terminal is gone.
    let _ = write!(io::stderr(), "bedrock-gateway: {}", telemetry::mask::masked(message));
    code.into()
}
