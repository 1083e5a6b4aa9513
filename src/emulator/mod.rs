//! A local stand-in for Amazon Bedrock Runtime, and for what goes with it: the services
//! of AWS that say who may call it, which model is meant, and how secrets are kept.
//!
//! It speaks the real protocol, so that any AWS SDK can be pointed at it: signed
//! JSON requests in, JSON or a binary event stream out. It needs no account, no
//! network and no model, and answers the same request the same way every time.
//! Use it to try the gateway, or to test your own application offline:
//!
//! ```
//! use bedrock_gateway::emulator::{self, Options};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! println!("AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://{}", listener.local_addr()?);
//! let (observer, mut observed) = tokio::sync::mpsc::channel(64);
//! let options = Options { observer: Some(observer), ..Options::default() };
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let server = tokio::spawn(emulator::serve(listener, options, async { stopped.await.unwrap_or(()) }));
//! // ... run what is to be tested, then look at `observed.try_recv()` ...
//! drop(stop);
//! server.await.map_err(std::io::Error::other)??;
//! # let _ = observed.try_recv();
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Operations
//!
//! | service | operations | recognised by |
//! |---|---|---|
//! | Bedrock Runtime | `Converse`, `ConverseStream` | `POST /model/{modelId}/converse`, `/converse-stream` |
//! | Bedrock | `GetInferenceProfile` | `GET /inference-profiles/{identifier}` |
//! | STS | `AssumeRole`, `AssumeRoleWithWebIdentity`, `GetCallerIdentity` | a form posted to `/`, or `GET /?Action=...` |
//! | KMS | `GenerateDataKey`, `GenerateDataKeyWithoutPlaintext`, `Encrypt`, `Decrypt`, `ReEncrypt`, `DescribeKey` | `POST /` with `X-Amz-Target: TrentService....` |
//!
//! All are on one port, so that one `AWS_ENDPOINT_URL` is enough for an SDK. Every
//! other path or method gets status 200 and an `UnknownOperationException`, as at
//! AWS; `GET /` and `GET /health` answer people and probes.
//!
//! # Who may call
//!
//! | access key id | secret access key | session token | what happens |
//! |---|---|---|---|
//! | `AKIAEMULATOREXAMPLE1` | `emulator/secret/access/key/EXAMPLE/000001` | none | accepted; replaced by [`Options::identity`] |
//! | `ASIAEMULATOREXAMPLE1` | `emulator/session/access/key/EXAMPLE/0001` | `emulator-session-token` | accepted |
//! | `ASIAEMULATOREXAMPLE1` | the same | `emulator-expired-token` | `ExpiredTokenException` |
//! | `AKIAEMULATORDENIED01` | `emulator/denied/access/key/EXAMPLE/00001` | none | `AccessDeniedException` for every model |
//! | from `AssumeRole` | likewise | likewise | accepted until they expire: `ExpiredTokenException` |
//! | any other, or with another token | | | `UnrecognizedClientException` |
//!
//! To STS these are the users `emulator` and `denied` of the account `111122223333`, and a
//! session of its role `emulator-temporary`. Errors have STS's own names there, such
//! as `InvalidClientTokenId`; KMS answers them with status 400.
//!
//! The Bedrock API key `bedrock-api-key-emulator` is accepted as a bearer token
//! (some SDKs send one over HTTPS only), by Bedrock alone. Signatures are checked in
//! every part: canonical request, scope, signed headers, payload, and a clock that may
//! differ by five minutes. They may be for any region, unless [`Options::region`] says
//! one; the ARN of a model must be of the same region.
//!
//! # Roles
//!
//! A role of any name and any account can be taken on, by any caller, from another
//! role too. Requests are held against the rules of the service; session policies are
//! read and have no effect. Credentials are good for this emulator alone, and nothing is
//! stored: the session token holds the session. Some names have a meaning:
//!
//! | name of the role | what happens |
//! |---|---|
//! | `emulator-denied` | `AccessDenied` |
//! | `emulator-external-id-VALUE` | `AccessDenied` without this `ExternalId` |
//! | `emulator-only-from-NAME` | `AccessDenied` unless the caller is a session of a role NAME |
//! | `emulator-no-tags` | `AccessDenied` for `sts:TagSession` when tags are sent |
//! | `emulator-no-bedrock` | the session gets an `AccessDeniedException` for every model |
//! | `emulator-expires-N` | credentials last N seconds, whatever was asked for |
//! | `emulator-throttle-N` | the first N calls for a role get `Throttling`, the next succeeds, and so on |
//! | `emulator-slow-MS` | the answer takes so long, a minute at most |
//! | `emulator-unavailable` | status 503, `ServiceUnavailable` |
//!
//! A mistyped number makes a role that nobody can take on. Any text of three parts is a
//! good web identity token; its claims are echoed, its signature is not checked. It has
//! run out when `exp` has passed, when its subject has the word `expired` in it, or when it
//! is `emulator-expired-web-identity`.
//!
//! # Keys
//!
//! KMS knows a key for every id (a UUID, or `mrk-...`) and for every alias, by name or by
//! ARN, in any account, and in the region of the signature. Ciphertexts are bound to the
//! key's ARN and to the encryption context, and outlive the emulator that made them:
//! its keys are no secret. Some keys have a meaning:
//!
//! | key | what happens |
//! |---|---|
//! | `alias/emulator-missing`, `00000000-0000-0000-0000-000000000000` | `NotFoundException` |
//! | `alias/emulator-denied` | `AccessDeniedException` |
//! | `alias/emulator-disabled` | `DisabledException` |
//! | `alias/emulator-encrypt-only` | `AccessDeniedException` for decrypting alone |
//! | `alias/emulator-throttle-N` | the first N calls get `ThrottlingException`, the next succeeds, and so on |
//! | `alias/emulator-slow-MS` | the answer takes so long, a minute at most |
//! | `alias/emulator-broken` | status 500, `KMSInternalException` |
//!
//! A mistyped number makes an alias that does not exist. `DescribeKey` says that a key is
//! disabled, and is never throttled, slow or broken. Nor are calls that name such a key by
//! its id, or not at all, as `Decrypt` may; the other meanings hold for them too.
//!
//! # Models
//!
//! Every model id, inference profile or ARN of a known provider is served; another
//! is invalid, and so is a name that the provider's models never have. Models that
//! exist behind inference profiles only cannot be called by their bare id.
//!
//! What a family of models is known to refuse is refused (see `families`): system
//! prompts, tools, tools in streams, forced tools, images, audio, video, citations,
//! structured output, cache points, sampling parameters, thoughts of earlier turns,
//! tool results beside other content, and more. Opaque ARNs and families nobody
//! measured refuse nothing. Nova accepts tools with a hyphen in their name, and
//! breaks off with a model error when it calls one.
//!
//! Requests are held against the shapes of the service model and against the rules
//! seen at AWS, and refused in its words; members the service does not know are
//! ignored, as it does. A stored prompt (`arn:...:prompt/...`) takes no `system`,
//! `inferenceConfig`, `toolConfig` or `additionalModelRequestFields`.
//!
//! # Inference profiles
//!
//! `GetInferenceProfile` knows the profiles of the system, such as `us.amazon.nova-lite-v1:0`,
//! and application inference profiles with these ids, in any account and region. A call
//! of such a profile, by its ARN or its id, behaves like its model.
//!
//! | id | model |
//! |---|---|
//! | `claudesonnet` | `anthropic.claude-sonnet-4-5-20250929-v1:0` |
//! | `claudehaiku3` | `anthropic.claude-3-haiku-20240307-v1:0` |
//! | `claude37sonn` | `anthropic.claude-3-7-sonnet-20250219-v1:0` |
//! | `claudeopus45` | `anthropic.claude-opus-4-5-20251101-v1:0` |
//! | `novapro00000` | `amazon.nova-pro-v1:0` |
//! | `novalite0000` | `amazon.nova-lite-v1:0` |
//! | `titantext000` | `amazon.titan-text-express-v1` |
//! | `llama4maveri` | `meta.llama4-maverick-17b-instruct-v1:0` |
//! | `llama3370b00` | `meta.llama3-3-70b-instruct-v1:0` |
//! | `mistrallarge` | `mistral.mistral-large-2407-v1:0` |
//! | `deepseekr100` | `deepseek.r1-v1:0` |
//! | `gptoss120b00` | `openai.gpt-oss-120b-1:0` |
//! | `qwen332b0000` | `qwen.qwen3-32b-v1:0` |
//! | `coherecmdrp0` | `cohere.command-r-plus-v1:0` |
//! | `emulatorecho` | `emulator.echo` |
//! | `throttleonce` | `amazon.nova-lite-v1:0`, after a first `ThrottlingException` for each caller |
//! | `throttled000` | always `ThrottlingException` |
//! | `denied000000` | `AccessDeniedException` |
//! | `broken000000` | `InternalServerException` |
//! | any other | `ResourceNotFoundException`; can be called all the same by its ARN |
//!
//! The last four behave like any opaque profile when they are called by ARN. An ARN of
//! another region than the signature's is invalid.
//!
//! # Ordinary replies
//!
//! The *text* below is that of the user's turns after the last assistant turn.
//!
//! - Without more: `You said: ` and the text. With structured output
//!   (`outputConfig`): a JSON example of the schema.
//! - Images: `I see a png image of 16x16 pixels (120 bytes).`, format and size
//!   from the bytes. Documents: `I read the document "NAME" (pdf, 120 bytes).`
//!   Each in a line of its own before the text.
//! - Tools are called when `toolChoice` forces it, when the text has a tool's
//!   name as a word (all that are named, in parallel), or when it says "use the
//!   tool" or "use tools" (the first). The reply is `I will call NAME.` and the
//!   calls. Inputs have the required properties of the schema: strings are the
//!   words of the text after its last "for" or "in", or `example`; numbers 1,
//!   booleans true, the first of an `enum`.
//!   Claude's own `tool_choice` among the additional fields is obeyed too, and
//!   `disable_parallel_tool_use` leaves one call.
//! - Tool results: `The tool NAME answered: CONTENT`, a line each.
//! - Thinking, when asked for in the family's way, or always where the family
//!   always thinks: `Let me think about: ` and the text. Claude signs it; the word
//!   `redact` in the text makes it redacted content, `think in two` makes it two
//!   blocks; Claude 5 leaves the text out unless `display` is `summarized`. OpenAI's
//!   closed models and xAI's redact it always, all others leave it unsigned.
//!   DeepSeek R1 thinks after its text; Kimi's and gpt-oss's streams have empty texts
//!   around it. Thinking that comes back altered is refused; signatures of real
//!   models are taken as they are.
//! - Ids of calls are `tooluse_...`; Kimi's `functions.NAME:0`, those of OpenAI's
//!   closed models and xAI's `call_...`. Newer models add `"type": "tool_use"`.
//! - Citations: what may be cited (`citations.enabled`) is quoted after the text, the
//!   first sentence of a text or result, with a location of its kind.
//! - The word `draw` in the text is answered with a picture after it.
//! - Tools that run at AWS (`systemTool`) are called and answered in front of the
//!   text; `nova_grounding` has its web sources after it.
//! - Guardrails: `emulatorblock` blocks every request, `emulatormask` masks words with
//!   an `@` or four digits in a row, `emulatorinvalid` does not exist, any other lets
//!   pass. They are traced when `trace` is `enabled` or `enabled_full`. Prompt routers
//!   (`default-prompt-router`, `prompt-router`) tell the model they chose.
//! - `serviceTier` and `performanceConfig` are echoed. The tier `reserved` has no
//!   reservation. Nothing lies in the bucket `s3://emulator-missing/`.
//! - `maxTokens` cuts after so many words (`max_tokens`), also within the input
//!   of a tool call; `stopSequences` cut the text (`stop_sequence`). Among
//!   `additionalModelResponseFieldPaths`, `/stop_sequence` tells which, or null; in a
//!   stream that is `/delta/stop_sequence`.
//! - A token is a word of system prompts, messages and tools; any medium is 100.
//!   Prefixes before cache points are written the first time and read from then
//!   on, without a smallest length and without expiring. Texts of more than eight
//!   characters for each token of the window are too long.
//!
//! # Faults
//!
//! The model id asks for them; a region prefix such as `us.` may stand before.
//! Requests must be valid all the same. A mistyped fault is a
//! `ResourceNotFoundException`.
//!
//! | model id | what it does |
//! |---|---|
//! | `emulator.echo` | ordinary replies |
//! | `emulator.throttle-N` | the first N calls of a model and caller get 429, the next succeeds, and so on |
//! | `emulator.throttle` | always 429 |
//! | `emulator.error-KIND` | an HTTP error: `validation`, `access-denied`, `resource-not-found`, `model-timeout`, `internal`, `unavailable`, `model-not-ready`, `model-error`, `quota`, `expired-token`, `throttling`, `unknown-operation` (200), `html` (502), `empty` (503) |
//! | `emulator.reset-before-first-N` | the connection is reset (TCP RST) before any byte of the answer on the first N calls of a model and caller, a connection in use as well as a new one; the next succeeds, and so on |
//! | `emulator.slow-first-MS` | waits before the answer, its head included |
//! | `emulator.slow-each-MS` | waits before every frame; Converse: before the answer |
//! | `emulator.silent-after-N-MS` | N deltas, then nothing for so long, then the rest; after 0 deltas the head has come. Converse: in the middle of the body |
//! | `emulator.exception-KIND-after-N` | N deltas, then an exception frame: `throttling`, `internal-server`, `model-stream-error`, `validation`, `service-unavailable`, `model-timeout`. Converse: the same as an HTTP error |
//! | `emulator.message-error-after-N` | N deltas, then a frame with `:message-type: error` |
//! | `emulator.cut-after-N` | N deltas, then the connection closes; Converse: in the middle of the body |
//! | `emulator.end-after-N` | N deltas, then the body ends as if complete |
//! | `emulator.corrupt-after-N` | N deltas, then a frame with a wrong checksum |
//! | `emulator.split-N` | the body in writes of N bytes, a millisecond apart |
//! | `emulator.merged` | the whole stream in one write |
//! | `emulator.huge-BYTES` | a text of that size, at most 1 MiB |
//! | `emulator.stop-REASON` | the ordinary reply with that stop reason |
//! | `emulator.no-metadata` | a stream without its last frame |
//! | `emulator.tool-no-input` | calls the first tool without any input delta |
//! | `emulator.hang` | never answers |
//!
//! A break after 0 deltas comes before the first frame. Replies that are too
//! short for a break are stretched. Breaks do not concern Converse unless said.
//!
//! # For maintainers
//!
//! The room is a witness for the gateway's tests, so it shares no code with what
//! it witnesses: it checks signatures itself, reads requests as plain JSON and
//! writes frames with nothing but the frame encoder. It has no globals and no
//! randomness but ids and keys, and everything it keeps is bounded. In reading
//! order: `server`, `line` and `route` (connections, routes), `auth`, `identity`,
//! `principal`, `sigv4`, `mint`, `digest` and `clock` (who calls), `sts` and `roles` (who a
//! caller may become), `kms` (keys), `admission` (who may call which model), `answer` (one
//! call), `model_id` and `profiles` (which model), `shapes` and `validate` (shape of a
//! request), `body` (a view of one that has its shape), `rules` and `families` (meaning),
//! `errors` (refusals), `reply` and `signature` (content, and what seals thinking), `state`
//! and `cache` (what is remembered), `faults`, `stream`, `frames` and `delivery` (the wire),
//! `observe` (reports for tests).

mod admission;
mod answer;
mod auth;
mod body;
mod cache;
mod clock;
mod delivery;
mod digest;
mod errors;
mod families;
mod faults;
mod frames;
pub mod identity;
mod kms;
mod line;
mod mint;
mod model_id;
mod observe;
mod principal;
mod profiles;
mod reply;
mod roles;
mod route;
mod rules;
mod server;
mod shapes;
mod signature;
mod sigv4;
mod state;
mod stream;
mod sts;
mod validate;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub use identity::Identity;
pub use observe::{Observed, Outcome};

/// Who may call, and what the emulator goes by.
#[derive(Clone)]
pub struct Options {
    /// The caller that is accepted.
    pub identity: Identity,
    /// The only region requests may be signed for; `None` accepts any.
    pub region: Option<String>,
    /// Where the time comes from that signatures are checked against.
    pub clock: fn() -> SystemTime,
    /// Where every request is reported when it is over; see [`Observed`].
    pub observer: Option<mpsc::Sender<Observed>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { identity: Identity::default(), region: None, clock: SystemTime::now, observer: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("identity", &self.identity)
            .field("region", &self.region)
            .field("observed", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}

/// Serves on `listener` until `shutdown` is done.
///
/// Requests that are still running then get a second to finish.
///
/// # Errors
///
/// None at present: a connection that fails ends alone.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    server::run(listener, Arc::new(state::State::new(options)), shutdown).await
}

#[cfg(test)]
mod tests;
