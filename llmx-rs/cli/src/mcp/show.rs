//! Shows a server to people and to programs; secrets are dots to both.

use std::time::Duration;

use llmx_config::{McpServer, McpTransport};
use llmx_core::mcp::login::McpLoginState;
use serde_json::{Map, Value, json};

/// Returns a server as JSON.
pub(crate) fn as_json(server: &McpServer, login: McpLoginState) -> Value {
    let hidden = |names: Vec<&str>| -> Map<String, Value> {
        let pairs = names.into_iter().map(|name| (name.to_owned(), json!(DOTS)));
        pairs.collect()
    };
    let transport = match &server.transport {
        McpTransport::Stdio {
            command,
            args,
            env,
            env_vars,
            cwd,
        } => json!({
            "type": "stdio",
            "command": command,
            "args": args,
            "env": hidden(names(env)),
            "env_vars": env_vars,
            "cwd": cwd,
        }),
        McpTransport::Http {
            url,
            bearer_token_env_var,
            http_headers,
            env_http_headers,
        } => json!({
            "type": "streamable_http",
            "url": url,
            "bearer_token_env_var": bearer_token_env_var,
            "http_headers": hidden(names(http_headers)),
            "env_http_headers": env_http_headers.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        }),
    };
    json!({
        "name": server.id,
        "enabled": server.enabled,
        "transport": transport,
        "login": word(login),
        "enabled_tools": server.enabled_tools,
        "disabled_tools": server.disabled_tools,
        "startup_timeout_sec": seconds(server.startup_timeout),
        "tool_timeout_sec": seconds(server.tool_timeout),
    })
}

/// Returns a server as a line of a list.
pub(crate) fn in_a_line(server: &McpServer, login: McpLoginState) -> String {
    let off = (!server.enabled).then(|| "disabled".to_owned());
    let notes: Vec<_> = off.into_iter().chain(note(server, login)).collect();
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!("  ({})", notes.join(", ")),
    };
    format!("{:20} {}{notes}\n", server.id, target(server))
}

/// Returns everything there is to know of a server.
pub(crate) fn in_full(server: &McpServer, login: McpLoginState) -> String {
    let mut lines = vec![
        server.id.clone(),
        format!("  enabled: {}", server.enabled),
        format!("  reached: {}", target(server)),
    ];
    if let Some(note) = note(server, login) {
        lines.push(format!("  login: {note}"));
    }
    let mut put = |name: &str, values: Vec<&str>| {
        if !values.is_empty() {
            lines.push(format!("  {name}: {}", values.join(", ")));
        }
    };
    match &server.transport {
        McpTransport::Stdio { env, env_vars, .. } => {
            put("env (values hidden)", names(env));
            put("env_vars", env_vars.iter().map(String::as_str).collect());
        }
        McpTransport::Http {
            bearer_token_env_var,
            http_headers,
            env_http_headers,
            ..
        } => {
            put(
                "bearer_token_env_var",
                bearer_token_env_var.iter().map(String::as_str).collect(),
            );
            put("http_headers (values hidden)", names(http_headers));
            put("env_http_headers", names(env_http_headers));
        }
    }
    let only = server.enabled_tools.iter().flatten();
    put("enabled_tools", only.map(String::as_str).collect());
    let not = server.disabled_tools.iter();
    put("disabled_tools", not.map(String::as_str).collect());
    lines.push(format!(
        "  timeouts: {} s to start, {} s for a tool\n",
        seconds(server.startup_timeout),
        seconds(server.tool_timeout)
    ));
    lines.join("\n")
}

/// Returns what there is to say to a person of the login to a server.
fn note(server: &McpServer, login: McpLoginState) -> Option<String> {
    let id = &server.id;
    match login {
        McpLoginState::OfNoUse => None,
        McpLoginState::LoggedIn => Some("logged in".to_owned()),
        McpLoginState::Needed => Some(format!("needs login: `llmx mcp login {id}`")),
        McpLoginState::Unknown => Some("not logged in".to_owned()),
    }
}

/// Returns the same for a program.
fn word(login: McpLoginState) -> Option<&'static str> {
    match login {
        McpLoginState::OfNoUse => None,
        McpLoginState::LoggedIn => Some("logged_in"),
        McpLoginState::Needed => Some("needs_login"),
        McpLoginState::Unknown => Some("not_logged_in"),
    }
}

fn target(server: &McpServer) -> String {
    match &server.transport {
        McpTransport::Stdio { command, args, .. } => {
            let words: Vec<_> = [command]
                .into_iter()
                .chain(args)
                .map(String::as_str)
                .collect();
            words.join(" ")
        }
        McpTransport::Http { url, .. } => url.clone(),
    }
}

fn names<T>(pairs: &[(String, T)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

const DOTS: &str = "•••";
