//! The tools that read files without a command: `read_file`, `list_dir`, `grep`.

mod grep;
mod list_dir;
mod read_file;
mod reading;
mod size;
mod view;

pub(crate) use grep::Grep;
pub(crate) use list_dir::ListDir;
pub(crate) use read_file::ReadFile;
pub(crate) use reading::{Answer, Reading, Stop};
pub(crate) use size::human;
pub(crate) use view::View;
