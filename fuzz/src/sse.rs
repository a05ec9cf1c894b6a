//! Any bytes, in any cuts, through the decoder of server-sent events.

use llmx_wire::sse::{DecodeFault, Decoder, Event, Limits, encode};

/// The first byte chooses the limit and the cut; the rest is the stream.
pub fn decode(bytes: &[u8]) {
    let Some((choice, stream)) = bytes.split_first() else {
        return;
    };
    let limits = Limits {
        max_event_bytes: [1 << 20, 64, 12, 6][usize::from(choice % 4)],
    };
    let whole = decode_all(limits, [stream]);
    let cut = usize::from(choice / 4) + 1;
    assert_eq!(
        decode_all(limits, stream.chunks(cut)),
        whole,
        "cut by {cut}"
    );
    assert_eq!(decode_all(limits, stream.chunks(1)), whole, "cut by 1");
    for event in &whole.0 {
        check_size(event, limits);
        check_encoding(event);
    }
}

fn decode_all<'a>(
    limits: Limits,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Event>, Option<DecodeFault>) {
    let (mut decoder, mut out) = (Decoder::new(limits), Vec::new());
    let mut fault = None;
    for chunk in chunks {
        fault = decoder.push(chunk, &mut out).err();
    }
    out.extend(decoder.finish());
    (out, fault)
}

/// No event outgrows its limit, but for bytes that are not UTF-8: each becomes three.
fn check_size(event: &Event, limits: Limits) {
    let fields = [Some(&event.data), event.name.as_ref(), event.id.as_ref()];
    for field in fields.into_iter().flatten() {
        assert!(field.len() <= 3 * limits.max_event_bytes, "{event:?}");
    }
}

/// What was decoded and is encoded again is the same event.
fn check_encoding(event: &Event) {
    let mut bytes = Vec::new();
    encode(
        event.name.as_deref().unwrap_or_default(),
        &event.data,
        &mut bytes,
    );
    let again = decode_all(Limits::default(), [&bytes[..]]).0;
    let expected = Event {
        id: None,
        ..event.clone()
    };
    assert_eq!(again, [expected]);
}
