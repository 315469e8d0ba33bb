//! What a route may look like: `/users/{id}`, `/files/{*rest}`.

/// Refuses paths that could not be routed.
///
/// # Panics
/// At compile time, with advice.
pub const fn assert_path(path: &str) {
    let bytes = path.as_bytes();
    assert!(!bytes.is_empty() && bytes[0] == b'/', "an API step's path must start with `/`");
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'/' => {
                assert!(
                    i + 1 == bytes.len() || bytes[i + 1] != b'/',
                    "an API step's path must not have an empty segment (`//`)"
                );
                assert!(
                    i + 1 == bytes.len() || bytes[i + 1] != b':',
                    "a path parameter is written `{{id}}`, not `:id`"
                );
            }
            b'{' => i = assert_parameter(bytes, i),
            b'}' => panic!("a `}}` in an API step's path has no `{{` before it"),
            b'*' => panic!("a path that takes the rest is written `/{{*rest}}`"),
            b'?' | b'#' => panic!("an API step's path has neither query nor fragment"),
            byte => assert!(
                byte > b' ' && byte < 0x7f,
                "an API step's path has visible ASCII characters only"
            ),
        }
        i += 1;
    }
}

/// Checks the parameter that opens at `open` and gives the place of its `}`.
const fn assert_parameter(path: &[u8], open: usize) -> usize {
    assert!(path[open - 1] == b'/', "a path parameter fills its segment: `/users/{{id}}`");
    let mut i = open + 1;
    let rest = i < path.len() && path[i] == b'*';
    if rest {
        i += 1;
    }
    let name = i;
    while i < path.len() && path[i] != b'}' {
        assert!(
            path[i].is_ascii_alphanumeric() || path[i] == b'_',
            "a path parameter's name has letters, digits and `_` only"
        );
        i += 1;
    }
    assert!(i < path.len(), "a `{{` in an API step's path has no `}}` behind it");
    assert!(i > name, "a path parameter needs a name: `{{id}}`");
    assert!(
        i + 1 == path.len() || (path[i + 1] == b'/' && !rest),
        "a path parameter fills its segment, and `{{*rest}}` is the last"
    );
    i
}

/// The names of a path's parameters, in order, without the `*`.
pub fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.strip_prefix('*').unwrap_or(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_paths_pass() {
        for path in
            ["/", "/a", "/a/", "/a/{id}", "/a/{id}/b/{other_id}", "/files/{*rest}", "/a.b-c~"]
        {
            assert_path(path);
        }
    }

    #[test]
    fn malformed_paths_are_refused() {
        for path in [
            "",
            "a",
            "//",
            "/a//b",
            "/:id",
            "/{}",
            "/{id",
            "/id}",
            "/x{id}",
            "/{id}x",
            "/{*rest}/b",
            "/*",
            "/a b",
            "/a?b",
            "/ä",
            "/{i d}",
        ] {
            assert!(std::panic::catch_unwind(|| assert_path(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn parameters_are_listed_in_order() {
        assert_eq!(parameters("/a/{id}/b/{*rest}").collect::<Vec<_>>(), ["id", "rest"]);
    }
}
