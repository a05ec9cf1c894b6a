//! `llmx mcp-server`: the agent as a tool of other agents, over standard input and output.

mod task;
mod work;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use llmx_core::Beginning;
use llmx_core::sessions;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    InitializeResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer, ServiceExt as _};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ErrorData, ServerHandler};
use serde_json::json;
use tokio::runtime::Builder;

use self::task::{Reply, Task};
use self::work::Done;
use crate::args::McpServerArgs;
use crate::failure::Failure;

/// Serves until the other side closes standard input.
pub(crate) fn run(args: McpServerArgs) -> Result<ExitCode, Failure> {
    // The agent's commands run as the same user: without this they could read the key from /proc.
    let _best_effort = llmx_process_hardening::hide_memory();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let served = runtime.block_on(serve(args.overrides));
    // A thread may still wait for input that never comes; sessions end with the runtime.
    runtime.shutdown_timeout(GRACE);
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(overrides: Vec<String>) -> anyhow::Result<()> {
    let agent = Agent {
        overrides,
        tasks: Mutex::default(),
    };
    let transport = AsyncRwTransport::new(tokio::io::stdin(), tokio::io::stdout());
    let service = agent.serve(transport).await;
    let service = service.context("the other side does not speak MCP")?;
    service.waiting().await.context("the server broke off")?;
    Ok(())
}

/// The agent, as a server.
struct Agent {
    /// Settings of every conversation.
    overrides: Vec<String>,
    /// How each conversation was begun, by its id: so it goes on.
    tasks: Mutex<BTreeMap<String, Task>>,
}

impl ServerHandler for Agent {
    fn get_info(&self) -> ServerConfig {
        let tools = ServerCapabilities::builder().enable_tools().build();
        InitializeResult::new(tools)
            .with_server_info(Implementation::new("llmx", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![
            task::begin_tool(),
            task::reply_tool(),
        ]))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = call.arguments.unwrap_or_default();
        let cancelled = context.ct.cancelled();
        let done = match call.name.as_ref() {
            task::BEGIN => match Task::read(arguments) {
                Ok((task, prompt)) => self.begin(task, prompt, cancelled).await,
                Err(why) => Err(why),
            },
            task::REPLY => match Reply::read(arguments) {
                Ok(reply) => self.go_on(reply, cancelled).await,
                Err(why) => Err(why),
            },
            other => {
                let message = format!("there is no tool `{other}`");
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        Ok(answer(done).into())
    }
}

impl Agent {
    async fn begin(
        &self,
        task: Task,
        prompt: String,
        cancelled: impl Future<Output = ()>,
    ) -> Result<Done, String> {
        let config = task.config(&self.overrides)?;
        let done = work::run(config, &Beginning::New, prompt, cancelled).await?;
        self.tasks().insert(done.conversation.clone(), task);
        Ok(done)
    }

    async fn go_on(
        &self,
        reply: Reply,
        cancelled: impl Future<Output = ()>,
    ) -> Result<Done, String> {
        let Reply {
            conversation,
            prompt,
        } = reply;
        // A conversation of an earlier run of this server goes on with the settings of today.
        let known = self.tasks().get(&conversation).cloned();
        let config = known.unwrap_or_default().config(&self.overrides)?;
        let file = sessions::find(&config.home, &conversation).map_err(|none| none.to_string())?;
        work::run(config, &Beginning::Resume(file), prompt, cancelled).await
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says it twice: for programs, and for models that see only text.
fn answer(done: Result<Done, String>) -> CallToolResult {
    match done {
        Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        Ok(done) => {
            let id = &done.conversation;
            let content = vec![
                ContentBlock::text(done.message.as_str()),
                ContentBlock::text(format!("conversationId: {id} (for `{}`)", task::REPLY)),
            ];
            let mut result = if done.failed {
                CallToolResult::error(content)
            } else {
                CallToolResult::success(content)
            };
            result.structured_content = Some(json!({
                "conversationId": id,
                "content": done.message,
                "notices": done.notices,
            }));
            result
        }
    }
}

/// What sessions get to end with the server.
const GRACE: Duration = Duration::from_secs(1);
