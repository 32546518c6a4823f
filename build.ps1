# One verb, one job. Without a verb it lists them; build.sh has the same ones.
param([string]$Verb = '', [Parameter(ValueFromRemainingArguments = $true)][string[]]$Rest = @())
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
$env:DOTNET_CLI_UI_LANGUAGE = 'en'
$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$solution = 'RewardForcing.Native.sln'
$cli = 'src/RewardForcing.Native.Cli'

function Show-Verbs {
    @'
usage: ./build.ps1 VERB
  demo      generate a short video from a miniature checkpoint made on the spot
  test      build, run every test, say what was absent, and count
  build     restore and build everything (Release)
  kernels   compile the CUDA kernels and hold them to their budget; 'run KERNEL' and 'project' count on the simulated device
  bench     run the benchmarks; arguments go to them, "bench help" lists them
  publish   make one self-contained rewardforcing for this platform in artifacts/publish
  format    rewrite sources in the house format
  ci        check the format, then build and test
  clean     remove everything that building made
'@
}

# Arguments such as '-m:2' are quoted everywhere: PowerShell splits them at the colon where a function is called.
function Invoke-Dotnet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

# A whole run with nothing but the SDK: make the files of a small model, then generate as a user would. Weights are random, so the video is noise.
function Invoke-Demo {
    $out = 'artifacts/demo'

    # An option of the demo is kept unless the caller gave another value; dashes and underscores are the same.
    $given = @($args | ForEach-Object { ("$_" -split '=')[0].Replace('-', '_') })
    $options = @()
    foreach ($option in @(
            @('--prompt', 'a red fox runs through fresh snow'), @('--height', '128'), @('--width', '224'), @('--num_output_frames', '9'), @('--contact_sheet'),
            @('--output_folder', "$out/videos"), @('--report', "$out/report.json"))) {
        if ($given -notcontains $option[0].Replace('-', '_')) { $options += $option }
    }

    Invoke-Dotnet build $cli -c Release -v quiet
    Invoke-Dotnet build tools/MakeCheckpoint -c Release -v quiet
    if (Test-Path $out) { Remove-Item -Recurse -Force $out }
    Invoke-Dotnet run --project tools/MakeCheckpoint -c Release --no-build '--' --size mini --output "$out/model"
    Invoke-Dotnet run --project $cli -c Release --no-build '--' generate --model_dir "$out/model" --checkpoint_path "$out/model/diffusion_pytorch_model.safetensors" @options @args
    if (Test-Path "$out/report.json") { Get-Content -Raw "$out/report.json" }
    Write-Host "The model, the video, its contact sheet and the report are in $out unless an option says otherwise. The weights are random: the video shows that everything runs, not what the model can do."
}

# Where the tests look for them: a folder shared/golden/models in this folder or in one above.
function Test-ReferenceCases {
    for ($folder = Get-Item $PSScriptRoot; $folder; $folder = $folder.Parent) {
        if (Test-Path (Join-Path $folder.FullName 'shared/golden/models/weights-T.safetensors')) { return $true }
    }
    return $false
}

function Get-Nvrtc([string[]]$options) {
    # On Windows it comes with the CUDA toolkit, CUDA_PATH or REWARDFORCING_NVRTC; elsewhere the script can fetch it.
    if ($IsLinux) { & bash tools/fetch-nvrtc.sh @options | Out-Host; return $LASTEXITCODE -eq 0 }
    return [bool]($env:CUDA_PATH -or $env:REWARDFORCING_NVRTC)
}

function Invoke-Tests {
    [void](Get-Nvrtc)
    Invoke-Dotnet build $solution -c Release '-m:2' -v minimal
    $results = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString('N'))
    $failedRun = $false
    $total = 0; $executed = 0; $passed = 0
    try {
        foreach ($name in 'RewardForcing.Native.Tests', 'RewardForcing.Native.EndToEnd.Tests') {
            & dotnet test "tests/$name" -c Release --no-build --logger "trx;LogFileName=$name.trx" --results-directory $results
            if ($LASTEXITCODE -ne 0) { $failedRun = $true }
            $file = Join-Path $results "$name.trx"
            if (-not (Test-Path $file)) {
                Write-Host "tests/$name left no result file: its run was cut off."
                $failedRun = $true
                continue
            }
            $counters = ([xml](Get-Content -Raw $file)).TestRun.ResultSummary.Counters
            $total += [int]$counters.total; $executed += [int]$counters.executed; $passed += [int]$counters.passed
        }
    }
    finally {
        if (Test-Path $results) { Remove-Item -Recurse -Force $results }
    }
    $failed = $executed - $passed
    if ($passed -eq 0) { Write-Host 'No test passed, so nothing was shown.' }
    if (-not (Get-Command ffmpeg -ErrorAction SilentlyContinue)) { Write-Host 'absent: ffmpeg (not on PATH; it is needed for MP4)' }
    if (-not (Get-Command nvidia-smi -ErrorAction SilentlyContinue)) { Write-Host 'absent: cuda (no driver; the CPU device is tested)' }
    if (-not (Test-ReferenceCases)) { Write-Host 'absent: reference cases with large weights (shared/golden/models beside the repository or above it; the small ones in tests/fixtures are run)' }
    if (-not $env:REWARDFORCING_LMDB -and -not (Get-Command lmdb.dll, liblmdb.dll -ErrorAction SilentlyContinue)) { Write-Host 'absent: liblmdb (lmdb.dll on PATH; training data in LMDB is not tested)' }
    if (-not (Get-Nvrtc '--present')) { Write-Host 'absent: NVRTC (what compiles kernels is skipped)' }
    Write-Host "$passed passed, $failed failed, $($total - $executed) skipped"
    if ($failedRun -or $failed -gt 0 -or $passed -eq 0) { exit 1 }
}

function Format-Kernels {
    if (-not (Get-Command clang-format -ErrorAction SilentlyContinue)) { Write-Host 'clang-format is not on PATH; kernels/ is left as it is.'; return }
    Get-ChildItem -Recurse -Path kernels -Include '*.cu', '*.cuh' -ErrorAction SilentlyContinue | ForEach-Object {
        & clang-format @args $_.FullName
        if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    }
}

function Publish-Cli([string]$rid) {
    if (-not $rid) { $rid = [Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier }
    $out = "artifacts/publish/$rid"
    & dotnet publish $cli -c Release -r $rid --self-contained '-p:PublishSingleFile=true' '-p:PublishReadyToRun=true' '-p:DebugType=none' '-p:PublishDocumentationFiles=false' '-p:PublishReferencesDocumentationFiles=false' -o $out
    if ($LASTEXITCODE -eq 0) { Write-Host "$out holds one self-contained file."; return }
    Write-Host "The runtime packs for $rid could not be restored; making a single file that needs the .NET 10 runtime instead."
    if (Test-Path $out) { Remove-Item -Recurse -Force $out }
    Invoke-Dotnet publish $cli -c Release -r $rid --no-self-contained '-p:PublishSingleFile=true' '-p:DebugType=none' '-p:PublishDocumentationFiles=false' '-p:PublishReferencesDocumentationFiles=false' -o $out
    Write-Host "$out holds one file; it needs the .NET 10 runtime on the machine that runs it."
}

switch ($Verb) {
    '' { Show-Verbs }
    'help' { Show-Verbs }
    'demo' { Invoke-Demo @Rest }
    'test' { Invoke-Tests }
    'build' { Invoke-Dotnet build $solution -c Release '-m:2' -v minimal }
    'kernels' {
        if (-not (Get-Nvrtc)) { Write-Host 'NVRTC is missing: set CUDA_PATH or REWARDFORCING_NVRTC.'; exit 1 }
        Invoke-Dotnet run --project tools/KernelLab -c Release '--' @Rest
    }
    'bench' { Invoke-Dotnet run --project benchmarks/RewardForcing.Native.Benchmarks -c Release '--' @Rest }
    'publish' { Publish-Cli ($Rest | Select-Object -First 1) }
    'format' {
        Invoke-Dotnet format whitespace $solution
        Invoke-Dotnet format style $solution
        Format-Kernels '-i'
    }
    'ci' {
        Invoke-Dotnet restore $solution '-m:2'
        Invoke-Dotnet format whitespace $solution --no-restore --verify-no-changes
        Invoke-Dotnet format style $solution --no-restore --verify-no-changes
        Format-Kernels '--dry-run' '--Werror'
        Invoke-Tests
    }
    'clean' {
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue artifacts, TestResults, BenchmarkDotNet.Artifacts
        Get-ChildItem -Recurse -Directory -Path src, tests, tools, benchmarks -Include bin, obj -ErrorAction SilentlyContinue |
            Where-Object { Test-Path $_.FullName } | Remove-Item -Recurse -Force
    }
    default {
        [Console]::Error.WriteLine("build.ps1: there is no verb '$Verb'.")
        Show-Verbs
        exit 2
    }
}
