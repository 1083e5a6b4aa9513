use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use proptest::prelude::*;

use super::super::observe::{Observed, Outcome};
use super::super::principal::Principal;
use super::super::{Options, identity};
use super::*;

/// A caller with the keys every emulator knows, by a role or as a user.
fn caller(session: Option<RoleSession>) -> Caller {
    let user = Principal::User {
        account: identity::DEMO_ACCOUNT_ID.into(),
        name: "emulator",
        denied: false,
    };
    Caller {
        name: "key".into(),
        region: Some("us-east-1".into()),
        principal: session.map_or(user, Principal::Role),
    }
}

fn session_of(role: &str) -> RoleSession {
    RoleSession {
        partition: "aws".into(),
        account: "111122223333".into(),
        role: role.into(),
        name: "me".into(),
        source_identity: Some("alice".into()),
        transitive_tags: Vec::new(),
    }
}

fn form(role: &str, more: &str) -> Form {
    let text = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::444455556666:role/{role}&RoleSessionName=night{more}"
    );
    Form::parse("", text.as_bytes())
}

fn watch() -> Watch {
    let request = Observed {
        request_id: "id".into(),
        operation: "/".into(),
        model_id: String::new(),
        caller: None,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        outcome: Outcome::Held,
    };
    Watch::new(None, request)
}

async fn assume(
    state: &State,
    role: &str,
    more: &str,
    from: Option<RoleSession>,
) -> Result<String, StsError> {
    assume_role(state, &form(role, more), &caller(from)).await.map(|parts| parts.concat())
}

#[tokio::test]
async fn any_role_is_there_to_take_on() {
    let state = State::new(Options::default());
    let answer = assume(&state, "reader", "", None).await.unwrap();
    assert!(answer.contains("<Arn>arn:aws:sts::444455556666:assumed-role/reader/night</Arn>"));
    assert!(!answer.contains("PackedPolicySize"));
    let tags = "&Tags.member.1.Key=team&Tags.member.1.Value=a";
    let answer = assume(&state, "reader", tags, None).await.unwrap();
    assert!(answer.contains("<PackedPolicySize>1</PackedPolicySize>"));
}

#[tokio::test]
async fn special_roles_refuse_in_the_words_of_the_service() {
    let state = State::new(Options::default());
    let tags = "&Tags.member.1.Key=team&Tags.member.1.Value=a";
    for (role, more, from, action) in [
        ("emulator-denied", "", None, Some("AssumeRole")),
        ("emulator-external-id-abc", "", None, Some("AssumeRole")),
        ("emulator-external-id-abc", "&ExternalId=abd", None, Some("AssumeRole")),
        ("emulator-external-id-abc", "&ExternalId=abc", None, None),
        ("emulator-only-from-hub", "", None, Some("AssumeRole")),
        ("emulator-only-from-hub", "", Some("spoke"), Some("AssumeRole")),
        ("emulator-only-from-hub", "", Some("hub"), None),
        ("emulator-no-tags", tags, None, Some("TagSession")),
        ("emulator-no-tags", "", None, None),
        ("emulator-no-bedrock", "", None, None),
        ("reader", "&SourceIdentity=bob", Some("hub"), Some("SetSourceIdentity")),
        ("reader", "&SourceIdentity=alice", Some("hub"), None),
    ] {
        let from = from.map(session_of);
        let who = caller(from.clone()).principal.arn();
        let found = assume(&state, role, more, from).await.err();
        let expected = action.map(|action| {
            StsError::new(403, "AccessDenied", format!("User: {who} is not authorized to perform: sts:{action} on resource: arn:aws:iam::444455556666:role/{role}"))
        });
        assert_eq!(found, expected, "{role} {more}");
    }
}

#[tokio::test]
async fn roles_can_be_throttled_or_away() {
    let state = State::new(Options::default());
    for expected in [Some("Throttling"), Some("Throttling"), None, Some("Throttling")] {
        let found = assume(&state, "emulator-throttle-2", "", None).await;
        assert_eq!(found.err().map(|error| error.code), expected);
    }
    let error = assume(&state, "emulator-unavailable", "", None).await.unwrap_err();
    assert_eq!((error.status, error.fault()), (503, "Receiver"));
}

#[test]
fn sessions_end_with_a_second() {
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    let second = Duration::from_secs(1);
    assert_eq!(end_of(second, at(5_000)), at(6_000));
    assert_eq!(end_of(second, at(5_001)), at(7_000));
}

#[tokio::test]
async fn unknown_and_unsigned_requests_are_refused_in_xml() {
    let state = State::new(Options::default());
    for (body, status, code) in [
        ("Action=GetCallerIdentity&Version=2011-06-15", 403, "MissingAuthenticationToken"),
        ("Action=GetCallerIdentity", 400, "InvalidAction"),
        ("Action=Nothing&Version=2011-06-15", 400, "InvalidAction"),
        ("", 400, "MissingAction"),
        ("Action=AssumeRoleWithWebIdentity&Version=2011-06-15", 400, "ValidationError"),
    ] {
        let headers = HeaderMap::new();
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        };
        let answer = to(&state, request, "id", watch()).await;
        assert_eq!(answer.status(), status, "{body}");
        let text = answer.into_body().collect().await.ok().unwrap().to_bytes();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains(&format!("<Code>{code}</Code>")), "{text}");
        assert!(text.contains("<RequestId>id</RequestId>"));
    }
}

proptest! {
    #[test]
    fn any_form_and_token_is_read_or_refused(
        role in "(arn:aws:iam::|arn:)?[a-z0-9:/ \u{e9}-]{0,60}",
        more in "(&(Tags.member.1.Key|DurationSeconds|Policy|ExternalId)=[a-z0-9%{\u{e9}-]{0,9}){0,3}",
        token in "[a-zA-Z0-9._-]{0,40}",
    ) {
        let form = Form::parse(&more, format!("RoleSessionName=me&RoleArn={role}").as_bytes());
        let _ = Wish::read(&form, Violations::default()).map(|wish| wish.session(None).is_ok());
        let _ = web_identity::read(&token, SystemTime::now());
    }
}
