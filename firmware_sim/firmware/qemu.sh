#!/bin/sh
# qemu.sh ELF [--image FILE] [ARGUMENT...]: runs an image in QEMU, the same instructions and counts every time.
# FILE is put into memory before reset; the arguments reach the image through semihosting.
set -eu
elf=$1
shift
case $elf in
*thumbv7em*) machine="qemu-system-arm -M mps2-an386" shift=6 address=0x21000000 ;;
*riscv32*) machine="qemu-system-riscv32 -M virt -bios none -m 16M" shift=0 address=0x80800000 ;;
*) echo "qemu.sh: no machine for $elf" >&2; exit 2 ;;
esac
image=
if [ "${1-}" = --image ]; then
    image="-device loader,file=$2,addr=$address,force-raw=on"
    shift 2
fi
arguments=
for argument; do
    arguments="$arguments,arg=$argument"
done
# shellcheck disable=SC2086 # words are meant to be split
exec timeout "${TARRY_QEMU_SECONDS:-120}" $machine -nographic -monitor none -serial none \
    -chardev stdio,id=console -semihosting-config "enable=on,target=native,chardev=console$arguments" \
    -icount "shift=$shift,sleep=off" $image -kernel "$elf"
