#!/usr/bin/env bash
# One verb, one job. `./build.sh` alone lists the verbs; build.ps1 has the same ones.
set -euo pipefail
cd "$(dirname "$0")"

# Output is parsed below, so it must not depend on the machine's language.
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 LC_ALL=C
solution=RewardForcing.Native.sln
cli=src/RewardForcing.Native.Cli

list() {
  cat <<'TEXT'
usage: ./build.sh VERB
  demo      generate a short video from a miniature checkpoint made on the spot
  test      build, run every test, say what was absent, and count
  build     restore and build everything (Release)
  kernels   compile the CUDA kernels and hold them to their budget; 'run KERNEL' and 'project' count on the simulated device
  bench     run the benchmarks; arguments go to them, `bench help` lists them
  publish   make one self-contained rewardforcing for this platform in artifacts/publish
  format    rewrite sources in the house format
  ci        check the format, then build and test
  clean     remove everything that building made
TEXT
}

build() {
  dotnet build "$solution" -c Release -m:2 -v minimal
}

# Where the tests look for them: a folder shared/golden/models in this folder or in one above.
reference_cases() {
  local folder=$PWD
  until [ -e "$folder/shared/golden/models/weights-T.safetensors" ]; do
    [ "$folder" != / ] || return 1
    folder=$(dirname "$folder")
  done
}

absent() {
  command -v ffmpeg >/dev/null 2>&1 || echo "absent: ffmpeg (not on PATH; it is needed for MP4)"
  # In one piece: grep -q ends early, and under pipefail the signal ldconfig then gets counts as a failure.
  libraries=$(command -v ldconfig >/dev/null 2>&1 && ldconfig -p 2>/dev/null || true)
  [[ $libraries == *libcuda.so.1* ]] || echo "absent: cuda (no driver; the CPU device is tested)"
  reference_cases || echo "absent: reference cases with large weights (shared/golden/models beside the repository or above it; the small ones in tests/fixtures are run)"
  [ -n "${REWARDFORCING_LMDB:-}" ] || [[ -z $libraries || $libraries == *liblmdb.so* ]] || echo "absent: liblmdb (\`apt-get install liblmdb0\`; training data in LMDB is not tested)"
  tools/fetch-nvrtc.sh --present || echo "absent: NVRTC (what compiles kernels is skipped)"
}

# Keeps an option of the demo unless the caller gave another value; dashes and underscores are the same.
demo_default() {
  for given in ${arguments[@]+"${arguments[@]}"}; do
    given=${given%%=*}
    [ "${given//-/_}" != "${1//-/_}" ] || return 0
  done
  options+=("$@")
}

# A whole run with nothing but the SDK: make the files of a small model, then generate as a user would. Weights are random, so the video is noise.
demo() {
  out=artifacts/demo
  arguments=("$@") options=()
  demo_default --prompt "a red fox runs through fresh snow"
  demo_default --height 128
  demo_default --width 224
  demo_default --num_output_frames 9
  demo_default --contact_sheet
  demo_default --output_folder "$out/videos"
  demo_default --report "$out/report.json"
  dotnet build "$cli" -c Release -v quiet
  dotnet build tools/MakeCheckpoint -c Release -v quiet
  rm -rf "$out"
  dotnet run --project tools/MakeCheckpoint -c Release --no-build -- --size mini --output "$out/model"
  dotnet run --project "$cli" -c Release --no-build -- generate --model_dir "$out/model" --checkpoint_path "$out/model/diffusion_pytorch_model.safetensors" "${options[@]}" "$@"
  [ ! -f "$out/report.json" ] || { cat "$out/report.json" && echo; }
  echo "The model, the video, its contact sheet and the report are in $out unless an option says otherwise. The weights are random: the video shows that everything runs, not what the model can do."
}

# Sums one attribute of the <Counters> element over all result files.
counter() {
  { grep -ho "<Counters [^>]*" "$1"/*.trx || true; } | sed -n "s/.* $2=\"\([0-9]*\)\".*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

run_tests() {
  # Where it cannot be had, the tests that need it are skipped and counted.
  tools/fetch-nvrtc.sh || true
  build
  results=$(mktemp -d)
  trap 'rm -rf "$results"' EXIT
  rc=0
  for project in tests/RewardForcing.Native.Tests tests/RewardForcing.Native.EndToEnd.Tests; do
    dotnet test "$project" -c Release --no-build --logger "trx;LogFileName=$(basename "$project").trx" --results-directory "$results" || rc=1
    if [ ! -f "$results/$(basename "$project").trx" ]; then
      echo "$project left no result file: its run was cut off." >&2
      rc=1
    fi
  done
  total=$(counter "$results" total)
  executed=$(counter "$results" executed)
  passed=$(counter "$results" passed)
  # Errors, time-outs and aborted tests ran and did not pass, so they are failures too.
  failed=$((executed - passed))
  skipped=$((total - executed))
  [ "$failed" -eq 0 ] || rc=1
  if [ "$passed" -eq 0 ]; then echo "No test passed, so nothing was shown." >&2; rc=1; fi
  absent
  echo "$passed passed, $failed failed, $skipped skipped"
  return "$rc"
}

# kernels/ is formatted where both the sources and the tool are there.
format_kernels() {
  command -v clang-format >/dev/null 2>&1 || { echo "clang-format is not on PATH; kernels/ is left as it is."; return 0; }
  find kernels -name '*.cu' -o -name '*.cuh' 2>/dev/null | while IFS= read -r file; do clang-format "$@" "$file"; done
}

publish() {
  os=linux
  case "$(uname -s)" in Darwin) os=osx ;; MINGW* | MSYS* | CYGWIN*) os=win ;; esac
  arch=x64
  case "$(uname -m)" in arm64 | aarch64) arch=arm64 ;; esac
  rid="${1:-$os-$arch}"
  out="artifacts/publish/$rid"
  dotnet publish "$cli" -c Release -r "$rid" --self-contained -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:DebugType=none -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false -o "$out" && {
    echo "$out holds one self-contained file."
    return 0
  }
  echo "The runtime packs for $rid could not be restored; making a single file that needs the .NET 10 runtime instead."
  rm -rf "$out"
  dotnet publish "$cli" -c Release -r "$rid" --no-self-contained -p:PublishSingleFile=true -p:DebugType=none -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false -o "$out"
  echo "$out holds one file; it needs the .NET 10 runtime on the machine that runs it."
}

clean() {
  rm -rf artifacts TestResults BenchmarkDotNet.Artifacts
  find src tests tools benchmarks -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
}

verb="${1:-}"
[ $# -eq 0 ] || shift
case "$verb" in
  '' | help | --help | -h) list ;;
  demo) demo "$@" ;;
  test) run_tests ;;
  build) build ;;
  kernels)
    tools/fetch-nvrtc.sh
    dotnet run --project tools/KernelLab -c Release -- "$@"
    ;;
  bench) dotnet run --project benchmarks/RewardForcing.Native.Benchmarks -c Release -- "$@" ;;
  publish) publish "$@" ;;
  format)
    dotnet format whitespace "$solution"
    dotnet format style "$solution"
    format_kernels -i
    ;;
  ci)
    dotnet restore "$solution" -m:2
    dotnet format whitespace "$solution" --no-restore --verify-no-changes
    dotnet format style "$solution" --no-restore --verify-no-changes
    format_kernels --dry-run --Werror
    run_tests
    ;;
  clean) clean ;;
  *)
    echo "build.sh: there is no verb '$verb'." >&2
    list >&2
    exit 2
    ;;
esac
