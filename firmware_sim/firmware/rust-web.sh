#!/usr/bin/env bash
# rust-web.sh FOLDER TARGET...: a Rust compiler with the core library of bare-metal targets, for where rustup cannot add them.
#
# Unpacks Debian's rustc-web with its sources into FOLDER (about 600 MB; nothing is installed) and builds core and
# compiler_builtins for each target, a minute in all. Needs Debian on x86_64 with rustc-web from 1.96 on, and rustup's rustc on
# PATH for its linker.
set -euo pipefail
folder=$1
shift
host=x86_64-unknown-linux-gnu
linker=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
[ -x "$linker" ] || { echo "there is no rust-lld beside $(command -v rustc)" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

unpack() {
    local standard llvm
    [ "$(id -u)" != 0 ] || apt-get update -q
    standard=$(apt-cache depends libstd-rust-web-dev | awk '/Depends: libstd-rust-web-[0-9]/ { print $2; exit }')
    llvm=$(apt-cache depends "$standard" | awk '/Depends: libllvm/ { print $2; exit }')
    (cd "$work" && apt-get download -q rustc-web libstd-rust-web-dev rust-web-src "$standard" "$llvm")
    for package in "$work"/*.deb; do
        case $package in
        */rust-web-src_*) # the library alone, a sixth of it
            dpkg-deb --fsys-tarfile "$package" |
                tar x -C "$folder" --wildcards './usr/src/rustc-*/library/*' './usr/lib/rustlib/src*' ;;
        *) dpkg -x "$package" "$folder" ;;
        esac
    done
    mkdir -p "$folder/bin" "$folder/usr/lib/rustlib/$host/bin"
    ln -sf "$linker" "$folder/usr/lib/rustlib/$host/bin/rust-lld"
    cat >"$folder/bin/rustc" <<'WRAPPER'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")/usr
LD_LIBRARY_PATH=$root/lib/x86_64-linux-gnu exec "$root/bin/rustc" "$@"
WRAPPER
    chmod +x "$folder/bin/rustc"
}

build_core() { # TARGET
    local library out=$work/$1 common builtins cfg
    library=$(readlink -f "$folder/usr/lib/rustlib/src/rust")/library
    mkdir -p "$out"
    common=(--target "$1" --crate-type rlib -C panic=abort -C opt-level=3 -C embed-bitcode=yes -C debuginfo=0
        -Z force-unstable-if-unmarked --cap-lints allow --remap-path-prefix "$library=/rust/library"
        --edition 2024 --out-dir "$out")
    RUSTC_BOOTSTRAP=1 "$folder/bin/rustc" "${common[@]}" --crate-name core -C codegen-units=1 "$library/core/src/lib.rs"
    # What its build script would say for a target without an operating system.
    builtins=(--cfg 'feature="compiler-builtins"' --cfg 'feature="mem"' --cfg 'feature="unstable-intrinsics"'
        --cfg intrinsics_enabled --cfg arch_enabled --cfg optimizations_enabled)
    case $1 in thumb*) builtins+=(--cfg thumb) ;; esac
    cfg=$(RUSTC_BOOTSTRAP=1 "$folder/bin/rustc" --print cfg --target "$1")
    for width in 16 128; do
        if grep -q "target_has_reliable_f$width\$" <<<"$cfg"; then builtins+=(--cfg "f${width}_enabled"); fi
    done
    CFG_CARGO_FEATURES='["compiler-builtins","mem"]' CFG_OPT_LEVEL=3 CFG_TARGET_FEATURES='[]' RUSTC_BOOTSTRAP=1 \
        "$folder/bin/rustc" "${common[@]}" "${builtins[@]}" --crate-name compiler_builtins -C codegen-units=10000 \
        --extern core="$out/libcore.rlib" "$library/compiler-builtins/compiler-builtins/src/lib.rs"
    mkdir -p "$folder/usr/lib/rustlib/$1/lib"
    mv "$out"/*.rlib "$folder/usr/lib/rustlib/$1/lib"
}

mkdir -p "$folder"
folder=$(readlink -f "$folder")
[ -x "$folder/bin/rustc" ] || unpack
for target; do
    build_core "$target"
done
