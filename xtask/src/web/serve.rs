//! A server of a folder's files, for browsers on this machine: no other can reach it. (A crate would bring TLS, threads and options
//! that nobody needs here.)

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

/// A request is shorter than this.
const MAX_REQUEST: u64 = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(10);
/// Browsers run scripts and compile modules only if they are called so.
const TYPES: [(&str, &str); 7] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("antiphon", "application/octet-stream"),
];

/// Serves a folder until the program ends, on a thread of its own; port 0 takes any that is free. Gives the address.
///
/// # Errors
/// When the port is taken.
pub(crate) fn serve(folder: &Path, port: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("port {port} is taken; name another with --port"))?;
    let (address, folder) = (listener.local_addr()?, folder.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // A browser that goes away is no fault.
            std::thread::spawn(move || answer(&stream, &folder).ok());
        }
    });
    Ok(address)
}

fn answer(mut stream: &TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(MAX_REQUEST)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest says what the browser likes, up to an empty line.
    lines.map_while(Result::ok).find(String::is_empty);
    let file = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).and_then(|path| find(folder, path));
    let (status, kind, body) = match file.and_then(|path| Some((type_of(&path), std::fs::read(&path).ok()?))) {
        Some((kind, body)) => ("200 OK", kind, body),
        None => ("404 Not Found", "text/plain", b"there is no such file".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// The file of a path, which is in the folder.
fn find(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = path.split(['?', '#']).next()?.trim_start_matches('/');
    let path = Path::new(if path.is_empty() { "index.html" } else { path });
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| folder.join(path)).filter(|file| file.is_file())
}

fn type_of(path: &Path) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    TYPES.iter().find(|(known, _)| *known == ending).map_or("application/octet-stream", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn files_of_the_folder_are_served_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("web");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("index.html"), "a page").unwrap();
        std::fs::write(folder.join("a.wasm"), "a module").unwrap();
        std::fs::write(place.path().join("secret"), "a secret").unwrap();
        let address = serve(&folder, 0).unwrap();
        assert!(address.ip().is_loopback());
        let page = get(address, "GET /?a=b");
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("text/html") && page.ends_with("a page"), "{page}");
        assert!(get(address, "GET /a.wasm").contains("Content-Type: application/wasm\r\n"));
        for request in ["GET /../secret", "GET //etc/passwd", "GET /none", "POST /", "", "GET /./../secret"] {
            assert!(get(address, request).starts_with("HTTP/1.1 404"), "{request}");
        }
    }
}
