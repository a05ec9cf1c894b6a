//! Passes a request on as it came, body streamed, with the secret put in at the last moment.

use bytes::Bytes;
use http::header::{AUTHORIZATION, EXPECT, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;

use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::fault::TransportFault;
use crate::headers::{strip_hop_headers, strip_origin_headers};

/// Sends `request` to `endpoint` with `authorization` in place of any the client sent.
///
/// Every end-to-end header passes unchanged. The response comes back with its hop-by-hop headers
/// removed and its body untouched.
pub async fn forward<B>(
    client: &Client<B>,
    endpoint: &Endpoint,
    authorization: &HeaderValue,
    mut request: Request<B>,
) -> Result<Response<Incoming>, TransportFault>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static,
{
    *request.uri_mut() = endpoint.uri().clone();
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    strip_hop_headers(headers);
    // The server side has already answered the expectation.
    headers.remove(EXPECT);
    strip_lookalikes(headers);
    headers.insert(HOST, endpoint.host().clone());
    headers.insert(AUTHORIZATION, authorization.clone());

    let mut response = client.send(request).await?;
    strip_hop_headers(response.headers_mut());
    strip_origin_headers(response.headers_mut());
    Ok(response)
}

/// Removes names that some servers read as another once `_` has become `-`: a client could
/// otherwise send a second `Authorization` or framing past every check.
fn strip_lookalikes(headers: &mut HeaderMap) {
    let lookalikes: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            name.as_str().contains('_') && is_sensitive(&name.as_str().replace('_', "-"))
        })
        .cloned()
        .collect();
    for name in lookalikes {
        headers.remove(name);
    }
}

fn is_sensitive(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "connection"
            | "content-length"
            | "proxy-authorization"
            | "proxy-connection"
            | "transfer-encoding"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscore_spellings_of_sensitive_names_are_removed() {
        let mut headers = HeaderMap::new();
        for name in ["content_length", "transfer_encoding", "x_custom"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        strip_lookalikes(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x_custom"]);
    }
}
