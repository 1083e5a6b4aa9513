use proptest::prelude::*;

use super::super::Options;
use super::super::principal::Principal;
use super::*;

fn caller(region: &str) -> Caller {
    Caller {
        name: "key".into(),
        region: Some(region.into()),
        principal: Principal::User {
            account: "111122223333".into(),
            name: "emulator",
            denied: false,
        },
    }
}

struct Fixture {
    state: State,
    caller: Caller,
}

impl Fixture {
    fn new() -> Self {
        Self { state: State::new(Options::default()), caller: caller("eu-west-1") }
    }

    async fn call(&self, operation: &str, members: Value) -> Result<Value, KmsError> {
        let desk = Desk { state: &self.state, caller: &self.caller, operation };
        let members = Members::parse(members.to_string().as_bytes())?;
        match operation {
            "GenerateDataKey" => desk.generate_data_key(&members, true).await,
            "Encrypt" => desk.encrypt(&members).await,
            "Decrypt" => desk.decrypt(&members).await,
            "ReEncrypt" => desk.re_encrypt(&members).await,
            _ => desk.describe_key(&members),
        }
    }

    async fn refusal(&self, operation: &str, members: Value) -> &'static str {
        self.call(operation, members).await.unwrap_err().code
    }
}

#[tokio::test]
async fn data_keys_come_back() {
    let kms = Fixture::new();
    let context = json!({"tenant": "a"});
    let made = kms
        .call(
            "GenerateDataKey",
            json!({"KeyId": "alias/vault", "KeySpec": "AES_256", "EncryptionContext": context}),
        )
        .await
        .unwrap();
    let blob = &made["CiphertextBlob"];
    // Another emulator opens it too.
    let later = Fixture::new();
    let open = json!({"CiphertextBlob": blob, "EncryptionContext": context});
    let opened = later.call("Decrypt", open).await.unwrap();
    assert_eq!(opened["Plaintext"], made["Plaintext"]);
    assert_eq!(opened["KeyId"], made["KeyId"]);
    for (members, code) in [
        (json!({"CiphertextBlob": blob}), "InvalidCiphertextException"),
        (json!({"CiphertextBlob": "AAAA"}), "InvalidCiphertextException"),
        (json!({"CiphertextBlob": blob, "KeyId": "alias/other"}), "IncorrectKeyException"),
        (json!({}), "ValidationException"),
    ] {
        assert_eq!(later.refusal("Decrypt", members).await, code);
    }
    let elsewhere = Fixture { caller: caller("us-east-1"), ..Fixture::new() };
    assert_eq!(
        elsewhere.refusal("Decrypt", json!({"CiphertextBlob": blob})).await,
        "AccessDeniedException"
    );
}

#[tokio::test]
async fn lengths_are_asked_for_in_one_way() {
    let kms = Fixture::new();
    for (how, length) in [
        (json!({"KeySpec": "AES_128"}), Some(16)),
        (json!({"NumberOfBytes": 1024}), Some(1024)),
        (json!({"NumberOfBytes": 0}), None),
        (json!({"NumberOfBytes": 1025}), None),
        (json!({"KeySpec": "AES_512"}), None),
        (json!({"KeySpec": "AES_256", "NumberOfBytes": 32}), None),
        (json!({}), None),
    ] {
        let mut members = how.clone();
        members["KeyId"] = "alias/vault".into();
        let made = kms.call("GenerateDataKey", members).await;
        let found = made
            .map(|made| BASE64_STANDARD.decode(made["Plaintext"].as_str().unwrap()).unwrap().len());
        match length {
            Some(length) => assert_eq!(found, Ok(length), "{how}"),
            None => assert_eq!(found.unwrap_err().code, "ValidationException", "{how}"),
        }
    }
}

#[tokio::test]
async fn special_keys_refuse() {
    let kms = Fixture::new();
    for (alias, code) in [
        ("emulator-missing", "NotFoundException"),
        ("emulator-denied", "AccessDeniedException"),
        ("emulator-disabled", "DisabledException"),
        ("emulator-throttle-9", "ThrottlingException"),
        ("emulator-broken", "KMSInternalException"),
    ] {
        let members = json!({"KeyId": format!("alias/{alias}"), "Plaintext": "aGk="});
        assert_eq!(kms.refusal("Encrypt", members).await, code);
    }
    let members = json!({"KeyId": "alias/emulator-encrypt-only", "Plaintext": "aGk="});
    let sealed = kms.call("Encrypt", members).await.unwrap();
    let refused = kms.call("Decrypt", json!({"CiphertextBlob": sealed["CiphertextBlob"]})).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    assert!(error.message.unwrap().contains("kms:Decrypt on resource: arn:aws:kms:eu-west-1:"));
}

#[tokio::test]
async fn ciphertexts_move_to_another_key() {
    let kms = Fixture::new();
    let sealed = kms.call("Encrypt", json!({"KeyId": "alias/a", "Plaintext": "aGk="})).await;
    let moved = kms
        .call(
            "ReEncrypt",
            json!({
                "CiphertextBlob": sealed.unwrap()["CiphertextBlob"],
                "DestinationKeyId": "alias/b",
                "DestinationEncryptionContext": {"c": "d"},
            }),
        )
        .await
        .unwrap();
    let open = json!({
        "CiphertextBlob": moved["CiphertextBlob"],
        "KeyId": "alias/b",
        "EncryptionContext": {"c": "d"},
    });
    assert_eq!(kms.call("Decrypt", open).await.unwrap()["Plaintext"], "aGk=");
    let described = kms.call("DescribeKey", json!({"KeyId": "alias/b"})).await.unwrap();
    assert_eq!(described["KeyMetadata"]["Arn"], moved["KeyId"]);
}

proptest! {
    #[test]
    fn any_key_and_ciphertext_is_read_or_refused(
        text in "(arn:aws:kms:eu-west-1:|alias/|mrk-|alias/emulator-(throttle|slow)-)?[a-zA-Z0-9/:\u{e9}-]{0,60}",
        rest in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let _ = Key::of(&text, Place { region: "eu-west-1", account: "111122223333" });
        let _ = Members::parse(&rest);
        for bytes in [[b"emukms1:".as_slice(), &rest].concat(), rest] {
            prop_assert!(Blob::parse(&bytes).is_none_or(|blob| blob.open(&Context::new()).is_none()));
        }
    }
}
