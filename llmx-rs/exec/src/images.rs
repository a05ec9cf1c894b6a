//! Reads the pictures that go with a prompt.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads each file into a `data:` URL; nothing is sent if one of them cannot be used.
pub(crate) fn read_all(files: &[PathBuf]) -> Result<Vec<String>> {
    files.iter().map(|file| read(file)).collect()
}

fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("the picture {shown} cannot be read"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("the picture {shown} is larger than 20 MiB, more than models take; make it smaller");
    }
    let Some(kind) = kind(&bytes) else {
        bail!("{shown} is no picture that models take; they take PNG, JPEG, GIF and WebP");
    };
    Ok(format!(
        "data:image/{kind};base64,{}",
        STANDARD.encode(&bytes)
    ))
}

/// Tells the kind by how the file begins, since names lie.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("webp"),
        _ => None,
    }
}

const LARGEST: u64 = 20 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes_and_another_file_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.txt");
        std::fs::write(&path, b"\x89PNG\r\n").unwrap();
        assert_eq!(read(&path).unwrap(), "data:image/png;base64,iVBORw0K");
        std::fs::write(&path, b"words").unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        assert!(error.contains("a.txt is no picture"), "{error}");
        let error = format!("{:#}", read(&directory.path().join("none")).unwrap_err());
        assert!(error.contains("none cannot be read"), "{error}");
    }
}
