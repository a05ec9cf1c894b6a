//! Text that a server repeats in each chunk, with what is new at its end.

/// The text so far, where the provider is known to repeat it.
#[derive(Debug)]
pub(super) struct Growing(Option<String>);

impl Growing {
    pub(super) fn new(cumulative: bool) -> Self {
        Self(cumulative.then(String::new))
    }

    /// Returns what of `text` is new. Text that does not repeat what came before is all new.
    pub(super) fn news(&mut self, text: String) -> String {
        let Some(said) = &mut self.0 else {
            return text;
        };
        let news = text.strip_prefix(said.as_str()).map(str::to_owned);
        let news = news.unwrap_or(text);
        said.push_str(&news);
        news
    }
}
