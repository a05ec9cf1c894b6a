//! What a translation could not carry over, so that nothing is lost in silence.

use std::fmt;

/// Every loss of one translation. Equal losses are counted, not repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LossReport {
    losses: Vec<Loss>,
    /// How many more there were than are listed.
    unlisted: usize,
}

/// One thing that the target dialect has no exact word for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Where it stands in the request; list positions are left out, so that equal losses meet.
    pub path: String,
    /// What became of it.
    pub action: LossAction,
    /// Why.
    pub reason: &'static str,
    /// How often it happened.
    pub count: usize,
}

/// What became of something that could not be carried over exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossAction {
    /// It is gone.
    Dropped,
    /// Something close stands in its place.
    Lowered,
}

impl LossReport {
    /// Reports that `path` is gone.
    pub fn dropped(&mut self, path: impl Into<String>, reason: &'static str) {
        self.add(path.into(), LossAction::Dropped, reason);
    }

    /// Reports that something close stands in the place of `path`.
    pub fn lowered(&mut self, path: impl Into<String>, reason: &'static str) {
        self.add(path.into(), LossAction::Lowered, reason);
    }

    /// Returns whether the translation was exact.
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }

    /// Iterates over the losses, in the order in which they were met.
    pub fn iter(&self) -> impl Iterator<Item = &Loss> {
        self.losses.iter()
    }

    /// Returns the value of the header `x-llmx-dropped`; `None` if nothing was lost.
    ///
    /// Only visible ASCII comes out, whatever names the client chose, and no more than a header
    /// may hold.
    pub fn header_value(&self) -> Option<String> {
        let mut value = String::new();
        let mut unlisted = self.unlisted;
        for (position, loss) in self.losses.iter().enumerate() {
            let entry = header_entry(loss);
            if value.len() + entry.len() > MAX_HEADER_BYTES {
                unlisted += self.losses.len() - position;
                break;
            }
            if !value.is_empty() {
                value.push_str(", ");
            }
            value.push_str(&entry);
        }
        if unlisted > 0 {
            value.push_str(&format!(", and {unlisted} more"));
        }
        (!value.is_empty()).then_some(value)
    }

    fn add(&mut self, path: String, action: LossAction, reason: &'static str) {
        let same = |loss: &&mut Loss| loss.path == path && loss.action == action;
        if let Some(loss) = self.losses.iter_mut().find(same) {
            loss.count += 1;
            return;
        }
        // A client chooses the names of unknown fields, and how many there are.
        if self.losses.len() >= MAX_LISTED {
            self.unlisted += 1;
            return;
        }
        self.losses.push(Loss {
            path,
            action,
            reason,
            count: 1,
        });
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            LossAction::Dropped => "dropped",
            LossAction::Lowered => "lowered",
        };
        write!(f, "{} {action}", self.path)?;
        if self.count > 1 {
            write!(f, " ×{}", self.count)?;
        }
        write!(f, ": {}", self.reason)
    }
}

fn header_entry(loss: &Loss) -> String {
    let visible = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | ';');
    let mut entry: String = loss
        .path
        .chars()
        .take(MAX_PATH_CHARS)
        .map(|c| if visible(c) { c } else { '_' })
        .collect();
    if loss.action == LossAction::Lowered {
        entry.push_str(";lowered");
    }
    entry
}

/// Half of what common HTTP stacks allow a single header.
const MAX_HEADER_BYTES: usize = 4 << 10;

/// Each loss is compared with those before it; a request has far fewer kinds of them.
const MAX_LISTED: usize = 256;

/// Longer than every path of ours; a tool's name may be of any length.
const MAX_PATH_CHARS: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_loss_means_no_header() {
        assert_eq!(LossReport::default().header_value(), None);
    }

    #[test]
    fn the_header_names_each_loss_once() {
        let mut report = LossReport::default();
        report.dropped("tools[].web_search", "hosted");
        report.dropped("tools[].web_search", "hosted");
        report.lowered("reasoning.effort", "nearest");
        assert_eq!(
            report.header_value().unwrap(),
            "tools[].web_search, reasoning.effort;lowered"
        );
    }

    #[test]
    fn a_hostile_name_cannot_break_the_header() {
        let mut report = LossReport::default();
        report.dropped("tools[].a\r\nx: y, é", "hosted");
        assert_eq!(report.header_value().unwrap(), "tools[].a__x:_y___");
    }

    #[test]
    fn a_long_report_is_cut_and_says_so() {
        let mut report = LossReport::default();
        for n in 0..1_000 {
            report.dropped(format!("a_field_with_a_rather_long_name_{n}"), "unknown");
        }
        let value = report.header_value().unwrap();
        assert!(value.len() < MAX_HEADER_BYTES + 200);
        let named = value.split(", ").count() - 1;
        assert!(value.ends_with(&format!(", and {} more", 1_000 - named)));
    }
}
