//! The pages of the Workbench, which are part of the program: each packed once, when it was compiled.

use axum::{Router, extract::Request, response::Response, routing::get};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use crate::page::{Asked, File};

/// A file of the pages.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    hash: u64,
    /// As many bytes as it has unpacked.
    size: usize,
    packed: &'static [u8],
}

/// By path.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What everything is that is no file: the page finds out by itself what to show there.
const INDEX: &str = "index.html";

/// Files whose names say what is in them.
const IMMUTABLE: &str = "assets/";

/// What lies under these is no page.
const NO_PAGES: [&str; 4] = ["api", "streams", "session", "panels"];

/// What is shown where the pages were not built.
const UNBUILT: &str = "<!doctype html><title>Workbench</title><h1>Workbench</h1>\
    <p>Its pages are not part of this program; the API is at <code>/__motia/api</code>.\n";

/// The pages, where nothing else lies.
pub(crate) fn beneath(router: Router) -> Router {
    router.fallback(get(show))
}

async fn show(request: Request) -> Response {
    answer(ASSETS, request.uri(), request.headers())
}

fn answer(assets: &[Asset], uri: &Uri, headers: &HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    let file = |path: &str| assets.iter().find(|asset| asset.path == path);
    let asked = Asked { uri, headers };
    match file(path) {
        _ if NO_PAGES.contains(&first) => missing(),
        Some(asset) => send(&asked, asset),
        None if path.starts_with(IMMUTABLE) => missing(),
        None => match file(INDEX) {
            Some(index) => send(&asked, index),
            None => {
                let file = File { path: INDEX, hash: 0, is_immutable: false };
                asked.answer(&file, || UNBUILT.into())
            }
        },
    }
}

/// The HTTP floor says it in words.
fn missing() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn send(asked: &Asked<'_>, asset: &Asset) -> Response {
    let Asset { path, hash, .. } = asset;
    let packed = asked.takes_brotli();
    let file = File { path, hash: *hash, is_immutable: path.starts_with(IMMUTABLE) };
    let bytes = || if packed { asset.packed.to_vec() } else { unpacked(asset) };
    let mut response = asked.answer(&file, bytes);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed && headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// The file as it was before it was packed.
fn unpacked(asset: &Asset) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(asset.size);
    let read = brotli_decompressor::BrotliDecompress(&mut &*asset.packed, &mut bytes);
    read.expect("what was packed when it was compiled can be unpacked");
    bytes
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use http::Request;

    use super::*;

    /// `hello` and `<!doctype html>`, packed by brotli.
    const HELLO: &[u8] = &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
    const DOCTYPE: &[u8] = &[
        0x0b, 0x07, 0x80, b'<', b'!', b'd', b'o', b'c', b't', b'y', b'p', b'e', b' ', b'h', b't',
        b'm', b'l', b'>', 0x03,
    ];

    const TABLE: &[Asset] = &[
        Asset { path: "assets/main-x1.js", hash: 1, size: 5, packed: HELLO },
        Asset { path: "index.html", hash: 2, size: 15, packed: DOCTYPE },
    ];

    async fn get(path: &str, headers: &[(&str, &str)]) -> (Response<()>, Vec<u8>) {
        let request = headers
            .iter()
            .fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let response = answer(TABLE, &parts.uri, &parts.headers);
        let (parts, body) = response.into_parts();
        (Response::from_parts(parts, ()), to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn whatever_is_no_file_is_the_page_itself() {
        for path in ["/", "/flows/orders", "/steps/a.b", "/runs/7?tab=log"] {
            let (response, body) = get(path, &[]).await;

            assert_eq!(
                (response.status(), &*body),
                (StatusCode::OK, &b"<!doctype html>"[..]),
                "{path}"
            );
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        }
    }

    #[tokio::test]
    async fn a_file_is_sent_packed_to_those_who_take_it_so() {
        let (plain, body) = get("/assets/main-x1.js", &[]).await;
        assert_eq!(&*body, b"hello");
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(plain.headers()[header::VARY], "accept-encoding");
        let kept = plain.headers()[header::CACHE_CONTROL].to_str().unwrap();
        assert!(kept.contains("immutable"), "{kept}");

        let (packed, body) = get("/assets/main-x1.js", &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(&*body, HELLO);
    }

    #[tokio::test]
    async fn where_no_page_lies_there_is_none() {
        for path in
            ["/api/nothing", "/api", "/streams/x", "/panels/x/", "/session", "/assets/gone.js"]
        {
            assert_eq!(get(path, &[]).await.0.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn every_file_of_the_program_can_be_unpacked() {
        for asset in ASSETS {
            assert_eq!(unpacked(asset).len(), asset.size, "{}", asset.path);
        }
    }
}
