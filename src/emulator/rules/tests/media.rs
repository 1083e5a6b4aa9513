//! Documents, images and other media.

use super::*;

#[test]
fn documents_have_plain_names_and_company() {
    let document =
        |name: &str| json!({"document": {"format": "txt", "name": name, "source": {"text": "x"}}});
    let turn = |name: &str| talk(json!([user(json!([{"text": "read"}, document(name)]))]));
    for name in ["report", "My report_2 (final) [1]", "a-b"] {
        passes(CLAUDE, &turn(name));
    }
    for name in ["resume.pdf", "John's", "a  b", "a\tb", "r\u{e9}sum\u{e9}", "a\u{3000}b"] {
        assert!(
            refusal(CLAUDE, &turn(name)).starts_with("The document file name can only contain"),
            "{name}"
        );
    }
    assert_eq!(
        refusal(CLAUDE, &talk(json!([user(json!([document("a")]))]))),
        "A text block must be included when using documents."
    );
    let twice = talk(json!([user(json!([{"text": "read"}, document("a"), document("a")]))]));
    assert!(
        refusal(CLAUDE, &twice).starts_with("Messages cannot contain duplicate document names.")
    );
}

#[test]
fn media_are_limited_by_family() {
    let s3 = json!({"s3Location": {"uri": "s3://bucket/key"}});
    let bytes = json!({"bytes": "AAAA"});
    let block = |kind: &str, format: &str, source: &Value| {
        let mut medium = json!({"format": format, "source": source});
        if kind == "document" {
            medium["name"] = json!("d");
        }
        json!({kind: medium})
    };
    let said = |block: Value| talk(json!([user(json!([{"text": "see"}, block]))]));
    let answered = |block: Value| {
        let result = json!({"toolResult": {"toolUseId": "1", "content": [block]}});
        with_tools(json!([
            user(json!([{"text": "a"}])),
            assistant(json!([call("1")])),
            user(json!([result]))
        ]))
    };
    passes(NOVA, &said(block("video", "mp4", &s3)));
    passes(NOVA, &answered(block("image", "png", &s3)));
    passes(CLAUDE, &answered(block("image", "png", &bytes)));
    passes(CLAUDE, &answered(block("document", "pdf", &s3)));
    passes(NOVA, &answered(block("document", "csv", &bytes)));
    assert!(
        refusal(NOVA, &answered(block("document", "pdf", &bytes)))
            .contains("extraneous key [toolResult]")
    );
    assert!(
        refusal(CLAUDE, &said(block("video", "mp4", &bytes)))
            .contains("doesn't support the video content block")
    );
    assert!(
        refusal(CLAUDE, &answered(block("image", "png", &s3)))
            .contains("doesn't support the s3Uri field")
    );
    assert_eq!(
        refusal(CLAUDE, &said(block("document", "pdf", &s3))),
        "The model returned the following errors: messages.0.content.1.document.source.type: Field required"
    );
    assert_eq!(
        refusal(GPT, &answered(block("image", "png", &bytes))),
        "This model doesn't support the image field for user messages. Remove image and try again."
    );
    assert!(
        refusal(NOVA, &answered(block("video", "mp4", &bytes)))
            .contains("#/messages/2/content/0: extraneous key [toolResult]")
    );
}

#[test]
fn claude_limits_the_size_of_images() {
    let png = |side: u32| {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(side.to_be_bytes());
        bytes.extend(1_u32.to_be_bytes());
        BASE64_STANDARD.encode(bytes)
    };
    let images = |base64: String, count: usize| {
        let image = json!({"image": {"format": "png", "source": {"bytes": base64}}});
        talk(json!([user(json!(vec![image; count]))]))
    };
    passes(CLAUDE, &images(png(8_000), 20));
    passes(NOVA, &images(png(9_000), 1));
    assert!(refusal(CLAUDE, &images(png(8_001), 1)).ends_with("max allowed size: 8000 pixels"));
    assert!(
        refusal(CLAUDE, &images(png(2_001), 21)).ends_with("for many-image requests: 2000 pixels")
    );
    let heavy = images("A".repeat(5 * 1024 * 1024 + 4), 1);
    assert!(
        refusal(CLAUDE, &heavy)
            .contains("image exceeds 5 MB maximum: 5242884 bytes > 5242880 bytes")
    );
}

#[test]
fn media_a_family_does_not_know_are_refused() {
    let said = |kind: &str, format: &str| {
        talk(json!([user(json!([
            {"text": "see"},
            {kind: {"format": format, "source": {"bytes": "AAAA"}}}
        ]))]))
    };
    passes("mistral.voxtral-mini-3b-2507", &said("audio", "wav"));
    passes("amazon.nova-pro-v1:0", &said("video", "mp4"));
    for (model, kind, format) in [
        (CLAUDE, "audio", "wav"),
        (NOVA, "audio", "wav"),
        ("amazon.nova-micro-v1:0", "image", "png"),
        ("deepseek.r1-v1:0", "image", "png"),
        (LLAMA, "video", "mp4"),
    ] {
        assert_eq!(
            refusal(model, &said(kind, format)),
            format!(
                "This model doesn't support the {kind} content block that you provided. Update the content block and try again."
            )
        );
    }
    let source = json!({"s3Location": {"uri": "s3://emulator-missing/a.png"}});
    let image = json!({"image": {"format": "png", "source": source}});
    assert_eq!(
        refusal(NOVA, &talk(json!([user(json!([image]))]))),
        "The model returned the following errors: Provided S3Location not found"
    );
}

#[test]
fn only_some_documents_are_cited() {
    let cited = |format: &str| {
        json!({"document": {
            "name": "d", "format": format, "source": {"bytes": "AAAA"}, "citations": {"enabled": true}
        }})
    };
    let said = |document: Value| talk(json!([user(json!([{"text": "read"}, document]))]));
    passes(CLAUDE_4_5, &said(cited("pdf")));
    assert_eq!(
        refusal(CLAUDE_4_5, &said(cited("docx"))),
        "Unsupported document format. Only txt and pdf formats are supported when citations are enabled"
    );
    assert_eq!(refusal(NOVA, &said(cited("pdf"))), "This model doesn't support citations.");
    let result = json!({"toolResult": {"toolUseId": "1", "content": [cited("pdf")]}});
    let answered = with_tools(json!([
        user(json!([{"text": "a"}])),
        assistant(json!([call("1")])),
        user(json!([result]))
    ]));
    assert_eq!(
        refusal(CLAUDE_4_5, &answered),
        "Citations are not supported in tool result documents."
    );
}
