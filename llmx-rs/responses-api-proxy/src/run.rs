//! Starts the proxy in the one order that keeps its promises: harden, read the key, be ready,
//! announce, serve.

use std::io::{self, Write as _};
use std::num::NonZero;
use std::sync::Arc;
use std::thread::{JoinHandle, available_parallelism};
use std::time::Duration;

use http::HeaderMap;
use llmx_serve::{AllowedUids, Ending, Limits, Listeners, Server, bind_loopback};
use llmx_upstream::{Client, ClientOptions, Endpoint, Exchange, Insecure, Target};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::args::Args;
use crate::bridged::Bridged;
use crate::dump::Dump;
use crate::error::ProxyError;
use crate::handler::{Forward, Proxy, Route};
use crate::protection::{self, Protection};
use crate::secret::Secret;
use crate::server_info;
use crate::state::State;
use crate::stop::Stop;

/// Runs the proxy until it is told to end.
///
/// Call it before any thread starts: hardening changes the environment.
pub fn run(args: Args) -> Result<(), ProxyError> {
    let hardening = llmx_process_hardening::harden();
    let endpoint = endpoint(&args)?;
    let (secret, of_page) = Secret::read(read_stdin)?;
    let mut protections = protection::of_process(&hardening);
    protections.extend(of_page);
    protections.push(protection::of_environment(
        secret.key(),
        std::env::vars_os(),
    ));
    report(&protections, args.require_hardening)?;
    raise_file_limit();
    let dumping = start_dump(&args, &secret, &endpoint)?;
    let (dump, writer) = dumping.unzip();
    let runtime = runtime().map_err(ProxyError::Runtime)?;
    let served = runtime.block_on(serve(args, endpoint, &secret, dump));
    drop(runtime);
    if let Some(writer) = writer {
        // A writer that panicked has said so itself; the proxy has done its work.
        let _panicked = writer.join();
    }
    served
}

fn endpoint(args: &Args) -> Result<Endpoint, ProxyError> {
    let insecure = if args.allow_insecure_upstream {
        Insecure::Allowed
    } else {
        Insecure::Refused
    };
    Ok(Endpoint::parse(&args.upstream_url, insecure)?)
}

fn start_dump(
    args: &Args,
    secret: &Secret,
    endpoint: &Endpoint,
) -> Result<Option<(Dump, JoinHandle<()>)>, ProxyError> {
    let Some(dir) = &args.dump_dir else {
        return Ok(None);
    };
    Dump::start(dir, secret.key(), endpoint.uri().to_string()).map(Some)
}

/// Says which protections do not hold, or refuses to go on without them.
fn report(protections: &[Protection], required: bool) -> Result<(), ProxyError> {
    let weak: Vec<_> = protections
        .iter()
        .filter(|protection| !protection.holds())
        .map(ToString::to_string)
        .collect();
    if required && !weak.is_empty() {
        return Err(ProxyError::NotHardened(weak.join("; ")));
    }
    for weakness in weak {
        say(&format!("warning: {weakness}"));
    }
    Ok(())
}

async fn serve(
    args: Args,
    endpoint: Endpoint,
    secret: &Secret,
    dump: Option<Dump>,
) -> Result<(), ProxyError> {
    let asked_to_stop = Arc::new(Notify::new());
    let proxy = Proxy {
        route: route(&args, endpoint, secret)?,
        shutdown: args.http_shutdown.then(|| Arc::clone(&asked_to_stop)),
        dump: dump.map(Arc::new),
    };
    let mut handlers: Vec<_> = (1..threads()).map(|_| proxy.for_another_thread()).collect();
    handlers.push(proxy);
    let mut stop = Stop::listen(asked_to_stop).map_err(ProxyError::Runtime)?;
    let listeners = listen(&args)?;
    announce(&args, &listeners)?;
    let server = Server {
        listeners,
        limits: Limits {
            grace: Duration::from_secs(args.shutdown_grace),
            ..Limits::default()
        },
        allowed: AllowedUids::new(args.allow_uid.clone()),
    };
    let ending = server
        .run_on_threads(handlers, stop.wait())
        .await
        .map_err(ProxyError::Runtime)?;
    remove_socket(&args);
    if let Ending::Cut(count) = ending {
        say(&format!(
            "warning: {count} connections were cut after the grace period of {} s",
            args.shutdown_grace
        ));
    }
    Ok(())
}

/// Prepares the way to the upstream, with its connections and certificates.
fn route(args: &Args, endpoint: Endpoint, secret: &Secret) -> Result<Route, ProxyError> {
    let options = ClientOptions {
        use_env_proxy: args.use_env_proxy,
        ..ClientOptions::default()
    };
    let Some(dialect) = args.bridge() else {
        return Ok(Route::Forward(Box::new(Forward {
            client: Client::new(&endpoint, options)?,
            endpoint,
            authorization: secret.header(),
        })));
    };
    let mut bridge = llmx_bridge::Options {
        stores: args.state_max_bytes > 0,
        ..llmx_bridge::Options::for_host(endpoint.uri().host().unwrap_or_default())
    };
    for (name, value) in &args.bridge_option {
        bridge.set(name, value)?;
    }
    let target = Target {
        bridge,
        endpoint,
        headers: HeaderMap::new(),
        credential: Some(secret.credential(dialect)),
        dialect,
        idle_timeout: options.answer_timeout,
    };
    teach_allocator();
    Ok(Route::Bridged(Box::new(Bridged {
        exchange: Exchange::new(target, args.use_env_proxy)?,
        body_limit: args.body_limit.saturating_mul(1 << 20),
        state: Arc::new(State::new(args.state_max_bytes)),
    })))
}

/// Makes a block that large known as ordinary, so that the memory of a body is used again for the
/// next one: glibc otherwise returns what it has not seen before to the system, and the kernel has
/// to clear every page of it anew.
fn teach_allocator() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(8 << 20)));
}

#[cfg(unix)]
fn listen(args: &Args) -> Result<Listeners, ProxyError> {
    let unix = args.unix_socket.as_deref().map(llmx_serve::bind_unix);
    let tcp = match (args.port, &unix) {
        (None, Some(_)) => None,
        (port, _) => Some(bind_loopback(port.unwrap_or(0))?),
    };
    Ok(Listeners {
        tcp,
        unix: unix.transpose()?,
    })
}

#[cfg(not(unix))]
fn listen(args: &Args) -> Result<Listeners, ProxyError> {
    Ok(Listeners {
        tcp: Some(bind_loopback(args.port.unwrap_or(0))?),
    })
}

/// Tells people and programs where the proxy listens; everything is ready by now.
fn announce(args: &Args, listeners: &Listeners) -> Result<(), ProxyError> {
    let address = listeners
        .tcp
        .as_ref()
        .map(tokio::net::TcpListener::local_addr);
    let port = address
        .transpose()
        .map_err(ProxyError::Runtime)?
        .map(|address| address.port());
    #[cfg(unix)]
    let socket = args.unix_socket.as_deref();
    #[cfg(not(unix))]
    let socket: Option<&std::path::Path> = None;
    if let Some(path) = &args.server_info {
        server_info::write(path, port, socket)?;
    }
    if let Some(port) = port {
        say(&format!(
            "responses-api-proxy listening on 127.0.0.1:{port}"
        ));
    }
    if let Some(socket) = socket {
        say(&format!(
            "responses-api-proxy listening on {}",
            socket.display()
        ));
    }
    Ok(())
}

fn remove_socket(args: &Args) {
    #[cfg(unix)]
    if let Some(path) = &args.unix_socket {
        // Someone may have removed it already; either way it is gone.
        let _gone = std::fs::remove_file(path);
    }
    #[cfg(not(unix))]
    let _no_sockets_here = args;
}

/// Two threads carry more than the agents of one machine ask for; each further one costs memory.
fn threads() -> usize {
    available_parallelism().map_or(1, NonZero::get).min(2)
}

/// The runtime of this thread, which only accepts connections and waits for signals.
fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_all()
        .build()
}

/// A stream takes two file descriptors; the usual soft limit of 1024 would end at 500 streams.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where it is refused, the limit stays as it was and connections wait for their turn.
        let _kept = setrlimit(Resource::Nofile, limit);
    }
}

/// Reads standard input without a buffer that would keep a copy of the key.
fn read_stdin(room: &mut [u8]) -> io::Result<usize> {
    #[cfg(unix)]
    {
        Ok(rustix::io::read(rustix::stdio::stdin(), room)?)
    }
    #[cfg(not(unix))]
    {
        use std::io::Read;
        use std::os::windows::io::AsHandle;
        let handle = io::stdin().as_handle().try_clone_to_owned()?;
        std::fs::File::from(handle).read(room)
    }
}

/// Tells the operator; that nobody reads standard error any more is no reason to end.
fn say(message: &str) {
    let _unread = writeln!(io::stderr(), "{message}");
}
