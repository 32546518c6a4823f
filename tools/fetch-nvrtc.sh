#!/usr/bin/env bash
# Puts NVRTC, the compiler of the CUDA kernels, into .deps/cuda where the machine has none. Debian and Ubuntu only.
# Needs no root and changes nothing outside the repository: apt gets its lists and cache in a folder of its own.
# With --present it fetches nothing and only says by its exit code whether there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
target=.deps/cuda
folder=usr/lib/x86_64-linux-gnu

explain() {
  echo "nvrtc: $1" >&2
  echo "nvrtc: install the CUDA toolkit 12 or later and set CUDA_PATH to it, or set REWARDFORCING_NVRTC to the library." >&2
  exit 1
}

# The same places as CudaLibraries.cs, in its order.
present() {
  [ -z "${REWARDFORCING_NVRTC:-}" ] || return 0
  local file
  for file in "${CUDA_PATH:-/usr/local/cuda}"/{lib64,lib,targets/x86_64-linux/lib}/libnvrtc.so* /usr/local/cuda/{lib64,lib,targets/x86_64-linux/lib}/libnvrtc.so* \
    "$target/$folder"/libnvrtc.so*; do
    [ ! -e "$file" ] || return 0
  done
  command -v ldconfig >/dev/null 2>&1 && ldconfig -p 2>/dev/null | grep -q 'libnvrtc\.so'
}

if present; then exit 0; fi
[ "${1:-}" != --present ] || exit 1
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || explain "there is no package of it for $(uname -s) on $(uname -m)."
for tool in apt-get dpkg; do command -v "$tool" >/dev/null 2>&1 || explain "it can be fetched on Debian and Ubuntu only; $tool is missing here."; done

# shellcheck disable=SC1091
distribution=$(. /etc/os-release && echo "${ID:-}")
case "$distribution" in
  debian) suite=trixie component=non-free keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
  # shellcheck disable=SC1091
  ubuntu) suite=$(. /etc/os-release && echo "$VERSION_CODENAME") component=multiverse keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg ;;
  *) explain "it can be fetched on Debian and Ubuntu only; this is ${distribution:-an unknown system}." ;;
esac

# The archive's address is the one this machine uses already: a mirror or a proxy stays in use.
archive=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
  sed 's/#.*//' | grep -oE "https?://[^ ]*/$distribution/?( |\$)" | tr -d ' ' | head -n 1) || true
[ -n "$archive" ] || explain "the sources of apt name no archive of $distribution."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,root}
echo "deb [signed-by=$keyring] $archive $suite $component" >"$work/sources.list"
options=(-qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Get::List-Cleanup=0)

echo "nvrtc: fetching it from $distribution's archive, $suite/$component, into $target"
apt-get "${options[@]}" update || explain "the package lists of $suite could not be read."
builtins=$(apt-cache "${options[@]}" depends libnvrtc12 2>/dev/null | sed -n 's/.*Depends: \(libnvrtc-builtins[0-9.]*\).*/\1/p' | head -n 1)
[ -n "$builtins" ] || explain "$suite/$component has no libnvrtc12."
(cd "$work" && apt-get "${options[@]}" download libnvrtc12 "$builtins") || explain "the packages could not be fetched."
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
[ -e "$work/root/$folder/libnvrtc.so.12" ] || explain "the package does not hold $folder/libnvrtc.so.12."

# Moved in one step, so that a run that is cut off leaves nothing that looks whole.
mkdir -p .deps
rm -rf "$target.new"
cp -a "$work/root" "$target.new"
rm -rf "$target"
mv "$target.new" "$target"
