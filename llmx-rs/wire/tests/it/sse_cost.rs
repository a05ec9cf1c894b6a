//! The decoder's cost grows with its input and not with the square of it.

use std::time::{Duration, Instant};

use llmx_wire::sse::{Decoder, Limits};

#[test]
fn a_long_line_in_small_pieces_takes_linear_time() {
    let started = Instant::now();
    let mut decoder = Decoder::new(Limits::default());
    let mut out = Vec::new();
    decoder.push(b"data: ", &mut out).unwrap();
    for _ in 0..(8 << 20) / 16 {
        decoder.push(&[b'x'; 16], &mut out).unwrap();
    }
    decoder.push(b"\n\n", &mut out).unwrap();
    assert_eq!(out.first().map(|event| event.data.len()), Some(8 << 20));
    // Looking at the held bytes again for each piece would be 2 TiB of work.
    assert!(started.elapsed() < Duration::from_secs(20));
}
