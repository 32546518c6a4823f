#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")"
dotnet test RewardForcing.Native.sln -c Release
