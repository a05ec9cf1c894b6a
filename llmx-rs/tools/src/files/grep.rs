//! The tool `grep`: the lines of files that match a regular expression.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};
use serde_json::{Value, json};

use super::reading::{Answer, Reading, Stop};
use super::view::{Opened, View};
use crate::confine::Confinement;
use crate::fields::Fields;
use crate::tool::{Input, Job, Takes, Tool, ToolSpec};

use self::found::{Found, Sieve};

mod found;

/// The tool `grep`.
#[derive(Debug)]
pub(crate) struct Grep {
    pub(crate) confinement: Arc<Confinement>,
}

impl Tool for Grep {
    fn name(&self) -> &str {
        NAME
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("grep.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "pattern": {"type": "string", "description": "The regular expression"},
                    "path": {"type": "string", "description": "Where to search"},
                    "glob": {"type": "string", "description": "Which files to search"},
                    "ignore_case": {"type": "boolean"},
                    "literal": {"type": "boolean", "description": "Whether the pattern is plain text"},
                    "context": {"type": "integer", "description": "Lines to show around each match"},
                    "files_only": {"type": "boolean"},
                    "limit": {"type": "integer"},
                },
                "required": ["pattern"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let fields = Fields::read(input, "pattern", EXAMPLE)?;
        let query = Query::new(&fields)?;
        Ok(Box::new(Reading {
            tool: NAME,
            arguments: fields.to_value(),
            confinement: Arc::clone(&self.confinement),
            work: move |view: &View, stop: &Stop| query.answer(view, stop),
        }))
    }
}

/// What to search for, and where.
struct Query {
    pattern: RegexMatcher,
    path: String,
    globs: Vec<String>,
    context: usize,
    files_only: bool,
    limit: usize,
}

impl Query {
    fn new(fields: &Fields) -> Result<Self, String> {
        let pattern = fields.required_text(&["pattern", "query", "regex"])?;
        let insensitive = match fields.flag(&["case_sensitive"])? {
            Some(sensitive) => !sensitive,
            None => fields
                .flag(&["ignore_case", "case_insensitive", "-i"])?
                .unwrap_or(false),
        };
        let literal = fields
            .flag(&["literal", "fixed_strings", "-F"])?
            .unwrap_or(false);
        let pattern = RegexMatcherBuilder::new()
            .case_insensitive(insensitive)
            .fixed_strings(literal)
            .line_terminator(Some(b'\n'))
            .build(&pattern)
            .map_err(|error| {
                format!("`pattern` is not a regular expression: {error}. For plain text set `literal`; lines are searched one by one.")
            })?;
        let path = fields.text(&["path", "dir", "directory"])?;
        let context = fields
            .count(&["context", "context_lines", "-C"])?
            .unwrap_or(0);
        let limit = fields
            .count(&["limit", "max_results", "head_limit"])?
            .unwrap_or(100);
        Ok(Self {
            pattern,
            path: path
                .filter(|path| !path.is_empty())
                .unwrap_or_else(|| ".".to_owned()),
            globs: globs(fields)?,
            context: context.min(MOST_CONTEXT),
            files_only: fields
                .flag(&["files_only", "files_with_matches", "-l"])?
                .unwrap_or(false),
            limit: limit.clamp(1, MOST_MATCHES),
        })
    }

    fn answer(&self, view: &View, stop: &Stop) -> Result<Answer, String> {
        let mut found = Found::new(self.limit, self.files_only);
        let opened = view.open(&self.path)?;
        let mut searcher = self.searcher();
        let ending = match opened.metadata.is_file() {
            true => {
                self.search(&mut searcher, &opened, view, &mut found);
                Ending::Whole
            }
            false => self.walk(&opened.path, view, stop, &mut searcher, &mut found)?,
        };
        let mut text = found.into_text();
        if let Ending::TimeUp = ending {
            let seconds = LONGEST.as_secs();
            text.push_str(&format!(
                "[the search was ended after {seconds} s; name a narrower path or glob]\n"
            ));
        }
        Ok(text.into())
    }

    fn walk(
        &self,
        root: &Path,
        view: &View,
        stop: &Stop,
        searcher: &mut Searcher,
        found: &mut Found,
    ) -> Result<Ending, String> {
        let begun = Instant::now();
        let top = root.to_owned();
        let walk = WalkBuilder::new(root)
            .hidden(false)
            // What the user ignores everywhere is no part of the project.
            .git_global(false)
            .require_git(false)
            .overrides(self.overrides(root)?)
            .sort_by_file_name(Ord::cmp)
            .filter_entry(move |entry| entry.path() == top || !is_noisy(entry.path()))
            .build();
        for entry in walk {
            if stop.is_set() || found.is_full() {
                break;
            }
            if begun.elapsed() > LONGEST {
                return Ok(Ending::TimeUp);
            }
            let Ok(entry) = entry else {
                continue;
            };
            // Links are not followed: what they lead to is either here, too, or elsewhere.
            if entry.file_type().is_none_or(|kind| !kind.is_file()) {
                continue;
            }
            if let Ok(opened) = view.open_path(entry.path()) {
                self.search(searcher, &opened, view, found);
            }
        }
        Ok(Ending::Whole)
    }

    fn search(&self, searcher: &mut Searcher, opened: &Opened, view: &View, found: &mut Found) {
        if opened.metadata.len() > LARGEST_FILE {
            found.skip();
            return;
        }
        let path: PathBuf = view.shown(&opened.path).to_owned();
        found.begin(&path);
        let sieve = Sieve::new(found, self.context > 0);
        // A file that cannot be read to its end has shown what it had.
        let _unreadable = searcher.search_file(&self.pattern, &opened.file, sieve);
    }

    fn searcher(&self) -> Searcher {
        SearcherBuilder::new()
            .line_number(true)
            .before_context(self.context)
            .after_context(self.context)
            .binary_detection(BinaryDetection::quit(0))
            .heap_limit(Some(LONGEST_LINE))
            .build()
    }

    fn overrides(&self, root: &Path) -> Result<Override, String> {
        let mut builder = OverrideBuilder::new(root);
        let wrong = |error: ignore::Error| format!("`glob` is not a glob: {error}");
        for glob in &self.globs {
            builder.add(glob).map_err(wrong)?;
        }
        builder.build().map_err(wrong)
    }
}

fn globs(fields: &Fields) -> Result<Vec<String>, String> {
    let names = ["glob", "include", "globs"];
    if let Some(Value::Array(list)) = fields.any(&names) {
        let globs: Option<Vec<_>> = list
            .iter()
            .map(|glob| glob.as_str().map(str::to_owned))
            .collect();
        return globs.ok_or_else(|| "`glob` holds something that is not a string".to_owned());
    }
    let glob = fields.text(&names)?.filter(|glob| !glob.is_empty());
    Ok(glob.into_iter().collect())
}

/// How a search ended.
enum Ending {
    Whole,
    TimeUp,
}

fn is_noisy(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    NOISY.contains(&name)
}

const NAME: &str = "grep";
const EXAMPLE: &str = r#"{"pattern": "fn main", "path": "src", "glob": "*.rs"}"#;
const MOST_CONTEXT: usize = 20;
const MOST_MATCHES: usize = 1000;
/// More than a search of any project takes, less than a turn should wait for one of a whole disk.
const LONGEST: Duration = Duration::from_secs(30);
/// Text as large as this is data.
const LARGEST_FILE: u64 = 256 << 20;
const LONGEST_LINE: usize = 16 << 20;
/// Directories of tools that hold copies of the world.
const NOISY: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    "__pycache__",
    ".venv",
    ".cache",
    ".rustup",
    ".npm",
    ".codex",
];
