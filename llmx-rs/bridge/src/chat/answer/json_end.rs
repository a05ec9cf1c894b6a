//! Tells, while JSON comes in pieces, whether its end has come.

/// Follows one JSON object or array; other values have no end of their own.
#[derive(Debug, Default)]
pub(super) struct JsonEnd {
    depth: usize,
    in_string: bool,
    escaped: bool,
    ended: bool,
}

impl JsonEnd {
    pub(super) fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.escaped {
                self.escaped = false;
                continue;
            }
            match byte {
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.ended |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_seen_and_braces_in_strings_are_not() {
        let mut end = JsonEnd::default();
        end.push(r#"{"a":["}\""#);
        assert!(!end.is_ended());
        end.push("\"]}");
        assert!(end.is_ended());
    }
}
