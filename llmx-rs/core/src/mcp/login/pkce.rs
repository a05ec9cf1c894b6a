//! Secrets that prove that whoever redeems a code is whoever asked for it (RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use zeroize::Zeroizing;

/// Returns 256 random bits as text for a URL.
pub(super) fn random() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    // The library ends the process rather than to go on without randomness.
    let _filled = rand::fill(&mut *bytes);
    Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))
}

/// Returns what may be known of `verifier` before it is used.
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier), expected);
    }

    #[test]
    fn each_secret_is_another_of_43_characters() {
        let (one, other) = (random(), random());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_ne!(*one, URL_SAFE_NO_PAD.encode([0; 32]));
    }
}
