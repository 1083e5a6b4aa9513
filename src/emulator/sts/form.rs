//! The parameters of a request in AWS's query protocol.

use url::form_urlencoded;

/// Parameters that are read; no request has as many.
const MAX_PARAMETERS: usize = 1_000;

/// Names and values, from the query and the body.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(query: &str, body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(body));
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(pairs.take(MAX_PARAMETERS).collect())
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A list of texts: `Name.member.1`, `Name.member.2`, ...
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..=MAX_PARAMETERS)
            .map_while(|index| self.get(&format!("{name}.member.{index}")))
            .collect()
    }

    /// A list of pairs: `Name.member.1.Key` and `.Value`, ...; either may be missing.
    pub(super) fn pairs(&self, name: &str) -> Vec<(Option<&str>, Option<&str>)> {
        (1..=MAX_PARAMETERS)
            .map(|index| {
                let part = |part: &str| self.get(&format!("{name}.member.{index}.{part}"));
                (part("Key"), part("Value"))
            })
            .take_while(|pair| *pair != (None, None))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_from_query_and_body() {
        let form = Form::parse("Action=A%20b&X=1", b"Y=a+b&X=2");
        assert_eq!(form.get("Action"), Some("A b"));
        assert_eq!(form.get("X"), Some("1"));
        assert_eq!(form.get("Y"), Some("a b"));
        assert_eq!(form.get("Z"), None);
    }

    #[test]
    fn lists_are_numbered() {
        let form = Form::parse(
            "",
            b"K.member.1=a&K.member.2=b&K.member.4=d&T.member.1.Key=k&T.member.1.Value=v&T.member.2.Key=l",
        );
        assert_eq!(form.list("K"), ["a", "b"]);
        assert_eq!(form.pairs("T"), [(Some("k"), Some("v")), (Some("l"), None)]);
    }
}
