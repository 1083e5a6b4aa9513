//! What the commands do: bind, say where, serve; keep the vault.

pub mod allocator;
mod dev;
pub mod keys;
pub mod master_key;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

pub use dev::dev;

use crate::api::serve::raise_descriptor_limit;
use crate::app::Gateway;
use crate::emulator::{self, Identity};
use crate::settings::Settings;
use crate::signals::Signals;

/// `serve`: the gateway alone.
///
/// # Errors
/// The address cannot be listened on, the system's certificates cannot be loaded,
/// or its signals cannot be taken over.
pub async fn serve(settings: Settings) -> io::Result<()> {
    raise_descriptor_limit();
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
