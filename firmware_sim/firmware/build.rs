//! Links the images for the board of their target.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let board = match std::env::var("CARGO_CFG_TARGET_ARCH").unwrap().as_str() {
        "arm" => "mps2-an386",
        "riscv32" => "virt",
        other => panic!(
            "there is no board for {other}: build for thumbv7em-none-eabihf or riscv32imc-unknown-none-elf"
        ),
    };
    println!("cargo:rerun-if-changed=boards");
    println!("cargo:rustc-link-arg=-T{folder}/boards/{board}.x");
    println!("cargo:rustc-link-arg=-T{folder}/boards/sections.x");
}
