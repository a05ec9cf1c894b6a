//! Passes a request on as it came, body streamed, with the secret put in at the last moment.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::{Request, Response, Version};
use http_body::Body;

use crate::answer::Answer;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::fault::TransportFault;
use crate::headers::{strip_request, strip_response};

/// Sends `request` to `endpoint` with `authorization` in place of any the client sent.
///
/// Every end-to-end header passes unchanged. The response comes back with its hop-by-hop headers
/// removed and its body untouched.
pub async fn forward<B>(
    client: &Client<B>,
    endpoint: &Endpoint,
    authorization: &HeaderValue,
    mut request: Request<B>,
) -> Result<Response<Answer>, TransportFault>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static,
{
    *request.uri_mut() = endpoint.uri().clone();
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    strip_request(headers);
    headers.insert(HOST, endpoint.host().clone());
    headers.insert(AUTHORIZATION, authorization.clone());

    let mut response = client.send(request).await?;
    strip_response(response.headers_mut());
    Ok(response)
}
