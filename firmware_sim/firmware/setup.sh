#!/usr/bin/env bash
# setup.sh [--check]: gets what the images need, prints the Rust compiler to build them with.
#
# Needed: the core library of both targets, from rustup, else built with Debian's own compiler (rust-web.sh); QEMU for
# Arm and RISC-V, Debian's packages where we are root. --check installs nothing. Exit status 77 and one sentence where
# something is missing.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
targets=(thumbv7em-none-eabihf riscv32imc-unknown-none-elf)
rust_web=${XDG_CACHE_HOME:-$HOME/.cache}/tarry/rust-web
install=true
[ "${1-}" != --check ] || install=false

lacks() {
    echo "the images for bare metal cannot be built and run: $*" >&2
    exit 77
}

has_targets() { # COMPILER
    for target in "${targets[@]}"; do
        compgen -G "$("$1" --print target-libdir --target "$target")/libcore*.rlib" >/dev/null || return 1
    done
}

has_qemu() { command -v qemu-system-arm && command -v qemu-system-riscv32; } >/dev/null

is_debian_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_qemu() {
    local packages=(qemu-system-arm qemu-system-misc) release
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # A newer qemu-utils than the release's own stands in the way; nothing is ever removed.
    apt-get install -y -q --no-install-recommends --no-remove "${packages[@]}" ||
        apt-get install -y -q --no-install-recommends --no-remove --allow-downgrades "${packages[@]}" "qemu-utils/$release"
}

if $install; then
    has_targets rustc || timeout 300 rustup target add "${targets[@]}" >&2 || true
    has_targets rustc || has_targets "$rust_web/bin/rustc" 2>/dev/null ||
        "$here/rust-web.sh" "$rust_web" "${targets[@]}" >&2 || true
    has_qemu || { is_debian_root && install_qemu >&2; } || true
fi
compiler=$(command -v rustc) || lacks "there is no Rust compiler"
has_targets "$compiler" || compiler=$rust_web/bin/rustc
[ -x "$compiler" ] && has_targets "$compiler" ||
    lacks "the targets ${targets[*]} are missing; rustup target add ${targets[*]}"
has_qemu || lacks "qemu-system-arm or qemu-system-riscv32 is missing; on Debian, apt-get install qemu-system-arm qemu-system-misc"
echo "$compiler"
