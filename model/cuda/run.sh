#!/bin/sh
# Unpacks the trainer that build.sh made, finds CUDA's libraries and runs it: ./run train --device cuda ...
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
if [ ! -x "$here/model" ]; then
    cat "$here"/model.xz.* | python3 -c 'import lzma, shutil, sys
shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer)' > "$here/model.unfinished"
    chmod +x "$here/model.unfinished"
    mv "$here/model.unfinished" "$here/model"
fi
# CUDA 13's libraries are in these places when they came with PyTorch, with pip, or with NVIDIA's toolkit.
libraries="$(python3 -c 'import glob, site, sys
print(":".join(glob.glob("/usr/local/cuda*/lib64") + [found for root in sys.path + site.getsitepackages()
    for found in glob.glob(root + "/nvidia/cu13/lib")]))' 2> /dev/null || true)"
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries"
exec "$here/model" "$@"
