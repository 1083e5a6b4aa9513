//! What the commands do: bind, say where, serve; keep the vault.

pub mod keys;
pub mod master_key;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::Gateway;
use crate::aws::credentials::Credentials;
use crate::aws::model_id::ModelId;
use crate::aws::sdk::ServiceUrls;
use crate::emulator::{self, Identity};
use crate::routing::ModelAlias;
use crate::settings::Settings;
use crate::signals::Signals;

/// `serve`: the gateway alone.
///
/// # Errors
/// The address cannot be listened on, the system's certificates cannot be loaded,
/// or its signals cannot be taken over.
pub async fn serve(settings: Settings) -> io::Result<()> {
    let listener = bind(settings.server.listen).await?;
    let address = listener.local_addr()?;
    let may_lend = address.ip().is_loopback() || settings.auth.allow_public_anonymous;
    let gateway = Gateway::build(settings).await?;
    if !may_lend && gateway.lends_to_strangers().await? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, STRANGERS));
    }
    gateway.report_identity();
    let signals = Signals::listen()?;
    say(&format!("gateway listening on http://{address}\n"))?;
    until_second_signal(&signals, gateway.serve(listener, signals.clone().count(1))).await;
    Ok(())
}

/// Why a gateway that lends its identity to everybody does not start.
const STRANGERS: &str = "other machines reach this address, and aws.allow_gateway_identity lends the gateway's AWS identity to everybody who does: make a gateway key (`bedrock-gateway api-key create --help`), listen on 127.0.0.1, or set auth.allow_public_anonymous = true";

/// `emulator`: the emulator alone.
///
/// # Errors
/// The address cannot be listened on, or signals cannot be taken over.
pub async fn emulator(address: SocketAddr) -> io::Result<()> {
    let listener = bind(address).await?;
    let address = listener.local_addr()?;
    let options = emulator::Options::default();
    let signals = Signals::listen()?;
    say(&emulator_banner(address, &options.identity))?;
    let serving = emulator::serve(listener, options, signals.clone().count(1));
    until_second_signal(&signals, serving).await.unwrap_or(Ok(()))
}

/// `dev`: emulator and gateway in one process, which talk over a real socket.
///
/// # Errors
/// As of [`serve`], for either address.
pub async fn dev(mut settings: Settings, emulator_listen: SocketAddr) -> io::Result<()> {
    let emulator_listener = bind(emulator_listen).await?;
    let listener = bind(settings.server.listen).await?;
    let (emulator_address, address) = (emulator_listener.local_addr()?, listener.local_addr()?);
    let options = emulator::Options::default();
    let identity = Credentials::access_key(
        &options.identity.access_key_id,
        &options.identity.secret_access_key,
        options.identity.session_token.as_ref(),
    );
    let emulator_url = format!("http://{emulator_address}");
    settings.aws.service_urls =
        ServiceUrls { sts: Some(emulator_url.clone()), kms: Some(emulator_url.clone()) };
    settings.aws.endpoint_url_bedrock = Some(emulator_url.clone());
    settings.aws.endpoint_url = Some(emulator_url);
    settings.aws.lent.allow_gateway_identity = true;
    // What people try first has OpenAI's names in it.
    for name in ["gpt-4o", "gpt-4o-mini"] {
        if let Ok(model_id) = ModelId::parse(MODEL) {
            let alias = ModelAlias { model_id, region: None, family: None };
            settings.models.aliases.entry(name.to_owned()).or_insert(alias);
        }
    }
    let gateway = Gateway::build_with_identity(settings, identity).await?;

    let signals = Signals::listen()?;
    say(&format!(
        "gateway listening on http://{address}\n{}{}",
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

/// `health`: asks the gateway that these settings describe.
///
/// # Errors
/// It cannot be reached, or does not answer with 200 in time.
pub fn health(settings: &Settings) -> io::Result<()> {
    let mut address = settings.server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    let mut socket = std::net::TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    socket.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    socket.set_write_timeout(Some(HEALTH_TIMEOUT))?;
    write!(socket, "GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    socket.read_exact(&mut status)?;
    if status == *b"HTTP/1.1 200" {
        Ok(())
    } else {
        Err(io::Error::other("the gateway is not well"))
    }
}

/// How long a gateway may take to say that it is well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// `None` if the second signal came first.
async fn until_second_signal<T>(signals: &Signals, serving: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        served = serving => Some(served),
        () = signals.clone().count(2) => None,
    }
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Where the emulator is and who may call it. The values are published ones,
/// good for nothing but an emulator.
fn emulator_banner(address: SocketAddr, identity: &Identity) -> String {
    use crate::emulator::identity::{DEMO_API_KEY, DEMO_SECRET_ACCESS_KEY};
    format!(
        "emulator listening on http://{address}\n\
         demo identity of the emulator:\n\
         \x20 AWS_ACCESS_KEY_ID={}\n\
         \x20 AWS_SECRET_ACCESS_KEY={DEMO_SECRET_ACCESS_KEY}\n\
         \x20 AWS_BEARER_TOKEN_BEDROCK={DEMO_API_KEY}\n",
        identity.access_key_id
    )
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

/// The model of the snippets.
const MODEL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
