//! What belongs to AWS in general: credentials, regions and endpoints, SigV4,
//! the framing of event streams. Knows nothing of HTTP clients' requests.

pub mod address;
pub mod arn;
pub mod credentials;
pub mod custom_host;
pub mod endpoint;
pub mod event_stream;
mod fresh;
pub mod identity;
pub mod inference_profile;
pub mod kms;
pub mod model_id;
pub mod region;
pub mod role;
pub mod roles;
pub mod sdk;
pub mod session;
pub mod sigv4;
