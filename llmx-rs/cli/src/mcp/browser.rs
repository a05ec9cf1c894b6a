//! Opens an address in the browser of the person.

use std::process::{Command, Stdio};
use std::thread;

/// Returns whether a browser was started. The address stands alone in its argument, and it begins
/// with http, so that nothing takes it for an option.
pub(crate) fn open(address: &str) -> bool {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        // `start` would give the address to a shell.
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return false;
    }
    let started = Command::new(program)
        .args(before)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(mut child) => {
            // Some of them stay for as long as the browser does.
            thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}
