//! Settings about who calls and as whom.

use std::path::PathBuf;

use super::layers::Layers;
use super::typed::{boolean, parsed, strings};
use super::{Auth, FromEnvironment, Vault};
use crate::access::jwt::{ClaimMapping, JwksSource, JwtOptions, NullVirtualKeys};
use crate::access::{Anonymous, scope};
use crate::aws::role::{ExternalId, Role, RoleArn};
use crate::routing::lending::Lent;
use crate::vault::master_key::MasterKeyOptions;

/// `[vault]`.
pub(super) fn vault(layers: &mut Layers, environment: &FromEnvironment) -> Option<Vault> {
    let data_dir = parsed(layers, "vault.data_dir", path);
    let file = parsed(layers, "vault.master_key_file", path);
    let kms_key_id = parsed(layers, "vault.kms_key_id", text);
    Some(Vault {
        data_dir: data_dir?.or_else(|| environment.data_dir.clone()),
        master_keys: MasterKeyOptions { text: environment.master_key.clone(), file: file? },
        kms_key_id: kms_key_id?,
    })
}

/// `[auth]`.
pub(super) fn auth(layers: &mut Layers) -> Option<Auth> {
    let anonymous = parsed(layers, "auth.anonymous", |text| match text {
        "auto" => Ok(Anonymous::Auto),
        "allow" => Ok(Anonymous::Allow),
        "refuse" => Ok(Anonymous::Refuse),
        _ => Err("must be `auto`, `allow` or `refuse`".to_owned()),
    });
    let allow_public_anonymous = boolean(layers, "auth.allow_public_anonymous");
    let jwt = jwt(layers);
    Some(Auth { anonymous: anonymous?, allow_public_anonymous: allow_public_anonymous?, jwt: jwt? })
}

fn path(text: &str) -> Result<Option<PathBuf>, String> {
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

fn text(text: &str) -> Result<Option<String>, String> {
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// What the gateway lends of its own identity.
pub(super) fn lent(layers: &mut Layers) -> Option<Lent> {
    let allow_gateway_identity = boolean(layers, "aws.allow_gateway_identity");
    let assumable_roles = strings(layers, "aws.assumable_roles", |pattern| {
        // With something in place of each star it must be the ARN of a role.
        let example = pattern.replace("::*:", "::111122223333:").replace('*', "x");
        match RoleArn::parse(&example) {
            Ok(_) => Ok(pattern),
            Err(_) if pattern == "*" => Ok(pattern),
            Err(error) => Err(error.to_string()),
        }
    });
    let role_arn = parsed(layers, "aws.assume_role_source_arn", |text| {
        let arn = (!text.is_empty()).then(|| RoleArn::parse(text)).transpose();
        arn.map_err(|error| format!("`{text}` is {error}"))
    });
    let external_id = parsed(layers, "aws.assume_role_source_external_id", |text| {
        let id = (!text.is_empty()).then(|| ExternalId::parse(text)).transpose();
        id.map_err(|error| format!("is {error}"))
    });
    let source_role = match (role_arn?, external_id?) {
        (Some(role_arn), external_id) => Some(Role { role_arn, external_id }),
        (None, None) => None,
        (None, Some(_)) => {
            layers.problem(
                "aws.assume_role_source_external_id",
                "the settings",
                "is of no use without aws.assume_role_source_arn",
            );
            return None;
        }
    };
    Some(Lent {
        allow_gateway_identity: allow_gateway_identity?,
        assumable_roles: assumable_roles?,
        source_role,
    })
}

/// How JWTs are checked; within, `None` if they are not.
#[expect(clippy::option_option, reason = "as of all settings, the outer one says that it is right")]
fn jwt(layers: &mut Layers) -> Option<Option<JwtOptions>> {
    let jwks = parsed(layers, "auth.jwt.jwks", |text| {
        let source = (!text.is_empty()).then(|| JwksSource::parse(text)).transpose();
        source.map_err(|error| error.to_string())
    });
    let issuer = parsed(layers, "auth.jwt.issuer", |text| Ok(text.to_owned()));
    let audience = strings(layers, "auth.jwt.audience", Ok);
    let name = strings(layers, "auth.jwt.name_claims", Ok);
    let scopes = parsed(layers, "auth.jwt.scopes_claim", |text| Ok(text.to_owned()));
    let virtual_keys = parsed(layers, "auth.jwt.virtual_keys_claim", |text| Ok(text.to_owned()));
    let metadata = parsed(layers, "auth.jwt.metadata_claim", |text| Ok(text.to_owned()));
    let default_scopes = strings(layers, "auth.jwt.default_scopes", |scope| {
        if scope::is_known(&scope) { Ok(scope) } else { Err("is no scope".to_owned()) }
    });
    let null_virtual_keys = parsed(layers, "auth.jwt.null_virtual_keys", |text| match text {
        "none" => Ok(NullVirtualKeys::None),
        "any" => Ok(NullVirtualKeys::Any),
        _ => Err("must be `none` or `any`".to_owned()),
    });
    let claims = ClaimMapping {
        name: name?,
        scopes: scopes?,
        virtual_keys: virtual_keys?,
        metadata: metadata?,
    };
    let (issuer, audience, default_scopes) = (issuer?, audience?, default_scopes?);
    let null_virtual_keys = null_virtual_keys?;
    let Some(keys) = jwks? else { return Some(None) };
    let mut is_complete = true;
    for (key, is_missing) in [
        ("auth.jwt.issuer", issuer.is_empty()),
        ("auth.jwt.audience", audience.is_empty()),
        ("auth.jwt.name_claims", claims.name.is_empty()),
    ] {
        if is_missing {
            is_complete = false;
            layers.problem(key, "the settings", "must be set where auth.jwt.jwks is");
        }
    }
    is_complete.then_some(Some(JwtOptions {
        keys,
        issuer,
        audience,
        claims,
        default_scopes,
        null_virtual_keys,
    }))
}
