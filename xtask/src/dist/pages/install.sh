#!/bin/sh
# Copies Antiphon from this folder to where your music software looks for plugins. Needs no root; run again, it replaces.
set -eu
here=$(dirname "$0")

put() {
    mkdir -p "$2"
    # The new one is whole before the old one goes; a host that runs keeps the old one.
    rm -rf "$2/.$1.new"
    cp -R "$here/$1" "$2/.$1.new"
    rm -rf "${2:?}/$1"
    mv "$2/.$1.new" "$2/$1"
    echo "installed $2/$1"
}

put Antiphon.clap "$HOME/.clap"
put Antiphon.vst3 "$HOME/.vst3"
put antiphon-trainer "${XDG_DATA_HOME:-$HOME/.local/share}/Antiphon"
echo "Let your music software scan for plugins again. INSTALL.txt says how to play."
