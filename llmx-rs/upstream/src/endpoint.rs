//! The one URL that requests, and the secret with them, may go to.

use http::header::{HeaderValue, InvalidHeaderValue};
use http::uri::{Authority, Scheme, Uri};

/// Whether a secret may travel unencrypted to another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insecure {
    /// Only over `https`, or to this machine.
    Refused,
    /// The operator has allowed plain `http` to anywhere.
    Allowed,
}

/// A checked upstream URL, with what every request to it needs.
#[derive(Debug, Clone)]
pub struct Endpoint {
    uri: Uri,
    host: HeaderValue,
}

/// A URL that requests cannot or must not go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    /// Not a URL at all.
    #[error("`{url}` is not a URL: {why}; it must look like https://host/path")]
    Malformed {
        /// The text as given.
        url: String,
        /// What the parser said.
        why: String,
    },
    /// No scheme or no host.
    #[error("`{url}` is not absolute; it must look like https://host/path")]
    NotAbsolute {
        /// The text as given.
        url: String,
    },
    /// A scheme other than `http` and `https`.
    #[error("`{url}` has the scheme `{scheme}`; only https and http are possible")]
    Scheme {
        /// The text as given.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// User and password in the URL.
    #[error(
        "the URL for {host} holds a user name or password; the key is the only credential, so remove the part before `@`"
    )]
    UserInfo {
        /// The host; the URL itself holds a secret.
        host: String,
    },
    /// Plain `http` to another machine.
    #[error(
        "`{url}` would send the key unencrypted to another machine; use https, or allow it with --allow-insecure-upstream"
    )]
    Unencrypted {
        /// The text as given.
        url: String,
    },
}

impl Endpoint {
    /// Checks `url`, which may carry a query.
    pub fn parse(url: &str, insecure: Insecure) -> Result<Self, BadEndpoint> {
        let text = || url.to_owned();
        let uri: Uri =
            url.parse()
                .map_err(|error: http::uri::InvalidUri| BadEndpoint::Malformed {
                    url: text(),
                    why: error.to_string(),
                })?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(BadEndpoint::NotAbsolute { url: text() });
        };
        if authority.host().is_empty() {
            return Err(BadEndpoint::NotAbsolute { url: text() });
        }
        if authority.as_str().contains('@') {
            return Err(BadEndpoint::UserInfo {
                host: authority.host().to_owned(),
            });
        }
        if *scheme != Scheme::HTTPS && *scheme != Scheme::HTTP {
            return Err(BadEndpoint::Scheme {
                url: text(),
                scheme: scheme.to_string(),
            });
        }
        if *scheme == Scheme::HTTP && insecure == Insecure::Refused && !is_loopback(authority) {
            return Err(BadEndpoint::Unencrypted { url: text() });
        }
        let host = host_header(authority).map_err(|error| BadEndpoint::Malformed {
            url: text(),
            why: error.to_string(),
        })?;
        Ok(Self { host, uri })
    }

    /// Returns the full URL.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the value of the `Host` header.
    pub fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Returns the URL under which `model` answers, where this endpoint is the base of a Gemini API:
    /// that API names the model and the kind of answer in the path.
    pub(crate) fn of_gemini_model(&self, model: &str, streams: bool) -> Uri {
        let model = model.strip_prefix("models/").unwrap_or(model);
        // What is not part of a name would end it, or the path.
        let mut path = String::from(self.uri.path().trim_end_matches('/'));
        path.push_str("/models/");
        for byte in model.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                path.push(char::from(byte));
            } else {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
        path.push_str(if streams {
            ":streamGenerateContent?alt=sse"
        } else {
            ":generateContent"
        });
        if let Some(query) = self.uri.query() {
            path.push(if streams { '&' } else { '?' });
            path.push_str(query);
        }
        let mut parts = self.uri.clone().into_parts();
        // Every part was a part of a URL already, or is encoded here.
        parts.path_and_query = path.parse().ok();
        Uri::from_parts(parts).unwrap_or_else(|_| self.uri.clone())
    }

    /// Returns whether connections to it are encrypted.
    pub fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }
}

fn host_header(authority: &Authority) -> Result<HeaderValue, InvalidHeaderValue> {
    HeaderValue::from_str(authority.as_str())
}

/// Returns whether `authority` can only be this machine. `localhost` counts: systems resolve it
/// without asking the network (RFC 6761).
fn is_loopback(authority: &Authority) -> bool {
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Endpoint, BadEndpoint> {
        Endpoint::parse(url, Insecure::Refused)
    }

    #[test]
    fn a_query_stays_part_of_the_endpoint() {
        let endpoint = parse("https://a.example:8443/x/responses?api-version=2025-04-01").unwrap();
        assert_eq!(endpoint.host(), "a.example:8443");
        assert_eq!(
            endpoint.uri().path_and_query().unwrap(),
            "/x/responses?api-version=2025-04-01"
        );
        assert!(endpoint.is_https());
    }

    #[test]
    fn a_gemini_model_stands_in_the_path_and_cannot_leave_it() {
        let endpoint = parse("https://g.example/v1beta/?key=1").unwrap();
        for (model, streams, expected) in [
            (
                "models/g-2.5",
                true,
                "https://g.example/v1beta/models/g-2.5:streamGenerateContent?alt=sse&key=1",
            ),
            (
                "a?b#c d",
                false,
                "https://g.example/v1beta/models/a%3Fb%23c%20d:generateContent?key=1",
            ),
        ] {
            assert_eq!(
                endpoint.of_gemini_model(model, streams).to_string(),
                expected
            );
        }
    }

    #[test]
    fn plain_http_needs_loopback_or_leave() {
        for url in [
            "http://127.0.0.1:1/v1",
            "http://localhost/v1",
            "http://[::1]:1/v1",
        ] {
            assert!(parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://10.0.0.1/v1",
            "http://localhost.example/v1",
            "http://127.0.0.1.example/",
        ] {
            assert!(
                matches!(parse(url), Err(BadEndpoint::Unencrypted { .. })),
                "{url}"
            );
            assert!(Endpoint::parse(url, Insecure::Allowed).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused_by_name() {
        assert!(matches!(
            parse("/v1/responses"),
            Err(BadEndpoint::NotAbsolute { .. })
        ));
        assert!(matches!(
            parse("ftp://a.example/"),
            Err(BadEndpoint::Scheme { .. })
        ));
        assert!(matches!(
            parse("https://"),
            Err(BadEndpoint::Malformed { .. })
        ));
        assert!(matches!(
            parse("https://a b/"),
            Err(BadEndpoint::Malformed { .. })
        ));
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let error = parse("https://user:canary@a.example/").unwrap_err();
        assert!(matches!(error, BadEndpoint::UserInfo { .. }));
        assert!(!error.to_string().contains("canary"));
    }
}
