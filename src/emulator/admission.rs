//! Whether a caller may call a model, and whether that is one.

use super::auth::Caller;
use super::errors::{Kind, ServiceError};
use super::families;
use super::model_id::ModelId;
use super::rules::Mode;

/// The model of a call, or why it cannot be called.
pub(super) fn model(caller: &Caller, model_id: &str, mode: Mode) -> Result<ModelId, ServiceError> {
    let invalid = || ServiceError::validation("The provided model identifier is invalid.");
    let model = ModelId::parse(model_id).ok_or_else(invalid)?;
    // An ARN of another region is no model of this one.
    if let (Some(of_model), Some(of_caller)) = (&model.region, &caller.region)
        && of_model != of_caller
    {
        return Err(invalid());
    }
    if caller.principal.is_denied_bedrock() {
        return Err(model_denied(caller, &model, mode));
    }
    // GovCloud has other rules, which nobody wrote down.
    let is_gov = caller.region.as_deref().is_some_and(|region| region.starts_with("us-gov"));
    if model.is_bare && !is_gov && !families::of(&model.name).on_demand {
        return Err(ServiceError::validation(format!(
            "Invocation of model ID {} with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model.",
            model.text
        )));
    }
    Ok(model)
}

fn model_denied(caller: &Caller, model: &ModelId, mode: Mode) -> ServiceError {
    let action = match mode {
        Mode::Whole => "bedrock:InvokeModel",
        Mode::Stream => "bedrock:InvokeModelWithResponseStream",
    };
    let region = caller.region.as_deref().unwrap_or_default();
    let resource = match &model.region {
        Some(_) => model.text.clone(),
        None => format!("arn:aws:bedrock:{region}::foundation-model/{}", model.text),
    };
    not_authorized(caller, action, &resource)
}

/// IAM's refusal: it names caller, action and resource, none of which is for the
/// eyes of a gateway's clients.
pub(super) fn not_authorized(caller: &Caller, action: &str, resource: &str) -> ServiceError {
    ServiceError::new(
        Kind::AccessDenied,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action",
            caller.principal.arn()
        ),
    )
}
