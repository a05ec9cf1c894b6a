//! Checks a provider's base URL, to which a dialect appends its own path.

use http::Uri;

/// Returns the URL without its trailing slashes, or what is wrong with it and how to cure it.
pub(crate) fn check(text: &str) -> Result<String, &'static str> {
    let url = text.trim().trim_end_matches('/');
    if url.contains('#') {
        return Err("has a fragment (`#…`), which is never sent; leave it out");
    }
    let Ok(uri) = url.parse::<Uri>() else {
        return Err(NOT_A_URL);
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(NOT_A_URL);
    }
    let Some(authority) = uri
        .authority()
        .filter(|authority| !authority.host().is_empty())
    else {
        return Err(NOT_A_URL);
    };
    if authority.as_str().contains('@') {
        return Err(
            "holds a user name or password; name the variable of the key in `env_key` instead",
        );
    }
    if authority.as_str() != authority.host() && authority.port_u16().is_none() {
        return Err("has a port that is not a number up to 65535");
    }
    if uri.query().is_some() || url.contains('?') {
        return Err("has a query (`?…`); put its pairs into `query_params`");
    }
    if ENDPOINTS
        .iter()
        .any(|endpoint| uri.path().ends_with(endpoint))
    {
        return Err(
            "ends in an endpoint, which llmx adds itself; end it where the version ends, as in https://host/v1",
        );
    }
    Ok(url.to_owned())
}

const NOT_A_URL: &str = "takes a whole URL that begins with http:// or https://, for example \"http://localhost:4000/v1\"";

const ENDPOINTS: [&str; 3] = ["/responses", "/chat/completions", "/messages"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_slashes_and_spaces_do_not_matter() {
        for text in ["http://h:1/v1", "http://h:1/v1/", " http://h:1/v1// "] {
            assert_eq!(check(text).unwrap(), "http://h:1/v1");
        }
        assert_eq!(check("https://[::1]:4000/").unwrap(), "https://[::1]:4000");
    }

    #[test]
    fn what_cannot_be_a_base_url_is_refused_with_its_cure() {
        for (text, word) in [
            ("localhost:4000", "http://"),
            ("/v1", "http://"),
            ("ftp://h/v1", "http://"),
            ("http://", "http://"),
            ("http://h h/v1", "http://"),
            ("http://u:p@h/v1", "env_key"),
            ("http://h:99999/v1", "65535"),
            ("http://h/v1?key=k", "query_params"),
            ("http://h/v1#top", "fragment"),
            ("https://h/v1/responses/", "adds itself"),
            ("https://h/v1/chat/completions", "adds itself"),
        ] {
            let reason = check(text).unwrap_err();
            assert!(reason.contains(word), "{text}: {reason}");
        }
    }
}
