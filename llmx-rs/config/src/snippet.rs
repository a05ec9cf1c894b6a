//! Shows one line of a file with carets below a place, without ever showing a secret in it.
//!
//! A line of the configuration may hold a key in a header, in a query, or where a key does not
//! belong. So a value is shown only where its setting is known to be harmless; of every other
//! value the shape remains and its letters become dots.

/// Returns the line, its number and carets below `width` characters from `column` (from 1).
pub(crate) fn render(line: &str, number: usize, column: usize, width: usize) -> String {
    let shown: Vec<char> = conceal(line).chars().collect();
    let skip = (column - 1).saturating_sub(LEAD);
    let window: String = shown.iter().skip(skip).take(WINDOW).collect();
    let room = shown.len().saturating_sub(column - 1).max(1);
    let carets = "^".repeat(width.clamp(1, room.min(WINDOW)));
    let gutter = number.to_string();
    let blank = " ".repeat(gutter.len());
    let indent = " ".repeat(column - 1 - skip);
    format!("{blank} |\n{gutter} | {window}\n{blank} | {indent}{carets}")
}

/// Replaces the letters of each value that might be a secret.
fn conceal(line: &str) -> String {
    let line = line.replace('\t', " ");
    let Some((key, value)) = line.split_once('=') else {
        return if line.starts_with('[') {
            line
        } else {
            dots(&line)
        };
    };
    let last = key.rsplit('.').next().unwrap_or_default().trim();
    if HARMLESS.contains(&last) && !value.contains(['{', '@', '?', '=']) {
        return line;
    }
    if key
        .split('.')
        .all(|part| part.trim().chars().count() <= KEY_LIMIT)
        && !key.trim().contains(' ')
    {
        return format!("{key}={}", dots(value));
    }
    dots(&line)
}

fn dots(text: &str) -> String {
    let dot = |c: char| match c {
        ' ' | '"' | '\'' | '{' | '}' | '[' | ']' | ',' | '=' | '#' => c,
        _ => '•',
    };
    text.chars().map(dot).collect()
}

/// Settings whose values are safe to print.
const HARMLESS: [&str; 39] = [
    "approval_policy",
    "base_url",
    "cached_input",
    "context_length",
    "enabled",
    "exclude_slash_tmp",
    "exclude_tmpdir_env_var",
    "hide_agent_reasoning",
    "ignore_default_excludes",
    "inherit",
    "input",
    "key_command_ttl_s",
    "key_file",
    "model",
    "model_auto_compact_token_limit",
    "model_context_window",
    "model_max_output_tokens",
    "model_provider",
    "model_reasoning_effort",
    "model_reasoning_summary",
    "model_verbosity",
    "name",
    "network_access",
    "output",
    "persistence",
    "profile",
    "project_doc_fallback_filenames",
    "project_doc_max_bytes",
    "request_max_retries",
    "sandbox_mode",
    "show_raw_agent_reasoning",
    "startup_timeout_ms",
    "startup_timeout_sec",
    "stream_idle_timeout_ms",
    "stream_max_retries",
    "tool_timeout_sec",
    "trust_level",
    "wire_api",
    "writable_roots",
];

/// A longer "key" is more likely a piece of a multi-line value.
const KEY_LIMIT: usize = 40;

/// How much of a long line is shown before the place, and in all.
const LEAD: usize = 40;
const WINDOW: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_place() {
        assert_eq!(
            render("sandbox_mode = \"open\"", 12, 16, 6),
            "   |\n12 | sandbox_mode = \"open\"\n   |                ^^^^^^"
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let line = format!("model = \"{}\"", "m".repeat(500));
        let shown = render(&line, 1, 400, 300);
        assert!(
            shown
                .lines()
                .all(|line| line.chars().count() <= WINDOW + LEAD + 4),
            "{shown}"
        );
        assert!(shown.contains('^'));
    }

    #[test]
    fn values_that_may_be_secrets_keep_their_shape_only() {
        for (line, shown) in [
            ("api_key = \"sk-1\"", "api_key = \"••••\""),
            ("api_key = sk-1", "api_key = ••••"),
            (
                "x.http_headers = { Auth = 'Bearer sk' }",
                "x.http_headers = { •••• = '•••••• ••' }",
            ),
            ("base_url = \"http://u:p@h\"", "base_url = \"••••••••••••\""),
            ("base_url = \"http://h?k=1\"", "base_url = \"••••••••••=•\""),
            ("  c2VjcmV0", "  ••••••••"),
        ] {
            assert_eq!(conceal(line), shown);
        }
    }

    #[test]
    fn harmless_lines_are_shown_as_they_are() {
        for line in [
            "[model_providers.x]",
            "sandbox_mode = read-only",
            "a.b.model = \"m\" # why",
        ] {
            assert_eq!(conceal(line), line);
        }
    }
}
