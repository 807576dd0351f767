//! Links libaffect.a, or libaffect.so, from the folder AFFECT_LIB_DIR (after `meson setup build`:
//! build/lib).
use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-env-changed=AFFECT_LIB_DIR");
    let folder = match env::var("AFFECT_LIB_DIR") {
        Ok(folder) => folder,
        Err(_) => {
            println!("cargo:rustc-link-lib=affect");
            return;
        }
    };
    println!("cargo:rustc-link-search=native={folder}");
    let kind = if Path::new(&folder).join("libaffect.a").exists() { "static" } else { "dylib" };
    println!("cargo:rustc-link-lib={kind}=affect");
    println!("cargo:rerun-if-changed={folder}/libaffect.a");
}
