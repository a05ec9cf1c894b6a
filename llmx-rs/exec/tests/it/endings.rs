//! How runs end that do not go well: each has a reason and a code.

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use llmx_exec::{Ending, ExecArgs, Stop};
use llmx_test_support::{ScriptedUpstream, Step};

use crate::bench::{Bench, kinds, lines, message, provider, shell};

#[tokio::test]
async fn a_refused_a_cut_and_an_unreachable_run_fail_with_one_reason() {
    let refused = vec![Step::json(400, r#"{"error":{"message":"no such model"}}"#)];
    let cut = vec![Step::sse_head(), Step::Close];
    for (reply, expected) in [
        (Some(refused), "400 Bad Request: no such model"),
        (Some(cut), "the stream was cut"),
        (None, "cannot be reached"),
    ] {
        let upstream = reply.map(|reply| ScriptedUpstream::with_replies(vec![reply]));
        let url = upstream
            .as_ref()
            .map_or_else(free_url, |upstream| upstream.url("/v1"));

        let (ending, out, err) = Bench::new(&url).run().await;
        assert_eq!(
            (ending, ending.code(), out.as_str()),
            (Ending::TurnFailed, 1, "")
        );
        let last = err.lines().last().unwrap();
        assert!(
            last.starts_with("error: ") && last.contains(expected),
            "{err}"
        );
        let errors = err.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{err}");

        let (ending, out, err) = Bench::new(&url).json().run().await;
        assert_eq!((ending, err.as_str()), (Ending::TurnFailed, ""));
        let last = lines(&out).pop().unwrap();
        assert_eq!(last["type"], "turn.failed");
        assert!(
            last["error"]["message"]
                .as_str()
                .unwrap()
                .contains(expected),
            "{last}"
        );
    }
}

#[tokio::test]
async fn a_run_without_a_prompt_is_a_usage_error() {
    let mut bench = Bench::new("http://127.0.0.1:9").json();
    bench.args.prompt = None;
    let (ending, out, err) = bench.run().await;
    assert_eq!((ending, ending.code()), (Ending::Usage, 2));
    assert_eq!(err, "error: the prompt is empty\n");
    assert_eq!(
        out,
        "{\"type\":\"error\",\"message\":\"the prompt is empty\"}\n"
    );
}

#[tokio::test]
async fn what_this_machine_cannot_do_is_named_before_any_request() {
    let upstream = provider(vec![vec![message("unseen")]]);
    let mut no_home = Bench::new(&upstream.url("/v1"));
    std::fs::write(&no_home.config.home, "a file").unwrap();
    let mut no_file = Bench::new(&upstream.url("/v1"));
    no_file.args.output_last_message = Some("/no/such/directory/out".into());
    no_home.args = ExecArgs {
        json: true,
        ..no_home.args
    };
    for (bench, expected) in [
        (no_home, "the session file "),
        (no_file, "the output file "),
    ] {
        let (ending, _, err) = bench.run().await;
        assert_eq!((ending, ending.code()), (Ending::Setup, 3));
        assert!(
            err.starts_with("error: ") && err.contains(expected),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    assert_eq!(upstream.requests().len(), 0);
}

#[tokio::test]
async fn a_signal_ends_the_turn_in_order() {
    for (stop, code) in [
        (Stop::Interrupt, 130),
        (Stop::Terminate, 143),
        (Stop::HangUp, 129),
    ] {
        let upstream = provider(vec![vec![shell("c1", "sleep 60")]]);
        let bench = Bench::new(&upstream.url("/v1")).json();
        let (signal, out) = (bench.stop.clone(), bench.stdout.clone());
        let stopping = async {
            while !out.text().contains("item.started") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            signal.send(stop).await.unwrap();
        };
        let begun = Instant::now();
        let ((ending, out, _), ()) = tokio::join!(bench.run(), stopping);
        assert!(begun.elapsed() < Duration::from_secs(4), "within the grace");
        assert_eq!((ending, ending.code()), (Ending::Stopped(stop), code));
        assert_eq!(
            kinds(&out),
            [
                "thread.started",
                "turn.started",
                "item.started",
                "item.completed",
                "turn.failed"
            ]
        );
    }
}

#[tokio::test]
async fn a_real_sigterm_is_heard() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::AwaitHangup]]);
    let bench = Bench::new(&upstream.url("/v1"));
    // Only this test listens, so only this run ends.
    let run = llmx_exec::run(bench.config, bench.args);
    let signalling = async {
        while upstream.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let this = rustix::process::getpid();
        rustix::process::kill_process(this, rustix::process::Signal::TERM).unwrap();
    };
    let (ending, ()) = tokio::join!(run, signalling);
    assert_eq!(ending, Ending::Stopped(Stop::Terminate));
}

#[tokio::test]
async fn a_closed_stdout_ends_the_turn_quietly() {
    let upstream = provider(vec![vec![shell("c1", "sleep 60")]]);
    let bench = Bench::new(&upstream.url("/v1")).json();
    // The directory would go with the bench.
    let (directory, stderr) = (Arc::clone(&bench.directory), bench.stderr.clone());
    let ending = bench.run_onto(Box::new(Closed { writes: 2 })).await;
    assert_eq!((ending, ending.code()), (Ending::OutputClosed, 141));
    assert_eq!(stderr.text(), "");
    assert!(last_line(&directory.path().join("home/sessions")).contains("turn_aborted"));
}

#[tokio::test]
async fn a_stdout_that_nobody_reads_does_not_keep_a_signal_from_ending_the_run() {
    let upstream = provider(vec![vec![message("done")]]);
    let bench = Bench::new(&upstream.url("/v1")).json();
    let signal = bench.stop.clone();
    let stopping = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            signal.send(Stop::Interrupt).await.unwrap();
        }
    };
    let (_reader, writer) = io::pipe().unwrap();
    let begun = Instant::now();
    let (ending, ()) = tokio::join!(bench.run_onto(Box::new(Stuck(writer))), stopping);
    assert_eq!(ending, Ending::Stopped(Stop::Interrupt));
    assert!(begun.elapsed() < Duration::from_secs(4), "within the grace");
}

/// A stdout whose reader goes away after some writes.
struct Closed {
    writes: usize,
}

impl Write for Closed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.writes.checked_sub(1) {
            Some(left) => self.writes = left,
            None => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stdout whose reader sleeps: every write fills the pipe first.
struct Stuck(io::PipeWriter);

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        self.0.write_all(&[b'x'; 1 << 20])?;
        Ok(1)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn free_url() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", free.local_addr().unwrap())
}

fn last_line(sessions: &std::path::Path) -> String {
    let mut path = sessions.to_owned();
    while path.is_dir() {
        path = std::fs::read_dir(path)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
    }
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().last().unwrap().to_owned()
}
