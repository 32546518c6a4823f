#!/usr/bin/env bash
# Alternates our benchmark and PyTorch, so that both meet the same moods of the machine, and prints both beside each other.
# usage: benchmarks/peers/compare.sh [--threads N] [--passes N] [--stock] [KIND:SIZES]...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
threads=2 passes=3 stock=no
while [ $# -gt 0 ]; do
  case "$1" in
    --threads) threads=$2; shift 2 ;;
    --passes) passes=$2; shift 2 ;;
    --stock) stock=yes; shift ;;
    --*) echo "compare.sh: there is no option $1." >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- linear:1560x1536x1536 linear:1560x1536x8960 linear:1560x8960x1536 linear:256x192x768 \
  attention:1560x4680x12x128 conv3d:96x4x120x208 conv3d:384x1x60x104 vae_residual:96x4x120x208 vae_residual:384x1x60x104 \
  block:1536x8960x12x1560x512

python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import torch' 2>/dev/null || {
  echo "compare.sh: $python has no PyTorch; on Debian: apt-get install python3-torch (PYTHON names another interpreter)." >&2
  exit 1
}

# The settings of README.md: without them PyTorch is two to eight times slower, and beating it means nothing.
tuned() {
  if [ "$stock" = yes ]; then "$@"; return; fi
  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OMP_NUM_THREADS="$threads" OPENBLAS_NUM_THREADS="$threads" ATEN_CPU_CAPABILITY=avx512 \
    MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456 \
    LD_LIBRARY_PATH="${OPENBLAS_OPENMP:-}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"
}

[ "$stock" = yes ] || [ -n "${OPENBLAS_OPENMP:-}" ] ||
  echo "compare.sh: OPENBLAS_OPENMP is not set, so PyTorch runs on the OpenBLAS that is installed; README.md says how to get the faster one." >&2
dotnet build "$root/benchmarks/RewardForcing.Native.Benchmarks" -c Release -v quiet
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for pass in $(seq "$passes"); do
  "$root/benchmarks/RewardForcing.Native.Benchmarks/bin/Release/net10.0/RewardForcing.Native.Benchmarks" quick --threads "$threads" --rounds 5 \
    --json "$results/ours-$pass.json" "$@"
  tuned "$python" "$here/torch_cases.py" --threads "$threads" --json "$results/torch-$pass.json" "$@"
done
"$python" "$here/compare.py" "$results"/ours-*.json -- "$results"/torch-*.json
