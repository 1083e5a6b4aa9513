//! Lays sources over the defaults, key by key.
//!
//! A key is a path such as `server.listen`. The defaults say which keys there
//! are and of which type each is; every other source is held against them.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::{DEFAULTS, Environment};

/// Prefix of the environment variables; `server.listen` is `<PREFIX>SERVER_LISTEN`.
const PREFIX: &str = "BEDROCK_GATEWAY_";

/// Variables that are no settings: the one that names the file is read by the command
/// line, and secrets come from the environment only, so that no file holds one.
const NOT_SETTINGS: [&str; 3] = ["CONFIG", "VAULT_MASTER_KEY", "SECRET"];

/// Variables of AWS's own tools that mean a setting, weakest first.
const AWS_VARIABLES: [(&str, &str); 14] = [
    ("AWS_DEFAULT_REGION", "aws.region"),
    ("AWS_REGION", "aws.region"),
    ("AWS_ENDPOINT_URL", "aws.endpoint_url_bedrock_runtime"),
    ("AWS_ENDPOINT_URL", "aws.endpoint_url_bedrock"),
    ("AWS_ENDPOINT_URL", "aws.endpoint_url_sts"),
    ("AWS_ENDPOINT_URL", "aws.endpoint_url_kms"),
    ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "aws.endpoint_url_bedrock_runtime"),
    ("AWS_ENDPOINT_URL_BEDROCK", "aws.endpoint_url_bedrock"),
    ("AWS_ENDPOINT_URL_STS", "aws.endpoint_url_sts"),
    ("AWS_ENDPOINT_URL_KMS", "aws.endpoint_url_kms"),
    ("AWS_ASSUME_ROLE_SOURCE_ARN", "aws.assume_role_source_arn"),
    ("AWS_ASSUME_ROLE_SOURCE_EXTERNAL_ID", "aws.assume_role_source_external_id"),
    ("AWS_USE_FIPS_ENDPOINT", "aws.use_fips_endpoint"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "aws.use_dualstack_endpoint"),
];

/// Settings that are tables with names of the operator's own.
const FREE_TABLES: [&str; 2] = ["models.aliases", "models.families"];

/// Something wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which setting, or which file.
    pub key: String,
    /// Where the value was given.
    pub origin: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, origin, message } = self;
        write!(f, "{key} (from {origin}): {message}")
    }
}

/// A value and where it was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) origin: String,
}

/// All values, and what was wrong so far.
#[derive(Debug)]
pub struct Layers {
    values: BTreeMap<String, Given>,
    problems: Vec<Problem>,
}

impl Layers {
    /// The defaults alone.
    #[must_use]
    pub fn defaults() -> Self {
        let mut values = BTreeMap::new();
        // The built-in text is checked by a test; were it broken, every setting
        // would be reported as missing.
        let table = DEFAULTS.parse().unwrap_or_default();
        flatten("", table, &mut |key, value| {
            values.insert(key, Given { value, origin: "the defaults".to_owned() });
        });
        Self { values, problems: Vec::new() }
    }

    /// Lays a TOML file over what there is.
    pub fn add_file(&mut self, name: &str, text: &str) {
        let origin = format!("file {name}");
        match text.parse::<Table>() {
            Ok(table) => flatten("", table, &mut |key, value| self.set(&key, value, &origin)),
            Err(error) => self.problem(name, &origin, format!("is not TOML: {error}")),
        }
    }

    /// Lays environment variables over what there is.
    pub fn add_environment(&mut self, environment: &Environment) {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        if let Some(port) = set("PORT") {
            self.set_port(port);
        }
        for (name, key) in AWS_VARIABLES {
            if let Some(text) = set(name) {
                self.set_text(key, text, &format!("environment variable {name}"));
            }
        }
        for (name, text) in environment.range(PREFIX.to_owned()..) {
            let Some(rest) = name.strip_prefix(PREFIX) else { break };
            if text.is_empty()
                || NOT_SETTINGS.contains(&rest)
                || is_kubernetes_service_variable(rest, text)
            {
                continue;
            }
            let origin = format!("environment variable {name}");
            let key = self.values.keys().find(|key| variable_name(key) == *rest).cloned();
            match key {
                Some(key) => self.set_text(&key, text, &origin),
                None => self.problem(name, &origin, "means no setting"),
            }
        }
    }

    /// Lays one flag over what there is.
    pub fn add_flag(&mut self, key: &str, text: &str, flag: &str) {
        let origin = format!("flag {flag}");
        if key == "port" {
            self.set_port_from(text, &origin);
        } else {
            self.set_text(key, text, &origin);
        }
    }

    /// The value of a key; a missing one is a problem.
    pub(super) fn take(&mut self, key: &str) -> Option<Given> {
        let given = self.values.remove(key);
        if given.is_none() {
            self.problem(key, "the defaults", "is missing");
        }
        given
    }

    /// Notes a problem.
    pub(super) fn problem(&mut self, key: &str, origin: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            key: key.to_owned(),
            origin: origin.to_owned(),
            message: message.into(),
        });
    }

    /// All problems; a key that nobody took is one of the program's own.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        for key in std::mem::take(&mut self.values).into_keys() {
            self.problem(&key, "the defaults", "is read by nobody");
        }
        self.problems
    }

    fn set(&mut self, key: &str, value: Value, origin: &str) {
        let Some(given) = self.values.get_mut(key) else {
            return self.problem(key, origin, "is not a setting");
        };
        if given.value.same_type(&value) {
            *given = Given { value, origin: origin.to_owned() };
        } else {
            let expected = given.value.type_str();
            let message = format!("must be of type {expected}, not {}", value.type_str());
            self.problem(key, origin, message);
        }
    }

    fn set_text(&mut self, key: &str, text: &str, origin: &str) {
        let Some(given) = self.values.get(key) else {
            return self.problem(key, origin, "is not a setting");
        };
        match parse_as(&given.value, text) {
            Ok(value) => self.set(key, value, origin),
            Err(expected) => self.problem(key, origin, format!("must be {expected}, not `{text}`")),
        }
    }

    fn set_port(&mut self, text: &str) {
        self.set_port_from(text, "environment variable PORT");
    }

    /// Replaces the port and keeps the address.
    fn set_port_from(&mut self, text: &str, origin: &str) {
        const KEY: &str = "server.listen";
        let Ok(port) = text.trim().parse::<u16>() else {
            return self.problem(
                KEY,
                origin,
                format!("must be a port from 0 to 65535, not `{text}`"),
            );
        };
        let listen =
            self.values.get(KEY).and_then(|given| given.value.as_str()).unwrap_or_default();
        let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
        let value = Value::String(format!("{host}:{port}"));
        self.set(KEY, value, origin);
    }
}

/// Reads a text as a value of the same type as `like`.
fn parse_as(like: &Value, text: &str) -> Result<Value, &'static str> {
    let trimmed = text.trim();
    match like {
        Value::Integer(_) => trimmed.parse().map(Value::Integer).map_err(|_| "a whole number"),
        Value::Boolean(_) => {
            trimmed.to_ascii_lowercase().parse().map(Value::Boolean).map_err(|_| "true or false")
        }
        Value::Array(_) => {
            let entries = trimmed.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            Ok(entries.map(|entry| Value::String(entry.to_owned())).collect::<Vec<_>>().into())
        }
        Value::Table(_) => format!("t = {trimmed}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("t"))
            .ok_or("an inline table such as { name = \"model\" }"),
        Value::String(_) | Value::Float(_) | Value::Datetime(_) => {
            Ok(Value::String(text.to_owned()))
        }
    }
}

fn flatten(parent: &str, table: Table, each: &mut impl FnMut(String, Value)) {
    for (name, value) in table {
        let key = if parent.is_empty() { name } else { format!("{parent}.{name}") };
        match value {
            Value::Table(inner) if !FREE_TABLES.contains(&key.as_str()) => {
                flatten(&key, inner, each)
            }
            value => each(key, value),
        }
    }
}

fn variable_name(key: &str) -> String {
    key.replace('.', "_").to_ascii_uppercase()
}

/// Kubernetes sets these in every pod beside a service named `bedrock-gateway`.
fn is_kubernetes_service_variable(rest: &str, value: &str) -> bool {
    (rest == "PORT" && value.contains("://"))
        || rest.starts_with("PORT_")
        || rest.starts_with("SERVICE_")
}
