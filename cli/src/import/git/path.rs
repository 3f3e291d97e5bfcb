//! Paths as text without loss.

use std::fmt::Write;

/// Returns a git path as text: itself where it is UTF-8; otherwise `/` and the path with every byte that is no printable
/// ASCII character, and `%`, as `%XX`. No git path begins with `/`, so nothing is ambiguous.
pub fn path_text(path: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(path) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(path.len() + 16);
    text.push('/');
    for byte in path {
        if byte.is_ascii_graphic() && *byte != b'%' || *byte == b' ' {
            text.push(char::from(*byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes all");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_without_loss() {
        assert_eq!(path_text("a/ü %.txt".as_bytes()), "a/ü %.txt");
        assert_eq!(path_text(b"a/\xff %\n"), "/a/%FF %25%0A");
    }
}
