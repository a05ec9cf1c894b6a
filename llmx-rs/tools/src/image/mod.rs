//! The tool `view_image`: shows a picture to the model.

mod kind;

use std::io::Read as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::confine::Confinement;
use crate::fields::Fields;
use crate::files::{Answer, Reading, Stop, View, human};
use crate::tool::{Input, Job, Said, Takes, Tool, ToolSpec};

pub(crate) use self::kind::Kind;

/// The tool `view_image`.
#[derive(Debug)]
pub(crate) struct ViewImage {
    pub(crate) confinement: Arc<Confinement>,
}

impl Tool for ViewImage {
    fn name(&self) -> &str {
        NAME
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("view_image.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {"path": {"type": "string", "description": "The picture"}},
                "required": ["path"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let fields = Fields::read(input, "path", EXAMPLE)?;
        let path = fields.required_text(&["path", "file_path", "file", "image", "image_path"])?;
        Ok(Box::new(Reading {
            tool: NAME,
            arguments: fields.to_value(),
            confinement: Arc::clone(&self.confinement),
            work: move |view: &View, _: &Stop| see(view, &path),
        }))
    }
}

fn see(view: &View, path: &str) -> Result<Answer, String> {
    let opened = view.open_file(path)?;
    let mut bytes = Vec::new();
    let mut bounded = opened.file.take(LARGEST + 1);
    bounded
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{path} cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!(
            "{path} is larger than {}; make it smaller with a command first",
            human(LARGEST)
        ));
    }
    let Some(kind) = Kind::of(&bytes) else {
        return Err(format!(
            "{path} is not a picture that can be shown; those are PNG, JPEG, GIF and WebP. Convert it with a command first, or read it with `read_file` if it is text."
        ));
    };
    // A provider refuses a broken picture, and with it every later request that has it.
    if !kind.is_whole(&bytes) {
        return Err(format!("{path} is a {kind} file that seems to be cut off"));
    }
    let output = format!("{path}: {kind}, {}", human(bytes.len() as u64));
    let url = format!(
        "data:{};base64,{}",
        kind.media_type(),
        STANDARD.encode(&bytes)
    );
    Ok(Answer {
        said: vec![Said::Text(output.clone()), Said::Image { url }],
        output,
    })
}

const NAME: &str = "view_image";
const EXAMPLE: &str = r#"{"path": "screenshot.png"}"#;
/// What the larger providers take in one request.
const LARGEST: u64 = 20 << 20;
