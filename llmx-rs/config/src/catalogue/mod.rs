//! Every setting with what it takes, its default and its meaning: what the schema, the document
//! and `llmx config set` know about settings. That it agrees with the reader, a test holds.

mod table;

pub use self::table::SETTINGS;

/// One setting.
pub struct Setting {
    /// Its dotted key, in which ID, NAME and PATH stand for any name.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its default as TOML, empty where there is none.
    pub default: &'static str,
    /// What it means.
    pub about: &'static str,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number from 0 up.
    Amount,
    /// A program and its arguments.
    Command,
    /// A list of hooks.
    Hooks,
    /// A list of texts.
    List,
    /// A table of texts, numbers and truth values.
    Scalars,
    /// A text.
    Text,
    /// A table of texts.
    Texts,
    /// True or false.
    Truth,
    /// A whole number of a range.
    Whole(i64, i64),
    /// One of some words.
    Word(&'static [&'static str]),
}

/// Finds the setting that a path of names is, such as `model_providers`, `mine`, `base_url`.
pub(crate) fn find(path: &[String]) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| {
        let mut names = setting.key.split('.');
        let mut given = path.iter();
        loop {
            match (names.next(), given.next()) {
                (None, None) => return true,
                (Some(name), Some(given)) if is_any(name) || name == given => {}
                _ => return false,
            }
        }
    })
}

/// Returns whether a name in a key stands for any name.
pub(crate) fn is_any(name: &str) -> bool {
    matches!(name, "ID" | "NAME" | "PATH")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{read, read_hook, read_older, read_provider, read_server, read_tables};

    /// Returns the names right below `table` in the catalogue.
    fn names(table: &str) -> BTreeSet<&'static str> {
        let below = SETTINGS.iter().filter_map(|setting| match table {
            "" => Some(setting.key),
            table => setting.key.strip_prefix(table)?.strip_prefix('.'),
        });
        below.filter_map(|rest| rest.split('.').next()).collect()
    }

    #[test]
    fn the_catalogue_has_the_keys_that_the_reader_has() {
        let top = read::KEYS.into_iter().chain(read_older::OLDER);
        // Profiles hold the other settings.
        let top: BTreeSet<_> = top.filter(|key| *key != "profiles").collect();
        assert_eq!(names(""), top);
        let tables: [(&str, &[&str]); 11] = [
            ("model_providers.ID", &read_provider::KEYS),
            ("mcp_servers.ID", &read_server::KEYS),
            ("sandbox_workspace_write", &read_tables::WORKSPACE),
            ("shell_environment_policy", &read_tables::ENVIRONMENT),
            ("model_prices", &read_tables::PRICES),
            ("history", &read_tables::HISTORY),
            ("hooks", &read_hook::EVENTS),
            ("tools", &read_tables::TOOLS),
            ("projects.PATH", &read_tables::PROJECT),
            ("general", &read_older::GENERAL),
            ("litellm", &read_older::LITELLM),
        ];
        for (table, keys) in tables {
            assert_eq!(names(table), keys.iter().copied().collect(), "{table}");
        }
    }

    #[test]
    fn a_setting_is_found_under_any_name() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let found = find(&path("model_providers/my.proxy/base_url")).unwrap();
        assert_eq!(found.key, "model_providers.ID.base_url");
        assert!(find(&path("model_providers/x")).is_none());
        assert!(find(&path("model/x")).is_none());
    }
}
