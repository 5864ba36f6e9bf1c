# Before DCV: Python with what the agent needs, ffmpeg, and time synchronisation. Run again it changes nothing.
# What lies in -Staging was fetched, and held against its checksum, by the component document. Windows PowerShell 5.1.
param([string] $Staging = 'C:\ElephantImage')
$ErrorActionPreference = 'Stop'
$home_ = Join-Path $env:ProgramFiles 'Elephant'
$python = Join-Path $home_ 'python\python.exe'

New-Item -ItemType Directory -Force -Path $home_ | Out-Null
if (-not (Test-Path -LiteralPath $python)) {
  tar.exe -xzf (Join-Path $Staging 'python.tar.gz') -C $home_
  if ($LASTEXITCODE -ne 0) { throw "elephant: FAILED Python cannot be unpacked (tar says $LASTEXITCODE)" }
}
& $python -m pip install --quiet --disable-pip-version-check --no-warn-script-location --no-deps --require-hashes --only-binary ':all:' -r (Join-Path $Staging 'kit\desktop\requirements.txt')
if ($LASTEXITCODE -ne 0) { throw "elephant: FAILED what the agent needs cannot be installed as desktop/requirements.txt locks it (pip says $LASTEXITCODE)" }

# The recorder's ffmpeg comes in a wheel, which the lock holds with its hash. It is put where PATH finds it.
$bin = Join-Path $home_ 'bin'
New-Item -ItemType Directory -Force -Path $bin | Out-Null
$wheels = @(Get-ChildItem -Path (Join-Path $home_ 'python\Lib\site-packages\imageio_ffmpeg\binaries') -Filter 'ffmpeg-win*.exe')
if ($wheels.Count -ne 1) { throw "elephant: FAILED the wheel of ffmpeg holds $($wheels.Count) programs" }
Copy-Item -LiteralPath $wheels[0].FullName -Destination (Join-Path $bin 'ffmpeg.exe') -Force
$path = [Environment]::GetEnvironmentVariable('Path', 'Machine')
if (($path -split ';') -notcontains $bin) { [Environment]::SetEnvironmentVariable('Path', "$path;$bin", 'Machine') }

# A signature is good for five minutes: Amazon's own time, at every boot.
w32tm.exe /config /manualpeerlist:169.254.169.123 /syncfromflags:manual /update | Out-Null
if ($LASTEXITCODE -ne 0) {
  Start-Service -Name w32time
  w32tm.exe /config /manualpeerlist:169.254.169.123 /syncfromflags:manual /update | Out-Null
  if ($LASTEXITCODE -ne 0) { throw "elephant: FAILED time synchronisation cannot be set (w32tm says $LASTEXITCODE)" }
}
Set-Service -Name w32time -StartupType Automatic
Write-Output "elephant: $(& $python --version), ffmpeg and time synchronisation are there"
exit 0
