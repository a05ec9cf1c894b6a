//! Shows a server to people and to programs; secrets are dots to both.

use std::time::Duration;

use llmx_config::{McpServer, McpTransport};
use serde_json::{Map, Value, json};

/// Returns a server as JSON.
pub(crate) fn as_json(server: &McpServer) -> Value {
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
        "enabled_tools": server.enabled_tools,
        "disabled_tools": server.disabled_tools,
        "startup_timeout_sec": seconds(server.startup_timeout),
        "tool_timeout_sec": seconds(server.tool_timeout),
    })
}

/// Returns a server as a line of a list.
pub(crate) fn in_a_line(server: &McpServer) -> String {
    let state = if server.enabled { "" } else { "  (disabled)" };
    format!("{:20} {}{state}\n", server.id, target(server))
}

/// Returns everything there is to know of a server.
pub(crate) fn in_full(server: &McpServer) -> String {
    let mut lines = vec![
        server.id.clone(),
        format!("  enabled: {}", server.enabled),
        format!("  reached: {}", target(server)),
    ];
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
