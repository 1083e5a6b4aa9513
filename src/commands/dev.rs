//! `dev`: emulator and gateway in one process, which talk over a real socket.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::keys::failed;
use super::{bind, emulator_banner, say, until_second_signal};
use crate::access::scope::{ADMIN_WRITE, INFERENCE};
use crate::access::{Anonymous, Event, seconds};
use crate::api::serve::raise_descriptor_limit;
use crate::app::Gateway;
use crate::aws::credentials::Credentials;
use crate::aws::model_id::ModelId;
use crate::aws::sdk::ServiceUrls;
use crate::emulator;
use crate::routing::ModelAlias;
use crate::settings::{Settings, Vault};
use crate::signals::Signals;
use crate::vault::NewApiKey;
use crate::vault::master_key::{self, MasterKeyOptions};

/// The model of the snippets.
const MODEL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Serves both until told to stop. The vault is a new one, which is gone at the end.
///
/// # Errors
/// As of [`super::serve`], for either address.
pub async fn dev(mut settings: Settings, emulator_listen: SocketAddr) -> io::Result<()> {
    raise_descriptor_limit();
    let emulator_listener = bind(emulator_listen).await?;
    let listener = bind(settings.server.listen).await?;
    let (emulator_address, address) = (emulator_listener.local_addr()?, listener.local_addr()?);
    let options = emulator::Options::default();
    let identity = Credentials::access_key(
        &options.identity.access_key_id,
        &options.identity.secret_access_key,
        options.identity.session_token.as_ref(),
    );
    let scratch = Scratch::new();
    prepare(&mut settings, emulator_address, &scratch);
    let gateway = Gateway::build_with_identity(settings, identity).await?;
    let key = first_key(&gateway).await?;

    let signals = Signals::listen()?;
    say(&format!(
        "gateway listening on http://{address}\n{}gateway key, for virtual keys and the admin API:\n  {key}\n{}",
        emulator_banner(emulator_address, &options.identity),
        snippets(address)
    ))?;
    // The emulator must outlive the requests that the gateway lets finish.
    let (gateway_ended, emulator_may_end) = tokio::sync::oneshot::channel::<()>();
    let emulator = tokio::spawn(emulator::serve(emulator_listener, options, async move {
        let _ = emulator_may_end.await;
    }));
    until_second_signal(&signals, gateway.serve(listener, signals.clone().count(1))).await;
    drop(gateway_ended);
    emulator.await.map_err(io::Error::other)?
}

/// Points everything at the emulator, and lends its demo identity to everybody.
fn prepare(settings: &mut Settings, emulator: SocketAddr, scratch: &Scratch) {
    let url = format!("http://{emulator}");
    settings.aws.service_urls = ServiceUrls { sts: Some(url.clone()), kms: Some(url.clone()) };
    settings.aws.endpoint_url_bedrock = Some(url.clone());
    settings.aws.endpoint_url = Some(url);
    settings.aws.lent.allow_gateway_identity = true;
    if settings.auth.anonymous == Anonymous::Auto {
        settings.auth.anonymous = Anonymous::Allow;
    }
    settings.vault = Vault {
        data_dir: Some(scratch.0.clone()),
        master_keys: MasterKeyOptions { text: Some(master_key::generate()), file: None },
        kms_key_id: None,
    };
    // What people try first has OpenAI's names in it.
    for name in ["gpt-4o", "gpt-4o-mini"] {
        if let Ok(model_id) = ModelId::parse(MODEL) {
            let alias = ModelAlias { model_id, region: None, family: None };
            settings.models.aliases.entry(name.to_owned()).or_insert(alias);
        }
    }
}

async fn first_key(gateway: &Gateway) -> io::Result<String> {
    let Some(vault) = gateway.vault() else { return Ok(String::new()) };
    let now = seconds(SystemTime::now());
    let new = NewApiKey {
        name: "dev".to_owned(),
        description: None,
        kind: "organisation".to_owned(),
        sub_type: "service".to_owned(),
        workspace_id: None,
        user_id: None,
        scopes: vec![ADMIN_WRITE.to_owned(), INFERENCE.to_owned()],
        virtual_keys: None,
        defaults: None,
        expires_at: None,
    };
    let event = Event {
        at: now,
        action: "api_keys.create".to_owned(),
        outcome: "success".to_owned(),
        actor_type: "command_line".to_owned(),
        resource_type: Some("api_key".to_owned()),
        ..Event::default()
    };
    let (_, key) = vault.add_api_key(new, now, event).await.map_err(failed)?;
    Ok(key.expose_secret().to_owned())
}

/// A folder that is gone with the program. Were it left behind, nobody could open what
/// lies in it: its master key is in memory only.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("bedrock-gateway-dev-{}", Uuid::new_v4())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing is left to be done if it does not go.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn snippets(address: SocketAddr) -> String {
    format!(
        r#"
Requests without credentials use the demo identity. Try it with curl:

  curl -N http://{address}/v1/chat/completions \
    -H 'Content-Type: application/json' \
    -d '{{"model": "{MODEL}", "stream": true, "messages": [{{"role": "user", "content": "Hello!"}}]}}'

or with Python (pip install openai):

  from openai import OpenAI
  client = OpenAI(base_url="http://{address}/v1", api_key="not-needed")
  for chunk in client.chat.completions.create(
      model="{MODEL}",
      messages=[{{"role": "user", "content": "Hello!"}}],
      stream=True,
  ):
      print(chunk.choices[0].delta.content or "", end="", flush=True)
  print()

"#
    )
}
