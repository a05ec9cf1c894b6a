//! The fixed sets of words that settings take, each with what it means.

use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_wire::Dialect;

use crate::environment::Inherit;
use crate::login::KeyStore;
use crate::raw::{Trust, WireApi};
use crate::reader::Words;
use crate::resolved::{HistoryPersistence, WebSearch};

/// The words that `sandbox_mode` and `--sandbox` take.
pub const SANDBOX_MODES: [&str; 3] = ["read-only", "workspace-write", "danger-full-access"];

pub(crate) static SANDBOXES: Words<SandboxMode, 3> = Words {
    names: SANDBOX_MODES,
    meanings: [
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ],
};

pub(crate) static APPROVALS: Words<ApprovalPolicy, 3> = Words {
    names: ["untrusted", "on-request", "never"],
    meanings: [
        ApprovalPolicy::Untrusted,
        ApprovalPolicy::OnRequest,
        ApprovalPolicy::Never,
    ],
};

pub(crate) static WIRE_APIS: Words<WireApi, 5> = Words {
    names: ["responses", "chat", "messages", "gemini", "auto"],
    meanings: [
        WireApi::Dialect(Dialect::Responses),
        WireApi::Dialect(Dialect::Chat),
        WireApi::Dialect(Dialect::Messages),
        WireApi::Dialect(Dialect::Gemini),
        WireApi::Auto,
    ],
};

pub(crate) static INHERITS: Words<Inherit, 3> = Words {
    names: ["all", "core", "none"],
    meanings: [Inherit::All, Inherit::Core, Inherit::None],
};

pub(crate) static PERSISTENCES: Words<HistoryPersistence, 2> = Words {
    names: ["save-all", "none"],
    meanings: [HistoryPersistence::SaveAll, HistoryPersistence::None],
};

pub(crate) static KEY_STORES: Words<KeyStore, 3> = Words {
    names: ["file", "keyring", "auto"],
    meanings: [KeyStore::File, KeyStore::Keyring, KeyStore::Auto],
};

pub(crate) static TRUSTS: Words<Trust, 2> = Words {
    names: ["trusted", "untrusted"],
    meanings: [Trust::Trusted, Trust::Untrusted],
};

/// The words that `web_search` takes.
pub(crate) const WEB_SEARCH_WORDS: [&str; 3] = ["disabled", "cached", "live"];

pub(crate) static WEB_SEARCHES: Words<WebSearch, 3> = Words {
    names: WEB_SEARCH_WORDS,
    meanings: [WebSearch::Disabled, WebSearch::Cached, WebSearch::Live],
};

/// The bridge fits an effort to what the upstream knows, so every name that a provider uses is here.
pub(crate) const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];

pub(crate) const SUMMARIES: [&str; 4] = ["auto", "concise", "detailed", "none"];

pub(crate) const VERBOSITIES: [&str; 3] = ["low", "medium", "high"];
