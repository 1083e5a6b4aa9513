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
    /// Keep virtual keys: credentials that callers use by name
    #[command(subcommand)]
    VirtualKey(VirtualKeyCommand),
    /// Keep gateway keys, by which callers are known
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Keep the master key, which seals what the vault holds
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
    /// Write a copy of the vault's database to a new file, while gateways go on
    Backup {
        /// The file; must not be there yet
        file: PathBuf,
    },
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

/// Virtual keys.
#[derive(Debug, Subcommand)]
pub enum VirtualKeyCommand {
    /// Add one; its secret is taken from --secret-file, `BEDROCK_GATEWAY_SECRET`, or asked for
    Add(Box<AddVirtualKey>),
    /// List all
    List,
    /// Remove one for good
    Remove {
        /// What callers name it by
        slug: String,
    },
}

/// A virtual key to be added.
#[derive(Debug, Args)]
pub struct AddVirtualKey {
    /// What people name it by
    #[arg(long)]
    pub name: String,
    /// What callers name it by [default: made of the name]
    #[arg(long)]
    pub slug: Option<String>,
    /// `bedrock` or `openai`
    #[arg(long, default_value = "bedrock")]
    pub provider: String,
    /// `accessKey`, `assumedRole`, `apiKey` or `serviceRole` [default: by what is given]
    #[arg(long)]
    pub auth_type: Option<String>,
    /// Id of an access key, whose secret is the key's secret
    #[arg(long)]
    pub access_key_id: Option<String>,
    /// Role to assume
    #[arg(long)]
    pub role_arn: Option<String>,
    /// What the role's trust policy asks for
    #[arg(long)]
    pub external_id: Option<String>,
    /// Role to assume before it
    #[arg(long)]
    pub source_role_arn: Option<String>,
    /// What that one's trust policy asks for
    #[arg(long)]
    pub source_external_id: Option<String>,
    /// Where, unless the request says otherwise
    #[arg(long)]
    pub region: Option<String>,
    /// Another host than the provider's own
    #[arg(long)]
    pub custom_host: Option<String>,
    /// A model that may be called with it, with * for any characters; may be repeated
    #[arg(long = "model")]
    pub models: Vec<String>,
    /// When it ends, such as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long)]
    pub expires_at: Option<String>,
    /// For people
    #[arg(long)]
    pub note: Option<String>,
    /// A file with the secret: secret access key, Bedrock API key or provider's key; - is standard input
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// Gateway keys.
#[derive(Debug, Subcommand)]
pub enum ApiKeyCommand {
    /// Make one, and print it: it is shown once
    Create(CreateApiKey),
    /// List all that are not revoked
    List,
    /// Take one back
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

/// A gateway key to be made.
#[derive(Debug, Args)]
pub struct CreateApiKey {
    /// What people name it by
    #[arg(long)]
    pub name: String,
    /// `inference`, `admin.read`, `admin.write`, or a scope of Portkey's; may be repeated
    #[arg(long = "scope", required = true)]
    pub scopes: Vec<String>,
    /// A virtual key that may be used with it; may be repeated [default: all]
    #[arg(long = "virtual-key", value_name = "SLUG")]
    pub virtual_keys: Vec<String>,
    /// When it ends, such as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long)]
    pub expires_at: Option<String>,
    /// Metadata of its requests, as NAME=VALUE; may be repeated
    #[arg(long = "metadata", value_name = "NAME=VALUE")]
    pub metadata: Vec<String>,
    /// A file with a config for its requests, as JSON
    #[arg(long, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Requests may bring no config of their own
    #[arg(long, requires = "config_file")]
    pub no_config_override: bool,
}

/// The master key.
#[derive(Debug, Subcommand)]
pub enum MasterKeyCommand {
    /// Make a new master key in a new file
    Create {
        /// The file; must not be there yet
        file: PathBuf,
    },
    /// Seal everything anew: under a new key in `vault.master_key_file`, else under the
    /// first key of `BEDROCK_GATEWAY_VAULT_MASTER_KEY`, else under the key of KMS
    Rotate {
        /// Away from KMS: seal under the first key of the environment or the file, although
        /// `vault.kms_key_id` is set
        #[arg(long)]
        from_kms: bool,
    },
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
