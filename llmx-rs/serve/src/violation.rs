//! The ways in which a request's framing can be ambiguous, each with what the sender should do.

/// A request whose end two parsers could see in different places, or whose form a proxy must not
/// interpret. It is refused, never repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    /// Both framings at once.
    #[error("Content-Length and Transfer-Encoding may not be sent together; send one")]
    TwoFramings,
    /// More than one `Content-Length`, equal or not.
    #[error("Content-Length may be sent only once")]
    RepeatedContentLength,
    /// A length that is not plain decimal digits.
    #[error("Content-Length must be plain decimal digits")]
    BadContentLength,
    /// A transfer coding other than one `chunked`, or one in HTTP/1.0.
    #[error("Transfer-Encoding must be exactly `chunked`, once, in HTTP/1.1")]
    BadTransferEncoding,
    /// A header continued on the next line.
    #[error("a header may not be folded over several lines")]
    FoldedHeader,
    /// A line that does not end in CR LF.
    #[error("every line of the head must end in CR LF")]
    BareLineFeed,
    /// A request line that is not `METHOD /path HTTP/1.1`.
    #[error("the request line must be `METHOD /path HTTP/1.1`; send the path alone, not a URL")]
    BadRequestLine,
    /// A head larger than the limit.
    #[error("the head of the request is larger than {limit} bytes", limit = crate::limits::MAX_HEAD)]
    LargeHead,
    /// A chunked body that is not plain sizes and data.
    #[error("the chunked body is malformed; extensions and trailers are not accepted")]
    BadChunk,
    /// A head that the HTTP parser took as complete before the check had seen its end.
    #[error("the head of the request is malformed")]
    UnseenHead,
}
