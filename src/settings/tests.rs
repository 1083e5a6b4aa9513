use std::time::Duration;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(
    file: &str,
    variables: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Settings, Vec<Problem>> {
    Settings::load(&Sources {
        file: Some(("test.toml".into(), file.into())),
        environment: Some(&environment(variables)),
        flags: flags.iter().map(|(key, value)| ((*key).into(), (*value).into(), "--set")).collect(),
    })
}

fn problems(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Vec<String> {
    load(file, variables, flags).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn no_interval_is_no_comments() {
    let interval = |file: &str| load(file, &[], &[]).unwrap().server.sse_keep_alive;
    assert_eq!(interval("[server]\nsse_keep_alive_ms = 0"), None);
    assert_eq!(interval("[server]\nsse_keep_alive_ms = 7"), Some(Duration::from_millis(7)));
}

#[test]
fn the_defaults_are_complete() {
    let settings = Settings::load(&Sources::default()).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8787");
    assert!(!settings.aws.lent.allow_gateway_identity);
    assert_eq!(settings.aws.endpoint_url, None);
    assert!(settings.server.cors_allowed_origins.is_empty());
    assert!(settings.media.fetch && settings.media.allowed_hosts.is_empty());
}

#[test]
fn later_sources_win() {
    let file = "[aws]\nregion = \"eu-west-1\"\n[log]\nformat = \"json\"";
    let region = |variables: &[(&str, &str)], flags: &[(&str, &str)]| {
        load(file, variables, flags).unwrap().aws.region.to_string()
    };
    assert_eq!(region(&[], &[]), "eu-west-1");
    assert_eq!(region(&[("AWS_DEFAULT_REGION", "eu-west-2")], &[]), "eu-west-2");
    let aws = [("AWS_DEFAULT_REGION", "eu-west-2"), ("AWS_REGION", "eu-west-3")];
    assert_eq!(region(&aws, &[]), "eu-west-3");
    let own = [("AWS_REGION", "eu-west-3"), ("BEDROCK_GATEWAY_AWS_REGION", "eu-north-1")];
    assert_eq!(region(&own, &[]), "eu-north-1");
    assert_eq!(region(&own, &[("aws.region", "eu-south-1")]), "eu-south-1");
    assert_eq!(load(file, &[], &[]).unwrap().log.format, LogFormat::Json);
}

#[test]
fn the_port_alone_can_be_set() {
    let listen = |variables: &[(&str, &str)], flags: &[(&str, &str)]| {
        load("", variables, flags).unwrap().server.listen.to_string()
    };
    assert_eq!(listen(&[("PORT", "9000")], &[]), "127.0.0.1:9000");
    assert_eq!(
        listen(&[("PORT", "9000"), ("BEDROCK_GATEWAY_SERVER_LISTEN", "[::]:1")], &[]),
        "[::]:1"
    );
    assert_eq!(listen(&[("BEDROCK_GATEWAY_SERVER_LISTEN", "[::]:1")], &[("port", "2")]), "[::]:2");
}

#[test]
fn aws_variables_are_understood() {
    let settings = load(
        "",
        &[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:2/"),
            ("AWS_USE_FIPS_ENDPOINT", "True"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
            ("AWS_BEARER_TOKEN_BEDROCK", "hush"),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(settings.aws.endpoint_url.as_deref(), Some("http://127.0.0.1:2"));
    assert_eq!(settings.aws.endpoint_options, EndpointOptions { fips: true, dual_stack: true });
    assert!(settings.aws.bearer_token.is_some());
    assert!(!format!("{settings:?}").contains("hush"));
}

#[test]
fn aliases_take_both_forms() {
    let file = "[models.aliases]\n\"gpt-4o\" = \"a.b\"\nmini = { model = \"c.d\", region = \"eu-west-1\" }";
    let aliases = load(file, &[], &[]).unwrap().models.aliases;
    assert_eq!(aliases["gpt-4o"].model_id.as_str(), "a.b");
    assert_eq!(aliases["mini"].region.as_ref().unwrap().as_str(), "eu-west-1");
    let variable = [("BEDROCK_GATEWAY_MODELS_ALIASES", "{ x = \"e.f\" }")];
    assert_eq!(load(file, &variable, &[]).unwrap().models.aliases["x"].model_id.as_str(), "e.f");
}

#[test]
fn every_problem_is_reported_at_once() {
    let found = problems(
        "nonsense = 1\n[server]\nlisten = \"here\"\nmax_body_bytes = \"big\"\n[aws]\nregion = \"moon\"\n[upstream]\ncustom_hosts = [\"127.0.0.1\", \"https://a/b\", 5]\n[media]\nallowed_hosts = [\"a\", \"http://a\"]\n[models.aliases]\na = 5\nb = { model = \"x\", region = \"y\" }",
        &[
            ("BEDROCK_GATEWAY_LOG_LEVEL", "loud"),
            ("BEDROCK_GATEWAY_NOPE", "1"),
            ("BEDROCK_GATEWAY_UPSTREAM_IDLE_TIMEOUT_MS", "soon"),
        ],
        &[("server.shutdown_grace_ms", "-1"), ("what", "x")],
    );
    let all = found.join("\n");
    for expected in [
        "nonsense (from file test.toml): is not a setting",
        "server.listen (from file test.toml): must be an address",
        "server.max_body_bytes (from file test.toml): must be of type integer",
        "aws.region (from file test.toml): `moon` is not",
        "upstream.custom_hosts (from file test.toml): \"127.0.0.1\": loopback",
        "\"https://a/b\": must be a host name, with a port",
        "5: must be an array of strings",
        "media.allowed_hosts (from file test.toml): \"http://a\": must be a host, or a host and its port",
        "models.aliases.\"a\" (from file test.toml): must be a model id",
        "models.aliases.\"b\" (from file test.toml): `y` is not",
        "log.level (from environment variable BEDROCK_GATEWAY_LOG_LEVEL)",
        "BEDROCK_GATEWAY_NOPE (from environment variable BEDROCK_GATEWAY_NOPE): means no setting",
        "upstream.idle_timeout_ms (from environment variable BEDROCK_GATEWAY_UPSTREAM_IDLE_TIMEOUT_MS): must be a whole number",
        "server.shutdown_grace_ms (from flag --set): must be a whole number from 0",
        "what (from flag --set): is not a setting",
    ] {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
    assert_eq!(found.len(), 15, "{all}");
}

#[test]
fn allowed_hosts_are_hosts() {
    let file = "[server]\nallowed_hosts = [\"Gateway.Example\", \"[::2]:8787\"]";
    let hosts = load(file, &[], &[]).unwrap().server.allowed_hosts;
    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["gateway.example", "[::2]:8787"]);
    for wrong in ["http://a.example", "a.example/v1", "u@a.example", "*:x", ""] {
        let file = format!("[server]\nallowed_hosts = [\"{wrong}\"]");
        let found = problems(&file, &[], &[]);
        assert!(found[0].contains("server.allowed_hosts") && found.len() == 1, "{found:?}");
    }
}

#[test]
fn a_broken_file_is_one_problem() {
    let found = problems("[server", &[], &[]);
    assert!(matches!(found.as_slice(), [one] if one.contains("is not TOML")), "{found:?}");
}

#[test]
fn variables_that_kubernetes_sets_are_passed_over() {
    let variables = [
        ("BEDROCK_GATEWAY_PORT", "tcp://10.0.0.1:8787"),
        ("BEDROCK_GATEWAY_PORT_8787_TCP_ADDR", "10.0.0.1"),
        ("BEDROCK_GATEWAY_SERVICE_HOST", "10.0.0.1"),
    ];
    load("", &variables, &[]).unwrap();
    assert_eq!(problems("", &[("BEDROCK_GATEWAY_PORT", "9000")], &[]).len(), 1);
}
