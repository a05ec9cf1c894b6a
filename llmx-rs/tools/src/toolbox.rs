//! The tools of one conversation, by name.

use std::sync::Arc;

use crate::confine::Confinement;
use crate::files::{Grep, ListDir, ReadFile};
use crate::image::ViewImage;
use crate::patch::ApplyPatch;
use crate::plan::UpdatePlan;
use crate::shell::Shell;
use crate::tool::{Input, Job, Tool, ToolSpec};

/// The tools of one conversation.
#[derive(Debug)]
pub struct Toolbox {
    tools: Vec<Box<dyn Tool>>,
}

impl Toolbox {
    /// Opens the tools of a session whose commands are held like this.
    pub fn new(confinement: Confinement) -> Self {
        let confinement = Arc::new(confinement);
        Self {
            tools: vec![
                Box::new(Shell::new(Arc::clone(&confinement))),
                Box::new(ApplyPatch::new(Arc::clone(&confinement))),
                Box::new(ReadFile {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(ListDir {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(Grep {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(ViewImage { confinement }),
                Box::new(UpdatePlan),
            ],
        }
    }

    /// Returns what the model is offered.
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec()).collect()
    }

    /// Reads a call of the tool `name`; a refusal is told to the model and to the person.
    pub fn prepare(&self, name: &str, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let specs = self.specs();
        let tool = specs
            .iter()
            .zip(&self.tools)
            .find(|(spec, _)| spec.name == name);
        let Some((_, tool)) = tool else {
            let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
            return Err(format!(
                "there is no tool `{name}`; the tools are {}",
                names.join(", ")
            ));
        };
        tool.prepare(input)
            .map_err(|why| format!("the call of `{name}` cannot be read: {why}"))
    }
}
