//! Separates reasoning that a model writes into its answer, between `<think>` and `</think>`.
//!
//! Only an answer that opens with the tag is read like this: further on, the words may be the
//! subject of the conversation.

/// A part of the answer's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Thought(String),
}

/// The tags of one answer.
#[derive(Debug)]
pub(super) struct ThinkTags {
    state: State,
    /// What may be the beginning of a tag.
    held: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but space has come.
    Opening,
    Thinking,
    /// After the closing tag: the space before the answer is not part of it.
    Closed,
    Answering,
}

impl ThinkTags {
    pub(super) fn new(enabled: bool) -> Self {
        let state = if enabled {
            State::Opening
        } else {
            State::Answering
        };
        Self {
            state,
            held: String::new(),
        }
    }

    /// Returns whether `text` and all that comes after it is the answer's text.
    pub(super) fn are_over(&mut self, text: &str) -> bool {
        if self.state == State::Opening && self.held.is_empty() && !may_open(text) {
            self.state = State::Answering;
        }
        self.state == State::Answering
    }

    /// Takes more text and returns what of it is certain.
    pub(super) fn push(&mut self, text: &str) -> Vec<Piece> {
        if self.state == State::Answering {
            return vec![Piece::Text(text.to_owned())];
        }
        self.held.push_str(text);
        let mut pieces = Vec::new();
        while let Some(piece) = self.step() {
            pieces.extend(piece);
        }
        pieces
    }

    /// Returns what was held back.
    pub(super) fn close(&mut self) -> Option<Piece> {
        let held = std::mem::take(&mut self.held);
        match self.state {
            _ if held.is_empty() => None,
            State::Thinking => Some(Piece::Thought(held)),
            State::Closed if held.trim().is_empty() => None,
            _ => Some(Piece::Text(held)),
        }
    }

    /// Moves one state on; `None` if more text is needed.
    fn step(&mut self) -> Option<Option<Piece>> {
        match self.state {
            State::Opening => {
                let trimmed = self.held.trim_start();
                if let Some(rest) = trimmed.strip_prefix(OPEN) {
                    self.held = rest.to_owned();
                    self.state = State::Thinking;
                    return Some(None);
                }
                if may_open(&self.held) {
                    return None;
                }
                self.state = State::Answering;
                Some(Some(Piece::Text(std::mem::take(&mut self.held))))
            }
            State::Thinking => {
                if let Some((thought, rest)) = self.held.split_once(CLOSE) {
                    let thought = thought.to_owned();
                    self.held = rest.to_owned();
                    self.state = State::Closed;
                    return Some(Some(Piece::Thought(thought)));
                }
                let certain = self.held.len() - partial(&self.held, CLOSE);
                let rest = self.held.split_off(certain);
                let thought = std::mem::replace(&mut self.held, rest);
                (!thought.is_empty()).then_some(Some(Piece::Thought(thought)))
            }
            State::Closed => {
                let text = self.held.trim_start().to_owned();
                self.held.clear();
                if text.is_empty() {
                    return None;
                }
                self.state = State::Answering;
                Some(Some(Piece::Text(text)))
            }
            State::Answering => None,
        }
    }
}

/// Returns whether an answer that begins with `text` opens with the tag, as far as that can be told.
fn may_open(text: &str) -> bool {
    let trimmed = text.trim_start();
    trimmed.starts_with(OPEN) || (OPEN.starts_with(trimmed) && text.len() < MAX_SPACE)
}

/// Returns how many bytes at the end of `text` may be the beginning of `tag`.
fn partial(text: &str, tag: &str) -> usize {
    (1..tag.len())
        .rev()
        .find(|length| {
            tag.get(..*length)
                .is_some_and(|start| text.ends_with(start))
        })
        .unwrap_or(0)
}

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Space before the first word is held back; no model puts this much there.
const MAX_SPACE: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(text: &str, size: usize) -> (String, String) {
        let (mut tags, mut thought, mut answer) =
            (ThinkTags::new(true), String::new(), String::new());
        let chars: Vec<char> = text.chars().collect();
        let mut take = |piece| match piece {
            Piece::Text(text) => answer.push_str(&text),
            Piece::Thought(text) => thought.push_str(&text),
        };
        for piece in chars.chunks(size.max(1)) {
            let piece: String = piece.iter().collect();
            tags.push(&piece).into_iter().for_each(&mut take);
        }
        tags.close().into_iter().for_each(&mut take);
        (thought, answer)
    }

    #[test]
    fn thought_and_answer_are_told_apart_at_every_cut() {
        for size in 1..30 {
            assert_eq!(
                run("\n<think>a < b</think>\n\nyes", size),
                ("a < b".to_owned(), "yes".to_owned())
            );
        }
    }

    #[test]
    fn a_tag_further_on_is_text() {
        let text = "use <think> and </think>";
        assert_eq!(run(text, 3), (String::new(), text.to_owned()));
    }

    proptest! {
        /// Text without tags comes out as it went in.
        #[test]
        fn other_text_is_untouched(text in "[^<]{0,40}[<thinkx>]{0,8}", size in 1_usize..6) {
            prop_assume!(!text.trim_start().starts_with(OPEN));
            prop_assert_eq!(run(&text, size), (String::new(), text));
        }
    }
}
