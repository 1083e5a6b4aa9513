//! Who calls, and as whom: gateway keys, virtual keys and roles, over the wire.

mod admin;
mod bounds;
mod callers;
mod locked;
mod masking;
mod profiles;
mod roles;
mod virtual_keys;

use std::path::PathBuf;

use bedrock_gateway::access::Event;
use bedrock_gateway::aws::credentials::Credentials;
use bedrock_gateway::emulator::{Observed, identity};
use bedrock_gateway::vault::master_key::{self, MasterKeyOptions, MasterKeys};
use bedrock_gateway::vault::{NewApiKey, Vault};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Answer, PATIENCE, Stack};

/// The emulator's demo identity, as which a gateway runs.
fn demo() -> Credentials {
    Credentials::access_key(
        identity::DEMO_ACCESS_KEY_ID,
        &identity::DEMO_SECRET_ACCESS_KEY.into(),
        None,
    )
}

/// A gateway with a vault, and somebody who may do everything.
struct House {
    stack: Stack,
    /// The same vault, as a command on the same machine opens it.
    vault: Vault,
    admin: String,
    folder: PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl House {
    async fn start() -> Self {
        Self::start_with("").await
    }

    /// `settings` is TOML without `[vault]`.
    async fn start_with(settings: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("master.key");
        master_key::create_file(&file).unwrap();
        let data_dir = folder.join("data");
        let vault = format!("[vault]\ndata_dir = {data_dir:?}\nmaster_key_file = {file:?}\n");
        let stack = Stack::start_as(&format!("{settings}\n{vault}"), demo()).await;
        let options = MasterKeyOptions { text: None, file: Some(file) };
        let masters = MasterKeys::load(&options, None).unwrap();
        let vault = Vault::open(&data_dir, masters).await.unwrap();
        let mut house = Self { stack, vault, admin: String::new(), folder };
        house.admin = house.key("admin", &["admin.write", "inference"], None).await;
        house
    }

    /// Makes a gateway key as the command does.
    async fn key(&self, name: &str, scopes: &[&str], virtual_keys: Option<&[&str]>) -> String {
        let list = |entries: &[&str]| entries.iter().map(|&entry| entry.to_owned()).collect();
        let new = NewApiKey {
            name: name.into(),
            description: None,
            kind: "workspace".into(),
            sub_type: "service".into(),
            workspace_id: None,
            user_id: None,
            scopes: list(scopes),
            virtual_keys: virtual_keys.map(list),
            defaults: None,
            expires_at: None,
        };
        let (_, key) = self.vault.add_api_key(new, 1, Event::default()).await.unwrap();
        // Until the gateway looks again.
        tokio::time::sleep(bedrock_gateway::vault::FRESH_FOR).await;
        key.expose_secret().to_owned()
    }

    /// Calls the admin API.
    async fn call(&self, key: &str, method: &str, path: &str, body: Value) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .stack
            .http
            .request(method, format!("{}{path}", self.stack.url))
            .header("x-portkey-api-key", key);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::read(timeout(PATIENCE, request.send()).await.unwrap().unwrap()).await
    }

    /// Makes a virtual key by the admin API; `members` beside name and provider.
    async fn virtual_key(&self, slug: &str, members: Value) {
        let mut body = json!({"name": slug, "slug": slug, "provider": "bedrock"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let answer = self.call(&self.admin, "POST", "/v1/virtual-keys", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Asks as the admin, with a virtual key.
    async fn ask(&self, slug: &str, body: &Value) -> Answer {
        let headers = [("x-portkey-api-key", self.admin.as_str()), ("x-portkey-virtual-key", slug)];
        self.stack.post(&headers, body).await
    }

    /// Everything that reached the emulator up to now, oldest first.
    fn observed(&mut self) -> Vec<Observed> {
        std::iter::from_fn(|| self.stack.observed.try_recv().ok()).collect()
    }

    /// The same of one operation.
    fn observed_of(&mut self, operation: &str) -> Vec<Observed> {
        self.observed().into_iter().filter(|call| call.operation == operation).collect()
    }
}

/// The emulator's demo access key as members of a virtual key.
fn demo_pair() -> Value {
    json!({
        "aws_access_key_id": identity::DEMO_ACCESS_KEY_ID,
        "aws_secret_access_key": identity::DEMO_SECRET_ACCESS_KEY,
    })
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::444455556666:role/{name}")
}

/// Status and code of an error.
fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error("code").as_str().unwrap_or_default().to_owned())
}
