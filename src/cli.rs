//! The command line: what may be typed, and what of it is a setting.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Where the emulator listens unless told otherwise: the port after the gateway's.
pub const EMULATOR_ADDRESS: SocketAddr =
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8788));

/// OpenAI-compatible gateway for Amazon Bedrock.
#[derive(Debug, Parser)]
#[command(name = "bedrock-gateway", version, about, propagate_version = true)]
pub struct Cli {
    /// What to do; `serve` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings of the gateway.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the gateway (the default)
    Serve,
    /// Serve gateway and emulator together, to try things without an AWS account
    Dev {
        /// Address and port of the emulator
        #[arg(long, value_name = "ADDRESS:PORT", default_value_t = EMULATOR_ADDRESS)]
        emulator_listen: SocketAddr,
    },
    /// Serve the emulator of Bedrock Runtime alone, for any AWS SDK [default: at 127.0.0.1:8788]
    Emulator,
    /// Ask the gateway of this machine whether it serves; for health checks of containers
    Health,
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Look at the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read all settings and report every problem
    Check,
    /// Print the commented defaults
    Defaults,
}

/// Settings that have a flag; every other one is reached by `--set`.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// TOML file with settings
    #[arg(long, global = true, value_name = "FILE", env = "BEDROCK_GATEWAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [server.listen]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Port to listen on, at the address that is set otherwise
    #[arg(long, global = true, value_name = "PORT")]
    pub port: Option<String>,
    /// `text` or `json` [log.format]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// `error`, `warn`, `info`, `debug` or `trace` [log.level]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Any setting, such as `aws.region=eu-west-1`; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl SettingsArgs {
    /// The flags as settings: key, value, and how the flag is spelled.
    #[must_use]
    pub fn flags(&self) -> Vec<(String, String, &'static str)> {
        let set = self.set.iter().map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.trim().to_owned(), value.to_owned(), "--set")
        });
        let named = [
            ("server.listen", &self.listen, "--listen"),
            ("port", &self.port, "--port"),
            ("log.format", &self.log_format, "--log-format"),
            ("log.level", &self.log_level, "--log-level"),
        ];
        let named = named
            .into_iter()
            .filter_map(|(key, value, flag)| Some((key.to_owned(), value.clone()?, flag)));
        set.chain(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_are_settings() {
        let cli = Cli::parse_from([
            "x",
            "serve",
            "--set",
            "aws.region=a=b",
            "--port",
            "1",
            "--log-format",
            "json",
        ]);
        let flags = cli.settings.flags();
        let pairs: Vec<_> =
            flags.iter().map(|(key, value, _)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("aws.region", "a=b"), ("port", "1"), ("log.format", "json")]);
    }
}
