//! Pictures and documents on their way to Messages; what it cannot hold is refused by name.

use llmx_wire::messages::{ContentBlock, Document, Image, Source, SourceBase64, SourceUrl};
use llmx_wire::responses::InputImage;
use serde_json::Value;

use super::cache;
use crate::data_url;
use crate::{ClientFault, Extra, LossReport, Object};

/// Translates a picture.
pub(super) fn image(
    image: &InputImage,
    path: &str,
    losses: &mut LossReport,
) -> Result<ContentBlock, ClientFault> {
    let Some(url) = image.image_url.as_deref() else {
        return Err(ClientFault::unsupported(
            path,
            "a picture must come with its bytes or its address; files are not shared between providers",
        ));
    };
    let told = image.detail.as_ref().and_then(Value::as_str);
    if told.is_some_and(|detail| detail != "auto") {
        losses.dropped("input[].content[].detail", "Messages has no such choice");
    }
    Ok(ContentBlock::Image(Image {
        source: source(url, path, IMAGE_TYPES)?,
        cache_control: cache::of_client(&image.extra, losses),
        extra: Extra::new(),
    }))
}

/// Translates a document, which is no type of its own in the pivot.
pub(super) fn file(
    object: &Object,
    path: &str,
    losses: &mut LossReport,
) -> Result<ContentBlock, ClientFault> {
    let field = |name: &str| object.get(name).and_then(Value::as_str);
    let source = match (field("file_data"), field("file_url")) {
        (Some(data), _) if data.starts_with("data:") => source(data, path, DOCUMENT_TYPES)?,
        (Some(data), _) if field("filename").is_some_and(is_pdf) => base64("application/pdf", data),
        (None, Some(url)) => source(url, path, DOCUMENT_TYPES)?,
        (Some(_), _) => {
            return Err(ClientFault::unsupported(
                path,
                "only PDF documents are known",
            ));
        }
        (None, None) => {
            return Err(ClientFault::unsupported(
                path,
                "a file must come with its bytes or its address; files are not shared between providers",
            ));
        }
    };
    Ok(ContentBlock::Document(Document {
        source,
        title: field("filename").map(str::to_owned),
        cache_control: cache::of_client(object, losses),
        extra: Extra::new(),
    }))
}

fn source(url: &str, path: &str, types: &[&str]) -> Result<Source, ClientFault> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(Source::Url(SourceUrl {
            url: url.to_owned(),
            extra: Extra::new(),
        }));
    }
    let (media_type, data) = data_url::split(url).ok_or_else(|| {
        ClientFault::invalid(path, "neither a web address nor a data URL in base 64")
    })?;
    if !types.contains(&media_type) {
        let known = types.join(", ");
        let reason = format!("`{media_type}` is not one of {known}");
        return Err(ClientFault::unsupported(path, reason));
    }
    Ok(base64(media_type, data))
}

fn base64(media_type: &str, data: &str) -> Source {
    Source::Base64(SourceBase64 {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
        extra: Extra::new(),
    })
}

fn is_pdf(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".pdf")
}

const IMAGE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

const DOCUMENT_TYPES: &[&str] = &["application/pdf"];
