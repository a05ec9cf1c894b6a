//! Speaks the protocol through its official library, whose types stay in this file.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderName, HeaderValue};
use rmcp::ClientHandler;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest,
    Implementation, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ServerResult, Tool,
};
use rmcp::service::{
    ClientInitializeError, NotificationContext, Peer, PeerRequestOptions, RequestHandle,
    RoleClient, RunningServiceCancellationToken, ServiceError, ServiceExt as _,
};
use rmcp::transport::DynamicTransportError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig, StreamableHttpError,
};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::carrier::McpCarrier;
use super::child::{Child, GRACE, Tail};
use super::client::{Asking, Client, ClientFault};
use super::http::{Http, HttpFault};
use super::listing::{ListedTool, Listing};
use super::settings::McpReach;

/// A server that has said hello.
pub(crate) struct Connection {
    pub(crate) client: Arc<dyn Client>,
    quit: JoinHandle<()>,
    cancel: Option<RunningServiceCancellationToken>,
    child: Option<Child>,
    cut: Arc<Cut>,
}

/// Starts or reaches a server. Its standard error goes into `tail`; `changed` counts how often it
/// says that its tools have changed.
pub(crate) async fn open(
    reach: &McpReach,
    tail: &Tail,
    changed: watch::Sender<u64>,
) -> Result<Connection, String> {
    let listener = Listener { changed };
    let (service, child) = match reach {
        McpReach::Nowhere(why) => return Err(why.clone()),
        McpReach::Program {
            command,
            args,
            environment,
            cwd,
        } => {
            let (mut child, output, input) = Child::start(command, args, environment, cwd, tail)?;
            match listener.serve(AsyncRwTransport::new(output, input)).await {
                Ok(service) => (service, Some(child)),
                Err(error) => {
                    child.last_words().await;
                    return Err(match error {
                        ClientInitializeError::ConnectionClosed(_) => {
                            "it ended before it was ready".to_owned()
                        }
                        error => why(&error),
                    });
                }
            }
        }
        McpReach::Address {
            url,
            headers,
            carrier,
        } => {
            let transport = address(url, headers, carrier)?;
            let service = listener.serve(transport).await;
            (service.map_err(|error| why(&error))?, None)
        }
    };
    let cut = Arc::<Cut>::default();
    let client = Arc::new(Official {
        peer: service.peer().clone(),
        cut: Arc::clone(&cut),
    });
    let cancel = Some(service.cancellation_token());
    let quit = tokio::spawn(async move {
        // Why the connection ended makes no difference: it is over.
        let _reason = service.waiting().await;
    });
    Ok(Connection {
        client,
        quit,
        cancel,
        child,
        cut,
    })
}

/// Returns why a connection was not made, without the names of the types that it passed through.
fn why(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::TransportError { error, .. } => cause(error),
        error => error.to_string(),
    }
}

/// Returns what went wrong on the way, without the library's word before our own.
fn cause(error: &DynamicTransportError) -> String {
    match error.error.downcast_ref::<StreamableHttpError<HttpFault>>() {
        Some(StreamableHttpError::Client(fault)) => fault.to_string(),
        _ => error.error.to_string(),
    }
}

fn address(
    url: &str,
    headers: &[(String, String)],
    carrier: &Arc<dyn McpCarrier>,
) -> Result<StreamableHttpClientTransport<Http>, String> {
    let client = Http::new(Arc::clone(carrier));
    let headers = headers.iter().map(|(name, value)| {
        let invalid = || format!("its header `{name}` cannot be sent");
        let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        Ok::<_, String>((name, value))
    });
    let config = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(headers.collect::<Result<_, _>>()?);
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

impl Connection {
    /// Waits until the server has gone, and for what it has to say about that.
    pub(crate) async fn gone(&mut self) {
        let _joined = (&mut self.quit).await;
        if let Some(child) = &mut self.child {
            child.last_words().await;
        }
    }

    /// Says goodbye, and ends a server that is a program.
    pub(crate) async fn close(mut self) {
        let cut = std::mem::take(&mut *self.cut.lock().unwrap_or_else(PoisonError::into_inner));
        let _late = timeout(GRACE, cut.join_all()).await;
        if let Some(cancel) = self.cancel.take() {
            cancel.cancel();
        }
        if !self.quit.is_finished() {
            let _late = timeout(GRACE, &mut self.quit).await;
        }
        if let Some(child) = self.child.take() {
            child.end().await;
        }
    }
}

/// Hears what a server says of its own accord.
struct Listener {
    changed: watch::Sender<u64>,
}

impl ClientHandler for Listener {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.send_modify(|times| *times += 1);
    }

    fn get_info(&self) -> ClientConfig {
        let llmx = Implementation::new("llmx", env!("CARGO_PKG_VERSION"));
        let info = ClientConfig::new(ClientCapabilities::default(), llmx);
        // Every server there is knows the handshake, and this is the last version that has one.
        info.with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

struct Official {
    peer: Peer<RoleClient>,
    cut: Arc<Cut>,
}

/// Tells the server to stop what was given up.
type Cut = Mutex<JoinSet<()>>;

/// A call that the server is told to stop if this is dropped before the answer.
struct Asked<'a> {
    handle: Option<RequestHandle<RoleClient>>,
    cut: &'a Cut,
}

impl Asked<'_> {
    async fn answer(&mut self) -> Result<ServerResult, ClientFault> {
        let Some(handle) = &mut self.handle else {
            return Err(ClientFault::Gone);
        };
        let answer = (&mut handle.rx).await;
        self.handle = None;
        Ok(answer.map_err(|_| ClientFault::Gone)??)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        // Without a runtime the server is ending anyway.
        if let (Some(handle), Ok(runtime)) = (self.handle.take(), Handle::try_current()) {
            let telling = async {
                let _gone = handle.cancel(Some("it was given up".to_owned())).await;
            };
            let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
            cut.spawn_on(telling, &runtime);
        }
    }
}

impl Client for Official {
    fn list(&self) -> Asking<'_, Listing> {
        Box::pin(async {
            let info = self.peer.peer_info();
            let can = info.as_ref().map(|info| &info.capabilities);
            let mut listing = Listing {
                tools: Vec::new(),
                resources: can.is_some_and(|can| can.resources.is_some()),
            };
            if can.is_some_and(|can| can.tools.is_none()) {
                return Ok(listing);
            }
            let mut cursor = None;
            for _ in 0..MOST_PAGES {
                let page = self.peer.list_tools(Some(after(cursor))).await?;
                listing.tools.extend(page.tools.into_iter().map(listed));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            Ok(listing.bounded())
        })
    }

    fn call(&self, tool: String, arguments: Map<String, Value>) -> Asking<'_, Value> {
        Box::pin(async move {
            let call = CallToolRequestParams::new(tool).with_arguments(arguments);
            let call = ClientRequest::CallToolRequest(CallToolRequest::new(call));
            let options = PeerRequestOptions::no_options();
            let asked = self.peer.send_cancellable_request(call, options).await;
            // An error here means that nobody was there to take the request.
            let asked = asked.map_err(|error| match ClientFault::from(error) {
                ClientFault::Gone => ClientFault::Unsent,
                fault => fault,
            })?;
            let mut asked = Asked {
                handle: Some(asked),
                cut: &self.cut,
            };
            match asked.answer().await? {
                ServerResult::CallToolResult(result) => encoded(&result),
                ServerResult::InputRequiredResult(_) => Err(ClientFault::AsksBack),
                _ => Err(ClientFault::Strange(
                    "a call is answered with something else".to_owned(),
                )),
            }
        })
    }

    fn resources(&self) -> Asking<'_, Value> {
        Box::pin(async {
            let (mut resources, mut cursor) = (Vec::new(), None);
            for _ in 0..MOST_PAGES {
                let page = self.peer.list_resources(Some(after(cursor))).await?;
                resources.extend(page.resources);
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            // Templates are an extra that few servers know.
            let templates = self.peer.list_resource_templates(None).await;
            let templates = templates.map(|page| page.resource_templates);
            Ok(json!({
                "resources": encoded(&resources)?,
                "templates": encoded(&templates.unwrap_or_default())?,
            }))
        })
    }

    fn read(&self, uri: String) -> Asking<'_, Value> {
        Box::pin(async move {
            let request = ReadResourceRequestParams::new(uri);
            match self.peer.read_resource_once(request).await? {
                ReadResourceResponse::Complete(result) => encoded(&result),
                _ => Err(ClientFault::AsksBack),
            }
        })
    }
}

fn after(cursor: Option<String>) -> PaginatedRequestParams {
    PaginatedRequestParams::default().with_cursor(cursor)
}

fn listed(tool: Tool) -> ListedTool {
    let hints = tool.annotations.as_ref();
    let description = tool.description.or_else(|| tool.title.map(Into::into));
    ListedTool {
        name: tool.name.into_owned(),
        description: description.unwrap_or_default().into_owned(),
        read_only: hints.and_then(|hints| hints.read_only_hint) == Some(true),
        schema: Arc::unwrap_or_clone(tool.input_schema),
    }
}

fn encoded(value: &impl serde::Serialize) -> Result<Value, ClientFault> {
    serde_json::to_value(value).map_err(|error| ClientFault::Strange(error.to_string()))
}

impl From<ServiceError> for ClientFault {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::McpError(error) => Self::Refused(error.message.into_owned()),
            ServiceError::TransportClosed | ServiceError::Cancelled { .. } => Self::Gone,
            ServiceError::TransportSend(error) if is_broken_pipe(&error) => Self::Gone,
            ServiceError::TransportSend(error) => Self::Refused(cause(&error)),
            error => Self::Strange(error.to_string()),
        }
    }
}

/// Returns whether nobody reads what is written: a program has ended, and that is not noticed yet.
fn is_broken_pipe(error: &DynamicTransportError) -> bool {
    let error = error.error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// A server that never stops listing is not listened to for ever.
const MOST_PAGES: usize = 64;
