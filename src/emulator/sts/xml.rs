//! XML as STS writes it.

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An element with a text.
pub(super) fn text(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// An element with others in it.
pub(super) fn group(name: &str, parts: &[String]) -> String {
    format!("<{name}>{}</{name}>", parts.concat())
}

/// The whole answer to `action`.
pub(super) fn answer(action: &str, result: &[String], request_id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\">{}{}</{action}Response>\n",
        group(&format!("{action}Result"), result),
        group("ResponseMetadata", &[text("RequestId", request_id)])
    )
}

/// The whole answer that says what is wrong, and whose fault it is.
pub(super) fn error(fault: &str, code: &str, message: &str, request_id: &str) -> String {
    let error = [text("Type", fault), text("Code", code), text("Message", message)];
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\">{}{}</ErrorResponse>\n",
        group("Error", &error),
        text("RequestId", request_id)
    )
}

/// Markup made harmless; what XML cannot hold at all becomes a question mark.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(letter),
            '\r' => escaped.push_str("&#xD;"),
            control if control.is_control() => escaped.push('?'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(text("A", "<b a=\"1\">&\u{1}"), "<A>&lt;b a=&quot;1&quot;&gt;&amp;?</A>");
    }

    #[test]
    fn answers_are_wrapped_as_the_service_does() {
        assert_eq!(
            answer("Get", &[text("A", "1"), text("B", "2")], "id"),
            "<GetResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetResult><A>1</A><B>2</B></GetResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetResponse>\n"
        );
        assert_eq!(
            error("Sender", "Code", "no", "id"),
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>Code</Code><Message>no</Message></Error><RequestId>id</RequestId></ErrorResponse>\n"
        );
    }
}
