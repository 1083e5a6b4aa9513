//! The Dockerfile and the samples for Compose and Kubernetes agree with the code and with each other.

use std::path::Path;
use std::time::Duration;

use bedrock_gateway::access::Anonymous;
use bedrock_gateway::settings::{Environment, Settings, Sources};
use serde::Deserialize as _;
use serde_json::Value;

use crate::support::Stack;

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const COMPOSE: &str = include_str!("../../config/compose.yaml");
const KUBERNETES: &str = include_str!("../../config/kubernetes.yaml");

/// The instructions of this name in the image's last stage, their lines joined.
fn instructions(name: &str) -> Vec<String> {
    let (_, last_stage) = DOCKERFILE.rsplit_once("\nFROM ").unwrap();
    let joined = last_stage.replace("\\\n", " ");
    let of_name = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(' ')?.trim().to_owned());
    joined.lines().filter_map(of_name).collect()
}

/// The image's own variables.
fn image_environment() -> Environment {
    let lines = instructions("ENV").join(" ");
    let pairs = lines.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a container with these variables beside the image's would run with.
fn settings(more: Environment) -> Settings {
    let mut environment = image_environment();
    environment.extend(more);
    let loaded = Settings::load(&Sources { environment: Some(&environment), ..Sources::default() });
    loaded.unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn gateway_of_compose() -> Value {
    let file: Value = yaml_serde::from_str(COMPOSE).unwrap();
    file["services"]["gateway"].clone()
}

/// `kind`'s only object.
fn kubernetes(kind: &str) -> Value {
    let documents = yaml_serde::Deserializer::from_str(KUBERNETES);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    let mut of_kind = objects.filter(|object| object["kind"] == kind);
    let object = of_kind.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(of_kind.next().is_none(), "a second {kind}");
    object
}

fn pod() -> Value {
    kubernetes("Deployment")["spec"]["template"]["spec"].clone()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The member with this name.
fn named<'a>(items: &'a Value, name: &Value) -> &'a Value {
    let found = list(items).iter().find(|item| item["name"] == *name);
    found.unwrap_or_else(|| panic!("nothing is named {name} in {items}"))
}

/// A size in the notation of Compose (`256m`) or Kubernetes (`256Mi`).
fn mebibytes(size: &Value) -> usize {
    let digits = text(size).trim_end_matches("Mi").trim_end_matches('m');
    digits.parse().unwrap_or_else(|_| panic!("not in MiB: {size}"))
}

fn kubernetes_settings() -> Settings {
    let pod = pod();
    let variables = list(&pod["containers"][0]["env"]).iter();
    let pair = |variable: &Value| {
        (text(&variable["name"]).to_owned(), text(&variable["value"]).to_owned())
    };
    settings(variables.map(pair).collect())
}

/// With `MASTER_KEY_FILE` set.
fn compose_settings() -> Settings {
    let gateway = gateway_of_compose();
    let variables = gateway["environment"].as_object().unwrap().iter();
    let pair = |(name, value): (&String, &Value)| {
        let value = text(value);
        let value = value
            .strip_prefix("${MASTER_KEY_FILE:+")
            .and_then(|value| value.strip_suffix('}'))
            .unwrap_or(value);
        assert!(!value.contains("${"), "{name} depends on another variable: {value}");
        (name.clone(), value.to_owned())
    };
    settings(variables.map(pair).collect())
}

#[test]
fn the_image_exposes_the_port_that_it_listens_on() {
    let listen = settings(Environment::new()).server.listen;
    assert_eq!(instructions("EXPOSE"), [listen.port().to_string()]);
    assert!(listen.ip().is_unspecified(), "other machines cannot reach {listen}");
}

#[test]
fn compose_publishes_the_port_and_mounts_the_vault_and_its_key() {
    let (gateway, settings) = (gateway_of_compose(), compose_settings());
    let port = settings.server.listen.port();
    assert_eq!(gateway["ports"], serde_json::json!([format!("127.0.0.1:{port}:{port}")]));
    let data_dir = settings.vault.data_dir.unwrap();
    let volume = format!("vault:{}", data_dir.display());
    assert!(list(&gateway["volumes"]).contains(&volume.into()), "{gateway}");
    // Where Compose mounts the secret of this name.
    let key_file = settings.vault.master_keys.file.unwrap();
    assert_eq!(key_file, Path::new("/run/secrets/master_key"));
    assert!(list(&gateway["secrets"]).contains(&"master_key".into()), "{gateway}");
}

#[test]
fn kubernetes_exposes_the_port_and_mounts_the_vault_and_its_key() {
    let (pod, settings) = (pod(), kubernetes_settings());
    let container = &pod["containers"][0];
    let port = u64::from(settings.server.listen.port());
    assert_eq!(container["ports"][0]["containerPort"], port);
    let service = &kubernetes("Service")["spec"]["ports"][0];
    assert_eq!(service["port"], port);
    assert_eq!(service["targetPort"], container["ports"][0]["name"]);

    let volume_at = |folder: &Path| {
        let mut mounts = list(&container["volumeMounts"]).iter();
        let mount = mounts.find(|mount| Path::new(text(&mount["mountPath"])) == folder);
        let mount = mount.unwrap_or_else(|| panic!("nothing is mounted at {}", folder.display()));
        named(&pod["volumes"], &mount["name"])
    };
    let claim = &volume_at(&settings.vault.data_dir.unwrap())["persistentVolumeClaim"];
    assert_eq!(claim["claimName"], kubernetes("PersistentVolumeClaim")["metadata"]["name"]);
    let key_file = settings.vault.master_keys.file.unwrap();
    let secret = volume_at(key_file.parent().unwrap())["secret"]["secretName"].clone();
    // The key of the Secret is the name of the file.
    let command = format!(
        "kubectl create secret generic {} --from-file={}",
        text(&secret),
        key_file.file_name().unwrap().display()
    );
    assert!(KUBERNETES.contains(&command), "the sample does not explain: {command}");
    assert_eq!(settings.auth.anonymous, Anonymous::Refuse);
}

#[test]
fn a_vault_has_one_pod() {
    let spec = &kubernetes("Deployment")["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["strategy"]["type"], "Recreate");
}

#[tokio::test]
async fn kubernetes_probes_a_path_that_is_served() {
    let stack = Stack::start().await;
    let pod = pod();
    let container = &pod["containers"][0];
    for probe in ["readinessProbe", "livenessProbe"] {
        let get = &container[probe]["httpGet"];
        named(&container["ports"], &get["port"]);
        let url = format!("{}{}", stack.url, text(&get["path"]));
        assert_eq!(stack.http.get(url).send().await.unwrap().status(), 200, "{probe}");
    }
}

#[test]
fn samples_limit_memory_to_more_than_the_largest_body() {
    let compose = mebibytes(&gateway_of_compose()["mem_limit"]);
    let resources = pod()["containers"][0]["resources"].clone();
    let limit = mebibytes(&resources["limits"]["memory"]);
    assert_eq!(compose, limit);
    assert!(mebibytes(&resources["requests"]["memory"]) <= limit);
    // A body is held as it came, as values, and as what is sent on.
    let largest_body = kubernetes_settings().server.max_body_bytes;
    assert!(3 * largest_body < limit << 20, "{largest_body} bytes in {limit} MiB");
}

#[test]
fn samples_wait_for_streams_to_finish() {
    let seconds = |value: &Value| Duration::from_secs(value.as_u64().unwrap());
    let pod = pod();
    let before_stop = &pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"];
    let needed = seconds(before_stop) + kubernetes_settings().server.shutdown_grace;
    assert!(seconds(&pod["terminationGracePeriodSeconds"]) > needed);

    let gateway = gateway_of_compose();
    let granted = text(&gateway["stop_grace_period"]).strip_suffix('s').unwrap();
    let granted = Duration::from_secs(granted.parse().unwrap());
    assert!(granted > compose_settings().server.shutdown_grace);
}

#[test]
fn pods_run_as_the_user_of_the_image_without_privileges() {
    let pod = pod();
    let user: u64 = instructions("USER")[0].parse().unwrap();
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    for id in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert_eq!(pod["securityContext"][id], user, "{id}");
    }
    let container = &pod["containers"][0];
    let context = &container["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]));
    assert_eq!(pod["serviceAccountName"], kubernetes("ServiceAccount")["metadata"]["name"]);
    assert!(text(&container["image"]).ends_with(concat!(":v", env!("CARGO_PKG_VERSION"))));
}
