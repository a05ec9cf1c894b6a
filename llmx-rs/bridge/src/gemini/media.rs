//! Pictures, documents and sound on their way to Gemini, which takes them all in one form.

use llmx_wire::gemini::{Blob, FileData, Part};
use llmx_wire::responses::{ContentPart, InputImage};
use serde_json::Value;

use crate::{ClientFault, Extra, LossReport, Object, data_url};

/// Translates a part that is not words.
pub(super) fn media(
    part: &ContentPart,
    path: &str,
    fetches: bool,
    losses: &mut LossReport,
) -> Result<Part, ClientFault> {
    match part {
        ContentPart::InputImage(image) => picture(image, path, fetches, losses),
        ContentPart::Unknown(object) => match part.kind() {
            "input_file" => file(object, path, fetches),
            "input_audio" => sound(object, path),
            kind => Err(nowhere(kind, path)),
        },
        other => Err(nowhere(other.kind(), path)),
    }
}

fn picture(
    image: &InputImage,
    path: &str,
    fetches: bool,
    losses: &mut LossReport,
) -> Result<Part, ClientFault> {
    let Some(url) = image.image_url.as_deref() else {
        return Err(elsewhere(path));
    };
    let told = image.detail.as_ref().and_then(Value::as_str);
    if told.is_some_and(|detail| detail != "auto") {
        losses.dropped("input[].content[].detail", "Gemini has no such choice");
    }
    bytes(url, path, fetches)
}

fn file(object: &Object, path: &str, fetches: bool) -> Result<Part, ClientFault> {
    let field = |name: &str| object.get(name).and_then(Value::as_str);
    match (field("file_data"), field("file_url")) {
        (Some(data), _) if data.starts_with("data:") => bytes(data, path, fetches),
        (Some(data), _) if field("filename").is_some_and(|name| name.ends_with(".pdf")) => {
            Ok(inline("application/pdf", data))
        }
        (None, Some(url)) => bytes(url, path, fetches),
        (Some(_), _) => Err(ClientFault::invalid(
            path,
            "a file needs a data URL that tells its type",
        )),
        (None, None) => Err(elsewhere(path)),
    }
}

fn sound(object: &Object, path: &str) -> Result<Part, ClientFault> {
    let field = |name: &str| object.get("input_audio")?.get(name)?.as_str();
    match (field("data"), field("format")) {
        (Some(data), Some(format)) => Ok(inline(&format!("audio/{format}"), data)),
        _ => Err(ClientFault::invalid(
            path,
            "sound needs `data` and `format`",
        )),
    }
}

fn bytes(url: &str, path: &str, fetches: bool) -> Result<Part, ClientFault> {
    if let Some((media_type, data)) = data_url::split(url) {
        return Ok(inline(media_type, data));
    }
    let on_the_web = url.starts_with("https://") || url.starts_with("http://");
    match (on_the_web, fetches) {
        (true, true) => Ok(Part {
            file_data: Some(FileData {
                file_uri: url.to_owned(),
                ..FileData::default()
            }),
            ..Part::default()
        }),
        (true, false) => Err(ClientFault::unsupported(
            path,
            "the upstream fetches nothing from the web; send a data URL",
        )),
        (false, _) => Err(ClientFault::invalid(
            path,
            "neither a web address nor a data URL in base 64",
        )),
    }
}

fn inline(mime_type: &str, data: &str) -> Part {
    Part {
        inline_data: Some(Blob {
            mime_type: mime_type.to_owned(),
            data: data.to_owned(),
            extra: Extra::new(),
        }),
        ..Part::default()
    }
}

fn nowhere(kind: &str, path: &str) -> ClientFault {
    ClientFault::unsupported(path, format!("Gemini has no place for `{kind}`"))
}

fn elsewhere(path: &str) -> ClientFault {
    ClientFault::unsupported(
        path,
        "it must come with its bytes or its address; files are not shared between providers",
    )
}
