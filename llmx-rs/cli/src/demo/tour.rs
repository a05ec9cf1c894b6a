//! The way through the demonstration, hop by hop.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use llmx_demo::{FILE, OUTPUT, Options, ScriptedModel};
use tempfile::TempDir;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::agent::{Agent, Place};
use super::check::{Check, Verdict};
use super::inspect;
use super::narrator::Narrator;
use super::proxy::Proxy;

/// Walks the whole way and returns success if every claim held.
pub(super) async fn run() -> anyhow::Result<ExitCode> {
    let mut narrator = Narrator::new();
    narrator.say(OPENING)?;
    let stage = Stage::set()?;
    let model = raise_provider(&stage, &mut narrator)?;
    let proxy = raise_proxy(&stage, &model, &mut narrator).await?;
    let agent = send_agent(&stage, &proxy, &mut narrator)?;
    let mut checks = vec![inspect::proxy_check(proxy.pid())];
    let answer = accompany(agent, &stage, &model, &mut narrator, &mut checks).await?;
    narrator.chapter("Result    what the agent answered:")?;
    narrator.quote(&answer)?;
    checks.extend(outcome(&stage, &model, &answer));
    checks.extend(clear_away(stage, proxy, &mut narrator).await?);
    narrator.chapter("Checks    made on this very run:")?;
    for check in &checks {
        narrator.check(check)?;
    }
    if checks.iter().any(|check| check.verdict == Verdict::Broken) {
        bail!("a claim of the demonstration does not hold");
    }
    narrator.say(CLOSING)?;
    Ok(ExitCode::SUCCESS)
}

/// What exists before anyone acts.
struct Stage {
    program: std::path::PathBuf,
    directory: TempDir,
    key: String,
}

impl Stage {
    fn set() -> anyhow::Result<Self> {
        let directory =
            TempDir::with_prefix("llmx-demo-").context("no temporary directory can be made")?;
        for name in ["home", "workspace"] {
            std::fs::create_dir(directory.path().join(name))?;
        }
        Ok(Self {
            program: env::current_exe().context("the program does not know where it is")?,
            directory,
            key: format!("demo-key-{}", Uuid::now_v7().simple()),
        })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

fn raise_provider(stage: &Stage, narrator: &mut Narrator) -> anyhow::Result<ScriptedModel> {
    let model = ScriptedModel::start(Options {
        required_key: Some(stage.key.clone()),
        hold_report: true,
    })?;
    narrator.chapter("Provider  a scripted model that refuses every request without its key")?;
    narrator.explain(&format!("It listens on {}.", model.base_url()))?;
    narrator.explain("Its key is made up for this run and will be worthless after it.")?;
    Ok(model)
}

async fn raise_proxy(
    stage: &Stage,
    model: &ScriptedModel,
    narrator: &mut Narrator,
) -> anyhow::Result<Proxy> {
    let upstream = format!("{}/responses", model.base_url());
    let info = stage.path("server-info.json");
    narrator.chapter("Proxy     a process of its own that reads the key from standard input")?;
    narrator.command(&format!(
        "printenv KEY | env -u KEY llmx responses-api-proxy --http-shutdown --server-info {} --upstream-url {upstream}",
        info.display()
    ))?;
    let proxy = Proxy::start(&stage.program, &upstream, &info, &stage.key).await?;
    narrator.explain(&format!(
        "Process {} holds the key and listens on 127.0.0.1:{}.",
        proxy.pid().unwrap_or_default(),
        proxy.port()
    ))?;
    Ok(proxy)
}

fn send_agent(stage: &Stage, proxy: &Proxy, narrator: &mut Narrator) -> anyhow::Result<Agent> {
    let provider = format!(
        "model_providers.demo-proxy={{ name = 'Demo Proxy', base_url = 'http://127.0.0.1:{}/v1', wire_api = 'responses' }}",
        proxy.port()
    );
    let args = [
        "exec",
        "-c",
        &provider,
        "-c",
        "model_provider=demo-proxy",
        "-m",
        "demo",
        "-s",
        "danger-full-access",
        PROMPT,
    ]
    .map(str::to_owned);
    narrator.chapter("Agent     a process of its own that knows the proxy's address and no key")?;
    let shown = args
        .iter()
        .map(|arg| quote(arg))
        .collect::<Vec<_>>()
        .join(" ");
    narrator.command(&format!("llmx {shown}"))?;
    let (home, workspace) = (stage.path("home"), stage.path("workspace"));
    let place = Place {
        home: &home,
        workspace: &workspace,
    };
    let agent = Agent::start(&stage.program, &args, &place)?;
    narrator.explain(&format!(
        "Process {} works in {} and says:",
        agent.pid().unwrap_or_default(),
        workspace.display()
    ))?;
    Ok(agent)
}

/// Follows the agent to its end; looks into it while it waits for its last answer.
async fn accompany(
    mut agent: Agent,
    stage: &Stage,
    model: &ScriptedModel,
    narrator: &mut Narrator,
    checks: &mut Vec<Check>,
) -> anyhow::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        tokio::select! {
            line = agent.next_line() => match line? {
                Some(line) => narrator.quote(&line)?,
                None => break,
            },
            () = model.report_is_held() => {
                // It has worked, and waits: whatever it was given, it holds now.
                let control = stage.path("workspace").display().to_string();
                checks.extend(inspect::checks(agent.pid(), &stage.key, &control));
                model.release_report();
            }
            () = sleep_until(deadline) => bail!("the agent is not done after {PATIENCE:?}"),
        }
    }
    let (answer, status) = agent.finish().await?;
    checks.push(Check::new(
        "the agent ended with exit code 0",
        status.success(),
    ));
    Ok(answer)
}

/// Checks what provider and workspace say afterwards.
fn outcome(stage: &Stage, model: &ScriptedModel, answer: &str) -> Vec<Check> {
    let sightings = model.sightings();
    let count = sightings.len();
    let with_key = sightings.iter().filter(|sighting| sighting.had_key).count();
    vec![
        Check::new(
            format!(
                "the provider got {count} requests from the proxy, {with_key} of them with the key"
            ),
            count == REQUESTS && with_key == count,
        ),
        Check::new(
            format!("the agent wrote {FILE}"),
            stage.path("workspace").join(FILE).is_file(),
        ),
        Check::new(
            format!("the agent ran {FILE} and reported what it printed"),
            answer.contains(OUTPUT),
        ),
    ]
}

/// Ends the proxy and removes every file; says what came of it.
async fn clear_away(
    stage: Stage,
    proxy: Proxy,
    narrator: &mut Narrator,
) -> anyhow::Result<[Check; 2]> {
    let ended = match proxy.shut_down().await {
        Ok(()) => true,
        Err(error) => {
            narrator.explain(&format!("{error:#}"))?;
            false
        }
    };
    let directory = stage.directory.path().to_owned();
    stage
        .directory
        .close()
        .context("the temporary directory cannot be removed")?;
    Ok([
        Check::new(
            "the proxy ended when asked over HTTP, with exit code 0",
            ended,
        ),
        Check::new(
            "nothing is left behind: both processes have ended, the temporary files are gone",
            ended && !directory.exists(),
        ),
    ])
}

fn quote(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:".contains(c);
    match arg {
        arg if arg.chars().all(plain) => arg.to_owned(),
        arg if arg.contains('\'') => format!("\"{arg}\""),
        arg => format!("'{arg}'"),
    }
}

/// One request for each thing the model does: write, run, report.
const REQUESTS: usize = 3;

/// The whole takes about a second.
const PATIENCE: Duration = Duration::from_secs(30);

const PROMPT: &str = "Write a small program, run it and tell me what it prints.";

const OPENING: &str = "\
llmx lets a coding agent use a model without ever seeing its API key. Watch it work:

   agent  ──────▶  proxy  ──────▶  provider
   does the work   holds the key   wants the key
   has no key      adds it         answers";

const CLOSING: &str = "
That was the real proxy and the real agent; only the provider was a stand-in. With your own key:

   $ printenv OPENAI_API_KEY | env -u OPENAI_API_KEY llmx responses-api-proxy --http-shutdown --server-info /tmp/server-info.json

and, as any other user, what docs/two-users.md shows.";
