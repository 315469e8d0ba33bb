//! Packs the pages of the Workbench, which lie built under `ui/dist`, and writes the table of them that
//! `src/ui.rs` includes. Nothing is built here but that: no node is needed.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    path::{Path, PathBuf},
};

/// Of 11: what comes above takes many times as long for a hundredth less.
const QUALITY: u32 = 9;

/// As far as brotli looks back: 2²² bytes.
const WINDOW: u32 = 22;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("ui/dist");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=ui/dist");

    let mut files = Vec::new();
    find(&root, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        let packed = out.join(format!("{number}.br"));
        fs::write(&packed, pack(&bytes)?)?;
        let path =
            file.strip_prefix(&root)?.to_str().ok_or("a name is no UTF-8")?.replace('\\', "/");
        let mut hash = DefaultHasher::new();
        bytes.hash(&mut hash);
        let (hash, size) = (hash.finish(), bytes.len());
        writeln!(
            table,
            "    Asset {{ path: {path:?}, hash: {hash:#x}, size: {size}, packed: include_bytes!({packed:?}) }},",
        )?;
    }
    table += "]\n";
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// All files below a folder; none, where there is no such folder.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut packed = Vec::new();
    let mut packer = brotli::CompressorWriter::new(&mut packed, 64 * 1024, QUALITY, WINDOW);
    packer.write_all(bytes)?;
    packer.flush()?;
    drop(packer);
    Ok(packed)
}
