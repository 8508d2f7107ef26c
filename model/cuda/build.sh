#!/usr/bin/env bash
# Builds the trainer for NVIDIA GPUs on a Linux x86-64 machine with or without a GPU. NVIDIA's compiler and libraries come
# from PyPI, so nothing is installed on the system. Needs python3 with pip, g++ and xz; 2.5 GB of disk, and 11 minutes of
# one core. Prints what to carry to the machine with the GPU.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target/cuda}"
out="${1:-$CARGO_TARGET_DIR/carry}"

# 13.0: what a driver of version 580 or later runs.
wheels="$CARGO_TARGET_DIR/wheels"
if [ ! -e "$wheels/complete" ]; then
    rm -rf "$wheels"
    python3 -m pip install --quiet --no-deps --target "$wheels" \
        nvidia-{cuda-nvcc,cuda-crt,nvvm,cuda-cccl,cuda-runtime,cuda-nvrtc}'==13.0.*' \
        'nvidia-cublas==13.1.*' 'nvidia-curand==10.4.*'
    touch "$wheels/complete"
fi

# The wheels' folder is laid out like a CUDA toolkit, but for the names that a linker looks for and the driver.
export CUDA_HOME="$wheels/nvidia/cu13"
for library in cudart cublas cublasLt curand nvrtc; do
    versioned=("$CUDA_HOME/lib/lib$library.so."*)
    ln -sf "$(basename "${versioned[0]}")" "$CUDA_HOME/lib/lib$library.so"
done
mkdir -p "$CUDA_HOME/lib/stubs"
# The driver is on the GPU's machine only. This one has its names and does nothing.
grep -ohE 'cu[A-Z][A-Za-z0-9_]*' "$CUDA_HOME"/include/cuda*.h | sort -u | sed 's/.*/void &(void) {}/' |
    gcc -shared -fPIC -w -x c -fno-builtin -Wl,-soname,libcuda.so.1 -o "$CUDA_HOME/lib/stubs/libcuda.so" -
chmod +x "$CUDA_HOME"/bin/* "$CUDA_HOME"/nvvm/bin/*
export PATH="$CUDA_HOME/bin:$PATH" NVCC="$CUDA_HOME/bin/nvcc"
# Made for this generation of GPUs, translated by the driver for later ones: 80 is Ampere, 90 Hopper.
export CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"

cargo build --release --locked --package model --features cuda

mkdir -p "$out"
cp model/cuda/run.sh "$out/run"
strip -o "$out/model" "$CARGO_TARGET_DIR/release/model"
echo "It needs, besides the GPU's driver: $(readelf -d "$out/model" | grep -oE 'lib(cu|nv)[A-Za-z]+\.so\.[0-9]+' | tr '\n' ' ')"
rm -f "$out"/model.xz.*
# Some ways to carry files have a limit for each.
xz --threads=1 --stdout "$out/model" | split --bytes=16M - "$out/model.xz."
rm "$out/model"
echo "Carry these, and the folder that \`model prepare\` wrote:"
ls -l "$out"
echo "There: ./run train --device cuda --precision bf16 --size base --data prepared --out run --max-minutes 25"
