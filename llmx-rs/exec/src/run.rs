//! One headless run: prompt, session, output, end.

use std::ffi::OsString;
use std::future::pending;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Error;
use llmx_config::Config;
use llmx_core::turn::Bounds;
use llmx_core::{AskFault, Beginning, Origin, OutputSchema, Session, StartFault, System};
use llmx_protocol::{ApprovalPolicy, ErrorCode, Op, Prompt, ThreadEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::ending::Ending;
use crate::human::{Human, Screen};
use crate::last_message::LastMessageFile;
use crate::output::{self, Report, Style};
use crate::stdin::Stdin;
use crate::stop::{self, Stop};
use crate::{images, json, output_schema, prompt};

/// What a person asks of a run.
#[derive(Debug, Clone, Default)]
pub struct ExecArgs {
    /// The prompt; `-` or nothing means stdin.
    pub prompt: Option<String>,
    /// Files of pictures that go with the prompt.
    pub images: Vec<PathBuf>,
    /// How the conversation begins.
    pub beginning: Beginning,
    /// Whether stdout holds JSON lines instead of the last message.
    pub json: bool,
    /// Whether nothing of the session is written down.
    pub ephemeral: bool,
    /// Whether the JSON lines show answers while they grow.
    pub json_deltas: bool,
    /// What the turn may take.
    pub bounds: Bounds,
    /// How long the turn may take.
    pub timeout: Option<Duration>,
    /// The file of the JSON schema that the final answer must match.
    pub output_schema: Option<PathBuf>,
    /// Where the last message is written besides.
    pub output_last_message: Option<PathBuf>,
}

/// The ends of the process that a run touches.
pub struct Io {
    /// Where a prompt may come from.
    pub stdin: Stdin,
    /// Where results go.
    pub stdout: Box<dyn Write + Send>,
    /// Where everything else goes.
    pub stderr: Box<dyn Write + Send>,
    /// Requests to stop.
    pub stops: mpsc::Receiver<Stop>,
    /// The environment; commands see it without the secrets.
    pub environment: Vec<(OsString, OsString)>,
}

/// Runs one prompt with the streams, the signals and the environment of this process.
///
/// It must be called within a tokio runtime that has IO and time enabled.
pub async fn run(config: Config, args: ExecArgs) -> Ending {
    let stops = match stop::listen() {
        Ok(stops) => stops,
        Err(error) => {
            let _unread = writeln!(io::stderr(), "error: signals cannot be received: {error}");
            return Ending::Setup;
        }
    };
    let io = Io {
        stdin: Stdin::of_process(),
        stdout: match io::stdout().is_terminal() {
            true => Box::new(Screen(io::stdout())),
            false => Box::new(io::stdout()),
        },
        stderr: Box::new(io::stderr()),
        stops,
        environment: std::env::vars_os().collect(),
    };
    run_with(config, args, io).await
}

/// Runs one prompt with `io` in place of the process.
pub async fn run_with(mut config: Config, args: ExecArgs, io: Io) -> Ending {
    // Nobody is there to be asked.
    config.approval_policy = ApprovalPolicy::Never;
    let Io {
        stdin,
        mut stdout,
        mut stderr,
        mut stops,
        environment,
    } = io;
    let gathering = gather(&args, &config.home, stdin, &mut *stderr);
    let task = tokio::select! {
        task = gathering => task,
        Some(stop) = stops.recv() => {
            refuse(args.json, "interrupted", &mut *stdout, &mut *stderr);
            return Ending::Stopped(stop);
        }
    };
    let Task {
        prompt,
        output_schema,
    } = match task {
        Ok(task) => task,
        Err(message) => {
            refuse(args.json, &message, &mut *stdout, &mut *stderr);
            return Ending::Usage;
        }
    };
    let origin = Origin {
        source: "exec",
        environment,
        bounds: args.bounds,
        ephemeral: args.ephemeral,
        previews: args.json_deltas,
        output_schema,
    };
    let (session, file) = match prepare(&config, origin, &args) {
        Ok(prepared) => prepared,
        Err((ending, message)) => {
            refuse(args.json, &message, &mut *stdout, &mut *stderr);
            return ending;
        }
    };
    let style = if args.json {
        Style::Json
    } else {
        Human::begin(&config, session.thread_id().as_str(), &mut *stderr);
        Style::Human(Human::default())
    };
    let (ops, ops_in) = mpsc::channel(OPS);
    let (events_out, events) = mpsc::channel(EVENTS);
    // The channel is empty, so there is room.
    let _sent = ops.try_send(Op::UserTurn { prompt });
    let report = output::start(style, events, ops.clone(), stdout, stderr);
    let work = session.run(ops_in, events_out);
    match finish(work, report, &ops, &mut stops, args.timeout).await {
        Ok(report) => conclude(report, file.as_ref()),
        Err(stop) => Ending::Stopped(stop),
    }
}

/// What a run is about.
struct Task {
    prompt: Prompt,
    output_schema: Option<Arc<OutputSchema>>,
}

/// Reads what the run is about, or says what of it cannot be used. Files come first: they need no
/// waiting for.
async fn gather(
    args: &ExecArgs,
    home: &Path,
    stdin: Stdin,
    notices: &mut dyn Write,
) -> Result<Task, String> {
    let told = |error: Error| format!("{error:#}");
    let schema = args.output_schema.as_deref().map(output_schema::read);
    let schema = schema.transpose().map_err(told)?;
    let images = images::read_all(&args.images).map_err(told)?;
    let argument = prompt::expand(args.prompt.clone(), home, notices);
    let argument = argument.map_err(|none| none.message())?;
    let text = prompt::resolve(argument, stdin, notices).await;
    let text = text.map_err(|none| none.message())?;
    Ok(Task {
        prompt: Prompt { text, images },
        output_schema: schema.map(Arc::new),
    })
}

/// Does everything that can fail before the first request.
fn prepare(
    config: &Config,
    origin: Origin,
    args: &ExecArgs,
) -> Result<(Session, Option<LastMessageFile>), (Ending, String)> {
    let file = args.output_last_message.clone();
    let file = file.map(LastMessageFile::check).transpose();
    let file = file.map_err(|error| (Ending::Setup, format!("{error:#}")))?;
    let session = Session::open(config, origin, &args.beginning, Arc::new(System));
    // The sentence of a fault names its causes already.
    let session = session.map_err(|fault| (of_start(&fault), fault.to_string()))?;
    Ok((session, file))
}

/// Tells what the user has written from what this machine cannot do.
fn of_start(fault: &StartFault) -> Ending {
    match fault {
        StartFault::Rules(_)
        | StartFault::Provider {
            cause: AskFault::Provider(_),
            ..
        } => Ending::Usage,
        StartFault::Provider { .. } | StartFault::Record(_) | StartFault::Read(_) => Ending::Setup,
    }
}

/// Says why nothing was done: on stderr, and to programs that read events also on stdout.
fn refuse(json: bool, message: &str, stdout: &mut dyn Write, stderr: &mut dyn Write) {
    let _unread = writeln!(stderr, "error: {message}");
    if json {
        let message = message.to_owned();
        let _unread = json::print(&ThreadEvent::Error { message }, stdout);
    }
}

/// Runs the session and its printing to the end. A first signal asks the session to end in order;
/// a second one, or too long a wait after the first, ends the run as it is.
async fn finish(
    work: impl Future<Output = ()>,
    report: oneshot::Receiver<Report>,
    ops: &mpsc::Sender<Op>,
    stops: &mut mpsc::Receiver<Stop>,
    timeout: Option<Duration>,
) -> Result<Report, Stop> {
    let done = async {
        work.await;
        report.await.unwrap_or_default()
    };
    tokio::pin!(done);
    let expired = async {
        match timeout {
            Some(timeout) => sleep(timeout).await,
            None => pending().await,
        }
    };
    let stop = tokio::select! {
        report = &mut done => return Ok(report),
        Some(stop) = stops.recv() => stop,
        () = expired => {
            let _sent = ops.try_send(Op::Expire);
            tokio::select! {
                report = &mut done => return Ok(report),
                Some(stop) = stops.recv() => stop,
            }
        }
    };
    // A full channel already holds an operation that ends the turn.
    let _sent = ops.try_send(Op::Shutdown);
    tokio::select! {
        report = &mut done => {
            // The signal may have come when everything was done.
            if report.completed { Ok(report) } else { Err(stop) }
        }
        Some(stop) = stops.recv() => Err(stop),
        () = sleep(GRACE) => Err(stop),
    }
}

fn conclude(mut report: Report, file: Option<&LastMessageFile>) -> Ending {
    let stderr = &mut report.stderr;
    if let Some(fault) = &report.fault {
        if fault.kind() == io::ErrorKind::BrokenPipe {
            return Ending::OutputClosed;
        }
        let _unread = writeln!(stderr, "error: stdout cannot be written: {fault}");
        return Ending::Setup;
    }
    if !report.completed {
        return match report.code {
            Some(ErrorCode::MaxTurns) => Ending::MaxTurns,
            Some(ErrorCode::MaxCost) => Ending::MaxCost,
            Some(ErrorCode::Timeout) => Ending::Timeout,
            Some(ErrorCode::OutputSchema) => Ending::OutputSchema,
            Some(ErrorCode::Blocked | ErrorCode::Interrupted) | None => Ending::TurnFailed,
        };
    }
    let message = report.last_message.as_deref();
    if message.is_none() {
        let _unread = writeln!(stderr, "warning: the agent said nothing");
    }
    if let Some(file) = file
        && let Err(error) = file.write(message.unwrap_or_default())
    {
        let _unread = writeln!(stderr, "error: {error:#}");
        return Ending::Setup;
    }
    Ending::Completed
}

const OPS: usize = 4;
const EVENTS: usize = 64;
/// What the end of a turn may take once a signal has asked for it.
const GRACE: Duration = Duration::from_secs(5);
